"""Columns that no cheapest plan can hold, by exact bounds: set aside before the program is written.

Every plan costs at least `lower` plus an excess for each unit that it holds: what the unit costs beyond the worth of
its work at the cheapest rate. With a plan known that costs `upper`, a column whose excess is above upper - lower is in
no plan as cheap; ties are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optplan.program.columns import SECOND, Columns
from optplan.program.limits import Limits
from optplan.program.spans import Spans
from optplan.units import TOLERANCE

NOTHING = 1e-8  # of the work
FINISHES = 4  # how many units of the cheapest rate are taken back before another column finishes


@dataclass(frozen=True, slots=True)
class Worth:
    """What units cost beyond the worth of their work.

    excess  of each column; lower: what all the work costs at least; upper: the cost of a plan that is known
    piece   excess for all of the work by a column, at least (offline work)
    busy    excess of a unit that works to the end: where hours are billed as used, all units but one do, since work
            can be moved from the dearer of two idle ones to the other until one of them is full or gone. Where they
            are billed in steps, all units of a column but one do: what fits into fewer units is done by fewer
    whole   excess of a unit that works to the end, whatever its billing
    spares  excess that a unit saves for each piece of the work that it leaves to others; below 0 it costs more
    """

    excess: np.ndarray
    lower: float
    upper: float
    piece: np.ndarray
    busy: np.ndarray
    whole: np.ndarray
    spares: np.ndarray

    @property
    def kept(self) -> np.ndarray:
        """Positions of the columns that a plan of least cost could hold."""
        if not (math.isfinite(self.upper) and math.isfinite(self.lower)):
            return np.arange(len(self.excess))
        room = self.upper * (1 + 2 * TOLERANCE) - self.lower
        # what works less than the tolerance is of no use
        kept: np.ndarray = np.flatnonzero((self.excess <= room) & (self.piece * NOTHING <= room))
        return kept


def loads_of(columns: Columns, rates: Sequence[float], utilisation: float) -> np.ndarray:
    """(classes, columns): units of a column that carry a traffic class alone; infinite where it cannot."""
    with np.errstate(divide="ignore"):
        load: np.ndarray = np.where(
            columns.capacity > 0,
            np.asarray(rates, dtype=float)[:, None] / (columns.capacity * utilisation),
            math.inf,
        )
    return load


def service_worth(columns: Columns, load: np.ndarray, hours: float, limits: Limits, mix: str) -> Worth:
    """What units of a service cost beyond the worth of their work. load: as of `loads_of`.

    Proof: with y_j the least cost of carrying class j alone, a unit of a column carries work worth at most
    max_j y_j / load_j, so a plan costs at least sum y_j + sum of (cost - that) over its units.
    """
    cost = columns.fixed + columns.rate * hours
    if not len(columns):
        return Worth(cost, math.inf, math.inf, cost, cost, cost, cost)
    worth = (cost * load).min(axis=1)
    with np.errstate(invalid="ignore"):
        excess = cost - (worth[:, None] / load).max(axis=0)
    upper = _upper(columns, cost, load, limits, mix)
    return Worth(excess, float(worth.sum()), upper, 0 * cost, excess, excess, 0 * cost)


def _upper(columns: Columns, cost: np.ndarray, load: np.ndarray, limits: Limits, mix: str) -> float:
    """The cost of a plan: units of one column alone, or those of the cheapest rate with one other to finish."""
    alone = load.sum(axis=0)
    with np.errstate(invalid="ignore"):
        units = np.maximum(np.ceil(alone * (1 - TOLERANCE)), np.ceil(limits.min_replicas / columns.replicas))
        cards, total = units * columns.gpus, units * cost
    quota = limits.quota_of(columns.card)
    fits = np.isfinite(total) & (cards <= limits.max_cards) & (cards <= quota)
    upper = float(total[fits].min(initial=math.inf))
    if mix != "any" or len(load) > 1 or limits.min_replicas > 1 or not len(columns):
        return upper
    rate = np.where(np.isfinite(alone), cost * alone, math.inf)
    best = int(np.argmin(rate))
    if not math.isfinite(rate[best]):
        return upper
    held = np.floor(alone[best]) - np.arange(FINISHES)[:, None]
    rest = np.ceil(np.maximum(1.0 - held / alone[best], 0.0) * alone * (1 - TOLERANCE))
    both = held * columns.gpus[best] + rest * columns.gpus
    here = columns.card == columns.card[best]
    fits = (held >= 0) & np.isfinite(rest) & (both <= limits.max_cards)
    fits &= np.where(here, both, np.maximum(held * columns.gpus[best], 0.0)) <= quota[best]
    fits &= np.where(here, 0.0, rest * columns.gpus) <= quota
    if any(mask[columns.card[best]] for _, mask, _ in limits.quotas):
        fits &= here  # a quota may count both cards together
    return min(upper, float(np.where(fits, held * cost[best] + rest * cost, math.inf).min()))


def batch_worth(columns: Columns, spans: Spans, limits: Limits) -> Worth:
    """What units of a batch cost beyond the worth of their work.

    Proof: a unit held for h hours costs fixed + rate x max(h, minimum) and does (h - setup) / alone of the work, so
    that work costs least a piece at the longest h; what a unit costs beyond that is linear between its ends.
    """
    if not len(columns):
        return Worth(columns.fixed, math.inf, math.inf, *[columns.fixed] * 4)
    with np.errstate(divide="ignore", invalid="ignore"):
        at_most = columns.fixed + columns.rate * np.maximum(spans.longest, spans.minimum)
        work = (spans.longest - spans.setup) / spans.alone
        lower = float(np.where(work > 0, at_most / work, math.inf).min())
        begun = least_hours(columns, spans, limits)
        least = columns.fixed + columns.rate * begun
        done = (np.minimum(begun, spans.longest) - spans.setup) / spans.alone
        short, long = least - lower * done, at_most - lower * work
        piece = np.minimum(
            np.where(done > 0, short / done, math.inf), np.where(work > 0, long / work, math.inf)
        )
        spares = np.where(work > done, (long - short) / (work - done), 0.0)
    excess = np.minimum(short, long)
    busy = excess
    if limits.min_replicas <= 1:
        # n units are billed more than n - 1 could use of whole steps, and one step at least beyond that
        idle = spans.longest - spans.full * columns.step + begun - columns.step
        stepped = np.maximum(excess, long - np.maximum(spares, 0.0) * idle / spans.alone)
        busy = np.where(columns.step <= SECOND, long, stepped)
    return Worth(excess, lower, _batch_upper(columns, spans, limits), piece, busy, long, spares)


def least_hours(columns: Columns, spans: Spans, limits: Limits) -> np.ndarray:
    """Hours that each held unit is billed at least: its start, its minimum, and one step if it works."""
    least = np.maximum(spans.minimum, spans.setup)
    if limits.min_replicas <= 1:  # else a unit may be held without work
        least = np.maximum(least, np.where(columns.step > SECOND, columns.step, 0.0))
    return np.asarray(least)


def _batch_upper(columns: Columns, spans: Spans, limits: Limits) -> float:
    """The cost of the cheapest plan of one column, with as few units as do, or with none beyond whole steps."""
    best, quota = math.inf, limits.quota_of(columns.card)
    fewest = spans.fewest(columns, limits.min_replicas)
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.ceil(spans.alone / (spans.full * columns.step - spans.setup) * (1 - TOLERANCE))
        whole = np.where(np.isfinite(whole) & (whole > fewest), whole, fewest)
        for units in (fewest, whole):
            cards = units * columns.gpus
            cost = columns.fixed * units + columns.rate * spans.billed(columns, units)
            fits = np.isfinite(cost) & (cards <= limits.max_cards) & (cards <= quota)
            best = min(best, float(cost[fits].min(initial=math.inf)))
    return best
