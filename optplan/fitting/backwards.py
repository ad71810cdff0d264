"""The same rules asked backwards: the longest context, the largest batch, the fewest cards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from optplan.candidates import Table
from optplan.fitting.layouts import ENGINE, LENGTH, MEMORY, Trial, attempt
from optplan.fitting.values import Most
from optplan.planner.context import Context

COUNTS: Final = range(1, 65)
NO_LAYOUT_MENDS: Final = (*LENGTH, ENGINE, "computes_in_precision")
FARTHEST: Final = 2**27  # tokens or sequences: beyond what anybody asks


def longest_context(context: Context, table: Table, batch: int) -> Most:
    """The longest context of so many sequences at once, and the longest by memory alone."""
    return _most("longest_context", lambda length: attempt(context, table, length, batch))


def largest_batch(context: Context, table: Table, length: int) -> Most:
    """The largest batch of sequences of this length, and the largest by memory alone."""
    return _most("largest_batch", lambda batch: attempt(context, table, length, batch))


def _most(name: str, tried: Callable[[int], Trial]) -> Most:
    value = _largest(lambda x: tried(x).fits())
    memory = _largest(lambda x: MEMORY not in tried(x).broken())
    beyond = tried((value or 0) + 1).broken() if value != FARTHEST else []
    return Most(name, value, tuple(beyond), memory)


def _largest(fits: Callable[[int], bool]) -> int | None:
    """The largest x of 1 to FARTHEST that fits, None if 1 does not: all rules grow with x.

    The value was tried and fits; the one after it was tried and does not, unless it is beyond FARTHEST.
    """
    if not fits(1):
        return None
    low = 1
    while low < FARTHEST and fits(2 * low):
        low *= 2
    if low == FARTHEST:
        return FARTHEST
    high = 2 * low  # low fits, high does not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def fewest_cards(context: Context, table: Table, length: int, batch: int) -> Most:
    """The fewest cards in one node that do it.

    table has all counts. Every count is tried, as layouts come and go with its divisors.
    """
    found = attempt(context, table, length, batch)
    everything = np.logical_and.reduce([mask[0] for mask in found.holds.values()])
    value = _fewest(table, everything)
    memory = _fewest(
        table, np.logical_and.reduce([m[0] for n, m in found.holds.items() if n not in NO_LAYOUT_MENDS])
    )
    if value is None:
        return Most("smallest_cards", None, tuple(found.broken()), memory)
    return Most("smallest_cards", value, _broken_by_fewer(found, table, value), memory)


def _fewest(table: Table, mask: np.ndarray) -> int | None:
    return int(table.gang[mask].min()) if mask.any() else None


def _broken_by_fewer(found: Trial, table: Table, value: int) -> tuple[str, ...]:
    """What the best row of one card less breaks."""
    rows = np.flatnonzero(table.gang == value - 1)
    if not len(rows):
        return ()
    others = np.sum([~mask[0, rows] for name, mask in found.holds.items() if name != MEMORY], axis=0)
    best = rows[np.lexsort((found.memory[0, rows], others))[0]]
    return tuple(name for name, mask in found.holds.items() if not mask[0, best])
