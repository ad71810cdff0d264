"""Cheapest units without a solver, where few plans could be as cheap as one that is known: all of those are looked at.

Exact: what a partial choice costs at least is bounded by its excess (see `worth`), so every plan of the least cost is
met, and the first of equals is taken: fewest cards, then most units of the card of most memory, then of the first name.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from optplan.program.columns import Columns
from optplan.program.limits import Limits
from optplan.program.worth import Worth
from optplan.units import TOLERANCE

MOST_STEPS = 8000  # choices looked at before the search gives up
MOST_CARDS = 10**9
MOST_DEPTH = 200  # units beside those of the cheapest work


@dataclass(frozen=True, slots=True)
class Choice:
    """Units of each column, and of offline work the hours billed and busy (all columns, 0 where none are held)."""

    cost: float
    units: tuple[int, ...]
    hours: tuple[float, ...] = ()
    busy: tuple[float, ...] = ()

    def take(self, rows: Sequence[int]) -> Choice:
        """The choice among these columns."""
        hours = tuple(self.hours[i] for i in rows) if self.hours else ()
        busy = tuple(self.busy[i] for i in rows) if self.busy else ()
        return Choice(self.cost, tuple(self.units[i] for i in rows), hours, busy)


@dataclass(slots=True)
class Best:
    """The choices that could still be the cheapest. upper: the cost of a plan that is known."""

    columns: Columns
    limits: Limits
    mix: str
    upper: float
    steps: int = 0
    found: list[Choice] = field(default_factory=list)

    @property
    def free(self) -> bool:
        """Whether nothing limits how many units of what are held."""
        return self.mix == "any" and not self.limits.quotas and math.isinf(self.limits.max_cards)

    def offer(self, choice: Choice) -> None:
        """Keep the choice where no known one is cheaper."""
        if choice.cost <= self.upper * (1 + TOLERANCE):
            self.found.append(choice)
            self.upper = min(self.upper, choice.cost)

    def count(self, depth: int = 0) -> None:
        """One more choice is looked at."""
        self.steps += 1
        if self.steps > MOST_STEPS or depth > MOST_DEPTH:
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
        rank = np.lexsort((self.columns.row, self.columns.offer, -self.columns.memory)).tolist()
        gpus = self.columns.gpus.tolist()

        def place(choice: Choice) -> tuple[int, list[int], float]:
            cards = sum(n * g for n, g in zip(choice.units, gpus, strict=True))
            return cards, [-choice.units[i] for i in rank], choice.cost

        ties = [choice for choice in self.found if choice.cost <= least * (1 + TOLERANCE)]
        return min(ties, key=place, default=None)


class TooMany(Exception):
    """More choices than the search looks at."""


def cheapest_service(
    columns: Columns, load: np.ndarray, hours: float, worth: Worth, limits: Limits, mix: str
) -> Choice | None:
    """The cheapest units that carry all traffic classes; None where none do.

    load: (classes, columns) units that carry a class alone. Raises TooMany where only a solver helps.
    """
    if not np.isfinite(load).any(axis=1).all():
        return None  # nothing carries one of the classes
    if len(load) > 1 and not math.isfinite(worth.upper):
        raise TooMany
    best = Best(columns, limits, mix, worth.upper)
    _Units(best, load, hours, worth).visit(0, worth.lower, limits.min_replicas, 0.0)
    return best.first()


class _Units:
    """Units of each column in turn, those of the cheapest work first."""

    def __init__(self, best: Best, load: np.ndarray, hours: float, worth: Worth) -> None:
        self.best, self.load, self.lower = best, load, worth.lower
        columns, excess = best.columns, worth.excess.tolist()
        self.cost = (columns.fixed + columns.rate * hours).tolist()
        self.alone = load[0].tolist() if len(load) == 1 else []
        # worth of what a unit carries at most
        self.value = [worth.lower / units for units in self.alone] or [
            max(c - max(e, 0.0), 0.0) for c, e in zip(self.cost, excess, strict=True)
        ]
        rate = [c / v if v else math.inf for c, v in zip(self.cost, self.value, strict=True)]
        self.order = sorted(range(len(rate)), key=lambda i: (rate[i], i))
        self.rest = [*(rate[i] for i in self.order[1:]), math.inf]  # what all after each one cost at least
        self.held = [0] * len(rate)
        self.gpus, self.card = columns.gpus.tolist(), columns.card.tolist()
        self.replicas = columns.replicas.tolist()

    def visit(self, k: int, left: float, wanted: int, spent: float) -> None:
        """left: worth of the work that is not carried yet, at least; wanted: replicas still to be held."""
        best, held, slack = self.best, self.held, TOLERANCE * self.lower
        best.count()
        if wanted <= 0 and left <= slack and (self.alone or _carried(self.load, held)):
            best.offer(Choice(spent, tuple(held)))
            return
        if k == len(self.order):
            return
        i = self.order[k]
        cost, value, replicas = self.cost[i], self.value[i], self.replicas[i]
        if self.alone:
            needed = math.ceil(left / self.lower * self.alone[i] * (1 - TOLERANCE))
        else:
            needed = math.floor((best.upper * (1 + TOLERANCE) - spent) / cost) if cost else MOST_CARDS
        room = best.room(self.card[i], held) // self.gpus[i]
        for n in range(min(max(needed, math.ceil(wanted / replicas), 0), room), -1, -1):
            then = left - n * value
            if then > slack and spent + n * cost + then * self.rest[k] > best.upper * (1 + TOLERANCE):
                break  # fewer leave still more to the others
            if spent + n * cost > best.upper * (1 + TOLERANCE):
                continue
            held[i] = n
            self.visit(k + 1, then, wanted - n * replicas, spent + n * cost)
        held[i] = 0


def _carried(load: np.ndarray, held: list[int]) -> bool:
    """Whether units of one or two columns carry all classes, which may be divided among them.

    Of two columns each takes the classes that it is better at than the other. Raises TooMany for more columns.
    """
    used = [i for i, n in enumerate(held) if n]
    if len(used) == 1:
        return float(load[:, used[0]].sum()) <= held[used[0]] * (1 + TOLERANCE)
    if len(used) > 2:
        raise TooMany
    one, other = load[:, used[0]].tolist(), load[:, used[1]].tolist()
    room, rest = float(held[used[0]]), 0.0
    with np.errstate(invalid="ignore"):
        order = np.argsort(load[:, used[0]] / load[:, used[1]], kind="stable").tolist()
    for j in order:
        share = 1.0 if one[j] <= room else (room / one[j] if math.isfinite(one[j]) else 0.0)
        room = max(0.0, room - share * one[j]) if share else room
        if share < 1.0 - TOLERANCE:
            rest += (1.0 - share) * other[j]
    return rest <= held[used[1]] * (1 + TOLERANCE)
