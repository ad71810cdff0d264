"""How long one need takes: cold process, warm through Python, and with a large catalog added.

    python benchmarks/speed.py [--runs 7] [--extra DIR] [--short]

DIR is a SkyPilot catalog (such as ~/.sky/catalogs/v8). `--short` runs each case once and checks the answers, not the
clock. Times are medians over runs; the cases take turns, so that a machine that slows down slows them all. Processes
find their modules compiled, as `pip install` leaves them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from optplan import Catalog, read_text, solve

PROBLEMS = Path(__file__).parents[1] / "problems"
SENTENCE = "cheapest way to fine-tune 9B in 48h"
FINETUNE = "task: finetune\nmodel: 9B\ndata: 1GB\ndeadline: 48h\n"
SERVE = """\
task: serve
model: Llama-3.1-8B
traffic: {requests_per_second: 8, prompt_tokens: 2000, answer_tokens: 500}
latency: {first_token: 1s, per_token: 30ms}
"""


# The warm-up fills it, also where the environment says that no bytecode is written.
BYTECODE = tempfile.TemporaryDirectory()
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT["PYTHONPYCACHEPREFIX"] = BYTECODE.name


def process(*arguments: str) -> Callable[[], str]:
    """A whole process of the installed command."""

    def run() -> str:
        command = [sys.executable, "-m", "optplan", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout

    return run


def warm(text: str, catalog: Catalog) -> Callable[[], str]:
    """One solve through the API, on a catalog that is loaded."""
    (source,) = read_text(text, "benchmark")

    def run() -> str:
        plan = solve(source.need, catalog)
        assert plan.status == "optimal", plan.status
        assert plan.gap <= 1e-9, plan.gap
        return json.dumps(plan.json())

    return run


def imported(directory: Path) -> Path:
    """A SkyPilot catalog as one of ours."""
    out = Path(tempfile.mkdtemp()) / "imported"
    process("catalog", "import", "skypilot", str(directory), "-o", str(out))()
    return out


def cases(extra: Path | None) -> dict[str, Callable[[], str]]:
    """Name -> what is timed."""
    shipped = Catalog.load()
    found = {
        "optplan --help, cold": process("--help"),
        "optplan ask, cold": process("ask", SENTENCE, "--json"),
        "finetune, warm": warm(FINETUNE, shipped),
        "serve, warm": warm(SERVE, shipped),
    }
    if extra is not None:
        large = imported(extra)
        both = Catalog.load([large])
        found |= {
            f"optplan ask, cold, {len(both.offers):,} offers": process(
                "ask", SENTENCE, "--json", "--catalog", str(large)
            ),
            f"finetune, warm, {len(both.offers):,} offers": warm(FINETUNE, both),
            f"serve, warm, {len(both.offers):,} offers": warm(SERVE, both),
        }
    return found


def main() -> None:
    """Time the cases in turn and print medians."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--extra", type=Path)
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    runs = 1 if options.short else options.runs
    timed: dict[str, list[float]] = {}
    every = cases(options.extra)
    for run in every.values():  # warm-up; also checks that each case answers
        assert run()
    for _ in range(runs):
        for name, run in every.items():
            start = time.perf_counter()
            run()
            timed.setdefault(name, []).append(time.perf_counter() - start)
    width = max(map(len, timed))
    for name, seconds in timed.items():
        print(f"{name:{width}}  {statistics.median(seconds) * 1e3:8.1f} ms")
    print(f"largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
