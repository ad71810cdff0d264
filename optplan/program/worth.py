"""Columns that no cheapest plan can hold, by exact bounds: set aside before the program is written.

Every plan costs at least `lower` plus an excess for each unit that it holds: what the unit costs beyond the worth of
its work at the cheapest rate. With a plan known that costs `upper`, a column whose excess is above upper - lower is in
no plan as cheap; ties are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

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


def loads_of(columns: Columns, rates: Sequence[float], utilisation: float) -> np.ndarray:
    """(classes, columns): units of a column that carry a traffic class alone; infinite where it cannot."""
    with np.errstate(divide="ignore", invalid="ignore"):
        load: np.ndarray = np.where(
            columns.capacity > 0,
            np.asarray(rates, dtype=float)[:, None] / (columns.capacity * utilisation),
            math.inf,
        )
    return load


def service_worth(columns: Columns, load: np.ndarray, hours: float, limits: Limits) -> Worth:
    """What units of a service cost beyond the worth of their work. load: as of `loads_of`.

    Proof: with y_j the least cost of carrying class j alone, a unit of a column carries work worth at most
    max_j y_j / load_j, so a plan costs at least sum y_j + sum of (cost - that) over its units. A price of cards, paid
    back for those that the limit lets in, makes that no more than the cost.
    """
    cost = columns.fixed + columns.rate * hours
    if not len(columns):
        return Worth(cost, cost, math.inf, math.inf, cost, math.inf, cost)
    with np.errstate(invalid="ignore"):
        upper = _alone(columns, cost, load, limits)
        card, lower, price = card_prices(cost * load, columns.gpus * load, columns.card, limits)
        dear = cost + card * columns.gpus
        worth = (dear * load).min(axis=1)
        excess = dear - (worth[:, None] / load).max(axis=0)
    return Worth(excess, excess, lower, upper, 0 * cost, price, card)


def _alone(columns: Columns, cost: np.ndarray, load: np.ndarray, limits: Limits) -> float:
    """The cost of the cheapest plan of one column."""
    alone = load.sum(axis=0)
    with np.errstate(invalid="ignore"):
        units = np.maximum(np.ceil(alone * (1 - TOLERANCE)), np.ceil(limits.min_replicas / columns.replicas))
        total = units * cost
        if limits.quotas or math.isfinite(limits.max_cards):
            most = np.minimum(limits.quota_of(columns.card), limits.max_cards)
            total = np.where(units * columns.gpus <= most, total, math.inf)
    return float(np.fmin.reduce(total, initial=math.inf))


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


def card_prices(
    cost: np.ndarray, cards: np.ndarray, kind: np.ndarray, limits: Limits
) -> tuple[np.ndarray, float, float]:
    """(price of a card of each column, least cost of all the work with the cards there may be, that and their price).

    cost, cards: as of `best_price`; kind: card of each column. Every limit on cards has a price of its own, each the
    best beside the others once they are known.
    """
    capped = [(np.ones(len(kind), dtype=bool), limits.max_cards)] if math.isfinite(limits.max_cards) else []
    capped += [(mask[kind], most) for _, mask, most in limits.quotas]
    prices, card = [0.0] * len(capped), np.zeros(len(kind))
    if not capped:
        least = float(cost.min(axis=1).sum())
        return card, least, least
    for _ in range(min(2, len(capped))):
        for i, (mask, most) in enumerate(capped):
            card = card - prices[i] * mask
            paid = np.where(card > 0, card * cards, 0.0)
            prices[i], least, _ = best_price(cost + paid, np.where(mask, cards, 0.0), float(most))
            if math.isinf(least):
                return card, math.inf, math.inf
            card = card + prices[i] * mask
    total = float((cost + np.where(card > 0, card * cards, 0.0)).min(axis=1).sum())
    return card, total - sum(p * most for p, (_, most) in zip(prices, capped, strict=True)), total


def best_price(cost: np.ndarray, cards: np.ndarray, most: float) -> tuple[float, float, float]:
    """(price of a card, least cost of all the work with so many cards, that and the price of the cards).

    cost, cards: (parts of the work, columns) of a part by one column, fractions of units allowed; infinite where it
    cannot. The bound is the highest of those that a price gives: least (cost + price x cards) - price x most. It is
    infinite where cards are too few.
    """
    rows = np.arange(len(cost))

    def cheapest(price: float) -> tuple[float, float]:
        """(cost, cards) of the least cost and price of cards."""
        value = cost + price * cards if price else cost
        best = np.where(np.isnan(value), math.inf, value).argmin(axis=1)
        return float(cost[rows, best].sum()), float(cards[rows, best].sum())

    low = cheapest(0.0)
    if low[1] <= most * (1 + TOLERANCE) or math.isinf(low[0]):
        return 0.0, low[0], low[0]
    fewest = np.where(np.isfinite(cost), cards, math.inf).argmin(axis=1)
    high = float(cost[rows, fewest].sum()), float(cards[rows, fewest].sum())
    if high[1] > most * (1 + TOLERANCE):
        return 0.0, math.inf, math.inf
    while True:
        price = (high[0] - low[0]) / (low[1] - high[1])
        met = low[0] + price * low[1]
        found = cheapest(price)
        total = found[0] + price * found[1]
        if total >= met * (1 - TOLERANCE):
            return price, total - price * most, total
        low, high = (found, high) if found[1] > most else (low, found)
