"""Training jobs as an integer program: one gang of cards, all of one type.

A class is (site, card type, size, smallest node): its time is known from the rules, so cost is linear in the
units of each offer. Exactly one class is chosen; its units fill its size. Classes that cannot be part of a cheapest
plan are set aside before by a bound: size x cheapest card there, against the best plan of equal nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace

import numpy as np

from optplan.program.limits import Limits, scaled_most, within
from optplan.program.model import Program
from optplan.units import TOLERANCE

# price(offers, gangs) -> cost of one unit, elapsed hours; both indexed pairwise
Price = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True, slots=True)
class Lots:
    """Offers as columns. site: provider, region and kind of purchase as one code.

    profile  alike in billing, kind of purchase and currency
    joins    nodes of the offer can form a gang with others of its site
    """

    offer: np.ndarray
    site: np.ndarray
    card: np.ndarray
    gpus: np.ndarray
    profile: np.ndarray
    price: np.ndarray
    joins: np.ndarray
    names: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.offer)

    def take(self, rows: np.ndarray) -> Lots:
        """The lots of these rows."""
        return replace(
            self, **{f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name != "names"}
        )


@dataclass(frozen=True, slots=True)
class Gangs:
    """Sizes that meet every requirement, as columns: the best layout of each card, size and smallest node.

    hours   wall clock without interruptions
    memory  of the card, for ties
    """

    card: np.ndarray
    size: np.ndarray
    node: np.ndarray
    hours: np.ndarray
    memory: np.ndarray

    def __len__(self) -> int:
        return len(self.card)


@dataclass(frozen=True, slots=True)
class Class:
    """One class: a gang (index) at a site, and what its lots cost a unit."""

    gang: int
    size: int
    elapsed: float
    bound: float
    lots: tuple[tuple[int, float], ...]


@dataclass(slots=True)
class JobProgram:
    """The program with what its variables mean: variable -> (class, lot)."""

    program: Program
    classes: list[Class]
    chosen: list[int] = field(default_factory=list)
    units: dict[int, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Single:
    """Gangs of equal nodes, as columns of equal length: the plans that need no search."""

    lot: np.ndarray
    gang: np.ndarray
    cost: np.ndarray
    elapsed: np.ndarray
    allowed: np.ndarray


def reduced(lots: Lots, by_site: bool) -> Lots:
    """The cheapest of the lots that are alike (card, node, billing; site too if asked); names break ties."""
    keys = [lots.card, lots.gpus, lots.profile, *([lots.site] if by_site else [])]
    order = np.lexsort((lots.offer, lots.price, *keys[::-1]))
    changed = np.zeros(len(order), dtype=bool)
    if len(order):
        changed[0] = True
        for key in keys:
            changed[1:] |= key[order][1:] != key[order][:-1]
    return lots.take(np.sort(order[changed]))


def singles(lots: Lots, gangs: Gangs, price: Price, limits: Limits) -> Single:
    """All gangs of equal nodes of one offer, with cost and time."""
    lot, gang = _pairs(lots, gangs)
    equal = (lots.gpus[lot] == gangs.node[gang]) & (gangs.size[gang] % lots.gpus[lot] == 0)
    equal &= lots.joins[lot] | (gangs.size[gang] == lots.gpus[lot])
    lot, gang = lot[equal], gang[equal]
    unit_cost, elapsed = price(lots.offer[lot], gang)
    size = gangs.size[gang]
    cost = unit_cost * (size // lots.gpus[lot])
    allowed = within(elapsed, limits.deadline) & within(cost, limits.budget)
    allowed &= (size <= limits.max_cards) & (size <= limits.quota_of(lots.card[lot])) & np.isfinite(cost)
    return Single(lot, gang, cost, elapsed, allowed)


def _pairs(lots: Lots, gangs: Gangs) -> tuple[np.ndarray, np.ndarray]:
    """Every lot with every gang of its card."""
    order = np.argsort(gangs.card, kind="stable")
    start = np.searchsorted(gangs.card[order], lots.card, side="left")
    count = np.searchsorted(gangs.card[order], lots.card, side="right") - start
    lot = np.repeat(np.arange(len(lots)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return lot, order[np.repeat(start, count) + offset]


def job_program(
    name: str, lots: Lots, gangs: Gangs, price: Price, limits: Limits, single: Single, best: Lots
) -> JobProgram:
    """The program over all classes that could be part of a cheapest plan.

    lots    all offers; best: the cheapest of those alike, which `single` is about
    """
    upper = float(single.cost[single.allowed].min(initial=math.inf))
    classes = _from_singles(single, best, gangs, limits, upper)
    as_cheap = single.allowed & (single.cost <= upper * (1 + TOLERANCE))
    fewest = int(gangs.size[single.gang[as_cheap]].min(initial=np.iinfo(np.int64).max))
    classes += _from_sums(lots, gangs, price, limits, upper, fewest)
    classes.sort(key=lambda c: (c.size, -gangs.memory[c.gang], [lots.names(o) for o, _ in c.lots]))
    return _build(name, classes, lots, gangs, limits)


def _from_singles(single: Single, best: Lots, gangs: Gangs, limits: Limits, upper: float) -> list[Class]:
    keep = np.flatnonzero(np.isfinite(single.cost) & (single.cost <= upper * (1 + TOLERANCE)))
    size = gangs.size[single.gang]
    keep = keep[_pareto(single, keep, size, best.card[single.lot] if limits.quotas else None)]
    return [
        Class(
            int(single.gang[i]),
            int(size[i]),
            float(single.elapsed[i]),
            float(single.cost[i]),
            (
                (
                    int(best.offer[single.lot[i]]),
                    float(single.cost[i] / (size[i] // best.gpus[single.lot[i]])),
                ),
            ),
        )
        for i in keep
    ]


def _pareto(single: Single, keep: np.ndarray, size: np.ndarray, card: np.ndarray | None) -> np.ndarray:
    """Positions in keep that no other beats in cost, time and cards (and, with quotas, on the same card)."""
    order = np.lexsort((size[keep], single.elapsed[keep], single.cost[keep]))
    kept: list[int] = []
    for position in order:
        i = keep[position]
        for other in kept:
            j = keep[other]
            same = card is None or card[i] == card[j]
            tied = single.cost[i] <= single.cost[j] * (1 + TOLERANCE)
            if same and not tied and single.elapsed[j] <= single.elapsed[i] and size[j] <= size[i]:
                break
        else:
            kept.append(int(position))
    return np.array(kept, dtype=int)


def _from_sums(
    lots: Lots, gangs: Gangs, price: Price, limits: Limits, upper: float, fewest: int
) -> list[Class]:
    """Classes whose nodes differ in size: kept where the cheapest card of the site could beat the best.

    fewest: cards of the best of equal nodes; as cheap with as few is kept, too, for the sake of ties.
    """
    near = reduced(lots.take(np.flatnonzero(lots.joins)), by_site=True)
    group = near.site.astype(np.int64) * (int(near.card.max(initial=0)) + 1) + near.card
    _, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    near = near.take(np.flatnonzero(sizes[inverse] > 1))
    lot, gang = _pairs(near, gangs)
    usable = (near.gpus[lot] >= gangs.node[gang]) & (gangs.size[gang] >= near.gpus[lot])
    usable &= (gangs.size[gang] > gangs.node[gang]) & (gangs.size[gang] <= limits.max_cards)
    usable &= gangs.size[gang] <= limits.quota_of(gangs.card[gang])
    lot, gang = lot[usable], gang[usable]
    unit_cost, elapsed = price(near.offer[lot], gang)
    bound = gangs.size[gang] * unit_cost / near.gpus[lot]
    tied = (bound <= upper * (1 + TOLERANCE)) & (gangs.size[gang] <= fewest)
    could = (bound < upper * (1 - TOLERANCE)) | tied
    could &= within(elapsed, limits.deadline) & within(bound, limits.budget)
    key = near.site[lot].astype(np.int64) * len(gangs) + gang
    found: dict[tuple[int, int], list[tuple[int, int, float, float]]] = {}
    for i in np.flatnonzero(np.isin(key, key[could])).tolist():
        a = lot[i]
        row = (int(near.gpus[a]), int(near.offer[a]), float(unit_cost[i]), float(elapsed[i]))
        found.setdefault((int(near.site[a]), int(gang[i])), []).append(row)
    return _undominated(found, gangs)


def _undominated(
    found: dict[tuple[int, int], list[tuple[int, int, float, float]]], gangs: Gangs
) -> list[Class]:
    """One class of those with the same gang and node sizes where one is nowhere dearer."""
    kept: dict[tuple[int, tuple[int, ...]], list[list[tuple[int, int, float, float]]]] = {}
    for (_, gang), rows in sorted(found.items()):
        rows.sort()
        if len(rows) < 2:
            continue
        others = kept.setdefault((gang, tuple(n for n, *_ in rows)), [])
        costs = [cost for *_, cost, _ in rows]
        if not any(all(o[2] <= c for o, c in zip(other, costs, strict=True)) for other in others):
            others[:] = [o for o in others if not all(c <= x[2] for x, c in zip(o, costs, strict=True))]
            others.append(rows)
    return [
        Class(
            gang,
            int(gangs.size[gang]),
            max(time for *_, time in rows),
            min(gangs.size[gang] * cost / n for n, _, cost, _ in rows),
            tuple((offer, cost) for _, offer, cost, _ in rows),
        )
        for (gang, _), many in kept.items()
        for rows in many
    ]


def _build(name: str, classes: list[Class], lots: Lots, gangs: Gangs, limits: Limits) -> JobProgram:
    result = JobProgram(Program(name), classes)
    program = result.program
    gpus = {int(o): int(n) for o, n in zip(lots.offer, lots.gpus, strict=True)}
    cards = {int(o): int(c) for o, c in zip(lots.offer, lots.card, strict=True)}
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
    return result
