"""catalog and models: what is known, whether it is sound, and what others' lists add."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from optplan.cli import options
from optplan.cli.guard import guarded
from optplan.errors import BadInput

catalog_app = typer.Typer(
    help="Show, check and extend the tables of cards and offers.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
models_app = typer.Typer(
    help="Show the models whose shapes are known.", no_args_is_help=True, rich_markup_mode=None
)

Table = Literal[
    "summary", "gpus", "offers", "models", "apis", "assumptions", "providers", "fx", "grids", "columns"
]
Which = Annotated[
    Table,
    typer.Argument(
        metavar="[TABLE]",
        show_choices=False,
        help="summary, gpus, offers, models, apis, assumptions, providers, fx, grids or columns.",
    ),
]
Gpu = Annotated[str | None, typer.Option("--gpu", metavar="NAME", help="Only this card or family.")]
Provider = Annotated[
    str | None, typer.Option("--provider", metavar="NAME", help="Only offers of this provider.")
]
Region = Annotated[str | None, typer.Option("--region", metavar="NAME", help="Only offers in this region.")]
Purchase = Annotated[
    str | None,
    typer.Option("--purchase", metavar="KIND", help="on_demand, spot, reserved_1y, reserved_3y or buy."),
]
Sort = Annotated[
    str | None,
    typer.Option("--sort", metavar="COLUMN", help="Column to sort by, as the head of the table has it."),
]
Most = Annotated[int, typer.Option("--limit", metavar="N", min=0, help="Most rows to print; 0 prints all.")]
Directory = Annotated[
    str | None, typer.Argument(metavar="[DIR]", help="A catalog directory; the shipped one if not given.")
]
Source = Annotated[
    str, typer.Argument(metavar="DIR", help="Directory of the catalog to read, as the other tool keeps it.")
]
Out = Annotated[
    str, typer.Option("-o", "--out", metavar="OUT", help="Directory to write; --catalog OUT then uses it.")
]
Name = Annotated[
    str | None,
    typer.Argument(metavar="[NAME]", help="A model, a size (9B) or a config.json; all if not given."),
]


@catalog_app.command("show")
@guarded
def show(
    table: Which = "summary",
    gpu: Gpu = None,
    provider: Provider = None,
    region: Region = None,
    purchase: Purchase = None,
    sort: Sort = None,
    limit: Most = 50,
    catalog: options.Catalogs = None,
    json: options.Json = False,
) -> None:
    """Print a table of the catalog: what there is, from whom, at what price, of which day."""
    from optplan.cli.gather import load_catalog
    from optplan.report.catalog import Filter, print_catalog

    print_catalog(load_catalog(catalog), table, Filter(gpu, provider, region, purchase, sort, limit), json)


@catalog_app.command("check")
@guarded
def check(directory: Directory = None) -> None:
    """Check the tables of a directory laid over the shipped ones; prints every fault with its place."""
    from optplan.catalog import check as faults_of

    faults = faults_of(Path(directory) if directory is not None else None)
    if faults:
        raise BadInput(faults)
    print(f"{directory or 'the shipped catalog'}: no faults")


@catalog_app.command("import")
@guarded
def import_(
    kind: Annotated[
        Literal["skypilot"], typer.Argument(metavar="KIND", help="Whose format it is: skypilot.")
    ],
    directory: Source,
    out: Out,
) -> None:
    """Turn another tool's price list into a catalog directory; short for `optplan import`."""
    from optplan.cli.imports import tables

    tables(kind, [directory], out)


@models_app.command("show")
@guarded
def show_model(
    name: Name = None,
    sort: Sort = None,
    limit: Most = 0,
    catalog: options.Catalogs = None,
    json: options.Json = False,
) -> None:
    """Print the shapes of one model, or a line for each model of the catalog."""
    from optplan.cli.gather import load_catalog
    from optplan.report.catalog import Filter, print_catalog, print_model

    if name is None:
        print_catalog(load_catalog(catalog), "models", Filter(sort=sort, limit=limit), json)
    else:
        print_model(load_catalog(catalog).model(name, Path()), json)
