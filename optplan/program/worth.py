"""Columns that no cheapest plan can hold, by exact bounds: set aside before the program is written.

Every plan costs at least `lower` plus an excess for each unit that it holds: what the unit costs beyond the worth of
its work at the cheapest rate. With a plan known that costs `upper`, a column whose excess is above upper - lower is in
no plan as cheap; ties are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optplan.program.cardprices import capped, card_prices
from optplan.program.columns import Columns
from optplan.program.limits import Limits
from optplan.units import TOLERANCE

NOTHING = 1e-8  # of the work
FINISHES = 4  # how many units of the cheapest rate are taken back before another column finishes


@dataclass(frozen=True, slots=True)
class Ends:
    """Of one unit of each column, a row an end: at its least, as one of several, in whole steps, at the longest.

    work in parts of all of it; cost without the price of cards
    """

    work: np.ndarray
    cost: np.ndarray

    def take(self, rows: np.ndarray | slice) -> Ends:
        """Of these columns."""
        return Ends(self.work[:, rows], self.cost[:, rows])


@dataclass(frozen=True, slots=True)
class Worth:
    """What units cost beyond the worth of their work.

    excess  of any number of units of a column, at least; each: of each of several
    lower   what all the work costs at least; upper: the cost of a plan that is known
    piece   excess for all of the work by a column, at least (offline work)
    price   worth of all the work: `lower`, and the price of all cards
    card    price of a card of each column, where cards are limited
    ends    of one unit of each column (offline work)
    """

    excess: np.ndarray
    each: np.ndarray
    lower: float
    upper: float
    piece: np.ndarray
    price: float
    card: np.ndarray
    ends: Ends | None = None

    def take(self, rows: np.ndarray) -> Worth:
        """Of these columns."""
        ends = None if self.ends is None else self.ends.take(rows)
        return Worth(
            self.excess[rows], self.each[rows], self.lower, self.upper, self.piece[rows], self.price,
            self.card[rows], ends,
        )  # fmt: skip

    def known(self, cost: float) -> Worth:
        """With the cost of another plan that is known."""
        return self if cost >= self.upper else replace(self, upper=cost)

    @property
    def kept(self) -> np.ndarray:
        """Positions of the columns that a plan of least cost could hold."""
        if not (math.isfinite(self.upper) and math.isfinite(self.lower)):
            return np.arange(len(self.excess))
        return np.flatnonzero(within_room(self.excess, self.piece, self.lower, self.upper))


def within_room(
    excess: np.ndarray, piece: np.ndarray, lower: float | np.ndarray, upper: float | np.ndarray
) -> np.ndarray:
    """Whether a plan of least cost could hold each column: as of `Worth`."""
    room = upper * (1 + 2 * TOLERANCE) - lower
    # what works less than the tolerance is of no use
    kept: np.ndarray = (excess <= room) & (piece * NOTHING <= room)
    return kept


@dataclass(frozen=True, slots=True)
class Worths:
    """As `Worth`, of several needs: lower, upper and price one a need, the others one a column."""

    excess: np.ndarray
    each: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    piece: np.ndarray
    price: np.ndarray
    card: np.ndarray
    ends: Ends | None = None

    def take(self, rows: np.ndarray) -> Worths:
        """With these columns only."""
        return Worths(
            self.excess[rows], self.each[rows], self.lower, self.upper, self.piece[rows], self.price,
            self.card[rows], None if self.ends is None else self.ends.take(rows),
        )  # fmt: skip

    def kept(self, sizes: np.ndarray) -> np.ndarray:
        """Positions of the columns that a plan of least cost of their need could hold. sizes: columns of each need."""
        known = np.isfinite(self.upper) & np.isfinite(self.lower)
        lower, upper = np.where(known, self.lower, 0.0), np.where(known, self.upper, 0.0)
        return np.flatnonzero(
            within_room(self.excess, self.piece, np.repeat(lower, sizes), np.repeat(upper, sizes))
            | np.repeat(~known, sizes)
        )

    def of(self, need: int, rows: slice) -> Worth:
        """The worth of one need's columns."""
        lower, upper, price = (float(every[need]) for every in (self.lower, self.upper, self.price))
        return Worth(
            self.excess[rows], self.each[rows], lower, upper, self.piece[rows], price, self.card[rows],
            None if self.ends is None else self.ends.take(rows),
        )  # fmt: skip


def loads_of(
    columns: Columns, rates: Sequence[float] | np.ndarray, utilisation: float | np.ndarray
) -> np.ndarray:
    """(classes, columns): units of a column that carry a traffic class alone; infinite where it cannot.

    rates: of each class, or (classes, columns); utilisation: one number, or one a column.
    """
    asked = np.asarray(rates, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        load: np.ndarray = np.where(
            columns.capacity > 0,
            (asked if asked.ndim > 1 else asked[:, None]) / (columns.capacity * utilisation),
            math.inf,
        )
    return load


@dataclass(frozen=True, slots=True)
class Loads:
    """What services ask of columns. load: as of `loads_of`; hours: that units are held, one number or one a column."""

    load: np.ndarray
    hours: Any

    def take(self, rows: np.ndarray) -> Loads:
        """Of these columns."""
        return self.of(rows, self.hours[rows] if isinstance(self.hours, np.ndarray) else self.hours)

    def of(self, rows: np.ndarray | slice, hours: Any) -> Loads:
        """Of these columns, whose units are held so long."""
        return Loads(self.load[:, rows], hours)


def nothing(none: np.ndarray) -> Worth:
    """The worth where there are no columns."""
    return Worth(none, none, math.inf, math.inf, none, math.inf, none)


def service_worths(columns: Columns, loads: Loads, first: np.ndarray, limits: Sequence[Limits]) -> Worths:
    """What units of services cost beyond the worth of their work, of those that have columns.

    Proof: with y_j the least cost of carrying class j alone, a unit of a column carries work worth at most
    max_j y_j / load_j, so a plan costs at least sum y_j + sum of (cost - that) over its units. A price of cards, paid
    back for those that the limit lets in, makes that no more than the cost. first: where the columns of each begin.
    """
    load, sizes = loads.load, np.diff(first, append=len(columns))
    cost, card = columns.fixed + columns.rate * loads.hours, np.zeros(len(columns))
    replicas = np.repeat(np.array([one.min_replicas for one in limits], dtype=int), sizes)
    with np.errstate(invalid="ignore"):
        alone = np.ceil(load.sum(axis=0) * (1 - TOLERANCE))
        units = np.maximum(alone, np.ceil(replicas / columns.replicas))
        upper = units * cost
        lower = np.minimum.reduceat(cost * load, first, axis=1).sum(axis=0)
        price = lower.copy()
        for i, own in enumerate(limits):
            if capped(own):
                here = slice(int(first[i]), int(first[i] + sizes[i]))
                kind, gpus, some = columns.card[here], columns.gpus[here], load[:, here]
                card[here], lower[i], price[i] = card_prices(cost[here] * some, gpus * some, kind, own)
                fits = units[here] * gpus <= np.minimum(own.quota_of(kind), own.max_cards)
                upper[here] = np.where(fits, upper[here], math.inf)
        dear = cost + card * columns.gpus
        worth = np.minimum.reduceat(dear * load, first, axis=1)
        excess = dear - (np.repeat(worth, sizes, axis=1) / load).max(axis=0)
        least = np.fmin(np.fmin.reduceat(upper, first), math.inf)
    return Worths(excess, excess, lower, least, 0 * cost, price, card)


def together(columns: Columns, load: np.ndarray, hours: float, limits: Limits, mix: str) -> float:
    """The cost of a plan: units of the cheapest rate with those of another column to finish, or one column a class.

    Infinite where none is known.
    """
    if mix != "any" or limits.min_replicas > 1 or not len(columns):
        return math.inf
    cost = columns.fixed + columns.rate * hours
    if len(load) > 1:
        return _apart(columns, cost, load, limits)
    alone, quota = load[0], limits.quota_of(columns.card)
    with np.errstate(invalid="ignore"):
        rate = np.where(np.isfinite(alone), cost * alone, math.inf)
    best = int(np.argmin(rate))
    if not math.isfinite(rate[best]):
        return math.inf
    held = np.floor(alone[best]) - np.arange(FINISHES)[:, None]
    fits = limits.pairs(columns.card, best, quota, mix)
    with np.errstate(invalid="ignore"):
        rest = np.ceil(np.maximum(1.0 - held / alone[best], 0.0) * alone * (1 - TOLERANCE))
        both = fits(held * columns.gpus[best], rest * columns.gpus) & (held >= 0) & np.isfinite(rest)
        return float(np.where(both, held * cost[best] + rest * cost, math.inf).min())


def _apart(columns: Columns, cost: np.ndarray, load: np.ndarray, limits: Limits) -> float:
    """The cost of carrying each traffic class by the column that does it cheapest, where nothing limits the cards."""
    if limits.quotas:
        return math.inf
    with np.errstate(invalid="ignore"):
        units = np.ceil(load * (1 - TOLERANCE))
        total = np.where(np.isfinite(units), units * cost, math.inf)
    best = total.argmin(axis=1)
    classes = np.arange(len(load))
    cards = float((units[classes, best] * columns.gpus[best]).sum())
    return float(total[classes, best].sum()) if cards <= limits.max_cards else math.inf
