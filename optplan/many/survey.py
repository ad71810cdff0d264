"""The fastest layouts of training jobs: of each need, card, size and node, only where they could matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from optplan.distinct import distinct
from optplan.many.bounds import least_costs
from optplan.many.cards import Sizes, every_group, offered_by
from optplan.many.kinds import Hours, Kinds
from optplan.many.layouts import Judged
from optplan.planner.context import Context
from optplan.program.jobs import Gangs
from optplan.ranges import ranges

FIRST = 2  # sizes and nodes of a card that are looked at before others


class Survey:
    """The fastest layouts of the training jobs of a block, looked at as far as they are asked for.

    need, group   pairs for which some layout holds, in this order
    size, node    of their gangs
    least         what a gang of the pair costs at least; -infinite where no bound is known
    hours, row    of the fastest layout of each pair; infinite where it was not looked at, or there is none
    """

    def __init__(self, contexts: Sequence[Context], keys: Sequence[Any], sizes: Sizes) -> None:
        """keys: of the needs' kinds."""
        self.contexts, self.catalog = contexts, contexts[0].catalog
        self.groups, self.kinds, self.hours_of = (
            every_group(self.catalog, sizes),
            Kinds(contexts, keys),
            Hours(contexts),
        )
        self.offered = [
            offered_by(self.catalog, c.settled.allowed.tobytes(), sizes, c.settled.max_cards)
            for c in contexts
        ]
        allowed = np.stack([own.groups for own in self.offered])
        kinds = self.kinds
        self.judged = Judged(kinds.first, kinds.grid, sizes, kinds.any(allowed), self.hours_of.target)
        self.found = np.full(len(self.judged.row), math.nan)  # speed of what was looked at
        self._pair(allowed)
        rents = [own.rents for own in self.offered]
        least = least_costs(contexts, self.groups, rents, self.hours_of, kinds)
        self.least = least[self.need, self.group]
        self.size, self.node = self.groups.size[self.group], self.groups.node[self.group]
        self.hours = np.full(len(self.need), math.inf)
        self.row = np.zeros(len(self.need), dtype=np.int64)

    def _pair(self, allowed: np.ndarray) -> None:
        """Pairs of need and group, from what holds for their kinds. allowed: (needs, groups)."""
        kind, group = self.judged.need, self.groups.of_row[self.judged.row]
        first = np.flatnonzero((np.diff(kind, prepend=-1) != 0) | (np.diff(group, prepend=-1) != 0))
        count = np.diff(first, append=len(group))
        begin = np.searchsorted(kind[first], np.arange(len(self.kinds.first) + 1))
        many = np.diff(begin)[self.kinds.of]
        pair, need = ranges(begin[self.kinds.of], many), np.repeat(np.arange(len(many)), many)
        some = allowed[need, group[first][pair]]
        pair, self.need = pair[some], need[some]
        self.group, self._first, self._count = group[first][pair], first[pair], count[pair]

    def first(self) -> np.ndarray:
        """Pairs to look at first: of every card the smallest gangs, which have the lowest bounds."""
        card = self.need * len(self.catalog.cards) + self.groups.card[self.group]
        begin = np.flatnonzero(np.diff(card, prepend=-1))
        place = np.arange(len(card)) - np.repeat(begin, np.diff(begin, append=len(card)))
        found: np.ndarray = (place < FIRST) | np.isneginf(self.least)
        return found

    def look(self, wanted: np.ndarray) -> None:
        """Find the fastest layouts of the wanted pairs; of those as fast the first, which is the plainest."""
        if not wanted.any():
            return
        first, count = self._first[wanted], self._count[wanted]
        at, need = ranges(first, count), np.repeat(self.need[wanted], count)
        new = at[np.isnan(self.found[at])]
        if len(new) and len(self.kinds.first) < len(self.contexts):
            new = distinct(new)
        self.found[new] = self.judged.of(self.judged.need[new], self.judged.row[new])
        row = self.judged.row[at]
        hours = self.hours_of(need, self.judged.table.card[row], self.found[at])
        start = np.cumsum(count) - count
        # equal within the tolerance is equal
        rounded = np.round(np.log(np.maximum(hours, 1e-12)), 9)
        rounded = np.where(np.isfinite(hours), rounded, math.inf)
        least = np.repeat(np.minimum.reduceat(rounded, start), count)
        place = np.where(rounded <= least, np.arange(len(row)), len(row))
        best = np.minimum.reduceat(place, start)
        self.hours[wanted], self.row[wanted] = hours[best], row[best]

    def known(self) -> list[np.ndarray]:
        """Of each need, the pairs whose fastest layout was found so far."""
        known = np.flatnonzero(np.isfinite(self.hours))
        return np.split(known, np.searchsorted(self.need[known], np.arange(1, len(self.contexts))))

    def gangs(self, pairs: np.ndarray) -> Gangs:
        """Some of the pairs, as gangs."""
        group, of = self.group[pairs], self.groups
        return Gangs(of.card[group], of.size[group], of.node[group], self.hours[pairs], of.memory[group])
