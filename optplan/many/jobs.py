"""Blocks of `finetune` needs -> what the search of each one finds.

Needs that differ only in how much there is to do share their fastest layouts (`alike`). Candidates of others are judged
card by card, all needs of the block at once. Gangs of equal nodes are then compared directly; a need whose nodes of
several sizes could be cheaper is left to the program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from optplan.candidates import Table
from optplan.catalog import Offers
from optplan.evaluate import Assessment
from optplan.many.alike import kinds_of, shared_surveys
from optplan.many.bounds import least_costs
from optplan.many.cards import RENTED, Offered, Survey, every_card, fastest, offered_by
from optplan.many.grids import Grid, slots_of
from optplan.planner.context import Context
from optplan.planner.found import SHOWN, Found, Pick
from optplan.planner.jobs import job_options
from optplan.planner.prices import Prices
from optplan.program.jobs import (
    Best,
    Gangs,
    Lots,
    Single,
    best_of,
    could_beat,
    priced,
    single_pairs,
    sum_pairs,
)
from optplan.rule import Pack
from optplan.solve import Solution
from optplan.units import TOLERANCE

HEAD = 48  # pairs of lot and gang of a need that are priced before others
CELLS = 24_000  # needs x candidates at once: columns that stay in the cache
FIRST = 5  # cards that are looked at before others
SLACK = 1e-6  # of a bound: float noise of another order of sums
BLOCK = 256  # needs whose rules are evaluated together: columns that stay in the cache


def jobs(contexts: Sequence[Context]) -> list[Found | None]:
    """The search of each need, None where only the program can tell; all have one task, pack and catalog."""
    found: list[Found | None] = []
    for start in range(0, len(contexts), BLOCK):
        found += _block(contexts[start : start + BLOCK])
    return found


def _block(contexts: Sequence[Context]) -> list[Found | None]:
    """Needs that share what the rules say with others, then those on their own."""
    kinds = kinds_of(contexts)
    shared = [i for i, kind in enumerate(kinds) if kind is not None]
    surveys = shared_surveys([contexts[i] for i in shared], [kinds[i] for i in shared])
    known = {i: survey for i, survey in zip(shared, surveys, strict=True) if survey is not None}
    found = dict(zip(known, _searched([contexts[i] for i in known], list(known.values())), strict=True))
    alone = [i for i in range(len(contexts)) if i not in known]
    found |= zip(alone, _by_card([contexts[i] for i in alone]), strict=True)
    return [found[i] for i in range(len(contexts))]


def _searched(contexts: Sequence[Context], surveys: Sequence[Survey]) -> list[Found | None]:
    """Needs whose fastest layouts are known."""
    return _Searcher(contexts).search(surveys) if contexts else []


def _by_card(contexts: Sequence[Context]) -> list[Found | None]:
    """Needs whose cards are looked at one after the other, as far as they matter."""
    if not contexts:
        return []
    survey = _Surveyor(contexts)
    found = survey.search(survey.survey(survey.first))
    more = survey.more(found)
    again: list[int] = np.flatnonzero(more.any(axis=1)).tolist()
    if again:
        for i, one in zip(again, survey.search(survey.survey(more), again), strict=True):
            found[i] = one
    return found


def _costs(
    prices: Prices, lots: list[Lots], gangs: list[Gangs], pairs: list[tuple[np.ndarray, np.ndarray]]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """(cost of a unit, hours) of the pairs of lots and gangs of each need."""
    sizes = [len(lot) for lot, _ in pairs]
    need = np.repeat(np.arange(len(pairs)), sizes)
    offers, hours, nodes = (
        np.concatenate(parts)
        for parts in (
            [own.offer[lot] for own, (lot, _) in zip(lots, pairs, strict=True)],
            [own.hours[gang] for own, (_, gang) in zip(gangs, pairs, strict=True)],
            [np.ceil(own.size[gang] / own.node[gang]) for own, (_, gang) in zip(gangs, pairs, strict=True)],
        )
    )
    cost, elapsed = prices.of_jobs(need, offers, hours, nodes)
    ends = np.cumsum(sizes)[:-1]
    return list(zip(np.split(cost, ends), np.split(elapsed, ends), strict=True))


def _found(pack: Pack, table: Table, offered: Offered, survey: Survey, single: Single) -> Found:
    """The first of the cheapest gangs: fewest cards, then most memory, then the first name."""
    gangs, lots = survey.gangs, offered.best
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
        picks=[Pick(int(lots.offer[lot]), units, int(survey.row[gang]))],
        options=job_options(single, lots, gangs),
        elapsed=float(single.elapsed[i]),
    )


class _Searcher:
    """Searches of a block of needs over their fastest layouts."""

    def __init__(self, contexts: Sequence[Context]) -> None:
        self.contexts, self.catalog = contexts, contexts[0].catalog
        self.offered = [offered_by(c.catalog, c.settled.allowed.tobytes()) for c in contexts]
        self.table = every_card(self.catalog)[1]

    def _floor(self, need: int, card: np.ndarray) -> np.ndarray:
        """What gangs of these cards are known to cost at least."""
        return np.full(len(card), -math.inf)

    def search(self, surveys: Sequence[Survey], some: Sequence[int] | None = None) -> list[Found | None]:
        """The search of the needs (all if None); surveys: of every need."""
        needs = list(range(len(self.contexts))) if some is None else list(some)
        own, contexts = [self.offered[i] for i in needs], [self.contexts[i] for i in needs]
        gangs, lots = [surveys[i].gangs for i in needs], [self.offered[i].best for i in needs]
        pairs = [single_pairs(*one) for one in zip(lots, gangs, strict=True)]
        least = [self._least(*one) for one in zip(needs, lots, gangs, pairs, strict=True)]
        prices = Prices(contexts)
        head = [
            np.sort(np.argpartition(low, HEAD)[:HEAD]) if len(low) > HEAD else np.arange(len(low))
            for low in least
        ]
        level = [
            _level(contexts[k], single, lots[k], gangs[k])
            for k, single in enumerate(_priced(prices, contexts, lots, gangs, pairs, head))
        ]
        kept = [np.flatnonzero(low <= top * (1 + SLACK)) for low, top in zip(least, level, strict=True)]
        singles = _priced(prices, contexts, lots, gangs, pairs, kept)
        best = [best_of(*one) for one in zip(singles, gangs, strict=True)]
        open_ = self._sums(needs, prices, gangs, best)
        found: list[Found | None] = []
        for k, (i, context) in enumerate(zip(needs, contexts, strict=True)):
            sound = (singles[k].cost >= least[k][kept[k]] * (1 - SLACK)).all()
            sound &= (singles[k].cost >= self._floor(i, lots[k].card[singles[k].lot]) * (1 - SLACK)).all()
            alone = math.isinf(best[k].cost) or open_[k] or not sound
            found.append(None if alone else _found(context.pack, self.table, own[k], surveys[i], singles[k]))
        return found

    def _least(self, need: int, lots: Lots, gangs: Gangs, pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """What pairs of lot and gang cost at least: rent of all cards for the hours at work; nothing if bought."""
        lot, gang = pairs
        offers, to = self.catalog.offers, self.contexts[need].settled.currency
        rates = np.array([self.catalog.convert(1.0, code, to) for code in offers.currencies])
        each = offers.price[lots.offer] * rates[offers.currency[lots.offer]] / lots.gpus
        each = np.where(np.isin(offers.purchase[lots.offer], RENTED), each, -math.inf)
        return np.asarray(each[lot] * (gangs.size * gangs.hours)[gang])

    def _sums(self, needs: list[int], prices: Prices, gangs: list[Gangs], best: list[Best]) -> list[bool]:
        """Whether nodes of several sizes could beat the best gang of equal nodes of each need."""
        contexts, lots = [self.contexts[i] for i in needs], [self.offered[i].near for i in needs]
        pairs = []
        for k, i in enumerate(needs):
            lot, gang = sum_pairs(lots[k], gangs[k], contexts[k].limits)
            could = self._least(i, lots[k], gangs[k], (lot, gang)) <= best[k].cost * (1 + SLACK)
            pairs.append((lot[could], gang[could]))
        costs = _costs(prices, lots, gangs, pairs)
        return [
            bool(could_beat(lots[k], gangs[k], *pairs[k], *costs[k], contexts[k].limits, best[k]).any())
            for k in range(len(needs))
        ]


class _Surveyor(_Searcher):
    """Searches card by card: only those cards whose bound could matter are looked at.

    least   (needs, cards): no gang of the card costs less; -infinite where no bound is known, infinite where the
            need has no offer of it
    first   cards that are looked at first
    """

    def __init__(self, contexts: Sequence[Context]) -> None:
        super().__init__(contexts)
        self.cards = every_card(self.catalog)[0]
        self.grid = Grid(contexts, slots_of(contexts))
        self.seen: list[tuple[np.ndarray, ...]] = [tuple(np.zeros(0, dtype=np.int64) for _ in range(6))]
        self.least = least_costs(contexts, self.grid, [own.rents for own in self.offered])
        rank = np.argsort(np.argsort(self.least, axis=1, kind="stable"), axis=1, kind="stable")
        self.first = np.isfinite(self.least) & (rank < FIRST) | np.isneginf(self.least)

    def _floor(self, need: int, card: np.ndarray) -> np.ndarray:
        floor: np.ndarray = self.least[need, card]
        return floor

    def more(self, found: list[Found | None]) -> np.ndarray:
        """(needs, cards): others that could be the plan or one of the alternatives that are shown."""
        level = np.array([self._shown(i, one) for i, one in enumerate(found)])
        more: np.ndarray = (
            (self.least <= level[:, None] * (1 + SLACK)) & np.isfinite(self.least) & ~self.first
        )
        return more

    def _shown(self, need: int, found: Found | None) -> float:
        """The cost of the last alternative that is shown; infinite where there are fewer."""
        if found is None:
            return math.inf
        offers = self.catalog.offers
        chosen = _kind(offers, found.picks[0].offer)
        others = [o.cost for o in found.options if _kind(offers, o.offer) != chosen]
        return others[SHOWN - 1] if len(others) >= SHOWN else math.inf

    def survey(self, wanted: np.ndarray) -> list[Survey]:
        """The fastest layout that holds of each wanted card, size and node of every need, and of cards seen before."""
        contexts = self.contexts
        found, offset = self.seen, 0
        for card in self.cards:
            every = np.flatnonzero(wanted[:, card.code])
            step = max(1, CELLS // len(card.table))
            for first in range(0, len(every), step):
                rows = every[first : first + step]
                found.append(fastest(contexts, self.offered, card, self.grid, rows, offset))
            offset += len(card.table)
        need, code, size, node, hours, row = (np.concatenate(parts) for parts in zip(*found, strict=True))
        order = np.lexsort((node, size, code, need))
        memory = np.array([c.usable_gib for c in self.catalog.cards.values()])
        columns = [column[order] for column in (code, size, node, hours, memory[code], row)]
        ends = np.searchsorted(need[order], np.arange(1, len(contexts)))
        split = zip(*(np.split(column, ends) for column in columns), strict=True)
        return [Survey(Gangs(*parts[:5]), parts[5]) for parts in split]


def _priced(
    prices: Prices, contexts: list[Context], lots: list[Lots], gangs: list[Gangs],
    pairs: list[tuple[np.ndarray, np.ndarray]], kept: list[np.ndarray],
) -> list[Single]:  # fmt: skip
    """Some of the pairs of each need, with what they cost."""
    some = [(lot[rows], gang[rows]) for (lot, gang), rows in zip(pairs, kept, strict=True)]
    costs = _costs(prices, lots, gangs, some)
    each = zip(lots, gangs, some, costs, contexts, strict=True)
    return [priced(lot, gang, *pair, *cost, context.limits) for lot, gang, pair, cost, context in each]


def _level(context: Context, single: Single, lots: Lots, gangs: Gangs) -> float:
    """The cost from which on a gang is neither the plan nor an alternative that is shown."""
    best = best_of(single, gangs)
    if math.isinf(best.cost):
        return math.inf
    offers = context.catalog.offers
    tied = single.allowed & (single.cost <= best.cost * (1 + TOLERANCE))
    chosen = {_kind(offers, int(lots.offer[lot])) for lot in single.lot[tied].tolist()}
    if len(chosen) > 1:
        return math.inf  # which of them is taken is not known yet
    others = [o.cost for o in job_options(single, lots, gangs) if _kind(offers, o.offer) not in chosen]
    return others[SHOWN - 1] if len(others) >= SHOWN else math.inf


def _kind(offers: Offers, offer: int) -> tuple[int, int]:
    """Card and kind of purchase."""
    return int(offers.card[offer]), int(offers.purchase[offer])
