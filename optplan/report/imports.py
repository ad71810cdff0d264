"""What an import took and what it refused."""

from __future__ import annotations

from rich.text import Text

from optplan.imports import Imported
from optplan.report.console import grid, heading, table_console

NOUNS = {
    "offers": "offers",
    "apis": "offers of tokens",
    "models": "models",
    "owned": "pools of owned cards",
    "fx": "exchange rates",
}


def print_import(imported: Imported, directory: str) -> None:
    """What was taken for each table, and what was refused by reason, each with an example."""
    console = table_console()
    if not imported.tables:
        console.print(Text(f"nothing taken from {imported.read:,} rows", style="bold"))
    for table, rows in imported.tables.items():
        text = f"{len(rows):,} {NOUNS[table]} from {imported.read:,} rows written to {directory}/{table}.csv"
        console.print(Text(text, style="bold"))
    for what, count in imported.aside.items():
        console.print(Text(f"{count:,} {what}"))
    if imported.refused:
        heading(console, f"{len(imported.refused):,} refused, all of them in {directory}/refused.txt")
        first = {row.reason.split(":")[0]: row for row in reversed(imported.refused)}
        rows_shown = [
            [f"{n:,}", why, f"{first[why].file}:{first[why].line}"] for why, n in imported.reasons().items()
        ]
        console.print(grid(console, ["rows", "reason", "such as"], rows_shown, right=(0,)))
