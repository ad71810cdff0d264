"""compare --ways: one need had in several ways."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from optplan.cli.guard import NO_PLAN

if TYPE_CHECKING:
    from optplan.cli.gather import Question

Ways = Annotated[
    str | None,
    typer.Option(
        "--ways",
        metavar="WAY,WAY..",
        help="Ways to have the same need: rent,reserved,spot,buy,api, or all; --over is then months=1..60, "
        "volume=1e6..1e9 or price=0.5..2.",
    ),
]


def answer(asked: Sequence[Question], ways: str, over: str | None, steps: int, json: bool) -> None:
    """Print the report of each need. Exits 1 where no way of one has a plan."""
    from optplan.report import print_json
    from optplan.report.ways import print_ways
    from optplan.ways import WAYS, compare_ways

    names = [name.strip() for name in ways.split(",") if name.strip()]
    wanted = list(WAYS) if names == ["all"] else names
    reports = [
        compare_ways(q.need, q.catalog, ways=wanted, over=over, steps=steps, fixed=q.fixed, base=q.base)
        for q in asked
    ]
    if json:
        print_json([report.json() for report in reports] if len(reports) > 1 else reports[0].json())
    else:
        for i, report in enumerate(reports):
            if i:
                print()
            print_ways(report)
    if not all(report.best for report in reports):
        raise typer.Exit(NO_PLAN)
