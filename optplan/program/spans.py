"""Hours of offline replicas: how long a unit of each column can work, in which billing steps, and what it is billed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.program.columns import SECOND, Columns
from optplan.program.limits import Limits
from optplan.units import TOLERANCE

Each = float | np.ndarray  # one number for all columns, or one a column


@dataclass(frozen=True, slots=True)
class Spans:
    """Hours of columns, one number a column.

    alone    in which one unit would do all the work, its start not counted
    setup    in which a unit starts and does no work (one number for all; one a column where needs differ)
    longest  that a unit can be held: the deadline, or what all the work takes
    full     whole billing steps in that; rest: hours of a last step that it cannot use up (0 = none)
    minimum  that each held unit is billed for at least
    most     units that a plan needs at most
    few      units that do all the work alone in time, at least; hours: billed for them
    """

    alone: np.ndarray
    setup: Any
    longest: np.ndarray
    full: np.ndarray
    rest: np.ndarray
    minimum: np.ndarray
    most: np.ndarray
    few: np.ndarray
    hours: np.ndarray

    def take(self, rows: np.ndarray) -> Spans:
        """The spans of these columns."""
        return self.of(rows, self.setup[rows] if isinstance(self.setup, np.ndarray) else self.setup)

    def of(self, rows: np.ndarray | slice, setup: Any) -> Spans:
        """The spans of these columns, whose start takes so long."""
        return Spans(
            self.alone[rows], setup, self.longest[rows], self.full[rows], self.rest[rows],
            self.minimum[rows], self.most[rows], self.few[rows], self.hours[rows],
        )  # fmt: skip

    def fewest(self, columns: Columns, min_replicas: int, share: np.ndarray | float) -> np.ndarray:
        """Units of each column that do a share of the work alone in time."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return _fewest(columns, self.alone, self.longest - self.setup, min_replicas, share)

    def billed(self, columns: Columns, units: np.ndarray, share: np.ndarray | float = 1.0) -> np.ndarray:
        """Unit-hours billed for a share of the work by units of each column: whole steps, none past the deadline."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return _billed(
                columns.step, share * self.alone + units * self.setup, units, self.full, self.rest,
                self.minimum,
            )  # fmt: skip


def _fewest(
    columns: Columns, alone: np.ndarray, each: np.ndarray, min_replicas: int | np.ndarray,
    share: np.ndarray | float,
) -> np.ndarray:  # fmt: skip
    """Units that do a share of the work, each of them in so many hours of work."""
    least = (
        1.0
        if isinstance(min_replicas, int) and min_replicas <= 1
        else np.ceil(min_replicas / columns.replicas)
    )
    return np.asarray(np.maximum(least, np.ceil(share * alone / np.maximum(each, 0.0) * (1 - TOLERANCE))))


def _billed(
    step: np.ndarray,
    total: np.ndarray,
    units: np.ndarray,
    full: np.ndarray,
    rest: np.ndarray,
    least: np.ndarray,
) -> np.ndarray:
    """Unit-hours billed for hours in total, as of `Spans.billed`."""
    steps, inside = np.ceil(total / step * (1 - TOLERANCE)), units * full
    over = steps > inside
    if over.any():  # last steps that cannot be used up
        late = np.ceil((total - inside * step) / np.maximum(rest, TOLERANCE * step) * (1 - TOLERANCE))
        steps = np.where(over, inside + late, steps)
    hours = np.where(step <= SECOND, total, steps * step)
    return np.asarray(np.maximum(hours, units * least))


def spans_of(columns: Columns, work: float, setup: float, limits: Limits) -> Spans:
    """The hours of columns. work: in units of capacity (of the only class) x hours; setup: hours of a unit's start."""
    return spans_of_each(columns, work, setup, limits.deadline, limits.min_replicas)


def spans_of_each(
    columns: Columns, work: Each, setup: Each, deadline: Each, min_replicas: int | np.ndarray
) -> Spans:
    """The same where each may differ from column to column."""
    step, stepped = columns.step, columns.step > SECOND
    with np.errstate(divide="ignore", invalid="ignore"):
        alone = np.asarray(work / columns.capacity[0])
        longest = np.where(np.isfinite(deadline), deadline, alone + setup)
        if np.isinf(deadline).any():
            whole = stepped & np.isinf(deadline)
            longest = np.where(whole, _up(longest / step) * step, longest)
        full = np.where(stepped, np.floor(longest / step * (1 + TOLERANCE)), 0.0)
        rest = np.where(stepped, longest - full * step, 0.0)
        rest = np.where(rest > TOLERANCE * longest, rest, 0.0)
        begun = np.where(
            stepped & (np.asarray(setup) > 0), _up(setup / step) * step, 0.0
        )  # less would be no use
        usual = np.where(full * step > setup * (1 + TOLERANCE), full * step, longest)
        most, least = _up(alone / (usual - setup)) + min_replicas, np.maximum(columns.minimum, begun)
        few = _fewest(columns, alone, longest - setup, min_replicas, 1.0)
        hours = _billed(step, alone + few * setup, few, full, rest, least)
    return Spans(alone, setup, longest, full, rest, least, most, few, hours)


def _up(value: np.ndarray) -> np.ndarray:
    """The next whole number, at least 1; float noise is let pass."""
    return np.maximum(1.0, np.ceil(value * (1 - TOLERANCE)))


def least_hours(columns: Columns, spans: Spans, limits: Limits) -> np.ndarray:
    """Hours that each held unit is billed at least: its start, its minimum, and one step if it works."""
    least = np.maximum(spans.minimum, spans.setup)
    if limits.min_replicas <= 1:  # else a unit may be held without work
        least = np.maximum(least, np.where(columns.step > SECOND, columns.step, 0.0))
    return np.asarray(least)
