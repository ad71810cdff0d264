"""Cheapest units that carry many traffic classes, without a solver: plans are listed by cost and tested in turn.

Exact: at any prices, units that carry everything earn at least what all of the work is worth. Plans that earn that at
all prices known are listed, and the cheapest is tested; where it falls short, prices at which it earns too little are
kept, which strike out others, too. The cheapest that carries everything is met once all cheaper ones are struck out.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from optplan.program.columns import Columns, places
from optplan.program.limits import Limits
from optplan.program.search import Choice, TooMany
from optplan.program.shortage import Undecided, earned_at, short_of_many
from optplan.program.worth import Worth
from optplan.units import TOLERANCE

MOST_CELLS = 4_000_000  # beginnings of plans, each at all the prices: a solver takes longer, too
WIDTH = 200  # beginnings that are followed to find a plan soon, before all are listed
MOST_TESTS = 60  # of plans: most searches make 1 to 10
STEPS = (0.7, 1.4, 0.9, 1.1, 0.5, 2.0, 0.95, 1.05)  # how much dearer each column is at the first prices
MOST_STEPS = 40  # of all columns: with many, 2 of each tell nearly as much
FIRST, GROWTH = 2e-5, 3.0  # of rounds: what plans may cost beyond the least, relative; each next round
MOST_ROOM = 8.0  # of a round, relative; then all that is left
LOOSE = 1e-7  # whole numbers this near to a bound are tried


def cheapest_divided(
    columns: Columns, load: np.ndarray, hours: float, worth: Worth, limits: Limits, mix: str
) -> Choice | None:
    """The cheapest units that carry all traffic classes; None where none do.

    load: (classes, columns) units that carry a class alone. Raises TooMany where only a solver helps.
    """
    if math.isinf(worth.lower):
        return None  # nothing carries one of the classes, or not with so few cards
    cost = columns.fixed + columns.rate * hours
    if not (cost > 0).all():
        raise TooMany
    plans = _Plans(columns, load, cost, worth, limits, mix)
    found = (plans.cheapest(top) for top in _tops(worth.lower, worth.upper, float(cost.min())))
    return next((choice for choice in found if choice is not None), None)


def _tops(lower: float, upper: float, least: float) -> Iterator[float]:
    """What plans may cost, round by round: the less, the fewer there are to be listed. least: of the first room."""
    room = max(FIRST * lower, least)
    while lower + room * GROWTH < min(upper, MOST_ROOM * lower):
        yield lower + room
        room *= GROWTH
    yield upper


class _Plans:
    """Units of each column.

    dear    cost of a unit with the price of its cards: plans cost at least that of their units, and `base`
    earned  (prices, columns) by a unit, where all of the work is worth 1; the last: part of the replicas wanted
    order   of the columns in which plans are listed; most: units of each that any plan needs
    """

    def __init__(
        self, columns: Columns, load: np.ndarray, cost: np.ndarray, worth: Worth, limits: Limits, mix: str
    ) -> None:
        self.columns, self.load, self.cost, self.limits, self.mix = columns, load, cost, limits, mix
        self.tests = self.cells = 0
        self.base = worth.lower - worth.price
        self.dear = cost + worth.card * columns.gpus
        one, each = np.arange(len(cost)), max(2, MOST_STEPS // len(cost))
        steps = [np.ones(len(cost))]
        steps += [np.where(one == i, by, 1.0) for i in one.tolist() for by in STEPS[:each]]
        earned = [earned_at(load, self.dear * step) for step in steps]
        self.earned = np.array([*earned, columns.replicas / limits.min_replicas])
        self.order = np.argsort(self._rates(one)[0, :-1], kind="stable")
        every = np.where(np.isfinite(load), load, 0.0).sum(axis=0)
        wanted = np.ceil(limits.min_replicas / columns.replicas)
        fit = np.minimum(limits.quota_of(columns.card), limits.max_cards)
        self.most = np.maximum(np.ceil(every * (1 - TOLERANCE)), wanted)
        self.most = np.minimum(self.most, np.floor(fit / columns.gpus))

    def cheapest(self, top: float) -> Choice | None:
        """The first of the cheapest plans that cost no more than `top`; None where there is none."""
        width = WIDTH
        while True:
            units, every = self._listed(top * (1 + TOLERANCE), width)
            cost = units @ self.cost
            order = np.argsort(cost, kind="stable")
            order = order[cost[order] <= top * (1 + TOLERANCE)]
            units, cost = units[order], cost[order]
            known = len(self.earned)
            found = next((i for i, plan in enumerate(units) if self._carries(plan, known)), None)
            if every and len(self.earned) == known:
                return None if found is None else self._first(units, cost)
            top, width = top if found is None else float(cost[found]), MOST_CELLS

    def _first(self, units: np.ndarray, cost: np.ndarray) -> Choice:
        """Of the plans that cost as little as the first, which carries all: the first as of `first_of_equals`."""
        columns = self.columns
        units = units[cost <= cost[0] * (1 + TOLERANCE)]
        place = places(columns)
        keys = (*-units.T[np.argsort(place)[::-1]], units @ place, units @ columns.gpus)
        best = next(i for i in np.lexsort(keys).tolist() if i == 0 or self._carries(units[i], 0))
        return Choice(float(cost[best]), tuple(units[best].tolist()))

    def _carries(self, units: np.ndarray, known: int) -> bool:
        """Whether units carry all classes; where they do not, prices that show it are kept. known: prices they meet."""
        if (self.earned[known:] @ units < 1 - TOLERANCE).any():
            return False
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise TooMany
        try:
            short = short_of_many(self.load, units)
        except Undecided as error:
            raise TooMany from error
        if short is not None:
            self.earned = np.vstack((self.earned, short))
        return short is None

    def _listed(self, top: float, width: int) -> tuple[np.ndarray, bool]:
        """((plans, columns), units of plans that cost no more than `top` as far as the prices tell; whether of all).

        A plan that earns enough at the prices known is not listed with more units. width: how many beginnings are
        followed, those that look cheapest.
        """
        order = self.order[self._useful(top)[self.order]]
        plans = units = np.zeros((1, len(self.cost)), dtype=int)
        left, spent = np.ones((1, len(self.earned))), np.array([self.base])
        every = True
        for k, i in enumerate(order.tolist()):
            rest = self._rates(order[k + 1 :]).min(axis=1)
            least, most = self._between(i, left, spent, rest, top)
            count = np.maximum(np.minimum(most, self._room(i, units)) - least + 1, 0)
            self.cells += int(count.sum()) * len(self.earned)
            if self.cells > MOST_CELLS:
                raise TooMany
            begun = np.repeat(np.arange(len(units)), count.astype(int))
            n = np.arange(len(begun)) - (np.cumsum(count) - count - least)[begun]
            left = left[begun] - n[:, None] * self.earned[:, i]
            units, spent = units[begun], spent[begun] + n * self.dear[i]
            units[:, i] = n
            more = (left > TOLERANCE).any(axis=1)
            plans = np.vstack((plans, units[~more]))
            units, left, spent = units[more], left[more], spent[more]
            if len(units) > width:
                every = False
                to_come = np.maximum(left, 0.0) * np.where(np.isinf(rest), 0.0, rest)
                best = np.argpartition(spent + to_come.max(axis=1), width)[:width]
                units, left, spent = units[best], left[best], spent[best]
        return plans[1:], every

    def _useful(self, top: float) -> np.ndarray:
        """Of which columns a plan that costs no more than `top` could hold a unit."""
        kept = np.ones(len(self.cost), dtype=bool)
        while True:
            rest = self._rates(np.flatnonzero(kept)).min(axis=1)[:, None]
            others = np.maximum(1 - self.earned, 0.0)
            with np.errstate(invalid="ignore"):
                least = self.base + (self.dear + np.where(others > 0, others * rest, 0.0)).max(axis=0)
            fewer = kept & (least <= top)
            if fewer.sum() == kept.sum():
                return kept
            kept = fewer

    def _rates(self, columns: np.ndarray) -> np.ndarray:
        """(prices, columns, and one that earns nothing): cost of all the work by a column; infinite: earns nothing."""
        earned = self.earned[:, columns]
        rates = np.full((len(earned), len(columns) + 1), math.inf)
        np.divide(self.dear[columns], earned, out=rates[:, :-1], where=earned > 0)
        return rates

    def _between(
        self, i: int, left: np.ndarray, spent: np.ndarray, rest: np.ndarray, top: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Least and most units of a column in plans that begin as given; more than most where there are none.

        left: (plans, prices) of the work; rest: least cost of all of it by later columns, at each of the prices. A plan
        with n units costs spent + n dear + (left - n earned) rest, at least; without later columns nothing may be left.
        """
        last, earned, dear = np.isinf(rest), self.earned[:, i], float(self.dear[i])
        rest = np.where(last, 1.0, rest)
        slope = np.where(last, 0.0, dear) - earned * rest
        spare = np.where(last, TOLERANCE, top - spent[:, None]) - left * rest
        with np.errstate(divide="ignore", invalid="ignore"):
            bound = spare / slope
        least = np.ceil(np.where(slope < 0, bound, 0.0).max(axis=1, initial=0.0) - LOOSE)
        most = np.floor(np.where(slope > 0, bound, math.inf).min(axis=1) + LOOSE)
        most = np.minimum(most, np.floor((top - spent) / dear + LOOSE))
        never = ((slope == 0) & (spare < 0)).any(axis=1) | np.isinf(least)
        return np.where(never, 1.0, least), np.where(never, 0.0, np.minimum(most, self.most[i]))

    def _room(self, i: int, units: np.ndarray) -> np.ndarray:
        """Units of a column that the limits let in beside those of each plan."""
        card, limits, cards = self.columns.card, self.limits, units * self.columns.gpus
        room = limits.max_cards - cards.sum(axis=1)
        for _, mask, most in limits.quotas:
            if mask[card[i]]:
                room = np.minimum(room, most - cards[:, mask[card]].sum(axis=1))
        if self.mix == "one_type":
            room = np.where((cards[:, card != card[i]] > 0).any(axis=1), 0.0, room)
        return np.asarray(np.floor(room / self.columns.gpus[i]))
