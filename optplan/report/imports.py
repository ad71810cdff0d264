"""What an import took and what it refused."""

from __future__ import annotations

from rich.text import Text

from optplan.errors import counted
from optplan.imports import Imported
from optplan.report.console import grid, heading, table_console

NOUNS = {
    "offers": ("offer", "offers"),
    "apis": ("offer of tokens", "offers of tokens"),
    "models": ("model", "models"),
    "owned": ("pool of owned cards", "pools of owned cards"),
    "fx": ("exchange rate", "exchange rates"),
}


def print_import(imported: Imported, directory: str) -> None:
    """What was taken for each table, and what was refused by reason, each with an example."""
    console = table_console()
    if not imported.tables:
        console.print(Text(f"nothing taken from {counted(imported.read, 'row')}", style="bold"))
    for table, rows in imported.tables.items():
        taken = counted(len(rows), *NOUNS[table])
        text = f"{taken} from {counted(imported.read, 'row')} written to {directory}/{table}.csv"
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
