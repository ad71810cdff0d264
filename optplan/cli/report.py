"""report: one page for people who decide."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded
from optplan.errors import BadInput

if TYPE_CHECKING:
    from optplan.cli.gather import Question
    from optplan.cli.portfolio import PortfolioQuestion
    from optplan.page import Findings, Together

DEFAULT: Final = "report.html"
STDOUT: Final = "-"
Needs = Annotated[
    list[str],
    typer.Argument(metavar="NEED", help="YAML files of needs or portfolios, or sentences in quotes."),
]
Output = Annotated[
    str, typer.Option("--output", "-o", metavar="FILE", help="File to write; - is standard output.")
]
Lang = Annotated[Literal["en", "zh"], typer.Option("--lang", help="Language of the page.")]
TimeLimit = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="S", min=0, help="Of a portfolio: seconds after which it stops."),
]


@guarded
def report(
    needs: Needs,
    output: Output = DEFAULT,
    lang: Lang = "en",
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    time_limit: TimeLimit = None,
) -> None:
    """Write the plan as a page: one HTML file that needs no network.

    The answer, what it costs, what else was possible, where every number comes from. Several needs share one
    page.
    """
    from optplan.page import Together, check_installed, check_writable, find, page_of, write

    target = None if output == STDOUT else Path(output)
    check_installed()
    if target is not None:
        check_writable(target)
    alone, many = _asked(needs, options.Changes(rules, sets, catalog, confidence), time_limit)
    found: list[Findings | Together] = [
        find(q.need, q.catalog, place=q.place, fixed=q.fixed, base=q.base, progress=_say) for q in alone
    ]
    found += [Together(question.place, question.solve()) for question in many]
    html = page_of(found, lang)
    if target is None:
        sys.stdout.write(html)
    else:
        write(html, target)
        print(f"{target}: {len(html.encode()) / 1000:,.0f} kB", file=sys.stderr)
    if not all(one.plan.feasible for one in found):
        raise typer.Exit(NO_PLAN)


def _say(name: str, part: str) -> None:
    """What is worked on, on one line of a terminal that is written over."""
    if sys.stderr.isatty():
        print(f"\r{name[:50]}: {part:<20}", end="\r", file=sys.stderr, flush=True)


def _asked(
    arguments: list[str], changes: options.Changes, time_limit: float | None
) -> tuple[list[Question], list[PortfolioQuestion]]:
    """Needs and portfolios of the arguments. Raises BadInput with the faults of all of them."""
    from optplan.cli.gather import is_sentence, questions
    from optplan.cli.portfolio import Effort, holds_portfolio, portfolio_questions

    mine = [name for name in arguments if not is_sentence(name) and holds_portfolio(name)]
    many, faults = portfolio_questions(mine, changes, Effort(time_limit))
    rest = [name for name in arguments if name not in mine]
    alone: list[Question] = []
    try:
        alone = questions(rest, changes, sentences=True) if rest else []
    except BadInput as error:
        faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise BadInput(faults)
    return alone, [question for name in mine for question in many.get(name, [])]
