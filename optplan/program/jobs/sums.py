"""Gangs whose nodes differ in size: classes that could beat the best gang of equal nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from optplan.distinct import among, distinct
from optplan.program.jobs.gangs import Best, Class, Gangs, Lots, Price, Weigh, pairs_of, reduced
from optplan.program.limits import Limit, Limits, within
from optplan.units import TOLERANCE

Row = tuple[int, int, float, float]  # of a gang: cards of a node, offer, cost of a unit, elapsed hours


def from_sums(
    lots: Lots, gangs: Gangs, price: Price, limits: Limits, best: Best, weigh: Weigh | None
) -> list[Class]:
    """Classes whose nodes differ in size: kept where the cheapest card of the site could beat the best."""
    near = mixed_nodes(lots)
    cheapest = reduced(near, by_site=False)  # no site is below these
    lot, gang = sum_pairs(cheapest, gangs, limits)
    open_ = distinct(
        gang[_could_beat(cheapest, gangs, lot, gang, *price(cheapest.offer[lot], gang), limits, best)]
    )
    near = near.take(np.flatnonzero(among(near.card, distinct(gangs.card[open_]))))
    lot, gang = sum_pairs(near, gangs, limits)
    some = among(gang, open_)
    lot, gang = lot[some], gang[some]
    unit_cost, elapsed = price(near.offer[lot], gang)
    could = _could_beat(near, gangs, lot, gang, unit_cost, elapsed, limits, best)
    key = near.site[lot].astype(np.int64) * len(gangs) + gang
    found: dict[tuple[int, int], list[Row]] = {}
    for i in np.flatnonzero(among(key, distinct(key[could]))).tolist():
        a = lot[i]
        row = (int(near.gpus[a]), int(near.offer[a]), float(unit_cost[i]), float(elapsed[i]))
        found.setdefault((int(near.site[a]), int(gang[i])), []).append(row)
    return _undominated(found, gangs, limits, _weights(found, weigh))


def _weights(found: dict[tuple[int, int], list[Row]], weigh: Weigh | None) -> dict[tuple[int, int], float]:
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
    lot, gang = pairs_of(lots, gangs)
    usable = (lots.gpus[lot] >= gangs.node[gang]) & (gangs.size[gang] >= lots.gpus[lot])
    usable &= (gangs.size[gang] > gangs.node[gang]) & (gangs.size[gang] <= limits.max_cards)
    usable &= gangs.size[gang] <= limits.quota_of(gangs.card[gang])
    return lot[usable], gang[usable]


def could_beat(
    size: np.ndarray, memory: np.ndarray, bound: np.ndarray, elapsed: np.ndarray, deadline: Limit, budget: Limit,
    best: Best,
) -> np.ndarray:  # fmt: skip
    """Gangs that could beat the best. bound: their cost, were all cards to come at one lot's price a card."""
    before = (size < best.size) | ((size == best.size) & (memory > best.memory))
    could = (bound < best.cost * (1 - TOLERANCE)) | ((bound <= best.cost * (1 + TOLERANCE)) & before)
    return np.asarray(could & within(elapsed, deadline) & within(bound, budget))


def _could_beat(
    lots: Lots, gangs: Gangs, lot: np.ndarray, gang: np.ndarray, unit_cost: np.ndarray, elapsed: np.ndarray,
    limits: Limits, best: Best,
) -> np.ndarray:  # fmt: skip
    """Pairs of lot and gang that could."""
    bound = gangs.size[gang] * unit_cost / lots.gpus[lot]
    size, memory = gangs.size[gang], gangs.memory[gang]
    return could_beat(size, memory, bound, elapsed, limits.deadline, limits.budget, best)


def _burdens(rows: list[Row], gang: int, weights: dict[tuple[int, int], float]) -> list[float]:
    """What a unit of each row costs, then what it weighs."""
    return [*(cost for *_, cost, _ in rows), *(weights.get((offer, gang), 0.0) for _, offer, *_ in rows)]


def _nowhere_above(one: list[float], other: list[float]) -> bool:
    return all(a <= b for a, b in zip(one, other, strict=True))


def _undominated(
    found: dict[tuple[int, int], list[Row]],
    gangs: Gangs,
    limits: Limits,
    weights: dict[tuple[int, int], float],
) -> list[Class]:
    """One class of those with the same gang, node sizes and pools where one is nowhere dearer or dirtier."""
    kept: dict[tuple[Any, ...], list[list[Row]]] = {}
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
