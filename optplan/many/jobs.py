"""Blocks of `finetune` needs -> what the search of each one finds.

Rules and prices are evaluated for all needs of a block at once, and only for candidates that could be the plan or one
of the alternatives that are shown. Gangs of equal nodes are then compared directly; a need whose nodes of several sizes
could be cheaper is left to the program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.candidates import LARGE_SIZES, SIZES, Table
from optplan.catalog import Offers
from optplan.evaluate import Assessment
from optplan.many.cards import LotsOf, Sizes, rent_of_card
from optplan.many.kinds import key_of
from optplan.many.refused import refused
from optplan.many.survey import Survey
from optplan.planner.context import Context
from optplan.planner.found import SHOWN, Found, Pick
from optplan.planner.grid import grouped
from optplan.planner.jobs import job_options
from optplan.planner.prices import Prices
from optplan.program.jobs import Gangs, Lots, Single, best_of, could_beat, priced
from optplan.rule import Pack
from optplan.solve import Solution
from optplan.units import TOLERANCE

SLACK = 1e-6  # of a bound: float noise of another order of sums
BLOCK = 64  # needs that are searched together


def jobs(contexts: Sequence[Context]) -> list[Found | None]:
    """The search of each need, None where only the program can tell; all have one task, pack and catalog."""
    found: list[Found | None] = [None] * len(contexts)
    keys = [key_of(context) for context in contexts]
    alike = np.argsort(grouped(keys)[1], kind="stable").tolist()
    for start in range(0, len(alike), BLOCK):
        some = alike[start : start + BLOCK]
        for i, one in zip(some, _block([contexts[i] for i in some], [keys[i] for i in some]), strict=True):
            found[i] = one
    return found


def _block(contexts: Sequence[Context], keys: Sequence[Any]) -> list[Found | None]:
    """The usual sizes; larger gangs where those do not do, and the need says nothing of them."""
    search = _sized(contexts, keys, SIZES)
    found, closed = list(search.found), np.flatnonzero(search.closed).tolist()
    more = [i for i in closed if contexts[i].settled.max_cards is None]
    larger = _sized([contexts[i] for i in more], [keys[i] for i in more], LARGE_SIZES) if more else None
    for i in closed:
        k = more.index(i) if i in more else None
        if larger is None or k is None:
            found[i] = refused(search.survey, i, None, 0)
        elif larger.closed[k]:
            found[i] = refused(search.survey, i, larger.survey, k)
        else:
            found[i] = larger.found[k]
    return found


def _sized(contexts: Sequence[Context], keys: Sequence[Any], sizes: Sizes) -> _Search:
    """The search of each need over gangs of these sizes. keys: of the needs' kinds."""
    survey = Survey(contexts, keys, sizes)
    search, seen = _Search(contexts, survey), survey.first()
    survey.look(seen)
    search.set_levels()
    survey.look((survey.least <= search.level[survey.need] * (1 + SLACK)) & ~seen)
    search.over()
    return search


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Lots with gangs that they could carry, over needs.

    need        position of the context
    at          position among all that was surveyed
    lot, offer  of the need's lots, of the catalog
    """

    need: np.ndarray
    at: np.ndarray
    lot: np.ndarray
    offer: np.ndarray

    def take(self, rows: np.ndarray) -> _Pairs:
        """Some of them."""
        return _Pairs(self.need[rows], self.at[rows], self.lot[rows], self.offer[rows])

    def of(self, need: int) -> slice:
        """Those of one need."""
        return slice(*np.searchsorted(self.need, (need, need + 1)).tolist())


@dataclass(frozen=True, slots=True)
class _Own:
    """The gangs of equal nodes of one need, with what they cost."""

    lots: Lots
    gangs: Gangs
    single: Single


class _Search:
    """Searches of a block of needs over their fastest layouts.

    found   of each need, None where only the program can tell
    closed  needs that no gang of these sizes can do
    level   cost from which on a gang of a need is neither the plan nor an alternative that is shown
    unsound needs whose bounds turned out wrong
    """

    def __init__(self, contexts: Sequence[Context], survey: Survey) -> None:
        self.contexts, self.catalog = contexts, contexts[0].catalog
        self.survey, self.prices = survey, Prices(contexts)
        self.usd = np.array([self.catalog.convert(1.0, "USD", c.settled.currency) for c in contexts])
        self.found: list[Found | None] = [None] * len(contexts)
        self.closed = np.zeros(len(contexts), dtype=bool)
        self.unsound = np.zeros(len(contexts), dtype=bool)
        self.level = np.full(len(contexts), math.inf)

    def over(self) -> None:
        """Search over what was looked at so far."""
        own, known = self._singles()
        unsure = self.unsound | self._open(own, known)
        for i, one in enumerate(own):
            self.closed[i] = not unsure[i] and not one.single.allowed.any()
            if not unsure[i] and not self.closed[i]:
                table, rows = self.survey.judged.table, self.survey.row[known[i]]
                self.found[i] = _found(self.contexts[i].pack, table, one, rows)

    def set_levels(self) -> None:
        """From what was looked at so far: nothing dearer than the last alternative that is shown matters."""
        own, _ = self._singles()
        self.level = np.array([_shown(self.catalog.offers, one) for one in own])

    def _singles(self) -> tuple[list[_Own], list[np.ndarray]]:
        """The gangs of equal nodes of each need, up to its level; what was looked at of each."""
        survey, known = self.survey, self.survey.known()
        pairs = self._pairs(known, [one.single for one in survey.offered])
        pairs = pairs.take(np.flatnonzero(self._least(pairs) <= self.level[pairs.need] * (1 + SLACK)))
        cost, elapsed = self._costs(pairs)
        self.unsound |= self._unsound(pairs, cost)
        own = []
        for i, context in enumerate(self.contexts):
            here, lots, gangs = pairs.of(i), survey.offered[i].single.lots, survey.gangs(known[i])
            gang = np.searchsorted(known[i], pairs.at[here])
            single = priced(lots, gangs, pairs.lot[here], gang, cost[here], elapsed[here], context.limits)
            own.append(_Own(lots, gangs, single))
        return own, known

    def _pairs(self, known: Sequence[np.ndarray], lots: Sequence[LotsOf]) -> _Pairs:
        """Gangs that were looked at, with the lots that could carry them; by need, lot and gang."""
        parts = [of.pairs(self.survey.group[own]) for own, of in zip(known, lots, strict=True)]
        need = np.repeat(np.arange(len(parts)), [len(lot) for _, lot in parts])
        at = np.concatenate([own[gang] for own, (gang, _) in zip(known, parts, strict=True)])
        lot = np.concatenate([lot for _, lot in parts])
        offer = np.concatenate([of.lots.offer[lot] for of, (_, lot) in zip(lots, parts, strict=True)])
        order = np.lexsort((at, lot, need))
        return _Pairs(need[order], at[order], lot[order], offer[order])

    def _least(self, pairs: _Pairs) -> np.ndarray:
        """What pairs cost at least: rent of all cards for the hours at work; -infinite if bought."""
        each = rent_of_card(self.catalog)[pairs.offer] * self.usd[pairs.need]
        return np.asarray(each * (self.survey.size * self.survey.hours)[pairs.at])

    def _costs(self, pairs: _Pairs) -> tuple[np.ndarray, np.ndarray]:
        """(cost of a unit, hours) of each pair."""
        nodes = np.ceil(self.survey.size / self.survey.node)[pairs.at]
        return self.prices.of_jobs(pairs.need, pairs.offer, self.survey.hours[pairs.at], nodes)

    def _unsound(self, pairs: _Pairs, cost: np.ndarray) -> np.ndarray:
        """Needs of which a gang of equal nodes costs less than its bound: then the bounds prove nothing."""
        total = cost * (self.survey.size[pairs.at] // self.catalog.offers.gpus[pairs.offer])
        sound = total >= self._least(pairs) * (1 - SLACK)
        sound &= total >= self.survey.least[pairs.at] * (1 - SLACK)
        return np.bincount(pairs.need, ~sound, minlength=len(self.contexts)) > 0

    def _open(self, own: Sequence[_Own], known: Sequence[np.ndarray]) -> np.ndarray:
        """Needs of which nodes of several sizes could beat the best gang of equal nodes."""
        survey, best = self.survey, [best_of(one.single, one.gangs) for one in own]
        most = np.array([one.cost for one in best])
        pairs = self._pairs(known, [one.sums for one in survey.offered])
        pairs = pairs.take(np.flatnonzero(self._least(pairs) <= most[pairs.need] * (1 + SLACK)))
        cost, elapsed = self._costs(pairs)
        found = np.zeros(len(self.contexts), dtype=bool)
        for i in np.unique(pairs.need).tolist():
            here, limits, gangs = pairs.of(i), self.contexts[i].limits, own[i].gangs
            gang, lots = np.searchsorted(known[i], pairs.at[here]), survey.offered[i].sums.lots
            could = could_beat(lots, gangs, pairs.lot[here], gang, cost[here], elapsed[here], limits, best[i])
            size = gangs.size[gang]
            could &= (size <= limits.max_cards) & (size <= limits.quota_of(gangs.card[gang]))
            found[i] = could.any()
        return found


def _found(pack: Pack, table: Table, own: _Own, rows: np.ndarray) -> Found:
    """The first of the cheapest gangs: fewest cards, then most memory, then the first name. rows: of the gangs."""
    single, gangs, lots = own.single, own.gangs, own.lots
    cost = float(single.cost[single.allowed].min())
    tied = np.flatnonzero(single.allowed & (single.cost <= cost * (1 + TOLERANCE))).tolist()

    def place(i: int) -> tuple[int, float, str]:
        gang = int(single.gang[i])
        return int(gangs.size[gang]), -float(gangs.memory[gang]), lots.names(int(lots.offer[single.lot[i]]))

    i = min(tied, key=place) if len(tied) > 1 else tied[0]
    lot, gang = int(single.lot[i]), int(single.gang[i])
    units = int(gangs.size[gang] // lots.gpus[lot])
    total = float(single.cost[i] / units) * units  # as the program adds it up
    return Found(
        table,
        Assessment(pack, {}, {}, []),
        np.zeros(0, dtype=bool),
        solution=Solution("optimal", {}, total, total, 0.0, 0),
        picks=[Pick(int(lots.offer[lot]), units, int(rows[gang]))],
        options=job_options(single, lots, gangs),
        elapsed=float(single.elapsed[i]),
    )


def _shown(offers: Offers, own: _Own) -> float:
    """The cost of the last alternative shown, each of another card or kind of purchase; infinite if there are fewer."""
    single, lots = own.single, own.lots
    allowed = np.flatnonzero(single.allowed)
    order = allowed[np.argsort(single.cost[allowed], kind="stable")]
    offer = lots.offer[single.lot[order]]
    kinds: set[tuple[int, int]] = set()
    for i, kind in enumerate(zip(offers.card[offer].tolist(), offers.purchase[offer].tolist(), strict=True)):
        kinds.add(kind)
        if len(kinds) > SHOWN:
            return float(single.cost[order[i]])
    return math.inf
