"""Output that nobody reads, or that does not fit: no traceback, no call for a report, a code that fits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def shell(text: str) -> subprocess.CompletedProcess[str]:
    """A line of bash."""
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("words", ["solve", "explain", "solve --json"])
def test_a_closed_pipe_ends_quietly(files: dict[str, str], words: str) -> None:
    name, *options = words.split()
    line = f'"{sys.executable}" -m optplan {name} "{files["tune"]}" {" ".join(options)}'
    done = shell(f"{line} | head -n 1; echo ${{PIPESTATUS[0]}}")
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
@pytest.mark.parametrize("words", ["solve", "solve --json", "schema"])
def test_a_full_disk_is_said_in_one_line(files: dict[str, str], words: str) -> None:
    name, *options = words.split()
    rest = "need" if name == "schema" else f'"{files["tune"]}" {" ".join(options)}'
    done = shell(f'"{sys.executable}" -m optplan {name} {rest} > /dev/full')
    assert done.returncode == 74
    assert done.stderr.splitlines()[-1] == "the output cannot be written: No space left on device"
    assert "report" not in done.stderr
