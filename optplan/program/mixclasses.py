"""Classes of mixed gangs: which cards a site could join in which size and layout, and a bound on their cost.

A class is (site, size, smallest node, layout, billed duration); those that cannot beat a known cost, that no quota
lets fill, or that another layout beats with every card are left out before any program is written.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optplan.distinct import among, distinct
from optplan.program.limits import Limits, within
from optplan.units import HOUR, TOLERANCE

CONTINUOUS_STEP = 60.0  # s; longer billing steps are searched step by step


@dataclass(frozen=True, slots=True)
class MixLots:
    """Rented offers, as columns.

    rate       cost of one unit-hour
    stretch    elapsed hours for one busy hour on one node; more: added for each further node
    step_s     billing increment; minimum_s: least time billed
    """

    offer: np.ndarray
    site: np.ndarray
    card: np.ndarray
    gpus: np.ndarray
    rate: np.ndarray
    stretch: np.ndarray
    more: np.ndarray
    step_s: np.ndarray
    minimum_s: np.ndarray
    names: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class MixGangs:
    """All rows that meet every requirement (not only the best layout), as columns."""

    row: np.ndarray
    card: np.ndarray
    size: np.ndarray
    node: np.ndarray
    layout: np.ndarray
    hours: np.ndarray


@dataclass(frozen=True, slots=True)
class MixClass:
    """One class, with the lots that may be in it.

    slot     billed hours, 0 where time sets them: whole steps (0 = continuous), at least the minimum
    bound    no gang of the class costs less
    speed    of the work an hour, by one unit of each lot
    stretch  elapsed hours for one busy hour
    slowest  elapsed hours that no gang of the class exceeds
    """

    size: int
    slot: float
    bound: float
    lots: tuple[int, ...]
    speed: tuple[float, ...]
    rows: tuple[int, ...]
    stretch: float
    slowest: float
    step: float
    minimum: float

    def billed(self, elapsed: float) -> float:
        """Hours billed for a gang's hours."""
        if self.slot:
            return self.slot
        steps = math.ceil(elapsed / self.step * (1 - TOLERANCE)) if self.step else elapsed
        return max(self.minimum, steps * (self.step or 1.0))


def mix_classes(lots: MixLots, gangs: MixGangs, limits: Limits, upper: float) -> list[MixClass]:
    """Classes of at least two card types that could cost less than `upper`, cheapest bound first."""
    found: list[MixClass] = []
    if not len(gangs.row):
        return found
    group = _groups(gangs)
    order = np.lexsort((gangs.card, group))
    members = np.split(order, np.flatnonzero(np.diff(group[order])) + 1)
    for site in _sites_worth_it(lots, gangs, upper):
        here = np.flatnonzero(lots.site == site)
        usable = _usable(lots, here, gangs, group, limits, upper)
        for rows in members:
            some = rows[usable[rows]]
            if len(some):
                found += _of_site(lots, here, gangs, some, limits, upper)
    return sorted(_undominated(found), key=lambda c: (c.bound, c.size, c.lots, c.slot))


def _undominated(classes: list[MixClass]) -> list[MixClass]:
    """Of classes of the same lots, size and slot, those whose layout no other's beats with every lot."""
    kept: dict[tuple[int, float, tuple[int, ...]], list[MixClass]] = {}
    for one in classes:
        others = kept.setdefault((one.size, one.slot, one.lots), [])
        if not any(_as_fast(other, one) for other in others):
            others[:] = [other for other in others if not _as_fast(one, other)]
            others.append(one)
    return [one for many in kept.values() for one in many]


def _as_fast(one: MixClass, other: MixClass) -> bool:
    return one.stretch <= other.stretch and all(a >= b for a, b in zip(one.speed, other.speed, strict=True))


def worth_mixing(lots: MixLots, gangs: MixGangs, limits: Limits, upper: float) -> np.ndarray:
    """Table rows of the classes that some site could fill below `upper`, in time, with at least two types."""
    keep = np.zeros(len(gangs.row), dtype=bool)
    sites = _sites_worth_it(lots, gangs, upper)
    group = _groups(gangs) if sites else keep
    for site in sites:
        keep |= _usable(lots, np.flatnonzero(lots.site == site), gangs, group, limits, upper)
    return gangs.row[keep]


def _groups(gangs: MixGangs) -> np.ndarray:
    """Number of the class (size, smallest node, layout) of each row."""
    key = (gangs.size * 4096 + gangs.node) * 2**40 + gangs.layout
    group: np.ndarray = np.unique(key, return_inverse=True)[1].reshape(-1)
    return group


def _usable(
    lots: MixLots, here: np.ndarray, gangs: MixGangs, group: np.ndarray, limits: Limits, upper: float
) -> np.ndarray:
    """Rows whose class the site could fill: with two types, below `upper`, in time, within quotas."""
    types = int(max(lots.card.max(initial=0), gangs.card.max(initial=0))) + 1
    cheapest = np.full(types, math.inf)
    np.minimum.at(cheapest, lots.card[here], lots.rate[here] / lots.gpus[here] * lots.stretch[here])
    cost = cheapest[gangs.card] * gangs.size * gangs.hours
    most = np.minimum(limits.quota_of(gangs.card), gangs.size)
    usable = np.isfinite(cost) & (most > 0) & (gangs.size <= limits.max_cards)
    in_time = within(gangs.hours * float(lots.stretch[here].min()), limits.deadline)

    def any_of(mask: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.bincount(group, weights=usable & mask)
        return found

    cheap, fast, members = any_of(cost < upper * (1 - TOLERANCE)), any_of(in_time), any_of(usable)
    room = np.bincount(group, weights=np.where(usable, most, 0.0)) >= np.bincount(
        group, weights=gangs.size
    ) / (np.bincount(group))
    worth: np.ndarray = usable & ((members > 1) & (cheap > 0) & (fast > 0) & room)[group]
    return worth


def _sites_worth_it(lots: MixLots, gangs: MixGangs, upper: float) -> list[int]:
    """Sites with two usable types whose best possible cost per work is below upper."""
    cards = int(max(lots.card.max(initial=0), gangs.card.max(initial=0))) + 1
    work = np.full(cards, math.inf)
    np.minimum.at(work, gangs.card, gangs.size * gangs.hours)  # card-hours of the whole job
    usable = np.flatnonzero(np.isfinite(work[lots.card]))
    least = lots.rate[usable] / lots.gpus[usable] * work[lots.card[usable]] * lots.stretch[usable]
    usable, least = usable[np.isfinite(least)], least[np.isfinite(least)]
    sites, types = np.divmod(distinct(lots.site[usable] * cards + lots.card[usable]), cards)
    several = sites[1:][(sites[1:] == sites[:-1]) & (types[1:] != types[:-1])]
    cheap = lots.site[usable[least < upper * (1 - TOLERANCE)]]
    found: list[int] = distinct(cheap[among(cheap, distinct(several))]).tolist()
    return found


def _of_site(
    lots: MixLots,
    here: np.ndarray,
    gangs: MixGangs,
    group: np.ndarray,
    limits: Limits,
    upper: float,
) -> list[MixClass]:
    """The classes of one site, one for each billed duration. group: rows of one size, node and layout."""
    size, node = int(gangs.size[group[0]]), int(gangs.node[group[0]])
    row_of = {int(gangs.card[g]): g for g in group}
    usable = [
        k
        for k in here.tolist()
        if int(lots.card[k]) in row_of and lots.gpus[k] >= node and lots.gpus[k] <= size
    ]
    if len({int(lots.card[k]) for k in usable}) < 2:
        return []
    picked = np.array(usable)
    rows = np.array([row_of[int(lots.card[k])] for k in usable])
    speed = lots.gpus[picked] / (size * gangs.hours[rows])  # of the work an hour, by one unit
    stretch = float((lots.stretch + (math.ceil(size / node) - 1) * lots.more)[picked].max())
    per_card_speed, per_card_rate = (
        speed * size / lots.gpus[picked],
        lots.rate[picked] * size / lots.gpus[picked],
    )
    step, minimum = float(lots.step_s[picked].max()) / HOUR, float(lots.minimum_s[picked].max()) / HOUR
    slowest = stretch / float(per_card_speed.min())
    longest = limits.deadline / stretch
    ratio = stretch * _least_ratio(per_card_speed, per_card_rate, 1 / longest if longest < math.inf else 0.0)
    top = min(upper * (1 - TOLERANCE), limits.budget * (1 + TOLERANCE))
    if ratio >= top:
        return []
    slots = _slots(per_card_speed, stretch, step, minimum, limits.deadline)
    slots = slots[slots * float(per_card_rate.min()) < upper]
    least = stretch / np.minimum(np.where(slots > 0, slots, math.inf), limits.deadline)
    bounds = np.where(slots > 0, slots * _least_rates(per_card_speed, per_card_rate, least), ratio)
    units, rows_of = tuple(speed.tolist()), tuple(gangs.row[rows].tolist())
    return [
        MixClass(
            size, float(slot), float(bound), tuple(usable), units, rows_of, stretch, slowest, step, minimum
        )
        for slot, bound in zip(slots, bounds, strict=True)
        if bound < top
    ]


def _slots(speed: np.ndarray, stretch: float, step: float, minimum: float, deadline: float) -> np.ndarray:
    """Billed durations that could be the true one, in whole steps, none past the deadline's own step.

    0 stands for all durations above the minimum, where steps are short.
    """
    fastest, slowest = stretch / float(speed.max()), min(stretch / float(speed.min()), deadline)
    if step <= CONTINUOUS_STEP / HOUR:
        return np.array([0.0] if fastest > minimum else [0.0, minimum])
    first, last = (math.ceil(hours / step * (1 - TOLERANCE)) for hours in (fastest, slowest))
    return distinct(np.maximum(minimum, np.arange(max(1, first), last + 1) * step))


def _least_rates(speed: np.ndarray, rate: np.ndarray, least: np.ndarray) -> np.ndarray:
    """Least rate of any blend at least so fast, for each of `least`; infinite where none is.

    Blends of full gangs lie in the convex hull of (speed, rate): its vertices, and edges of a slow and a fast
    gang at the point that is just fast enough.
    """
    fast = speed[None, :] >= least[:, None] * (1 - TOLERANCE)
    best: np.ndarray = np.where(fast, rate[None, :], math.inf).min(axis=1)
    for i, j in itertools.permutations(range(len(speed)), 2):
        if speed[i] < speed[j]:
            edge = (~fast[:, i]) & fast[:, j]
            share = (least - speed[i]) / (speed[j] - speed[i])
            best = np.where(edge, np.minimum(best, rate[i] + (rate[j] - rate[i]) * share), best)
    return best


def _least_ratio(speed: np.ndarray, rate: np.ndarray, least: float) -> float:
    """Least rate / speed of any blend at least so fast: on an edge of the hull the ratio is monotone."""
    fast = speed >= least * (1 - TOLERANCE)
    alone = float((rate[fast] / speed[fast]).min(initial=math.inf))
    edge = float(_least_rates(speed, rate, np.array([least]))[0])
    return min(alone, edge / least) if least else alone
