"""README's sessions show what the commands print."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SESSIONS = re.findall(r"```console\n\$ optplan ([^\n]*)\n(.*?)\n```", README, re.DOTALL)
VARIES = re.compile(r"\d+\.\d\d s(?=; rules)|\d+ days old|in \d+ runs?")  # clocks and the day of today


def test_readme_has_sessions() -> None:
    assert len(SESSIONS) >= 4


@pytest.mark.parametrize(("command", "shown"), SESSIONS, ids=[command[:40] for command, _ in SESSIONS])
def test_a_session_in_readme_is_what_the_command_prints(command: str, shown: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "optplan", *shlex.split(command)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"},
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    lines = [VARIES.sub("#", line).rstrip() for line in done.stdout.rstrip("\n").split("\n")]
    expected = [VARIES.sub("#", line).rstrip() for line in shown.split("\n")]
    if expected[-1] == "...":
        expected = expected[:-1]
        lines = lines[: len(expected)]
    assert lines == expected


def test_readme_has_the_two_commands_that_do_everything() -> None:
    assert ".venv/bin/pip install . && .venv/bin/optplan ask" in README
    assert "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest\n" in README
