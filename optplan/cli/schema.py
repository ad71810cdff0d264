"""schema and version: the formats of needs and plans, for editors and programs."""

from __future__ import annotations

import typer

from optplan.cli.guard import guarded

app = typer.Typer(
    help="Print the JSON Schema of a need, of a plan or of a portfolio's plan.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command("need")
@guarded
def need() -> None:
    """Print the JSON Schema of a need, by which editors complete and check YAML."""
    from optplan.report import print_json
    from optplan.schema import need_schema

    print_json(need_schema())


@app.command("plan")
@guarded
def plan() -> None:
    """Print the JSON Schema of a plan, with the meaning of each key and quantity."""
    from optplan.plan_schema import plan_schema
    from optplan.report import print_json

    print_json(plan_schema())


@app.command("portfolio")
@guarded
def portfolio() -> None:
    """Print the JSON Schema of a portfolio's plan, with the meaning of each part."""
    from optplan.portfolio.schema import portfolio_plan_schema
    from optplan.report import print_json

    print_json(portfolio_plan_schema())


@guarded
def version() -> None:
    """Print the version."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        print(f"optplan {installed('optplan')}")
    except PackageNotFoundError:
        print("optplan, not installed")
