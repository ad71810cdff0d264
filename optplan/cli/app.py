"""The commands put together; only the one that is asked for is built, all of them where the help lists them."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable, Sequence
from typing import Annotated, Final

import typer

from optplan.cli.guard import NO_PLAN, drop_output, unwritten

# Command -> where it is: a module of this folder, and its function, or its group of commands.
COMMANDS: Final = {
    "solve": ("answer", "solve"),
    "ask": ("answer", "ask"),
    "batch": ("batch", "batch"),
    "explain": ("why", "explain"),
    "why-not": ("why", "why_not"),
    "compare": ("compare", "compare"),
    "what-if": ("whatif", "what_if"),
    "fit": ("fit", "fit"),
    "report": ("report", "report"),
    "validate": ("validate", "validate"),
    "import": ("imports", "import_"),
    "export": ("export", "export"),
    "version": ("schema", "version"),
    "rules": ("rules", "app"),
    "catalog": ("catalog", "catalog_app"),
    "models": ("catalog", "models_app"),
    "schema": ("schema", "app"),
}


def build(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with these commands."""
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
    app.callback(invoke_without_command=True)(root)
    for name in names:
        module, attribute = COMMANDS[name]
        found = getattr(importlib.import_module(f"optplan.cli.{module}"), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Find the cheapest GPUs that do the job, with proof and the reason for every number."""
    if version:
        from optplan.cli import schema

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
        drop_output()
        return 0
    except OSError as error:
        return unwritten(error)
    return code


def _code(arguments: Sequence[str]) -> int:
    known = [name for name in arguments[:1] if name in COMMANDS]
    try:
        build(known or COMMANDS)(args=list(arguments), prog_name="optplan")
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else NO_PLAN
    return 0
