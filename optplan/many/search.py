"""Gangs of equal nodes of a block of `finetune` needs, priced at once: the cheapest, and its alternatives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optplan.catalog import PURCHASE
from optplan.evaluate import Assessment
from optplan.many.bounds import SLACK
from optplan.many.lots import Carriers, rent_of_card
from optplan.many.survey import Survey
from optplan.planner.context import Context
from optplan.planner.costs.prices import Prices
from optplan.planner.found import SHOWN, Found, Option, Pick
from optplan.planner.search.jobs import cheapest_of_each
from optplan.planner.search.shelf import shelf
from optplan.program.jobs import Best, allowed, could_beat
from optplan.solve import Solution
from optplan.units import TOLERANCE


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Offers with gangs that they could carry, over needs.

    need   position of the context
    at     position among all that was surveyed
    offer  of the catalog
    """

    need: np.ndarray
    at: np.ndarray
    offer: np.ndarray

    def take(self, rows: np.ndarray) -> _Pairs:
        """Some of them."""
        return _Pairs(self.need[rows], self.at[rows], self.offer[rows])

    def beside(self, others: _Pairs) -> _Pairs:
        """These and others."""
        columns = ((self.need, others.need), (self.at, others.at), (self.offer, others.offer))
        return _Pairs(*(np.concatenate(both) for both in columns))


@dataclass(frozen=True, slots=True)
class _Singles:
    """Gangs of equal nodes that keep to the limits, with cost and hours."""

    pairs: _Pairs
    cost: np.ndarray
    elapsed: np.ndarray

    def take(self, rows: np.ndarray) -> _Singles:
        """Some of them."""
        return _Singles(self.pairs.take(rows), self.cost[rows], self.elapsed[rows])

    def beside(self, others: _Singles) -> _Singles:
        """These and others."""
        cost = np.concatenate([self.cost, others.cost])
        elapsed = np.concatenate([self.elapsed, others.elapsed])
        return _Singles(self.pairs.beside(others.pairs), cost, elapsed)


class Search:
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
        self.limits = survey.limits
        self.found: list[Found | None] = [None] * len(contexts)
        self.closed = np.zeros(len(contexts), dtype=bool)
        self.unsound = np.zeros(len(contexts), dtype=bool)
        self.level = np.full(len(contexts), math.inf)
        nothing = np.zeros(0, dtype=np.int64)
        self.singles = _Singles(_Pairs(nothing, nothing, nothing), np.zeros(0), np.zeros(0))

    def set_levels(self) -> None:
        """From what was looked at so far: nothing dearer than the last alternative that is shown matters.

        Alternatives are each of another card or kind of purchase.
        """
        found, offers = self.singles, self.catalog.offers
        kind = offers.card[found.pairs.offer] * len(PURCHASE) + offers.purchase[found.pairs.offer]
        least = np.full((len(self.contexts), len(self.catalog.cards) * len(PURCHASE)), math.inf)
        np.minimum.at(least, (found.pairs.need, kind), found.cost)
        self.level = np.partition(least, SHOWN, axis=1)[:, SHOWN]

    def over(self) -> None:
        """Search over what was looked at so far."""
        singles = self.singles.take(
            np.flatnonzero(self.singles.cost <= self.level[self.singles.pairs.need] * (1 + SLACK))
        )
        singles = singles.take(np.lexsort((singles.pairs.at, singles.pairs.offer, singles.pairs.need)))
        first, best = self._best(singles)
        options = self._options(singles)
        unsure = self.unsound | self._open(best)
        self.closed = ~unsure & (first < 0)
        for i in np.flatnonzero(~unsure & (first >= 0)).tolist():
            self.found[i] = self._found(i, singles, int(first[i]), options[i])

    def price(self, at: np.ndarray) -> None:
        """Price the gangs of equal nodes of what was looked at, up to the levels. at: among all that was surveyed."""
        survey = self.survey
        pairs = self._pairs(at, survey.single, self.level)
        cost, elapsed = self._costs(pairs)
        need, size = pairs.need, survey.size[pairs.at]
        cost = cost * (size // self.catalog.offers.gpus[pairs.offer])
        sound = cost >= self._least(pairs) * (1 - SLACK)
        sound &= cost >= survey.least.cost[pairs.at] * (1 - SLACK)
        sound &= elapsed >= survey.least.hours[pairs.at] * (1 - SLACK)
        self.unsound[need[~sound]] = True
        limits, card = self.limits, self.catalog.offers.card[pairs.offer]
        within = limits.deadline[need], limits.budget[need], limits.most[need, card]
        kept = np.flatnonzero(allowed(size, cost, elapsed, *within))
        self.singles = self.singles.beside(_Singles(pairs, cost, elapsed).take(kept))

    def _pairs(self, at: np.ndarray, carriers: Carriers, most: np.ndarray) -> _Pairs:
        """Gangs that were looked at, with offers that could carry them for at most so much, by need."""
        survey = self.survey
        need, card = survey.need[at], survey.groups.card[survey.group[at]]
        rent = survey.rents.least[need, card] * self.usd[need] * survey.size[at] * survey.hours[at]
        at = at[rent <= most[need] * (1 + SLACK)]
        which, offer = carriers.pairs(survey.need[at], survey.group[at])
        pairs = _Pairs(survey.need[at][which], at[which], offer)
        return pairs.take(np.flatnonzero(self._least(pairs) <= most[pairs.need] * (1 + SLACK)))

    def _least(self, pairs: _Pairs) -> np.ndarray:
        """What pairs cost at least: rent of all cards for the hours at work; -infinite if bought."""
        each = rent_of_card(self.catalog)[pairs.offer] * self.usd[pairs.need]
        return np.asarray(each * (self.survey.size[pairs.at] * self.survey.hours[pairs.at]))

    def _costs(self, pairs: _Pairs) -> tuple[np.ndarray, np.ndarray]:
        """(cost of a unit, hours) of each pair."""
        at = pairs.at
        nodes = np.ceil(self.survey.size[at] / self.survey.node[at])
        return self.prices.of_jobs(pairs.need, pairs.offer, self.survey.hours[at], nodes)

    def _best(self, singles: _Singles) -> tuple[np.ndarray, Best]:
        """The first of the cheapest of each need (-1 = none): fewest cards, then most memory, then the first name."""
        need, survey = singles.pairs.need, self.survey
        cost, first = np.full(len(self.contexts), math.inf), np.full(len(self.contexts), -1)
        np.minimum.at(cost, need, singles.cost)
        tied = np.flatnonzero(singles.cost <= cost[need] * (1 + TOLERANCE))
        size = survey.size[singles.pairs.at[tied]]
        memory = survey.groups.memory[survey.group[singles.pairs.at[tied]]]
        order = np.lexsort((-memory, size, need[tied]))
        tied, size, memory = tied[order], size[order], memory[order]
        begin = np.flatnonzero(np.diff(need[tied], prepend=-1))
        own = np.repeat(begin, np.diff(begin, append=len(tied)))
        alike = np.flatnonzero((size == size[own]) & (memory == memory[own]))
        some, offers = need[tied[begin]], self.catalog.offers
        for i in alike[::-1].tolist():
            one = first[need[tied[i]]]
            name = offers.name(int(singles.pairs.offer[tied[i]]))
            if one < 0 or name <= offers.name(int(singles.pairs.offer[one])):
                first[need[tied[i]]] = tied[i]
        fewest, largest = np.full(len(cost), np.iinfo(np.int64).max), np.zeros(len(cost))
        fewest[some], largest[some] = size[begin], memory[begin]
        return first, Best(cost, fewest, largest)

    def _options(self, singles: _Singles) -> list[list[Option]]:
        """Of each need the cheapest gang of each card and kind of lot, cheapest first."""
        pairs, offers = singles.pairs, self.catalog.offers
        profile = shelf(self.catalog).lots.profile
        key = offers.card[pairs.offer] * (int(profile.max(initial=0)) + 1) + profile[pairs.offer]
        size = self.survey.size[pairs.at]
        rows = cheapest_of_each(singles.cost, size, key, pairs.need)
        offer, units = pairs.offer[rows], size[rows] // offers.gpus[pairs.offer[rows]]
        columns = (pairs.need[rows], offer, units, singles.cost[rows], singles.elapsed[rows])
        found: list[list[Option]] = [[] for _ in self.contexts]
        for i, *parts in zip(*(column.tolist() for column in columns), strict=True):
            found[i].append(Option(*parts))
        return found

    def _open(self, best: Best) -> np.ndarray:
        """Needs of which nodes of several sizes could beat the best gang of equal nodes."""
        survey, offers, limits = self.survey, self.catalog.offers, self.limits
        looked = np.flatnonzero(np.isfinite(survey.hours))
        pairs = self._pairs(looked, survey.sums, np.asarray(best.cost))
        cost, elapsed = self._costs(pairs)
        need, group, size = pairs.need, survey.group[pairs.at], survey.size[pairs.at]
        bound = size * cost / offers.gpus[pairs.offer]
        could = could_beat(
            size, survey.groups.memory[group], bound, elapsed, limits.deadline[need], limits.budget[need],
            Best(best.cost[need], best.size[need], best.memory[need]),
        )  # fmt: skip
        could &= size <= limits.most[need, survey.groups.card[group]]
        found = np.zeros(len(self.contexts), dtype=bool)
        found[need[could]] = True
        return found

    def _found(self, i: int, singles: _Singles, row: int, options: list[Option]) -> Found:
        at, offer = int(singles.pairs.at[row]), int(singles.pairs.offer[row])
        units = int(self.survey.size[at] // self.catalog.offers.gpus[offer])
        total = float(singles.cost[row] / units) * units  # as the program adds it up
        return Found(
            self.survey.table,
            Assessment(self.contexts[i].pack, {}, {}, []),
            np.zeros(0, dtype=bool),
            solution=Solution("optimal", {}, total, total, 0.0, 0),
            picks=[Pick(offer, units, int(self.survey.row[at]))],
            options=options,
            elapsed=float(singles.elapsed[row]),
        )
