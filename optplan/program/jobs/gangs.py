"""Gangs of cards, as columns: what could be asked of which offers, and the gangs of equal nodes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from optplan.program.limits import Limit, Limits, within
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


def pairs_of(lots: Lots, gangs: Gangs) -> tuple[np.ndarray, np.ndarray]:
    """Every lot with every gang of its card."""
    order = np.argsort(gangs.card, kind="stable")
    start = np.searchsorted(gangs.card[order], lots.card, side="left")
    count = np.searchsorted(gangs.card[order], lots.card, side="right") - start
    lot = np.repeat(np.arange(len(lots)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return lot, order[np.repeat(start, count) + offset]


def singles(lots: Lots, gangs: Gangs, price: Price, limits: Limits, weigh: Weigh | None = None) -> Single:
    """All gangs of equal nodes of one offer, with cost and time; weigh: where greenhouse gases are limited."""
    lot, gang = single_pairs(lots, gangs)
    (unit_cost, elapsed), size = price(lots.offer[lot], gang), gangs.size[gang]
    cost = np.where(size <= limits.room(lots.offer[lot]), unit_cost * (size // lots.gpus[lot]), math.inf)
    most = np.minimum(limits.max_cards, limits.quota_of(lots.card[lot]))
    kept = allowed(size, cost, elapsed, limits.deadline, limits.budget, most)
    if weigh is None:
        return Single(lot, gang, cost, elapsed, kept)
    carbon = weigh(lots.offer[lot], gang) * (size // lots.gpus[lot])
    return Single(lot, gang, cost, elapsed, kept & within(carbon, limits.carbon), carbon)


def single_pairs(lots: Lots, gangs: Gangs) -> tuple[np.ndarray, np.ndarray]:
    """Every lot with the gangs that equal nodes of it fill."""
    lot, gang = pairs_of(lots, gangs)
    equal = (lots.gpus[lot] == gangs.node[gang]) & (gangs.size[gang] % lots.gpus[lot] == 0)
    equal &= lots.joins[lot] | (gangs.size[gang] == lots.gpus[lot])
    return lot[equal], gang[equal]


def allowed(
    size: np.ndarray, cost: np.ndarray, elapsed: np.ndarray, deadline: Limit, budget: Limit, most: Limit
) -> np.ndarray:
    """Gangs of so many cards that keep to the limits, those on cards as a number of them."""
    kept = within(elapsed, deadline) & within(cost, budget) & (size <= most) & np.isfinite(cost)
    return np.asarray(kept)


@dataclass(frozen=True, slots=True)
class Best:
    """The cheapest gang of equal nodes: its cost, and of those as cheap the fewest cards, then the most memory.

    Numbers, or columns over needs.
    """

    cost: Any
    size: Any
    memory: Any


def best_of(single: Single, gangs: Gangs) -> Best:
    """The cheapest of the allowed gangs; infinite where there is none."""
    cost = float(single.cost[single.allowed].min(initial=math.inf))
    tied = single.gang[single.allowed & (single.cost <= cost * (1 + TOLERANCE))]
    size = int(gangs.size[tied].min(initial=np.iinfo(np.int64).max))
    return Best(cost, size, float(gangs.memory[tied[gangs.size[tied] == size]].max(initial=0.0)))


def from_singles(single: Single, best: Lots, gangs: Gangs, limits: Limits, upper: float) -> list[Class]:
    """Classes of equal nodes that cost at most `upper` and are beaten by none."""
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
