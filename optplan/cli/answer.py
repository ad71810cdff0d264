"""solve and ask: the plan for needs in files, and for a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded
from optplan.errors import BadInput, Fault

if TYPE_CHECKING:
    from optplan.cli.gather import Question
    from optplan.cli.portfolio import Effort, PortfolioQuestion
    from optplan.portfolio import PortfolioPlan

    Asked = Question | PortfolioQuestion

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE", help="YAML files of needs or portfolios; - is standard input."),
]
Sentence = Annotated[
    list[str], typer.Argument(metavar="SENTENCE", help="What you want done, in English or Chinese.")
]
NeedOnly = Annotated[bool, typer.Option("--need", help="Print only the need that was understood, as YAML.")]
Lp = Annotated[bool, typer.Option("--lp", help="Print the integer program that was solved, as LP text.")]
TimeLimit = Annotated[
    float | None,
    typer.Option(
        "--time-limit",
        metavar="SECONDS",
        min=0.1,
        help="Of a portfolio: stop then and print the best plan and its gap; 60 if unsaid.",
    ),
]
Gap = Annotated[
    float | None,
    typer.Option(
        "--gap",
        metavar="PERCENT",
        min=0.0,
        max=100.0,
        help="Of a large portfolio: stop at a plan proven within this of the best; 0.4 if unsaid.",
    ),
]


@guarded
def solve(
    files: Files,
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    json: options.Json = False,
    lp: Lp = False,
    time_limit: TimeLimit = None,
    gap: Gap = None,
) -> None:
    """Print the cheapest plan for each need or portfolio in the files.

    Every plan comes with its proof, what it rests on, what binds and what was refused.
    """
    from optplan.cli.gather import questions
    from optplan.cli.portfolio import Effort, holds_portfolio

    changes = options.Changes(rules, sets, catalog, confidence)
    if any(holds_portfolio(name) for name in files):
        _answer(_both(files, changes, Effort(time_limit, gap)), json, lp)
    else:
        _answer(questions(files, changes), json, lp)


@guarded
def ask(
    sentence: Sentence,
    need: NeedOnly = False,
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    json: options.Json = False,
    lp: Lp = False,
) -> None:
    """Print the cheapest plan for one sentence.

    The need that was understood is printed first, as YAML; what cannot be understood is an error.
    """
    from optplan.cli.gather import understood

    question = understood(" ".join(sentence), options.Changes(rules, sets, catalog, confidence))
    if need or not (json or lp):
        from optplan.problem import dump

        written = dump(question.need)
        if need:
            print(written, end="")
            return
        from optplan.report.plan import print_understood

        print_understood(written, question.notes)
    _answer([question], json, lp)


def _both(files: list[str], changes: options.Changes, effort: Effort) -> list[Asked]:
    """Needs and portfolios in the order of the files, after all faults of all of them."""
    from optplan.cli.gather import questions
    from optplan.cli.portfolio import holds_portfolio, portfolio_questions

    mine = [name for name in files if holds_portfolio(name)]
    many, faults = portfolio_questions(mine, changes, effort)
    rest = [name for name in files if name not in mine]
    needs: list[Question] = []
    try:
        needs = questions(rest, changes) if rest else []
    except BadInput as error:
        faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise BadInput(faults)
    places = {"-": "standard input"}
    asked: list[Asked] = []
    for name in files:
        asked += many.get(name, [])
        place = places.get(name, name)
        asked += [question for question in needs if question.place.partition("#")[0] == place]
    return asked


def _answer(asked: Sequence[Asked], json: bool, lp: bool) -> None:
    """Solve and print each in turn; exits 1 where one has no plan."""
    from optplan.plan import Plan
    from optplan.report import print_json

    if json and lp:
        raise BadInput(
            Fault("options", "solve", "--json and --lp are two forms of the answer", "ask for one")
        )
    plans: list[Plan | PortfolioPlan] = []
    for question in asked:
        plan = question.solve()
        plans.append(plan)
        place = question.place if len(asked) > 1 else ""
        if lp:
            print(plan.program, end="")
        elif json:
            continue
        elif isinstance(plan, Plan):
            from optplan.report.plan import print_plan

            print_plan(plan, heading=place)
        else:
            from optplan.report.portfolio import print_portfolio

            print_portfolio(plan, place)
    if json:
        print_json([plan.json() for plan in plans] if len(plans) > 1 else plans[0].json())
    if not all(plan.feasible for plan in plans):
        raise typer.Exit(NO_PLAN)
