"""solve and ask: the plan for needs in files, and for a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded

if TYPE_CHECKING:
    from optplan.cli.gather import Question

Files = Annotated[list[str], typer.Argument(metavar="FILE", help="YAML files of needs; - is standard input.")]
Sentence = Annotated[
    list[str], typer.Argument(metavar="SENTENCE", help="What you want done, in English or Chinese.")
]
NeedOnly = Annotated[bool, typer.Option("--need", help="Print only the need that was understood, as YAML.")]
Lp = Annotated[bool, typer.Option("--lp", help="Print the integer program that was solved, as LP text.")]


@guarded
def solve(
    files: Files,
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    json: options.Json = False,
    lp: Lp = False,
) -> None:
    """Print the cheapest plan for each need in the files.

    Every plan comes with its proof, what it rests on, what binds and what was refused.
    """
    from optplan.cli.gather import questions

    _answer(questions(files, options.Changes(rules, sets, catalog, confidence)), json, lp)


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
    from optplan.problem import dump

    question = understood(" ".join(sentence), options.Changes(rules, sets, catalog, confidence))
    if need:
        print(dump(question.need), end="")
        return
    if not (json or lp):
        from optplan.report import print_understood

        print_understood(dump(question.need), question.notes)
    _answer([question], json, lp)


def _answer(asked: list[Question], json: bool, lp: bool) -> None:
    """Solve and print each in turn; exits 1 where one has no plan."""
    from optplan.report import print_json, print_plan

    plans = []
    for question in asked:
        plans.append(question.solve())
        if lp:
            print(plans[-1].program, end="")
        elif not json:
            print_plan(plans[-1], heading=question.place if len(asked) > 1 else "")
    if json and not lp:
        print_json([plan.json() for plan in plans] if len(plans) > 1 else plans[0].json())
    if not all(plan.feasible for plan in plans):
        raise typer.Exit(NO_PLAN)
