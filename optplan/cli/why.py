"""explain and why-not: where every number comes from, and why another card is not the answer."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded

Need = Annotated[
    str, typer.Argument(metavar="NEED", help="A YAML file with one need, or a sentence in quotes.")
]
Thing = Annotated[
    str, typer.Argument(metavar="GPU|OFFER", help="A card, a family, or an offer (provider/instance/..).")
]
Term = Annotated[
    str | None,
    typer.Option(
        "--term", metavar="NAME", help="Only what is below this quantity, such as rent or memory_per_card."
    ),
]
Format = Annotated[
    Literal["tree", "json", "dot", "mermaid"],
    typer.Option("--format", help="tree for people, json for programs, dot or mermaid for drawing."),
]
Depth = Annotated[
    int, typer.Option("--depth", metavar="N", min=0, help="Levels of the tree to show; 0 shows all.")
]


Way = Annotated[
    str | None,
    typer.Option("--way", metavar="WAY", help="Of the plan in this way: rent, reserved, spot, buy or api."),
]


@guarded
def explain(
    need: Need,
    term: Term = None,
    format: Format = "tree",
    depth: Depth = 5,
    way: Way = None,
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
) -> None:
    """Show where every number of a plan comes from.

    From the total cost down to the need, catalog rows and assumptions, each with its source.
    """
    from optplan.cli.gather import one_question
    from optplan.explain import explain as graph_of
    from optplan.explain.draw import dot, mermaid
    from optplan.report import print_json
    from optplan.report.plan import print_plan
    from optplan.ways import in_way

    question = one_question(need, options.Changes(rules, sets, catalog, confidence))
    plan = question.solve(None if way is None else in_way(question.need, way, "--way"))
    if not plan.feasible:
        if format == "json":
            print_json(plan.json())
        else:
            print_plan(plan)
        raise typer.Exit(NO_PLAN)
    explanation = graph_of(plan, term)
    if format == "json":
        print_json(explanation.json())
    elif format == "tree":
        from optplan.report.tree import print_tree

        print_tree(explanation, depth)
    else:
        print(dot(explanation) if format == "dot" else mermaid(explanation), end="")


@guarded
def why_not(
    need: Need,
    thing: Thing,
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    json: options.Json = False,
) -> None:
    """Say why a card or an offer is not in the plan.

    Refused by which requirement, dearer by how much, or shut out by which limit.
    """
    from optplan.cli.gather import one_question
    from optplan.compare import why_not as answer
    from optplan.report import print_json
    from optplan.report.whynot import print_why_not

    question = one_question(need, options.Changes(rules, sets, catalog, confidence))
    found = answer(question.need, thing, question.catalog, fixed=question.fixed, base=question.base)
    if json:
        print_json(found.json())
    else:
        print_why_not(found)
    if not found.best.feasible:
        raise typer.Exit(NO_PLAN)
