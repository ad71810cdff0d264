"""The fastest layouts of training jobs: of each need, card, size and node, only where they could matter."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from optplan.many.bounds import SLACK, Least, dream_speed, least_of, proven
from optplan.many.cards import Sizes, every_candidate, every_group
from optplan.many.kinds import Hours, Kinds
from optplan.many.layouts import Judged
from optplan.many.lots import Carriers, Rents, offered_by, single_span, sums_span
from optplan.many.speeds import speeds_of
from optplan.planner.context import Context
from optplan.ranges import ranges

FIRST = 8  # cards that are looked at before others where bounds are tight


class Limited:
    """Limits of needs.

    deadline  hours; budget: in the need's currency; both infinite where there is none
    most      (needs, cards of the catalog): cards in all; infinite where there is no limit
    """

    def __init__(self, contexts: Sequence[Context]) -> None:
        limits = [context.limits for context in contexts]
        self.deadline = np.array([own.deadline for own in limits])
        self.budget = np.array([own.budget for own in limits])
        cards = np.arange(len(contexts[0].catalog.cards))
        self.most = np.stack([np.minimum(own.max_cards, own.quota_of(cards)) for own in limits])

    def could(self, need: np.ndarray, card: np.ndarray, size: np.ndarray, least: Least) -> np.ndarray:
        """Whether gangs could keep to the limits of their needs, as far as bounds tell."""
        deadline, budget = self.deadline * (1 + SLACK), self.budget * (1 + SLACK)
        could = size <= self.most.take(need * self.most.shape[1] + card)
        return np.asarray(could & (least.hours <= deadline.take(need)) & (least.cost <= budget.take(need)))


class Survey:
    """The fastest layouts of the training jobs of a block, looked at as far as they are asked for.

    some          needs of which some layout of some group holds
    limits        of the needs
    need, group   pairs for which some layout holds, and that limits do not shut out, in this order
    size, node    of their gangs
    least         what a gang of the pair costs and lasts at least
    rents         what lots of needs cost at least, by card
    single, sums  offers whose nodes alone, or beside nodes of other sizes, could be the gangs
    hours, row    of the fastest layout of each pair; infinite where it was not looked at, or there is none
    """

    def __init__(self, contexts: Sequence[Context], keys: Sequence[Any], sizes: Sizes) -> None:
        """keys: of the needs' kinds."""
        self.contexts, self.catalog, self.sizes = contexts, contexts[0].catalog, sizes
        self.groups, self.hours_of = every_group(self.catalog, sizes), Hours(contexts)
        self.kinds = kinds = Kinds(contexts, keys)
        self.offered = [
            offered_by(self.catalog, c.settled.allowed.tobytes(), sizes, c.settled.max_cards)
            for c in contexts
        ]
        self.table = every_candidate(self.catalog, sizes)
        self.speeds = speeds_of(contexts, kinds, sizes, self.hours_of.target)
        fits = self.judged.fits() if self.speeds is None else self.speeds.fits
        could = np.stack([own.groups for own in self.offered]) & fits[kinds.of]
        self.some, self.limits = could.any(axis=1), Limited(contexts)
        self.rents = Rents.of([own.rents for own in self.offered])
        self.single = Carriers([own.single for own in self.offered], single_span(self.groups))
        self.sums = Carriers([own.sums for own in self.offered], sums_span(self.catalog, self.groups))
        need, group = np.nonzero(could)
        fastest = self._fastest_of(need, group)
        least = least_of(contexts, self.groups, self.rents, self.hours_of, fastest, (need, group))
        within = np.flatnonzero(
            self.limits.could(need, self.groups.card.take(group), self.groups.size.take(group), least)
        )
        self.need, self.group, self.least = need.take(within), group.take(within), least.take(within)
        self.size, self.node = self.groups.size.take(self.group), self.groups.node.take(self.group)
        self.hours = np.full(len(self.need), math.inf)
        self.row = np.zeros(len(self.need), dtype=np.int64)

    @functools.cached_property
    def judged(self) -> Judged:
        """Candidates judged for each kind, where their speeds are not known already."""
        return Judged(self.kinds.first, self.kinds.grid, self.sizes, self.hours_of.target)

    def judged_of(self, i: int) -> tuple[Judged, int]:
        """Candidates as they are judged for a need, and its position there."""
        kind = int(self.kinds.of[i])
        return (self.judged, kind) if self.speeds is None else (self.speeds.judged[kind], 0)

    def _fastest_of(self, need: np.ndarray, group: np.ndarray) -> np.ndarray:
        """Token/s that no layout of these pairs exceeds."""
        if self.speeds is not None:
            best = self.speeds.best
            return np.asarray(best.take(self.kinds.of.take(need) * best.shape[1] + group))
        if not proven(self.contexts):
            return np.full(len(need), math.inf)
        speed = dream_speed(self.kinds)[self.kinds.of[need], self.groups.card[group]]
        return np.asarray(speed * self.groups.size[group])

    def first(self) -> np.ndarray:
        """Pairs to look at first: of every card those with the lowest bounds; where those are tight, of few cards."""
        card, cost = self.groups.card[self.group], self.least.cost
        begin = np.flatnonzero(np.diff(self.need * len(self.catalog.cards) + card, prepend=-1))
        lowest = np.minimum.reduceat(cost, begin) if len(begin) else cost
        if self.speeds is not None:
            of_card = np.full((len(self.contexts), len(self.catalog.cards)), math.inf)
            of_card[self.need[begin], card[begin]] = lowest
            last = min(FIRST, len(self.catalog.cards)) - 1
            lowest = np.minimum(lowest, np.partition(of_card, last, axis=1)[self.need[begin], last])
        found: np.ndarray = cost <= np.repeat(lowest, np.diff(begin, append=len(cost)))
        return found

    def look(self, wanted: np.ndarray) -> np.ndarray:
        """Find the fastest layouts of the wanted pairs; of those as fast the first, which is the plainest.

        Those that have one.
        """
        pairs = np.flatnonzero(wanted)
        at, row, found = self._candidates(self.kinds.of[self.need[pairs]], self.group[pairs])
        if len(at):
            self._fastest(pairs, at, row, found)
        looked: np.ndarray = pairs[np.isfinite(self.hours[pairs])]
        return looked

    def _candidates(self, kind: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(position in kind and group, row of the table, speed) of candidates that hold, each evaluated once."""
        if self.speeds is not None:
            return self.speeds.of(kind, group)
        if len(self.kinds.first) == len(self.contexts):
            at, row = self.judged.rows(kind, group)
            return at, row, self.judged.of(kind[at], row)
        many = len(self.groups.card)
        codes, of = np.unique(kind * many + group, return_inverse=True)
        kind, group = np.divmod(codes, many)
        at, row = self.judged.rows(kind, group)
        found = self.judged.of(kind[at], row)
        first = np.searchsorted(at, np.arange(len(codes) + 1))
        count = np.diff(first)[of]
        shared = ranges(first[of], count)
        return np.repeat(np.arange(len(of)), count), row[shared], found[shared]

    def _fastest(self, pairs: np.ndarray, at: np.ndarray, row: np.ndarray, found: np.ndarray) -> None:
        """Keep the fastest of the candidates of pairs. at, row, found: of candidates, pair by pair."""
        hours = self.hours_of(self.need[pairs[at]], self.table.card[row], found)
        # equal within the tolerance is equal
        rounded = np.round(np.log(np.maximum(hours, 1e-12)), 9)
        rounded = np.where(np.isfinite(hours), rounded, math.inf)
        start = np.flatnonzero(np.diff(at, prepend=-1))
        least = np.repeat(np.minimum.reduceat(rounded, start), np.diff(start, append=len(at)))
        place = np.where(rounded <= least, np.arange(len(row)), len(row))
        best = np.minimum.reduceat(place, start)
        pairs = pairs[at[start]]
        self.hours[pairs], self.row[pairs] = hours[best], row[best]
