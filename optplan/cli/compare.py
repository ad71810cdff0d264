"""compare: needs side by side, or one need over a range."""

from __future__ import annotations

from typing import Annotated

import typer

from optplan.cli import fronts, options
from optplan.cli import ways as having
from optplan.cli.guard import NO_PLAN, guarded

Needs = Annotated[
    list[str], typer.Argument(metavar="NEED", help="YAML files of needs, or sentences in quotes.")
]
Over = Annotated[
    str | None,
    typer.Option(
        "--over",
        metavar="NAME=A..B",
        help="Vary one thing: deadline=12h..96h, budget=.., max_cards=1,2,4, price=0.5..2, efficiency=..",
    ),
]
Steps = Annotated[int, typer.Option("--steps", metavar="N", help="How many values of a range to solve.")]


@guarded
def compare(
    needs: Needs,
    over: Over = None,
    steps: Steps = 8,
    ways: having.Ways = None,
    pareto: fronts.Pareto = None,
    tornado: fronts.Tornado = False,
    top: fronts.Top = 10,
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    json: options.Json = False,
) -> None:
    """Print plans side by side: of several needs, or over a range.

    A range is solved at every step: --over deadline=12h..96h prints the curve of cost against time.
    """
    from optplan.cli.gather import questions
    from optplan.compare import sweep
    from optplan.report import print_json
    from optplan.report.compare import print_plans, print_sweep

    fronts.check_one_question(ways, over, pareto, tornado)
    asked = questions(needs, options.Changes(rules, sets, catalog, confidence), sentences=True)
    if ways is not None:
        having.answer(asked, ways, over, steps, json)
        return
    if pareto is not None or tornado:
        fronts.answer(asked, pareto, tornado, top, json)
        return
    if over is None:
        plans = [question.solve() for question in asked]
        if json:
            print_json([plan.json() for plan in plans])
        else:
            print_plans(plans)
        if not all(plan.feasible for plan in plans):
            raise typer.Exit(NO_PLAN)
        return
    curves = [sweep(q.need, over, q.catalog, steps=steps, fixed=q.fixed, base=q.base) for q in asked]
    if json:
        print_json([curve.json() for curve in curves] if len(curves) > 1 else curves[0].json())
    else:
        for curve in curves:
            print_sweep(curve)
    if not all(any(point.plan.feasible for point in curve.points) for curve in curves):
        raise typer.Exit(NO_PLAN)
