"""export: a plan as what starts it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded
from optplan.errors import BadInput, Fault

To = Annotated[
    Literal["skypilot", "vllm", "torchrun", "dstack", "csv", "focus"],
    typer.Option("--to", metavar="FORMAT", help="skypilot, vllm, torchrun, dstack, csv or focus."),
]
Need = Annotated[str, typer.Argument(metavar="NEED", help="A YAML file of one need, or a sentence.")]
Out = Annotated[
    str | None,
    typer.Option("-o", "--out", metavar="FILE", help="File to write; of several documents FILE-1, FILE-2 .."),
]


@guarded
def export(
    need: Need,
    to: To,
    out: Out = None,
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
) -> None:
    """Solve a need and write what starts its plan: a task, a command, a script; or its cost as rows.

    Every value comes from the plan. A plan of several kinds of machines becomes several documents.
    """
    from optplan.cli.gather import one_question
    from optplan.exports import export as exported

    plan = one_question(need, options.Changes(rules, sets, catalog, confidence)).solve()
    if not plan.feasible:
        print(f"no plan for {plan.name}: `optplan solve` says why, and the ways out", file=sys.stderr)
        raise typer.Exit(NO_PLAN)
    documents = exported(plan, to)
    if out is None:
        between = "\n" if to in ("vllm", "torchrun") else "---\n"
        print(between.join(document.text for document in documents), end="")
        return
    for number, document in enumerate(documents, 1):
        path = Path(out)
        if len(documents) > 1:
            path = path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            path.write_text(document.text, encoding="utf-8")
        except OSError as error:
            reason = error.strerror or "not a usable path"
            raise BadInput(Fault("unwritable", "--out", f"{path} cannot be written: {reason}")) from None
        print(f"{path}: {document.about}")
