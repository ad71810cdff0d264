"""Speeds of all candidates that hold, where many needs share them: each is evaluated once, and none again."""

from __future__ import annotations

import numpy as np

from optplan.many.layouts import Judged
from optplan.ranges import ranges


class Speeds:
    """Candidates that hold, by kind of need and group.

    best  (kinds, groups): token/s of the fastest; -infinite where none holds
    """

    def __init__(self, judged: Judged) -> None:
        """judged: its target is a speed."""
        fits = judged.fits()
        kind, group = np.nonzero(fits)
        at, self._row = judged.rows(kind, group)
        self._found = judged.of(kind[at], self._row)
        bounds = np.searchsorted(at, np.arange(len(kind) + 1))
        self._first, self._count = np.zeros((2, *fits.shape), dtype=np.int64)
        self._first[kind, group], self._count[kind, group] = bounds[:-1], np.diff(bounds)
        self.best = np.full(fits.shape, -np.inf)
        np.fmax.at(self.best, (kind[at], group[at]), self._found)

    def of(self, kind: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(position in kind and group, row of the table, token/s) of candidates that hold."""
        count = self._count[kind, group]
        listed = ranges(self._first[kind, group], count)
        return np.repeat(np.arange(len(kind)), count), self._row[listed], self._found[listed]
