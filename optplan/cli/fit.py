"""fit: does a model fit on a card, and what is the most that does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from optplan.cli import options
from optplan.cli.guard import NO_PLAN, guarded
from optplan.errors import BadInput, Fault

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="A name of the catalog, a config.json, or a size (9B).")
]
Gpu = Annotated[str, typer.Argument(metavar="GPU", help="A card or a family; every card of it is shown.")]
Cards = Annotated[int, typer.Option("--cards", metavar="N", help="Cards, in one node.")]
Method = Annotated[
    Literal["full", "lora", "qlora", "infer"] | None,
    typer.Option("--method", help="What to do; without it, inference and a table of training."),
]
Precision = Annotated[
    str | None,
    typer.Option(
        "--precision", metavar="NAME", help="Of the weights: fp32 bf16 fp16 fp8 int8 int4 fp4 mxfp4 nf4."
    ),
]
Context = Annotated[
    str | None,
    typer.Option("--context", metavar="N", help="Tokens of a sequence, or of prompt and answer: 8k."),
]
Batch = Annotated[
    int | None, typer.Option("--batch", metavar="N", help="Micro-batch of a card, or sequences at once.")
]
Framework = Annotated[
    str | None,
    typer.Option("--framework", metavar="NAME", help="Training software: hf, deepspeed; fsdp if unsaid."),
]
Engine = Annotated[
    str | None, typer.Option("--engine", metavar="NAME", help="Inference software; vllm if unsaid.")
]


@guarded
def fit(
    model: Model,
    gpu: Gpu,
    cards: Cards = 1,
    method: Method = None,
    precision: Precision = None,
    context: Context = None,
    batch: Batch = None,
    framework: Framework = None,
    engine: Engine = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    json: options.Json = False,
) -> None:
    """Say whether a model fits on a card, how full it is, and the most that fits.

    Memory by term; longest context, largest batch, fewest cards. Exit code 1 if it fits on no card meant.
    """
    from optplan.cli.gather import load_catalog
    from optplan.fitting import Question
    from optplan.fitting import fit as answer
    from optplan.report import print_json
    from optplan.report.fit import print_fit

    question = Question(
        model, gpu, cards, method, precision, _tokens(context), batch, framework, engine,
        options.settings(sets),
    )  # fmt: skip
    found = answer(question, load_catalog(catalog), Path())
    if json:
        print_json(found.json())
    else:
        print_fit(found)
    if not found.fits:
        raise typer.Exit(NO_PLAN)


def _tokens(text: str | None) -> int | None:
    """8192 or 8k. Raises BadInput for what is no whole number."""
    from optplan.units import count

    if text is None:
        return None
    try:
        amount = count(text)
    except ValueError as error:
        raise BadInput(Fault("context", "--context", str(error))) from None
    if amount != int(amount):
        raise BadInput(Fault("context", "--context", f"{text[:60]!r} is not a whole number"))
    return int(amount)
