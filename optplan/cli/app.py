"""The commands put together."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from optplan.cli import (
    answer,
    batch,
    catalog,
    compare,
    export,
    fit,
    imports,
    report,
    rules,
    schema,
    validate,
    whatif,
    why,
)
from optplan.cli.guard import NO_PLAN

app = typer.Typer(
    name="optplan",
    help="Find the cheapest GPUs that do the job, with proof and the reason for every number.",
    epilog="Exit code: 0 a plan, 1 no plan, 2 bad input.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
app.command("solve")(answer.solve)
app.command("ask")(answer.ask)
app.command("batch")(batch.batch)
app.command("explain")(why.explain)
app.command("why-not")(why.why_not)
app.command("compare")(compare.compare)
app.command("what-if")(whatif.what_if)
app.command("fit")(fit.fit)
app.command("report")(report.report)
app.command("validate")(validate.validate)
app.command("import")(imports.import_)
app.command("export")(export.export)
app.add_typer(rules.app, name="rules")
app.add_typer(catalog.catalog_app, name="catalog")
app.add_typer(catalog.models_app, name="models")
app.add_typer(schema.app, name="schema")
app.command("version")(schema.version)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Find the cheapest GPUs that do the job, with proof and the reason for every number."""
    if version:
        schema.version()
        raise typer.Exit(0)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; returns its exit code. Output that nobody reads any more is dropped."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal without UTF-8 still gets its answer
    try:
        code = _code(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _code(arguments: Sequence[str]) -> int:
    try:
        app(args=list(arguments), prog_name="optplan")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else NO_PLAN
    return 0
