"""Training jobs as an integer program: one gang of cards, all of one type.

A class is (site, card type, size, smallest node): its time is known from the rules, so cost is linear in the
units of each offer. Exactly one class is chosen; its units fill its size. Classes that cannot be part of a cheapest
plan are set aside before by a bound: size x cheapest card there, against the best plan of equal nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np

from optplan.distinct import among, distinct
from optplan.program.limits import Limits, pool_rows, scaled_most, within
from optplan.program.model import Program
from optplan.units import TOLERANCE

SHOWN_BROKEN = 40  # classes of a program that none can satisfy
# price(offers, gangs) -> cost of one unit, elapsed hours; both indexed pairwise
Price = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
# weigh(offers, gangs) -> kilograms of CO2 equivalent of one unit, pairwise
Weigh = Callable[[np.ndarray, np.ndarray], np.ndarray]


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
    carbon: np.ndarray | None = None


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


def singles(lots: Lots, gangs: Gangs, price: Price, limits: Limits, weigh: Weigh | None = None) -> Single:
    """All gangs of equal nodes of one offer, with cost and time; weigh: where greenhouse gases are limited."""
    lot, gang = single_pairs(lots, gangs)
    single = priced(lots, gangs, lot, gang, *price(lots.offer[lot], gang), limits)
    if weigh is None:
        return single
    carbon = weigh(lots.offer[lot], gang) * (gangs.size[gang] // lots.gpus[lot])
    return replace(single, allowed=single.allowed & within(carbon, limits.carbon), carbon=carbon)


def single_pairs(lots: Lots, gangs: Gangs) -> tuple[np.ndarray, np.ndarray]:
    """Every lot with the gangs that equal nodes of it fill."""
    lot, gang = _pairs(lots, gangs)
    equal = (lots.gpus[lot] == gangs.node[gang]) & (gangs.size[gang] % lots.gpus[lot] == 0)
    equal &= lots.joins[lot] | (gangs.size[gang] == lots.gpus[lot])
    return lot[equal], gang[equal]


def priced(
    lots: Lots, gangs: Gangs, lot: np.ndarray, gang: np.ndarray, unit_cost: np.ndarray, elapsed: np.ndarray,
    limits: Limits,
) -> Single:  # fmt: skip
    """Gangs of equal nodes with what they cost. unit_cost, elapsed: of each pair of lot and gang."""
    size = gangs.size[gang]
    cost = np.where(size <= limits.room(lots.offer[lot]), unit_cost * (size // lots.gpus[lot]), math.inf)
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
    classes = _from_singles(single, best, gangs, limits, upper)
    classes += _from_sums(lots, gangs, price, limits, best_of(single, gangs), weigh)
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


@dataclass(frozen=True, slots=True)
class Best:
    """The cheapest gang of equal nodes: its cost, and of those as cheap the fewest cards, then the most memory."""

    cost: float
    size: int
    memory: float


def best_of(single: Single, gangs: Gangs) -> Best:
    """The cheapest of the allowed gangs; infinite where there is none."""
    cost = float(single.cost[single.allowed].min(initial=math.inf))
    tied = single.gang[single.allowed & (single.cost <= cost * (1 + TOLERANCE))]
    size = int(gangs.size[tied].min(initial=np.iinfo(np.int64).max))
    return Best(cost, size, float(gangs.memory[tied[gangs.size[tied] == size]].max(initial=0.0)))


def _from_singles(single: Single, best: Lots, gangs: Gangs, limits: Limits, upper: float) -> list[Class]:
    keep = np.flatnonzero(np.isfinite(single.cost) & (single.cost <= upper * (1 + TOLERANCE)))
    if math.isinf(upper):  # each breaks a limit, and so it does in the program: a few show that
        keep = keep[np.argsort(single.cost[keep], kind="stable")[:SHOWN_BROKEN]]
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
            clean = single.carbon is None or single.carbon[j] <= single.carbon[i]
            if same and clean and not tied and single.elapsed[j] <= single.elapsed[i] and size[j] <= size[i]:
                break
        else:
            kept.append(int(position))
    return np.array(kept, dtype=int)


def _from_sums(
    lots: Lots, gangs: Gangs, price: Price, limits: Limits, best: Best, weigh: Weigh | None
) -> list[Class]:
    """Classes whose nodes differ in size: kept where the cheapest card of the site could beat the best."""
    near = mixed_nodes(lots)
    cheapest = reduced(near, by_site=False)  # no site is below these
    lot, gang = sum_pairs(cheapest, gangs, limits)
    open_ = distinct(
        gang[could_beat(cheapest, gangs, lot, gang, *price(cheapest.offer[lot], gang), limits, best)]
    )
    near = near.take(np.flatnonzero(among(near.card, distinct(gangs.card[open_]))))
    lot, gang = sum_pairs(near, gangs, limits)
    some = among(gang, open_)
    lot, gang = lot[some], gang[some]
    unit_cost, elapsed = price(near.offer[lot], gang)
    could = could_beat(near, gangs, lot, gang, unit_cost, elapsed, limits, best)
    key = near.site[lot].astype(np.int64) * len(gangs) + gang
    found: dict[tuple[int, int], list[tuple[int, int, float, float]]] = {}
    for i in np.flatnonzero(among(key, distinct(key[could]))).tolist():
        a = lot[i]
        row = (int(near.gpus[a]), int(near.offer[a]), float(unit_cost[i]), float(elapsed[i]))
        found.setdefault((int(near.site[a]), int(gang[i])), []).append(row)
    return _undominated(found, gangs, limits, _weights(found, weigh))


def _weights(
    found: dict[tuple[int, int], list[tuple[int, int, float, float]]], weigh: Weigh | None
) -> dict[tuple[int, int], float]:
    """(offer, gang) -> kilograms of one unit, where greenhouse gases are limited."""
    pairs = [(offer, gang) for (_, gang), rows in found.items() for _, offer, *_ in rows]
    if weigh is None or not pairs:
        return {}
    offers, gangs = np.array(pairs).T
    return dict(zip(pairs, weigh(offers, gangs).tolist(), strict=True))


def mixed_nodes(lots: Lots) -> Lots:
    """The cheapest lots at every site whose card comes in nodes of several sizes there."""
    near = reduced(lots.take(np.flatnonzero(lots.joins)), by_site=True)
    group = near.site.astype(np.int64) * (int(near.card.max(initial=0)) + 1) + near.card
    _, inverse, sizes = np.unique(group, return_inverse=True, return_counts=True)
    return near.take(np.flatnonzero(sizes[inverse] > 1))


def sum_pairs(lots: Lots, gangs: Gangs, limits: Limits) -> tuple[np.ndarray, np.ndarray]:
    """Every lot with the gangs that it could be in beside nodes of other sizes."""
    lot, gang = _pairs(lots, gangs)
    usable = (lots.gpus[lot] >= gangs.node[gang]) & (gangs.size[gang] >= lots.gpus[lot])
    usable &= (gangs.size[gang] > gangs.node[gang]) & (gangs.size[gang] <= limits.max_cards)
    usable &= gangs.size[gang] <= limits.quota_of(gangs.card[gang])
    return lot[usable], gang[usable]


def could_beat(
    lots: Lots, gangs: Gangs, lot: np.ndarray, gang: np.ndarray, unit_cost: np.ndarray, elapsed: np.ndarray,
    limits: Limits, best: Best,
) -> np.ndarray:  # fmt: skip
    """Pairs that could beat the best, were all cards of the gang to come at the lot's price a card."""
    size, memory = gangs.size[gang], gangs.memory[gang]
    bound = size * unit_cost / lots.gpus[lot]
    before = (size < best.size) | ((size == best.size) & (memory > best.memory))
    could = (bound < best.cost * (1 - TOLERANCE)) | ((bound <= best.cost * (1 + TOLERANCE)) & before)
    return np.asarray(could & within(elapsed, limits.deadline) & within(bound, limits.budget))


def _burdens(
    rows: list[tuple[int, int, float, float]], gang: int, weights: dict[tuple[int, int], float]
) -> list[float]:
    """What a unit of each row costs, then what it weighs."""
    return [*(cost for *_, cost, _ in rows), *(weights.get((offer, gang), 0.0) for _, offer, *_ in rows)]


def _nowhere_above(one: list[float], other: list[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def _undominated(
    found: dict[tuple[int, int], list[tuple[int, int, float, float]]],
    gangs: Gangs,
    limits: Limits,
    weights: dict[tuple[int, int], float],
) -> list[Class]:
    """One class of those with the same gang, node sizes and pools where one is nowhere dearer or dirtier."""
    kept: dict[tuple[Any, ...], list[list[tuple[int, int, float, float]]]] = {}
    for (_, gang), rows in sorted(found.items()):
        rows.sort()
        if len(rows) < 2:
            continue
        pooled = tuple(offer for _, offer, *_ in rows if limits.pooled(offer))
        others = kept.setdefault((gang, tuple(n for n, *_ in rows), pooled), [])
        costs = _burdens(rows, gang, weights)
        known = [_burdens(other, gang, weights) for other in others]
        if not any(_nowhere_above(other, costs) for other in known):
            others[:] = [o for o, k in zip(others, known, strict=True) if not _nowhere_above(costs, k)]
            others.append(rows)
    return [
        Class(
            gang,
            int(gangs.size[gang]),
            max(time for *_, time in rows),
            min(gangs.size[gang] * cost / n for n, _, cost, _ in rows),
            tuple((offer, cost) for _, offer, cost, _ in rows),
        )
        for (gang, *_), many in kept.items()
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
    pool_rows(program, limits, taken, {x: offer for x, (_, offer) in result.units.items()})
    return result
