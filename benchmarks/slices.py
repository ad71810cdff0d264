"""A mix of cards for many traffic classes, measured throughputs: free split, whole slices, and the naive program.

    python benchmarks/slices.py [P.json ..] [--runs 5] [--limit 60] [--short]

P.json are problems in Melange's format; without any, made-up ones are drawn. The naive baseline has one binary for
each slice and type of card, as Melange itself; it is stopped after `--limit` seconds. `--short` solves small problems
once and checks that all three agree, not the clock. Times are of the processor, from the settled need to the proven
units (one program to prove a free split, two for whole slices; the naive one alone); medians over runs.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from optplan import Catalog
from optplan.imports.melange import melange_need
from optplan.planner.costs.pricing import Pricing
from optplan.planner.main import prepare
from optplan.planner.search.fleets import find_fleet
from optplan.program import Program
from optplan.solve import solve_program


def drawn(seed: int, rows: int, columns: int, rate: float, parts: int) -> dict[str, Any]:
    """A made-up problem: four types, throughput falling with the lengths, large types ahead on long requests."""
    dice = random.Random(seed)
    kinds = {
        "small": (0.7, 1.0, 1.3),
        "middle": (1.01, 1.5, 1.2),
        "large": (2.95, 6.0, 1.0),
        "huge": (5.38, 13.0, 0.9),
    }
    info = {
        name: {
            "cost": cost,
            "tputs": [
                [
                    round(speed * dice.uniform(0.8, 1.2) / (1 + i / 4) ** fall / (1 + j / 2) ** fall, 4)
                    for j in range(columns)
                ]
                for i in range(rows)
            ],
        }
        for name, (cost, speed, fall) in kinds.items()
    }
    shares = [[dice.random() for _ in range(columns)] for _ in range(rows)]
    total = sum(map(sum, shares))
    shares = [[share / total for share in row] for row in shares]
    return {
        "gpu_info": info,
        "workload_distribution": shares,
        "total_request_rate": rate,
        "slice_factor": parts,
    }


def naive(problem: dict[str, Any]) -> Program:
    """One binary for each slice and type, one integer a type: the program as Melange writes it."""
    program, parts = Program("naive"), int(problem["slice_factor"])
    shares = [share for row in problem["workload_distribution"] for share in row]
    loads: dict[str, dict[int, float]] = {}
    units = {n: program.variable(f"units_{n}", card["cost"]) for n, card in problem["gpu_info"].items()}
    for bucket, share in enumerate(shares):
        if not share:
            continue
        for part in range(parts):
            chosen = {}
            for name, card in problem["gpu_info"].items():
                speed = [cell for row in card["tputs"] for cell in row][bucket]
                if speed:
                    x = program.variable(f"slice_{bucket}_{part}_{name}", upper=1)
                    chosen[x] = 1.0
                    load = share * problem["total_request_rate"] / parts / speed
                    loads.setdefault(name, {})[x] = load
            program.row(f"slice_{bucket}_{part}", chosen, low=1, high=1)
    for name, held in loads.items():
        program.row(f"capacity_{name}", held | {units[name]: -1.0}, high=0)
    return program


def ours(path: Path, catalog: Catalog, slices: bool) -> tuple[float, float]:
    """(cost, seconds) of the search for one need."""
    context = prepare(melange_need(path, slices), catalog)
    start = time.process_time()
    found = find_fleet(context, Pricing(context))
    assert found.solution.status == "optimal", found.solution.status
    return found.solution.cost, time.process_time() - start


def baseline(problem: dict[str, Any], limit: float) -> tuple[float, float, bool]:
    """(cost, seconds, proven) of the naive program."""
    start = time.process_time()
    found = solve_program(naive(problem), limit)
    return found.cost, time.process_time() - start, found.status == "optimal"


def compared(path: Path, catalog: Catalog, runs: int, limit: float) -> None:
    """One line: costs, seconds and ratios; fails where proven costs differ."""
    problem = json.loads(path.read_text(encoding="utf-8"))
    plain, plain_s, proven = baseline(problem, limit)
    free, whole = [], []
    for _ in range(runs):
        free.append(ours(path, catalog, slices=False))
        whole.append(ours(path, catalog, slices=True))
    cost, free_s = free[0][0], statistics.median(s for _, s in free)
    sliced, whole_s = whole[0][0], statistics.median(s for _, s in whole)
    assert cost <= sliced * (1 + 1e-9), (cost, sliced)
    assert abs(sliced - plain) <= 1e-6 * plain if proven else sliced <= plain * (1 + 1e-9), (sliced, plain)
    print(
        f"{path.stem:24} free split {cost:10.4f} in {1e3 * free_s:7.0f} ms   whole slices {sliced:10.4f} in "
        f"{1e3 * whole_s:7.0f} ms   naive {plain:10.4f} in {1e3 * plain_s:7.0f} ms{'' if proven else ', not proven'}"
        f" = {plain_s / whole_s:.1f} x"
    )


def main() -> int:
    """Compare on the files given, or on drawn problems."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--short", action="store_true")
    given = parser.parse_args()
    catalog = Catalog.load()
    with tempfile.TemporaryDirectory() as folder:
        paths = list(given.files)
        if not paths:
            sizes = [(2, 2, 6.0, 2), (3, 2, 10.0, 3)] if given.short else [(10, 6, 8.0, 8), (10, 6, 64.0, 8)]
            for number, size in enumerate(sizes):
                paths.append(Path(folder) / f"drawn_{number}_r{size[2]:.0f}_sf{size[3]}.json")
                paths[-1].write_text(json.dumps(drawn(number, *size)))
        for path in paths:
            compared(path, catalog, 1 if given.short else given.runs, given.limit)
    return 0


if __name__ == "__main__":
    sys.exit(main())
