"""validate: how far predictions are from published measurements."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from optplan.cli import options
from optplan.cli.guard import guarded
from optplan.errors import BadInput, Fault

Files = Annotated[
    list[str] | None,
    typer.Argument(metavar="FILE.csv..", help="Files of measurements; none: the ones that ship with it."),
]
By = Annotated[
    str | None,
    typer.Option("--by", metavar="COLUMNS", help="Also by columns of the file: gpu,method,engine."),
]
Worst = Annotated[
    int, typer.Option("--worst", metavar="N", min=0, help="How many of the worst rows to print.")
]
Cross = Annotated[
    Literal["source"] | None,
    typer.Option(
        "--cross", metavar="source", help="Refit without one source at a time; errors on that source."
    ),
]
Figure = Annotated[
    str | None,
    typer.Option("--figure", metavar="OUT.svg", help="Draw predicted against measured: SVG or PNG."),
]
Colour = Annotated[
    str | None, typer.Option("--colour", metavar="COLUMN", help="Column that colours the figure.")
]


@guarded
def validate(
    files: Files = None,
    by: By = None,
    worst: Worst = 10,
    cross: Cross = None,
    figure: Figure = None,
    colour: Colour = None,
    catalog: options.Catalogs = None,
    json: options.Json = False,
) -> None:
    """Predict measured cases with the rules that plans use, and say how far off they are."""
    from optplan.cli.gather import load_catalog
    from optplan.validate.report import as_json, print_results
    from optplan.validate.run import run

    columns = [column.strip() for column in (by or "").split(",") if column.strip()]
    results = run(
        [Path(file) for file in files or shipped()], load_catalog(catalog), columns, crossed=cross is not None
    )
    if figure is not None:
        from optplan.validate.figure import draw

        panels = [
            (f"{r.name}, its source left out" if r.left_out else r.name, r.cases, r.left_out or r.predictions)
            for r in results
            if r.predictions.case_index
        ]
        if not panels:
            raise BadInput(Fault("nothing-to-draw", "--figure", "no row could be predicted"))
        if colour is not None and not any(colour in case.row for r in results for case in r.cases):
            raise BadInput(
                Fault("unknown-column", "--colour", f"no file has a column {colour!r}", "try gpu or method")
            )
        draw(panels, figure, colour or (columns[0] if columns else "method"))
    elif colour is not None:
        raise BadInput(Fault("no-figure", "--colour", "nothing is drawn", "give --figure OUT.svg with it"))
    if json:
        import json as encoder

        print(encoder.dumps(as_json(results), indent=2, ensure_ascii=False))
    else:
        print_results(results, worst)


def shipped() -> list[Path]:
    """The files of published measurements in the package: a selection over sources, cards and methods."""
    from optplan.catalog import DATA

    return sorted((DATA / "measured").glob("*.csv"))
