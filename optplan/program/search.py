"""Cheapest units without a solver, where few plans could be as cheap as one that is known: all of those are looked at.

Exact: what a partial choice costs at least is bounded by its excess (see `worth`), so every plan of the least cost is
met, and the first of equals is taken: fewest cards, then most units of the card of most memory, then of the first name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from optplan.program.carried import short_of
from optplan.program.columns import Columns
from optplan.program.limits import Limits
from optplan.program.worth import Worth
from optplan.units import TOLERANCE

MOST_STEPS = 20_000  # choices looked at before the search gives up
MOST_OF_CLASSES = 40_000  # of several traffic classes: a solver takes longer, too
MOST_CLASSES = 4  # of traffic that are searched; the ways to pair them grow fast beyond
FEW = 10  # columns: then all are looked at as fast as some
FAR = 1e-6  # relative: a plan nearer to the least bound needs no rounds
ROUNDS = (1 / 64, 1 / 16, 1 / 4, 1.0)  # of what the best plan known costs beyond the least that any could
MOST_CARDS = 10**9


@dataclass(frozen=True, slots=True)
class Choice:
    """Units of each column, and of offline work the hours billed and busy (all columns, 0 where none are held)."""

    cost: float
    units: tuple[int, ...]
    hours: tuple[float, ...] = ()
    busy: tuple[float, ...] = ()

    def take(self, rows: Sequence[int | None]) -> Choice:
        """The choice among these columns; None: one that was not among its own."""
        hours = tuple(0.0 if i is None else self.hours[i] for i in rows) if self.hours else ()
        busy = tuple(0.0 if i is None else self.busy[i] for i in rows) if self.busy else ()
        return Choice(self.cost, tuple(0 if i is None else self.units[i] for i in rows), hours, busy)


@dataclass(slots=True)
class Best:
    """The choices that could still be the cheapest. upper: the cost of a plan that is known."""

    columns: Columns
    limits: Limits
    mix: str
    upper: float
    most_steps: int = MOST_STEPS
    steps: int = 0
    found: list[Choice] = field(default_factory=list)
    free: bool = field(init=False)  # nothing limits how many units of what are held

    def __post_init__(self) -> None:
        self.free = self.mix == "any" and not self.limits.quotas and math.isinf(self.limits.max_cards)

    def offer(self, choice: Choice) -> None:
        """Keep the choice where no known one is cheaper."""
        if choice.cost <= self.upper * (1 + TOLERANCE):
            self.found.append(choice)
            self.upper = min(self.upper, choice.cost)

    def rounds(self, lower: float, few: int = FEW) -> Iterator[None]:
        """Searches for plans within more and more of what the known one costs beyond the least, until one has any.

        The less a plan may cost, the fewer choices lead to it; and where there is one, none of the others is as cheap.
        """
        upper = self.upper
        some = len(self.columns) > few and lower * (1 + FAR) < upper < math.inf
        for share in ROUNDS if some else ROUNDS[-1:]:
            self.upper = lower + share * (upper - lower) if share < 1 else upper
            top = self.upper * (1 + TOLERANCE)
            yield
            if any(choice.cost <= top for choice in self.found):
                break

    def count(self) -> None:
        """One more choice is looked at."""
        self.steps += 1
        if self.steps > self.most_steps:
            raise TooMany

    def room(self, card: int, held: list[int]) -> int:
        """Cards of a type that the limits let in beside those held."""
        if self.free:
            return MOST_CARDS
        gpus, cards = self.columns.gpus, self.columns.card
        taken = [(int(cards[i]), n * int(gpus[i])) for i, n in enumerate(held) if n]
        if self.mix == "one_type" and any(other != card for other, _ in taken):
            return 0
        room = min(self.limits.max_cards, MOST_CARDS) - sum(n for _, n in taken)
        for _, mask, most in self.limits.quotas:
            if mask[card]:
                room = min(room, most - sum(n for other, n in taken if mask[other]))
        return int(room)

    def first(self) -> Choice | None:
        """The first of the cheapest."""
        least = min((choice.cost for choice in self.found), default=math.inf)
        ties = [choice for choice in self.found if choice.cost <= least * (1 + TOLERANCE)]
        if len(ties) < 2:
            return ties[0] if ties else None
        rank = np.lexsort((self.columns.row, self.columns.offer, -self.columns.memory)).tolist()
        gpus = self.columns.gpus.tolist()

        def place(choice: Choice) -> tuple[int, list[int], float]:
            cards = sum(n * g for n, g in zip(choice.units, gpus, strict=True))
            return cards, [-choice.units[i] for i in rank], choice.cost

        return min(ties, key=place)


class TooMany(Exception):
    """More choices than the search looks at."""


def cheapest_service(
    columns: Columns, load: np.ndarray, hours: float, worth: Worth, limits: Limits, mix: str
) -> Choice | None:
    """The cheapest units that carry all traffic classes; None where none do.

    load: (classes, columns) units that carry a class alone. Raises TooMany where only a solver helps.
    """
    if math.isinf(worth.lower):
        return None  # nothing carries one of the classes, or not with so few cards
    if len(load) > MOST_CLASSES:
        raise TooMany
    best = Best(columns, limits, mix, worth.upper, MOST_STEPS if len(load) == 1 else MOST_OF_CLASSES)
    units = _Units(best, load, hours, worth) if len(load) == 1 else _Classes(best, load, hours, worth)
    for _ in best.rounds(worth.lower, FEW if len(load) == 1 else 0):
        units.visit(0, 1.0, limits.min_replicas, 0.0, worth.lower - worth.price)
    return best.first()


class _Units:
    """Units of each column in turn, those of the cheapest work first."""

    def __init__(self, best: Best, load: np.ndarray, hours: float, worth: Worth) -> None:
        self.best, columns = best, best.columns
        cost = columns.fixed + columns.rate * hours
        dear = cost + worth.card * columns.gpus
        # part of the worth of all the work that a unit carries at most
        part = (
            1 / load[0]
            if len(load) == 1
            else np.maximum(dear - np.maximum(worth.excess, 0.0), 0.0) / worth.price
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            rate = np.where(part > 0, dear / part, math.inf)
        order = np.argsort(rate, kind="stable")
        self.order, self.rest = order.tolist(), [*rate[order][1:].tolist(), math.inf]
        self.cost, self.dear, self.part = cost.tolist(), dear.tolist(), part.tolist()
        self.gpus, self.card = columns.gpus.tolist(), columns.card.tolist()
        self.replicas = columns.replicas.tolist()
        self.held = [0] * len(columns)

    def visit(self, k: int, left: float, wanted: int, spent: float, priced: float) -> None:
        """left: part of the work that is not carried yet, at least; wanted: replicas still to be held.

        spent: cost of those held; priced: with the price of their cards, beyond that of all cards.
        """
        best, held = self.best, self.held
        best.count()
        if wanted <= 0 and left <= TOLERANCE:
            best.offer(Choice(spent, tuple(held)))
            return
        for then_k, i in enumerate(self.order[k:], k + 1):
            cost, dear, part, replicas = self.cost[i], self.dear[i], self.part[i], self.replicas[i]
            top, rest = best.upper * (1 + TOLERANCE), self.rest[then_k - 1]
            most = math.ceil(left / part * (1 - TOLERANCE)) if left > 0 else 0
            if wanted > 0:
                most = max(most, math.ceil(wanted / replicas))
            for n in range(min(most, best.room(self.card[i], held) // self.gpus[i]), 0, -1):
                then = left - n * part
                if then > TOLERANCE and priced + n * dear + then * rest > top:
                    break  # fewer leave still more to the others
                if spent + n * cost <= top:
                    held[i] = n
                    self.visit(then_k, then, wanted - n * replicas, spent + n * cost, priced + n * dear)
                    top = best.upper * (1 + TOLERANCE)
            held[i] = 0
            if left > TOLERANCE and priced + left * rest > top:
                break  # the others cost too much


class _Classes(_Units):
    """The same for several traffic classes. Prices of the classes at which some units earned too little are kept."""

    def __init__(self, best: Best, load: np.ndarray, hours: float, worth: Worth) -> None:
        super().__init__(best, load, hours, worth)
        self.load = load
        every = np.where(np.isfinite(load), load, 0.0).sum(axis=0)
        # units of each column that carry all that they can
        self.alone = [math.ceil(n * (1 - TOLERANCE)) for n in every.tolist()]
        # what a unit of each column earns; what columns after each one cost at least for all of the work
        self.known: list[tuple[list[float], list[float]]] = []
        self._keep(np.array(self.part))
        with np.errstate(divide="ignore"):
            for speed in 1.0 / load:
                self._keep(speed)

    def _keep(self, earned: np.ndarray) -> None:
        with np.errstate(divide="ignore"):
            rate = np.where(earned > 0, np.array(self.dear) / earned, math.inf)[self.order]
        rest = np.minimum.accumulate(np.append(rate[1:], math.inf)[::-1])[::-1]
        self.known.append((earned.tolist(), rest.tolist()))

    def visit(self, k: int, left: float, wanted: int, spent: float, priced: float) -> None:
        self._visit(k, [left] * len(self.known), wanted, spent, priced)

    def _visit(self, k: int, lefts: list[float], wanted: int, spent: float, priced: float) -> None:
        """lefts: part of the work that is not paid for yet, at each of the prices that are known."""
        best, held, known = self.best, self.held, self.known
        best.count()
        if wanted <= 0 and max(lefts) <= TOLERANCE:
            short = short_of(self.load, held)
            if short is None:
                best.offer(Choice(spent, tuple(held)))
                return
            self._keep(short)
        if k == len(self.order):
            return
        i = self.order[k]
        cost, dear, replicas = self.cost[i], self.dear[i], self.replicas[i]
        room = best.room(self.card[i], held) // self.gpus[i]
        most = min(max(self.alone[i], math.ceil(wanted / replicas), 0), room)
        if cost and math.isfinite(best.upper):
            most = min(most, max(0, math.floor((best.upper * (1 + TOLERANCE) - spent) / cost)))
        for n in range(most, -1, -1):
            for earned, _ in known[len(lefts) :]:  # found since
                lefts.append(1.0 - sum(m * earned[j] for j, m in enumerate(held) if m and j != i))
            top, now, then = best.upper * (1 + TOLERANCE), priced + n * dear, []
            for left, (earned, rest) in zip(lefts, known, strict=True):
                left -= n * earned[i]
                if left > TOLERANCE and now + left * rest[k] > top:
                    break
                then.append(left)
            if not then:
                break  # at the prices that gave the order fewer units leave still more to the others
            if len(then) == len(known):
                held[i] = n
                self._visit(k + 1, then, wanted - n * replicas, spent + n * cost, now)
        held[i] = 0
