"""Many needs through `optplan batch`: needs a second and memory, beside a loop of single solves in the same run.

    python benchmarks/batch.py                              10,000 mixed needs, all distinct
    python benchmarks/batch.py --rows 1000000 --distinct 0.05 --detail brief
    python benchmarks/batch.py --check                      the answers alone, no clock: for CI

Memory is the sum over all processes of the run, at its peak, with what they share counted once for each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import orjson
from mixed_needs import needs

from optplan import Catalog, solve
from optplan.batch.rows import need_of

LOOK_SECONDS = 0.25  # between looks at memory: each takes some of the time that is measured
BASELINE = 60  # needs in the loop of single solves


def main() -> None:
    """Run and print; exits 1 where an answer is not that of a single solve."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--distinct", type=float, default=1.0, help="share of needs that no other equals")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--detail", default="plan")
    parser.add_argument("--format", default="jsonl", choices=("jsonl", "parquet"))
    parser.add_argument("--catalog", type=Path, help="a directory laid over the shipped catalog")
    parser.add_argument("--check", action="store_true", help="few needs, every answer compared, no clock")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if given.check:
            check(Path(folder))
        else:
            measure(given, Path(folder))


def write(path: Path, count: int, distinct: float) -> Path:
    """Needs as JSON lines."""
    with path.open("wb") as file:
        for need in needs(count, distinct):
            file.write(orjson.dumps(need) + b"\n")
    return path


def check(folder: Path) -> None:
    """Every row of a batch against a single solve of its need."""
    source = write(folder / "needs.jsonl", 120, 0.5)
    out, catalog = folder / "out.jsonl", Catalog.load()
    subprocess.run(_command(source, out, ["--workers", "2"]), check=False, stderr=subprocess.DEVNULL)
    told = [orjson.loads(line) for line in out.read_bytes().splitlines()]
    wrong = 0
    for need, row in zip(needs(120, 0.5), told, strict=True):
        plan = orjson.loads(orjson.dumps(solve(need_of(need), catalog, explore=False).json(), option=16))
        for name in ("place", "need", "solver"):
            row.pop(name)
        plan.pop("solver")
        wrong += row != plan
    print(f"{len(told)} rows of a batch, {wrong} unlike the single solve")
    sys.exit(1 if wrong else 0)


def measure(given: argparse.Namespace, folder: Path) -> None:
    """One run, its rate and memory, and the ratio to the loop."""
    source = write(folder / "needs.jsonl", given.rows, given.distinct)
    options = ["--workers", str(given.workers), "--detail", given.detail]
    options += [] if given.catalog is None else ["--catalog", str(given.catalog)]
    out = folder / f"out.{given.format}"
    begun = time.perf_counter()
    process = subprocess.Popen(_command(source, out, options), stderr=subprocess.PIPE, text=True)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _tree_mib(process.pid))
        time.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - begun
    print((process.stderr.read() if process.stderr else "").strip())
    rate = given.rows / seconds
    print(f"{given.rows:,} needs in {seconds:.1f} s: {rate:,.0f} needs/s; {peak:,.0f} MiB at the peak of all")
    print(f"rows: {out.stat().st_size / 1e6:,.0f} MB")
    loop = _baseline(Catalog.load([] if given.catalog is None else [given.catalog]))
    print(f"a loop of single solves: {loop:,.1f} needs/s; the batch is {rate / loop:,.1f} times as fast")


def _command(source: Path, out: Path, options: list[str]) -> list[str]:
    return [sys.executable, "-m", "optplan", "batch", str(source), "-o", str(out), *options]


def _baseline(catalog: Catalog) -> float:
    """Single solves a second, over the same kind of needs."""
    some = [need_of(need) for need in needs(BASELINE, seed=1)]
    solve(some[0], catalog, explore=False)
    begun = time.perf_counter()
    for need in some:
        solve(need, catalog, explore=False)
    return len(some) / (time.perf_counter() - begun)


def _tree_mib(root: int) -> float:
    """Memory of a process and all below it."""
    parents: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        pages[int(folder.name)] = int(stat[21])
        parents.setdefault(int(stat[1]), []).append(int(folder.name))
    total, waiting = 0, [root]
    while waiting:
        one = waiting.pop()
        total += pages.get(one, 0)
        waiting += parents.get(one, [])
    return total * 4096 / 2**20


if __name__ == "__main__":
    main()
