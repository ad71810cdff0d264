"""Speeds of all candidates that hold, of kinds of need that many needs share: evaluated once, kept for later blocks."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from optplan.catalog import Catalog
from optplan.many.bounds import proven
from optplan.many.cards import Sizes
from optplan.many.grids import Grid, slots_of
from optplan.many.kinds import SPEED, Kinds
from optplan.many.layouts import Judged
from optplan.planner.context import Context
from optplan.ranges import ranges
from optplan.rule import Pack

SHARED = 8  # needs for each kind that is new, from which on all its candidates are evaluated
KEPT = 64  # kinds, of some 500 kB each


class _OfKind:
    """Candidates that hold, of one kind of need.

    judged        all candidates
    best          token/s of the fastest of each group; -infinite where none holds
    first, count  candidates of each group in the others
    row, found    row of the table, and token/s
    """

    def __init__(self, context: Context, sizes: Sizes) -> None:
        """context: of any need of the kind."""
        self.judged = judged = Judged([context], Grid([context], slots_of([context])), sizes, SPEED)
        group = np.flatnonzero(judged.fits()[0])
        at, self.row = judged.rows(np.zeros(len(group), dtype=np.int64), group)
        self.found = judged.of(np.zeros(len(at), dtype=np.int64), self.row)
        bounds = np.searchsorted(at, np.arange(len(group) + 1))
        self.first, self.count = np.zeros((2, len(judged.groups.card)), dtype=np.int64)
        self.first[group], self.count[group] = bounds[:-1], np.diff(bounds)
        self.best = np.full(len(judged.groups.card), -np.inf)
        if len(at):
            self.best[group] = np.fmax.reduceat(self.found, bounds[:-1])


class Speeds:
    """Candidates that hold, by kind of need and group.

    best  (kinds, groups): token/s of the fastest; -infinite where none holds
    fits  (kinds, groups): whether some candidate holds
    judged of each kind, alone
    """

    def __init__(self, kinds: Sequence[_OfKind]) -> None:
        self.judged = [one.judged for one in kinds]
        self.best = np.stack([one.best for one in kinds])
        self._count = np.stack([one.count for one in kinds])
        self._row = np.concatenate([one.row for one in kinds])
        self._found = np.concatenate([one.found for one in kinds])
        many = np.array([len(one.row) for one in kinds])
        self._first = np.stack([one.first for one in kinds]) + (np.cumsum(many) - many)[:, None]
        self.fits = self._count > 0

    def of(self, kind: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(position in kind and group, row of the table, token/s) of candidates that hold."""
        count = self._count[kind, group]
        listed = ranges(self._first[kind, group], count)
        return np.repeat(np.arange(len(kind)), count), self._row[listed], self._found[listed]


def speeds_of(contexts: Sequence[Context], kinds: Kinds, sizes: Sizes, target: str) -> Speeds | None:
    """Of the kinds of needs; None where too many are new, or hours do not follow from the speed."""
    if target != SPEED or not proven(contexts):
        return None
    first = contexts[0]
    own = [_slot(first.catalog, first.pack, frozenset(first.fixed), sizes, key) for key in kinds.keys]
    new = [k for k, slot in enumerate(own) if not slot]
    if len(new) * SHARED > len(contexts):
        return None
    for k in new:
        own[k].append(_OfKind(kinds.first[k], sizes))
    return Speeds([slot[0] for slot in own])


@functools.lru_cache(maxsize=KEPT)
def _slot(catalog: Catalog, pack: Pack, fixed: frozenset[str], sizes: Sizes, key: Any) -> list[_OfKind]:
    """Where what is known of a kind is kept: empty at first."""
    return []
