"""what-if: a need solved as it is and with something changed."""

from __future__ import annotations

from typing import Annotated

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded

Need = Annotated[str, typer.Argument(metavar="NEED", help="YAML file of one need, or a sentence in quotes.")]
Sets = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=[*|+]X",
        help="What to change: price[H100]=*0.7, deadline=24h, budget=+500 USD, efficiency=*0.9.",
    ),
]


@guarded
def what_if(
    need: Need,
    sets: Sets = None,
    rules: options.Rules = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    json: options.Json = False,
) -> None:
    """Print the plan as it is beside the plan with prices, limits or assumptions changed.

    Several --set are taken together. =X sets, =*X multiplies, =+X adds.
    """
    from optplan.cli.gather import one_question
    from optplan.compare import what_if as answer
    from optplan.report import print_json
    from optplan.report.whatif import print_what_if

    asked = one_question(need, options.Changes(rules, None, catalog, confidence))
    found = answer(asked.need, sets or [], asked.catalog, fixed=asked.fixed, base=asked.base)
    if json:
        print_json(found.json())
    else:
        print_what_if(found)
    if not found.after.feasible:
        raise typer.Exit(NO_PLAN)
