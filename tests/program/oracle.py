"""Exact brute force, written apart from the program: every plan of a small case, in fractions.

Nothing here imports the program layer: what is enumerated follows from what a plan is, not from how it is found.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction as F

HOUR_S = 3600


@dataclass(frozen=True)
class Offer:
    """price: of one unit-hour, in cents. slow: share of the time that each spot node loses."""

    name: str
    site: int
    card: int
    gpus: int
    price: F
    step_s: int
    minimum_s: int
    slow: F


@dataclass
class Job:
    """hours: (card, size, smallest node, layout) -> wall clock without interruptions."""

    offers: list[Offer]
    hours: dict[tuple[int, int, int, int], F]
    memory: list[int]
    deadline: F | None = None
    budget: F | None = None
    max_cards: int | None = None
    quotas: list[tuple[set[int], int]] = field(default_factory=list)


@dataclass(frozen=True)
class Gang:
    """One plan of a job: units by position of the offer."""

    cost: F
    cards: int
    memory: int
    elapsed: F
    units: tuple[tuple[int, int], ...]


def billed(elapsed: F, step_s: int, minimum_s: int) -> F:
    """Hours billed: whole steps, at least the minimum."""
    steps = math.ceil(elapsed * HOUR_S / step_s)
    return max(F(minimum_s), F(steps * step_s)) / HOUR_S


def fillings(sizes: Sequence[int], total: int) -> Iterator[tuple[int, ...]]:
    """All ways to reach a total with so many units of each size."""
    if not sizes:
        if total == 0:
            yield ()
        return
    for count in range(total // sizes[0] + 1):
        for rest in fillings(sizes[1:], total - count * sizes[0]):
            yield (count, *rest)


def _within(job: Job, gang: Gang, held: dict[int, int]) -> bool:
    if job.deadline is not None and gang.elapsed > job.deadline:
        return False
    if job.budget is not None and gang.cost > job.budget:
        return False
    if job.max_cards is not None and gang.cards > job.max_cards:
        return False
    return all(sum(n for card, n in held.items() if card in cards) <= most for cards, most in job.quotas)


def gangs(job: Job, mixed: bool) -> Iterator[Gang]:
    """Every gang of one site: of one card type, or of any, that keeps to the limits.

    The speeds of the cards add up; a gang is as fragmented as its smallest node, and bills as its site does.
    """
    shapes = sorted({(size, node, layout) for _, size, node, layout in job.hours})
    for site in sorted({o.site for o in job.offers}):
        here = [k for k, o in enumerate(job.offers) if o.site == site]
        for size, node, layout in shapes:
            usable = [k for k in here if (job.offers[k].card, size, node, layout) in job.hours]
            usable = [k for k in usable if job.offers[k].gpus >= node]
            for counts in fillings([job.offers[k].gpus for k in usable], size):
                units = tuple((k, n) for k, n in zip(usable, counts, strict=True) if n)
                gang = _gang(job, units, (size, node, layout), mixed)
                if gang is not None:
                    yield gang


def _gang(
    job: Job, units: tuple[tuple[int, int], ...], shape: tuple[int, int, int], mixed: bool
) -> Gang | None:
    size, node, layout = shape
    held: dict[int, int] = {}
    for k, n in units:
        held[job.offers[k].card] = held.get(job.offers[k].card, 0) + n * job.offers[k].gpus
    if len(held) > 1 and not mixed:
        return None
    speed = sum((F(n, size) / job.hours[card, size, node, layout] for card, n in held.items()), F(0))
    first = job.offers[units[0][0]]
    elapsed = 1 / speed * (1 + first.slow * -(-size // node))
    rate = sum((job.offers[k].price * n for k, n in units), F(0))
    cost = rate * billed(elapsed, first.step_s, first.minimum_s)
    gang = Gang(cost, size, min(job.memory[card] for card in held), elapsed, units)
    return gang if _within(job, gang, held) else None


def best_gang(job: Job, mixed: bool) -> Gang | None:
    """The cheapest; of equals the one of fewer cards, then more memory."""
    return min(gangs(job, mixed), key=lambda g: (g.cost, g.cards, -g.memory), default=None)


@dataclass
class Fleet:
    """Columns of inference. capacity: (column) -> requests/s of each class; rate and fixed in cents."""

    card: list[int]
    gpus: list[int]
    replicas: list[int]
    memory: list[int]
    capacity: list[list[F]]
    fixed: list[F]
    rate: list[F]
    step_s: list[int]
    minimum_s: list[int]
    demand: list[F]
    utilisation: F
    setup: F = F(0)
    deadline: F | None = None
    budget: F | None = None
    max_cards: int | None = None
    min_replicas: int = 1
    quotas: list[tuple[set[int], int]] = field(default_factory=list)
    one_type: bool = False

    def allowed(self, units: Sequence[int]) -> bool:
        """All limits but the budget and the work."""
        if any(n and not any(c) for n, c in zip(units, self.capacity, strict=True)):
            return False  # what can serve nothing is no replica
        held = [n * g for n, g in zip(units, self.gpus, strict=True)]
        if self.max_cards is not None and sum(held) > self.max_cards:
            return False
        if sum(n * r for n, r in zip(units, self.replicas, strict=True)) < self.min_replicas:
            return False
        if self.one_type and len({c for c, n in zip(self.card, units, strict=True) if n}) > 1:
            return False
        return all(
            sum(h for h, c in zip(held, self.card, strict=True) if c in s) <= most for s, most in self.quotas
        )

    def choices(self, most: int) -> Iterator[tuple[int, ...]]:
        """All units that keep to the limits but the budget and the work, at most so many of a column."""
        cards = most * sum(self.gpus) if self.max_cards is None else self.max_cards
        return (units for units in self._within(cards, most, 0) if self.allowed(units))

    def _within(self, cards: int, most: int, first: int) -> Iterator[tuple[int, ...]]:
        if first == len(self.gpus):
            yield ()
            return
        for count in range(min(most, cards // self.gpus[first]) + 1):
            for rest in self._within(cards - count * self.gpus[first], most, first + 1):
                yield (count, *rest)

    def cards(self, units: Sequence[int]) -> int:
        return sum(n * g for n, g in zip(units, self.gpus, strict=True))


def solvable(matrix: list[list[F]], right: list[F]) -> bool:
    """Is there y >= 0 with matrix y = right (right >= 0)? Phase one of the simplex method, Bland's rule."""
    rows, columns = len(matrix), len(matrix[0])
    tableau = [
        [*row, *(F(int(i == k)) for k in range(rows)), b]
        for i, (row, b) in enumerate(zip(matrix, right, strict=True))
    ]
    basis = [columns + i for i in range(rows)]
    cost = [
        -sum(row[j] for row in tableau) if j < columns or j == columns + rows else F(0)
        for j in range(columns + rows + 1)
    ]
    while True:
        enter = next((j for j in range(columns) if cost[j] < 0), None)
        if enter is None:
            return cost[-1] == 0
        ratios = [(row[-1] / row[enter], basis[i], i) for i, row in enumerate(tableau) if row[enter] > 0]
        if not ratios:
            return False
        leave = min(ratios)[2]
        pivot = tableau[leave][enter]
        tableau[leave] = [value / pivot for value in tableau[leave]]
        for i, row in enumerate(tableau):
            if i != leave and row[enter]:
                tableau[i] = [a - row[enter] * b for a, b in zip(row, tableau[leave], strict=True)]
        cost = [a - cost[enter] * b for a, b in zip(cost, tableau[leave], strict=True)]
        basis[leave] = enter


def carries(fleet: Fleet, units: Sequence[int]) -> bool:
    """Can so many units carry every class of traffic, shared as one likes?"""
    classes, some = len(fleet.demand), [i for i, n in enumerate(units) if n]
    pairs = [(j, i) for j in range(classes) for i in some if fleet.capacity[i][j] > 0]
    if any(not any(j == k for k, _ in pairs) for j in range(classes)):
        return False
    loads = [fleet.demand[j] / (fleet.capacity[i][j] * fleet.utilisation) for j, i in pairs]
    if classes == 1:
        return sum(units[i] / load for (_, i), load in zip(pairs, loads, strict=True)) >= 1
    matrix = [[F(int(k == j)) for k, _ in pairs] + [F(0)] * len(some) for j in range(classes)]
    for place, i in enumerate(some):
        slack = [F(int(place == k)) for k in range(len(some))]
        matrix.append([load if k == i else F(0) for (_, k), load in zip(pairs, loads, strict=True)] + slack)
    return solvable(matrix, [F(1)] * classes + [F(units[i]) for i in some])


def best_service(fleet: Fleet, hours: F, most: int) -> tuple[F, int, tuple[int, ...]] | None:
    """(cost, cards, units) of the cheapest service; of equals the one of fewer cards."""
    price = [fixed + rate * hours for fixed, rate in zip(fleet.fixed, fleet.rate, strict=True)]
    plans = [
        (sum((n * p for n, p in zip(units, price, strict=True)), F(0)), fleet.cards(units), units)
        for units in fleet.choices(most)
    ]
    for cost, cards, units in sorted(plans):
        if fleet.budget is not None and cost > fleet.budget:
            return None
        if carries(fleet, units):
            return cost, cards, units
    return None


def _unit_choices(fleet: Fleet, i: int, most_hours: F) -> list[tuple[F, F]]:
    """(busy hours, cost) of one unit whose hours are billed in steps."""
    step, minimum = F(fleet.step_s[i], HOUR_S), F(fleet.minimum_s[i], HOUR_S)
    choices = []
    for steps in range(math.ceil(most_hours / step) + 1):
        busy = min(steps * step, most_hours) - fleet.setup
        if busy >= 0:
            choices.append((busy, fleet.fixed[i] + fleet.rate[i] * max(steps * step, minimum)))
    return choices


def _stepped(fleet: Fleet, i: int, units: int, most_hours: F) -> list[tuple[F, F]]:
    """(work done, cost) of so many units, those that nothing beats."""
    per_hour = fleet.capacity[i][0] * fleet.utilisation * HOUR_S
    totals = {F(0): F(0)}
    for _ in range(units):
        grown: dict[F, F] = {}
        for busy, cost in totals.items():
            for more, extra in _unit_choices(fleet, i, most_hours):
                key = busy + more
                grown[key] = min(grown.get(key, cost + extra), cost + extra)
        totals = grown
    front: list[tuple[F, F]] = []
    for cost, busy in sorted((cost, -busy) for busy, cost in totals.items()):
        if not front or -busy * per_hour > front[-1][0]:
            front.append((-busy * per_hour, cost))
    return front


def _rest(fleet: Fleet, units: Sequence[int], continuous: Sequence[int], most_hours: F, left: F) -> F | None:
    """Least cost of the work left on units billed by time: the cheapest hours first, those of the minimum free."""
    cost, offers = F(0), []
    for i in continuous:
        per_hour = fleet.capacity[i][0] * fleet.utilisation * HOUR_S
        least = max(fleet.setup, F(fleet.minimum_s[i], HOUR_S))
        cost += units[i] * (fleet.fixed[i] + fleet.rate[i] * least)
        free = units[i] * (min(least, most_hours) - fleet.setup)
        left -= free * per_hour
        offers.append((fleet.rate[i] / per_hour, per_hour, units[i] * max(F(0), most_hours - least)))
    for per_request, per_hour, hours in sorted(offers):
        done = min(max(left, F(0)), hours * per_hour)
        cost, left = cost + done * per_request, left - done
    return None if left > 0 else cost


def best_batch(fleet: Fleet, most: int) -> tuple[F, int] | None:
    """(cost, cards) of the cheapest way to answer all requests in time; of equals the one of fewer cards."""
    best: tuple[F, int] | None = None
    continuous = [i for i, step in enumerate(fleet.step_s) if step <= 1]
    stepped = [i for i, step in enumerate(fleet.step_s) if step > 1]
    longest = [_longest(fleet, i) for i in range(len(fleet.card))]
    if any(hours < fleet.setup for hours in longest):
        return None
    fronts = {(i, n): _stepped(fleet, i, n, longest[i]) for i in stepped for n in range(most + 1)}
    for units in fleet.choices(most):
        for parts in itertools.product(*(fronts[i, units[i]] for i in stepped if units[i])):
            spent = sum((price for _, price in parts), F(0))
            if best is not None and spent > best[0]:
                continue
            left = fleet.demand[0] - sum((work for work, _ in parts), F(0))
            rest = _rest(fleet, units, continuous, max(longest), left)
            if rest is not None:
                cost = rest + spent
                if fleet.budget is None or cost <= fleet.budget:
                    plan = (cost, fleet.cards(units))
                    best = plan if best is None else min(best, plan)
    return best


def _longest(fleet: Fleet, i: int) -> F:
    if fleet.deadline is not None:
        return fleet.deadline
    return fleet.setup + fleet.demand[0] / (fleet.capacity[i][0] * fleet.utilisation * HOUR_S)


def chance(rng: random.Random, share: float) -> bool:
    """True in this share of cases."""
    return rng.random() < share
