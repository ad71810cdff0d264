"""Positions in runs of a column."""

from __future__ import annotations

import numpy as np


def ranges(first: np.ndarray, count: np.ndarray) -> np.ndarray:
    """first[0], first[0] + 1, .. count[0] of them, then those of the next, and so on."""
    before = np.cumsum(count) - count
    found: np.ndarray = np.arange(int(count.sum())) + np.repeat(first - before, count)
    return found
