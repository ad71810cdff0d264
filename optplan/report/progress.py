"""A bar that moves while many needs are solved: how many, how fast, how long still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def bar() -> Iterator[Callable[[int, int, int], None]]:
    """A bar on standard error. Gives watch(rows, bytes read, bytes in all; 0 where nobody knows)."""
    columns = (
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[rows]} needs, {task.fields[rate]}/s, left"),
        TimeRemainingColumn(compact=True),
    )
    begun, first = time.monotonic(), -1
    with Progress(*columns, console=Console(stderr=True), transient=True, expand=True) as progress:
        task = progress.add_task("", total=None, rows="0", rate="0")

        def watch(rows: int, read: int, size: int) -> None:
            nonlocal begun, first
            if first < 0:  # rows that were there before say nothing about the rate
                begun, first = time.monotonic(), rows
            rate = (rows - first) / max(time.monotonic() - begun, 1e-3)
            progress.update(task, completed=read, total=size or None, rows=f"{rows:,}", rate=f"{rate:,.0f}")

        yield watch
