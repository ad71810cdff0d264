"""compare --pareto and --tornado: fronts of plans, and the assumptions that move the cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from optplan.cli.guard import NO_PLAN
from optplan.errors import BadInput, Fault

if TYPE_CHECKING:
    from optplan.cli.gather import Question

Pareto = Annotated[
    str | None,
    typer.Option(
        "--pareto", metavar="A,B", help="The exact front: cost,time or cost,carbon or cost,time,carbon."
    ),
]
Tornado = Annotated[
    bool, typer.Option("--tornado", help="Which assumption moves the cost most, each from low to high.")
]
Top = Annotated[int, typer.Option("--top", metavar="N", help="How many assumptions --tornado shows.")]
MOST_BARS = 200


def check_one_question(ways: str | None, over: str | None, pareto: str | None, tornado: bool) -> None:
    """Raises BadInput where two kinds of comparison are asked for at once; --ways takes --over along."""
    range_ = None if ways is not None else over
    asked = (("--ways", ways), ("--over", range_), ("--pareto", pareto), ("--tornado", tornado or None))
    given = [name for name, value in asked if value is not None]
    if len(given) > 1:
        message = f"{' and '.join(given)} are {len(given)} questions"
        raise BadInput(Fault("options", "compare", message, "ask one at a time"))


def answer(asked: Sequence[Question], pareto: str | None, tornado: bool, top: int, json: bool) -> None:
    """Print the front or the tornado of each need; exit 1 where none has a plan."""
    if tornado:
        _tornados(asked, top, json)
    else:
        _fronts(asked, pareto or "", json)


def _fronts(asked: Sequence[Question], objectives: str, json: bool) -> None:
    from optplan.compare.front import pareto, read_objectives
    from optplan.report import print_json
    from optplan.report.fronts import print_front

    for question in asked:
        read_objectives(objectives, question.need)
    fronts = [pareto(q.need, objectives, q.catalog, fixed=q.fixed, base=q.base) for q in asked]
    if json:
        print_json([front.json() for front in fronts] if len(fronts) > 1 else fronts[0].json())
    else:
        for number, front in enumerate(fronts):
            print_front(front, apart=number > 0)
    if not all(front.points for front in fronts):
        raise typer.Exit(NO_PLAN)


def _tornados(asked: Sequence[Question], top: int, json: bool) -> None:
    from optplan.compare.swings import tornado
    from optplan.report import print_json
    from optplan.report.fronts import print_tornado

    if not 1 <= top <= MOST_BARS:
        raise BadInput(Fault("top", "--top", f"{top} assumptions cannot be shown", f"give 1 to {MOST_BARS}"))
    found = [tornado(q.need, q.catalog, top=top, fixed=q.fixed, base=q.base) for q in asked]
    if json:
        print_json([one.json() for one in found] if len(found) > 1 else found[0].json())
    else:
        for number, one in enumerate(found):
            print_tornado(one, apart=number > 0)
    if not all(one.plan.feasible for one in found):
        raise typer.Exit(NO_PLAN)
