"""How many needs a second: blocks of random needs against a loop of single solves, and what more of them costs.

    python benchmarks/many.py [--count 10000] [--workers 2] [--extra DIR] [--short]

DIR is a catalog directory that is added. Rates are of processor time, so that other work on the machine counts less;
`--short` checks that both ways give the same answers, not the clock.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

from random_needs import needs

from optplan import Catalog, solve
from optplan.errors import BadInput
from optplan.many import solve_block
from optplan.many.block import counted
from optplan.need import TASKS, AnyNeed

TODAY = date(2026, 11, 22)
BLOCK = 500  # needs handed to a worker at once
SAMPLE = 200  # needs of the loop of single solves
_catalog: Catalog | None = None


def need_of(data: dict[str, Any]) -> AnyNeed:
    """A need as it is read from JSON."""
    return TASKS[data["task"]].model_validate(data)


def start(extra: Sequence[Path]) -> None:
    """What a worker does first: it reads the catalog."""
    global _catalog
    _catalog = Catalog.load(extra)


def block(lines: list[str]) -> tuple[int, float, dict[str, int]]:
    """(proven or shown to be impossible, processor seconds, ways taken) of JSON lines, answers written as JSON."""
    assert _catalog is not None
    begun = time.process_time()
    counted.clear()
    answers = list(solve_block([need_of(json.loads(line)) for line in lines], _catalog, today=TODAY))
    settled = sum(not isinstance(a, BadInput) and a["status"] in ("optimal", "infeasible") for a in answers)
    for answer in answers:
        if not isinstance(answer, BadInput):
            json.dumps(answer)
    return settled, time.process_time() - begun, dict(counted)


def batched(lines: Sequence[str], size: int) -> Iterator[list[str]]:
    """Lists of so many lines."""
    rest = iter(lines)
    while part := list(itertools.islice(rest, size)):
        yield part


def rate(lines: Sequence[str], workers: int, extra: Sequence[Path]) -> dict[str, Any]:
    """Needs a second of wall clock and of processor time, all workers together."""
    ways: Counter[str] = Counter()
    settled, busy = 0, 0.0
    with ProcessPoolExecutor(workers, initializer=start, initargs=(extra,)) as pool:
        list(pool.map(block, [lines[:8]] * workers))  # catalogs are read
        begun = time.perf_counter()
        for done, seconds, taken in pool.map(block, batched(lines, BLOCK)):
            settled, busy = settled + done, busy + seconds
            ways.update(taken)
        wall = time.perf_counter() - begun
    count = len(lines)
    return {
        "needs": count, "settled": settled, "a second": count / wall,
        "a second of processor time, all workers": count / busy * workers, "ways": dict(ways),
    }  # fmt: skip


def alone(lines: Sequence[str], catalog: Catalog) -> float:
    """Processor seconds of a need in a loop of single solves."""
    begun = time.process_time()
    for line in lines:
        try:
            json.dumps(solve(need_of(json.loads(line)), catalog, today=TODAY, explore=False).json())
        except BadInput:
            continue
    return (time.process_time() - begun) / len(lines)


def check(lines: Sequence[str], catalog: Catalog) -> None:
    """Both ways give the same answers, the report on the solver apart."""
    many = [need_of(json.loads(line)) for line in lines]
    for need, answer in zip(many, solve_block(many, catalog, today=TODAY), strict=True):
        assert not isinstance(answer, BadInput), need
        one = solve(need, catalog, today=TODAY, explore=False).json()
        assert one | {"solver": None} == answer | {"solver": None}, need


def main() -> None:
    """Print rates, and how often the loop of single solves is beaten."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--extra", type=Path, action="append", default=[])
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    catalog = Catalog.load(options.extra)
    lines = [json.dumps(need) for need in needs(catalog, 24 if options.short else options.count)]
    if options.short:
        check(lines, catalog)
        print(f"{len(lines)} needs: blocks and single solves agree")
        return
    found = rate(lines, options.workers, options.extra)
    each = alone(lines[:SAMPLE], catalog)
    print(f"{len(catalog.offers):,} offers, {options.workers} workers")
    for name, value in found.items():
        print(f"{name:42} {value:,.0f}" if isinstance(value, (int, float)) else f"{name:42} {value}")
    print(f"{'loop of single solves, all workers':42} {options.workers / each:,.0f}")
    print(f"{'ratio':42} {found['a second of processor time, all workers'] * each / options.workers:,.1f}")


if __name__ == "__main__":
    main()
