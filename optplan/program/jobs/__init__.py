"""Training jobs as an integer program: one gang of cards, all of one type.

A class is (site, card type, size, smallest node): its time is known from the rules, so cost is linear in the
units of each offer. Exactly one class is chosen; its units fill its size. Classes that cannot be part of a cheapest
plan are set aside before by a bound: size x cheapest card there, against the best plan of equal nodes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from optplan.distinct import among, distinct
from optplan.program.jobs.gangs import (
    Best,
    Class,
    Gangs,
    Lots,
    Price,
    Single,
    Weigh,
    allowed,
    best_of,
    from_singles,
    reduced,
    single_pairs,
    singles,
)
from optplan.program.jobs.sums import could_beat, from_sums, mixed_nodes, sum_pairs
from optplan.program.limits import Limits, pool_rows, scaled_most
from optplan.program.model import Program

__all__ = [
    "Best",
    "Gangs",
    "JobProgram",
    "Lots",
    "Price",
    "Single",
    "allowed",
    "could_beat",
    "job_program",
    "mixed_nodes",
    "reduced",
    "single_pairs",
    "singles",
    "sum_pairs",
]


@dataclass(slots=True)
class JobProgram:
    """The program with what its variables mean: variable -> (class, lot)."""

    program: Program
    classes: list[Class]
    chosen: list[int] = field(default_factory=list)
    units: dict[int, tuple[int, int]] = field(default_factory=dict)


def job_program(
    name: str,
    lots: Lots,
    gangs: Gangs,
    price: Price,
    limits: Limits,
    single: Single,
    best: Lots,
    weigh: Weigh | None = None,
) -> JobProgram:
    """The program over all classes that could be part of a cheapest plan.

    lots    all offers; best: the cheapest of those alike, which `single` is about
    weigh   where greenhouse gases are limited
    """
    upper = float(single.cost[single.allowed].min(initial=math.inf))
    classes = from_singles(single, best, gangs, limits, upper)
    classes += from_sums(lots, gangs, price, limits, best_of(single, gangs), weigh)
    # of equals nodes of one size come first
    classes.sort(
        key=lambda c: (c.size, -gangs.memory[c.gang], len(c.lots) > 1, [lots.names(o) for o, _ in c.lots])
    )
    result = _build(name, classes, lots, gangs, limits)
    if weigh is not None and result.units:
        offers = np.array([offer for _, offer in result.units.values()])
        kg = weigh(offers, np.array([classes[number].gang for number, _ in result.units.values()]))
        scaled_most(
            result.program, "carbon", dict(zip(result.units, kg.tolist(), strict=True)), limits.carbon
        )
    return result


def _build(name: str, classes: list[Class], lots: Lots, gangs: Gangs, limits: Limits) -> JobProgram:
    result = JobProgram(Program(name), classes)
    program = result.program
    used = np.flatnonzero(among(lots.offer, distinct([o for one in classes for o, _ in one.lots])))
    gpus = dict(zip(lots.offer[used].tolist(), lots.gpus[used].tolist(), strict=True))
    cards = dict(zip(lots.offer[used].tolist(), lots.card[used].tolist(), strict=True))
    units: dict[int, float] = {}
    for number, one in enumerate(classes):
        result.chosen.append(program.variable(f"gang_{number}_of_{one.size}_cards", upper=1))
        for offer, cost in one.lots:
            label = f"units_{number}_{lots.names(offer)}"
            x = program.variable(label, cost, one.size // gpus[offer])
            result.units[x] = (number, offer)
            units[x] = cost
    program.row("one_gang", dict.fromkeys(result.chosen, 1.0), low=1, high=1)
    for number, one in enumerate(classes):
        fill = {x: float(gpus[o]) for x, (n, o) in result.units.items() if n == number}
        program.row(f"size:{number}", fill | {result.chosen[number]: -float(one.size)}, low=0, high=0)
    times = {z: one.elapsed for z, one in zip(result.chosen, classes, strict=True)}
    scaled_most(program, "deadline", times, limits.deadline)
    scaled_most(program, "budget", units, limits.budget)
    taken = {x: float(gpus[o]) for x, (_, o) in result.units.items()}
    scaled_most(program, "max_cards", taken, limits.max_cards)
    for quota, mask, most in limits.quotas:
        counted = {x: n for x, n in taken.items() if mask[cards[result.units[x][1]]]}
        scaled_most(program, f"quota:{quota}", counted, most)
    pool_rows(program, limits, taken, {x: offer for x, (_, offer) in result.units.items()})
    return result
