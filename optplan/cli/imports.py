"""import: other tools' files -> a catalog directory, or (melange) a need."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from optplan.cli.guard import BAD_INPUT, guarded
from optplan.errors import BadInput, Fault

Format = Literal["skypilot", "gpuhunt", "litellm", "huggingface", "kubernetes", "ecb", "melange"]
Kind = Annotated[
    Format,
    typer.Argument(
        metavar="FORMAT",
        help="skypilot, gpuhunt, litellm, huggingface, kubernetes, ecb (tables), or melange (a need).",
    ),
]
Files = Annotated[
    list[str], typer.Argument(metavar="FILE", help="Files (or the directory) as the other tool writes them.")
]
Out = Annotated[
    str | None,
    typer.Option(
        "-o", "--out", metavar="OUT", help="Directory to write, which --catalog takes; or a YAML file."
    ),
]
Name = Annotated[
    str,
    typer.Option(
        "--name", metavar="NAME", help="Provider, cluster or model, instead of the file's own name."
    ),
]
Slices = Annotated[
    bool, typer.Option("--slices", help="melange: cut each class into whole slices, as its file says.")
]


@guarded
def import_(files_of: Kind, files: Files, out: Out = None, name: Name = "", slices: Slices = False) -> None:
    """Turn another tool's files into a catalog directory, and report every row that was refused.

    A Melange problem becomes a need with its measured capacity table, printed as YAML.
    """
    if files_of == "melange":
        _need(files, out, name, slices)
        return
    if slices:
        raise BadInput(Fault("setting", "--slices", f"means nothing for {files_of}", "leave it out"))
    if out is None:
        hint = "say where, as in -o my-catalog; --catalog my-catalog then uses it"
        raise BadInput(Fault("setting", "--out", "the tables need a directory", hint))
    tables(files_of, files, out, name)


def tables(kind: str, files: list[str], out: str, name: str = "") -> None:
    """Import tables, write them, and print the account. Exits 2 where nothing at all was taken."""
    from optplan.imports import write
    from optplan.imports.formats import import_files
    from optplan.report.imports import print_import

    imported = import_files(kind, [Path(file) for file in files], name)
    directory = write(imported, Path(out))
    print_import(imported, str(directory))
    if not imported.tables:
        raise typer.Exit(BAD_INPUT)


def _need(files: list[str], out: str | None, model: str, slices: bool) -> None:
    """Print (or write) each problem as a document of YAML."""
    from optplan.imports.melange import melange_text

    text = "---\n".join(melange_text(Path(file), slices, model) for file in files)
    if out is None:
        print(text, end="")
        return
    try:
        Path(out).write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or "not a usable path"
        raise BadInput(Fault("unwritable", "--out", f"{out} cannot be written: {reason}")) from None
