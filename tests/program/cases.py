"""Random small cases for the oracle, and the same cases as the program layer takes them."""

from __future__ import annotations

import math
import random
from fractions import Fraction as F
from types import SimpleNamespace
from typing import Any

import numpy as np
from oracle import Fleet, Gang, Job, Offer, best_gang, chance, gangs

from optplan.candidates import Table
from optplan.planner.found import Found
from optplan.planner.search.jobs import _first_of_equals
from optplan.planner.search.mixes import _search
from optplan.program import Program
from optplan.program.columns import Columns
from optplan.program.jobs import Gangs, JobProgram, Lots, job_program, reduced, singles
from optplan.program.limits import Limits
from optplan.program.mixclasses import MixGangs, MixLots, mix_classes
from optplan.solve import Solution, solve_program
from optplan.units import HOUR, TOLERANCE

BILLING = [(1, 0), (1, 60), (1, 3600), (60, 60), (3600, 3600), (1800, 1800), (1800, 3600)]
NODES = [(1,), (2,), (1, 2), (1, 4), (2, 4), (2, 3), (1, 2, 4), (3, 4)]


def random_job(rng: random.Random, mixed: bool) -> Job:
    """2 to 4 card types at 1 to 3 sites; 15 % have exact ties, most some limit, some that is met to the second."""
    types, most = rng.randint(2, 3 if mixed else 4), rng.randint(3, 6 if mixed else 9)
    job = Job([], {}, [rng.choice([24, 40, 80]) for _ in range(types)])
    _offers(rng, job, types, like=mixed)
    _hours(rng, job, types, most, layouts=rng.randint(1, 2) if mixed else 1)
    free = list(gangs(job, mixed))
    if not free:
        return random_job(rng, mixed)
    _limits(rng, job, free, types, most)
    if mixed and chance(rng, 0.7):  # what makes mixing pay
        job.quotas = [({card}, rng.randint(1, most - 1)) for card in range(types)]
    return job


def _offers(rng: random.Random, job: Job, types: int, like: bool) -> None:
    ties = chance(rng, 0.15)
    nodes = [rng.choice(NODES) for _ in range(types)]
    if like or chance(rng, 0.5):
        nodes = [nodes[0]] * types
    for site in range(rng.randint(1, 3)):
        step, minimum = rng.choice(BILLING)
        slow = F(rng.randint(1, 9), 100) if chance(rng, 0.25) else F(0)
        for card in range(types):
            per_card = F(rng.randint(2, 4) if ties else rng.randint(50, 400), 1 if ties else 97)
            for gpus in nodes[card]:
                if chance(rng, 0.85):
                    off = F(1) if ties else F(rng.randint(90, 110), 100)
                    name = f"s{site}/{card}x{gpus}"
                    job.offers.append(
                        Offer(name, site, card, gpus, per_card * gpus * off, step, minimum, slow)
                    )
    if not job.offers:
        _offers(rng, job, types, like)


def _hours(rng: random.Random, job: Job, types: int, most: int, layouts: int) -> None:
    """Time falls with cards, but each is used less well; bigger nodes help; small gangs may lack memory."""
    work = [F(rng.randint(1, 60), rng.choice([1, 2, 3])) for _ in range(types)]
    if chance(rng, 0.15):
        work = [work[0]] * types
    for card in range(types):
        sizes = sorted({o.gpus for o in job.offers if o.card == card})
        least, waste = rng.randint(1, 3), F(rng.choice([0, 0, 1, 3]), 50)
        for node in sizes:
            for size in _sums([n for n in sizes if n >= node], node, most):
                for layout in range(layouts):
                    if size < least + layout:
                        continue
                    lost = waste * (size - 1) + F(layout, 20) + (F(1, 25) if node < size else 0)
                    job.hours[card, size, node, layout] = work[card] * (1 + lost) / size


def _sums(nodes: list[int], smallest: int, most: int) -> list[int]:
    can = {smallest}
    for total in range(smallest + 1, most + 1):
        if any(total - n in can for n in nodes):
            can.add(total)
    return sorted(n for n in can if n <= most)


def _limits(rng: random.Random, job: Job, free: list[Gang], types: int, most: int) -> None:
    """Limits near plans that exist, so that they bind; many exactly met."""
    if chance(rng, 0.6):
        elapsed = rng.choice(free).elapsed
        job.deadline = elapsed if chance(rng, 0.5) else elapsed * F(rng.randint(80, 120), 100)
    if chance(rng, 0.3):
        cost = rng.choice(free).cost
        job.budget = cost if chance(rng, 0.5) else cost * F(rng.randint(90, 150), 100)
    if chance(rng, 0.3):
        job.max_cards = rng.randint(1, most)
    if chance(rng, 0.4):
        cards = set(rng.sample(range(types), rng.randint(1, types)))
        job.quotas.append((cards, rng.randint(0, 4)))
        if chance(rng, 0.3):
            job.quotas.append(({rng.randrange(types)}, rng.randint(0, 5)))


def limits_of(case: Job | Fleet, types: int = 6) -> Limits:
    """The limits as the program takes them."""
    quotas = tuple(
        (f"q{k}", np.array([c in cards for c in range(types)]), most)
        for k, (cards, most) in enumerate(case.quotas)
    )
    deadline = math.inf if case.deadline is None else float(case.deadline)
    budget = math.inf if case.budget is None else float(case.budget)
    most = math.inf if case.max_cards is None else float(case.max_cards)
    return Limits(deadline, budget, most, getattr(case, "min_replicas", 1), quotas)


def _columns_of(job: Job) -> dict[str, np.ndarray]:
    columns = {
        name: [getattr(o, name) for o in job.offers]
        for name in ("site", "card", "gpus", "step_s", "minimum_s")
    }
    return {name: np.array(values) for name, values in columns.items()}


class OneType:
    """A job of one card type through the program layer, as the planner does it."""

    def __init__(self, job: Job, deadline: float | None = None) -> None:
        self.job, at = job, _columns_of(job)
        count = len(job.offers)
        terms = np.array([(o.step_s, o.minimum_s, float(o.slow)) for o in job.offers])
        _, profile = np.unique(terms, axis=0, return_inverse=True)
        price = np.array([float(o.price) for o in job.offers])
        names = job.offers.__getitem__
        self.lots = Lots(
            np.arange(count), at["site"], at["card"], at["gpus"], profile.reshape(-1), price,
            np.ones(count, dtype=bool), lambda o: names(o).name,
        )  # fmt: skip
        keys = [(card, size, node) for card, size, node, layout in job.hours if layout == 0]
        card, size, node = (np.array(column) for column in zip(*keys, strict=True))
        hours = np.array([float(job.hours[*key, 0]) for key in keys])
        self.gangs = Gangs(card, size, node, hours, np.array(job.memory, dtype=float)[card])
        self.limits = limits_of(job)
        if deadline is not None:
            self.limits = Limits(deadline, self.limits.budget, self.limits.max_cards, 1, self.limits.quotas)

    def price(self, offers: np.ndarray, gang: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cost of one unit and elapsed hours, in floats, by the rule of billing."""
        some = [self.job.offers[o] for o in offers]
        slow, step, least = (
            np.array([float(getattr(o, n)) for o in some]) for n in ("slow", "step_s", "minimum_s")
        )
        nodes = np.ceil(self.gangs.size[gang] / self.gangs.node[gang])
        elapsed = self.gangs.hours[gang] * (1 + slow * nodes)
        hours = np.maximum(least, np.ceil(elapsed * HOUR / step * (1 - TOLERANCE)) * step) / HOUR
        return self.lots.price[offers] * hours, elapsed

    def build(self) -> JobProgram:
        """The program."""
        best = reduced(self.lots, by_site=False)
        single = singles(best, self.gangs, self.price, self.limits)
        return job_program("job", self.lots, self.gangs, self.price, self.limits, single, best)

    def solve(self) -> tuple[JobProgram, Solution, int, float]:
        """(program, solution, cards, memory), ties broken."""
        job = self.build()
        solution = solve_program(job.program)
        if not solution.values:
            return job, solution, 0, 0.0
        tied = [n for n, one in enumerate(job.classes) if one.bound <= solution.cost * (1 + TOLERANCE)]
        again = solve_program(_first_of_equals(job, solution.cost, tied))
        one = job.classes[next(n for n, z in enumerate(job.chosen) if again.values.get(z))]
        return job, solution, one.size, float(self.gangs.memory[one.gang])


def solve_mix(job: Job) -> tuple[float, str, float]:
    """(cost, status, bound) of the search over mixes, started from the best gang of one type."""
    at, count = _columns_of(job), len(job.offers)
    price, slow = (np.array([float(getattr(o, n)) for o in job.offers]) for n in ("price", "slow"))
    lots = MixLots(
        np.arange(count), at["site"], at["card"], at["gpus"], price, 1 + slow, slow, at["step_s"].astype(float),
        at["minimum_s"].astype(float), lambda o: job.offers[o].name,
    )  # fmt: skip
    keys = list(job.hours)
    card, size, node, layout = (np.array(column) for column in zip(*keys, strict=True))
    hours = np.array([float(job.hours[key]) for key in keys])
    table = MixGangs(np.arange(len(keys)), card, size, node, layout, hours)
    alone = best_gang(job, mixed=False)
    upper = math.inf if alone is None else float(alone.cost)
    classes = mix_classes(lots, table, limits_of(job), upper)
    single = Solution("infeasible" if alone is None else "optimal", {}, upper, upper, 0.0, 0)
    if not classes:
        return upper, single.status, upper
    context: Any = SimpleNamespace(limits=limits_of(job), time_limit=None)
    found = _search(_found(single), context, lots, classes, upper)
    if found is None:
        return upper, single.status, upper
    return found.solution.cost, found.solution.status, found.solution.bound


def _found(solution: Solution) -> Found:
    nothing: Any = None
    table = Table([], *(np.zeros(0, dtype=int) for _ in range(8)))
    return Found(table, nothing, np.zeros(0, dtype=bool), Program("one_type"), solution)


def by_the_hour(rate: F, requests: F) -> Fleet:
    """Single cards of a request a second, billed by the whole hour: two at most, for 90 minutes."""
    return Fleet(
        [0], [1], [1], [80], [[F(1)]], [F(0)], [rate], [3600], [0], [requests], F(1), deadline=F(3, 2), max_cards=2
    )  # fmt: skip


def random_fleet(rng: random.Random, batch: bool) -> Fleet:
    """2 to 3 columns; ties by copying a column at another card or price."""
    count = rng.randint(2, 3)
    classes = 1 if batch else rng.choice([1, 1, 2, 3])
    fleet = Fleet(
        [], [], [], [], [], [], [], [], [], [], F(rng.choice([1, 3, 4]), 4 if chance(rng, 0.5) else 5)
    )
    for i in range(count):
        if i and chance(rng, 0.15):
            _copy(rng, fleet, i)
            continue
        gpus = rng.choice([1, 1, 2, 4])
        fleet.card.append(rng.randrange(3))
        fleet.gpus.append(gpus)
        fleet.replicas.append(rng.choice([1, gpus]))
        fleet.memory.append(rng.choice([24, 80]))
        fleet.capacity.append(
            [F(rng.randint(1, 40) * gpus, 10) if chance(rng, 0.9) else F(0) for _ in range(classes)]
        )
        fleet.fixed.append(F(rng.randint(1, 900)) if chance(rng, 0.2) else F(0))
        fleet.rate.append(F(rng.randint(20, 400) * gpus, 10))
        step, minimum = rng.choice(BILLING if batch else [(1, 0)])
        fleet.step_s.append(3600 if step == 60 else step)  # by the minute there is too much to try
        fleet.minimum_s.append(3600 if step == 60 else minimum)
    if batch:
        fleet.capacity = [[max(c[0], F(1))] for c in fleet.capacity]
    fleet.one_type = chance(rng, 0.3)
    _fleet_limits(rng, fleet, classes, batch)
    return fleet


def _copy(rng: random.Random, fleet: Fleet, i: int) -> None:
    j = rng.randrange(i)
    twin = chance(rng, 0.5)
    for column in (fleet.memory, fleet.fixed, fleet.step_s, fleet.minimum_s):
        column.append(column[j])
    times = 1 if twin else 2
    fleet.card.append(rng.randrange(3))
    for numbers in (fleet.gpus, fleet.replicas):
        numbers.append(numbers[j] * times)
    fleet.capacity.append([c * times for c in fleet.capacity[j]])
    fleet.rate.append(fleet.rate[j] * times)


def _fleet_limits(rng: random.Random, fleet: Fleet, classes: int, batch: bool) -> None:
    one = [
        sum(fleet.capacity[i][j] for i in range(len(fleet.card))) * fleet.utilisation for j in range(classes)
    ]
    fleet.demand = [total * F(rng.randint(1, 8), 8) / classes for total in one]
    fleet.demand = [d if d else F(1, 10) for d in fleet.demand]
    if batch:
        fleet.setup = rng.choice([F(0), F(1, 4), F(5, 4)])
        fleet.deadline = rng.choice([None, F(1), F(3, 2), F(2), F(7, 3), F(3)])
        hours = max(F(1, 2), (fleet.deadline or F(2)) - fleet.setup)
        fleet.demand = [fleet.demand[0] * 3600 * hours]
    if chance(rng, 0.3):
        fleet.max_cards = rng.randint(1, 8)
    if chance(rng, 0.3):
        fleet.min_replicas = rng.randint(2, 3)
    if chance(rng, 0.3):
        fleet.quotas.append(({rng.randrange(3)}, rng.randint(0, 4)))
    if chance(rng, 0.25):
        fleet.budget = F(rng.randint(100, 3000))


def columns_of(fleet: Fleet) -> Columns:
    """The fleet's columns as the program takes them."""
    count = len(fleet.card)

    def column(values: list[Any], kind: type = int) -> np.ndarray:
        return np.array([kind(v) for v in values])

    index = np.arange(count)
    return Columns(
        index, index, np.ones(count, dtype=int), column(fleet.card), column(fleet.gpus), column(fleet.replicas),
        np.array([[float(c) for c in row] for row in fleet.capacity]).T, column(fleet.fixed, float),
        column(fleet.rate, float), column(fleet.memory, float), np.array(fleet.step_s) / HOUR,
        np.array(fleet.minimum_s) / HOUR, lambda i: f"column_{i}", lambda card: f"card_{card}", index,
    )  # fmt: skip
