"""Columns over two axes that are read at pairs of positions: as few numbers are fetched as there are different ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """Numbers over two axes, kept over those that change them.

    kept  one number, or in the order of the axes that are left; by: those axes, as positions in (first, second)
    """

    kept: Any
    by: tuple[int, ...]

    def at(self, first: np.ndarray, second: np.ndarray, both: np.ndarray) -> Any:
        """The numbers at pairs of positions. both: first * length of the second axis + second."""
        if not self.by:
            return self.kept
        return self.kept.take(both if len(self.by) == 2 else (first, second)[self.by[0]])


def column(values: Any) -> Column:
    """From what broadcasts to (first axis, second axis)."""
    array = np.atleast_2d(np.asarray(values, dtype=float))
    if (array[0] == array[-1]).all() and (array == array[:1]).all():
        array = array[:1]
    if (array[:, 0] == array[:, -1]).all() and (array == array[:, :1]).all():
        array = array[:, :1]
    by = tuple(axis for axis in (0, 1) if array.shape[axis] > 1)
    return Column(array.reshape(-1) if by else float(array[0, 0]), by)
