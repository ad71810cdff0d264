"""rules: what is computed how, and where two packs part."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded

app = typer.Typer(
    help="Show the rules by which numbers follow from others.", no_args_is_help=True, rich_markup_mode=None
)

Pack = Annotated[
    str, typer.Option("--pack", metavar="PACK|FILE.py", help="Rule pack, or a Python file of rules.")
]
Task = Annotated[
    Literal["finetune", "generate", "serve"] | None,
    typer.Option("--task", help="Only the rules of this task; all tasks if not given."),
]
Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A rule, input or assumption, such as memory_per_card.")
]
PackA = Annotated[str, typer.Argument(metavar="PACK", help="The first pack: lesson, engineering or a file.")]
PackB = Annotated[str, typer.Argument(metavar="PACK", help="The second pack.")]
Need = Annotated[
    str, typer.Argument(metavar="NEED", help="A YAML file with one need, or a sentence in quotes.")
]


@app.command("list")
@guarded
def list_(pack: Pack = "engineering", task: Task = None, json: options.Json = False) -> None:
    """List every rule of a pack: name, unit, status and what it is."""
    from optplan.report.rules import print_rules

    print_rules(pack, task, json)


@app.command("show")
@guarded
def show(name: Name, pack: Pack = "engineering", task: Task = None, json: options.Json = False) -> None:
    """Show one rule: its formula, unit, source and status, what it reads and what reads it."""
    from optplan.report.rules import print_rule

    print_rule(name, pack, task, json)


@app.command("diff")
@guarded
def diff(
    a: PackA,
    b: PackB,
    need: Need,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    json: options.Json = False,
) -> None:
    """Show where two packs part on one need: the first quantity that differs, and every term of both."""
    from optplan.cli.gather import one_question
    from optplan.compare import diff_packs
    from optplan.report import print_json
    from optplan.report.rules import print_diff

    question = one_question(need, options.Changes(None, sets, catalog))
    found = diff_packs(question.need, a, b, question.catalog, fixed=question.fixed, base=question.base)
    if json:
        print_json(found.json())
    else:
        print_diff(found)
    if not (found.plan_a.feasible or found.plan_b.feasible):
        raise typer.Exit(NO_PLAN)


@app.command("check")
@guarded
def check(pack: Pack = "engineering") -> None:
    """Check the rules of a pack: each has label, source and unit, reads what exists, and units agree."""
    from optplan.report.rules import print_check

    print_check(pack)
