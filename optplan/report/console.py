"""The console and the tables that all reports share: coloured in a terminal, plain when piped."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final, Literal, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

# the same as rich's SIMPLE, but of dashes: for output that is not a terminal
PLAIN: Final = box.Box("    \n    \n -- \n    \n    \n -- \n    \n    \n", ascii=True)
GAP: Final = 3  # blanks between columns
NARROW: Final = 40  # columns: below this a table is not worth having


class _Trimmed:
    """An output without the blanks that tables put at the ends of lines."""

    def __init__(self, inner: TextIO) -> None:
        self.inner, self.rest, self.encoding = inner, "", inner.encoding

    def write(self, text: str) -> int:
        *lines, self.rest = (self.rest + text).split("\n")
        self.inner.write("".join(f"{line.rstrip(' ')}\n" for line in lines))
        return len(text)

    def flush(self) -> None:
        self.inner.flush()


class _Piped(Console):
    """A console whose reader may go away: told as it is to any other output, where rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def table_console() -> Console:
    """Standard output, as wide as the terminal (COLUMNS when set, 80 when piped); no markup is read."""
    out: Any = sys.stdout if sys.stdout.isatty() else _Trimmed(sys.stdout)
    console = _Piped(file=out, highlight=False, markup=False, emoji=False)
    if console.width < NARROW:
        console.width = NARROW
    return console


def grid(
    console: Console,
    columns: Sequence[str],
    rows: Sequence[Sequence[str | Text]],
    right: Sequence[int] = (),
    total: Sequence[str] | None = None,
    keep: Sequence[int] = (),
    drop: Sequence[str] = (),
) -> Table:
    """A table without a frame; a line under the head, and above `total` where there is one.

    right: columns that are numbers; keep: columns that are never broken over lines; drop: columns that may be
    left out where the console is too narrow, the first first.
    """
    frame = box.SIMPLE if console.is_terminal else PLAIN
    table = Table(
        box=frame, show_edge=False, pad_edge=False, show_footer=total is not None, header_style="bold"
    )
    shown = _that_fit(console, columns, rows, drop)
    for i in shown:
        justify: Literal["left", "right"] = "right" if i in right else "left"
        footer = total[i] if total else ""
        table.add_column(
            columns[i], footer, justify=justify, no_wrap=i in right or i in keep, overflow="fold"
        )
    for row in rows:
        cells = [row[i] for i in shown]
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def _that_fit(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[str | Text]], drop: Sequence[str]
) -> list[int]:
    """Positions of the columns to show."""
    widths = [
        max(cell_len(name), *(cell_len(str(row[i])) for row in rows), 0) for i, name in enumerate(columns)
    ]
    shown = list(range(len(columns)))
    for name in drop:
        if sum(widths[i] for i in shown) + GAP * (len(shown) - 1) <= console.width:
            break
        shown.remove(columns.index(name))
    return shown


def heading(console: Console, text: str) -> None:
    """A blank line and a bold title."""
    console.print()
    console.print(Text(text, style="bold"))


def bullet(console: Console, text: str, style: str = "") -> None:
    """One item of a list, wrapped under itself."""
    row = Table.grid(padding=(0, 1))
    row.add_column(width=1)
    row.add_column(overflow="fold")
    row.add_row("-", Text(text, style=style))
    console.print(row)


def footnotes(
    console: Console, notes: Sequence[str], whose: str, assumed: Sequence[str], warnings: Sequence[str]
) -> None:
    """What a plan says beside its numbers. whose: who did not say what was assumed, such as "the need does"."""
    for title, texts, style in (
        ("Notes", notes, ""),
        (f"Assumed, as {whose} not say", assumed, ""),
        ("Warnings", warnings, "yellow"),
    ):
        if texts:
            heading(console, title)
            for text in texts:
                bullet(console, text, style)
