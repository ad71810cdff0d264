"""The command as another process: what it loads, pipes, signals, encodings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command as another process."""
    return subprocess.run(
        [sys.executable, "-m", "optplan", *words],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
    )


def test_a_reader_that_goes_away_is_no_error(files: dict[str, str]) -> None:
    shell = f'"{sys.executable}" -m optplan explain "{files["tune"]}" --depth 0 | head -n 1'
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("total_cost")
    assert done.stderr == ""


def test_output_without_utf8_still_comes(files: dict[str, str]) -> None:
    done = command("explain", files["tune"], PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from optplan.cli import run; run(['--help']); "
        "names = 'pulp highspy networkx numpy pydantic rich yaml pint'; "
        "heavy = set(names.split()) & set(sys.modules); "
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "solve" in done.stdout


def test_the_package_itself_loads_nothing() -> None:
    code = "import sys, optplan; sys.exit(any(n.startswith('optplan.') for n in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_public_names_are_functions_though_submodules_are_named_alike() -> None:
    code = (
        "import optplan.planner, optplan.solve, optplan.explain, optplan.compare, optplan; "
        "from optplan import solve, explain, compare; "
        "assert all(map(callable, (solve, explain, compare))); "
        "assert all(callable(getattr(optplan, name)) or name == 'Need' for name in optplan.__all__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_version_is_printed() -> None:
    done = command("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("optplan ")
    assert command("version").stdout == done.stdout


def test_interrupting_a_real_run_leaves_no_traceback(files: dict[str, str]) -> None:
    words = [
        sys.executable,
        "-m",
        "optplan",
        "compare",
        files["tune"],
        "--over",
        "deadline=12h..960h",
        "--steps",
        "200",
    ]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2.0)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    assert "Traceback" not in err
