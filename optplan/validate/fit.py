"""Fitting of constants: robust, every source of equal weight, held near where mechanisms put them.

A constant is fitted in logarithms from its start; `slack` says how far (as a standard deviation of the
logarithm) mechanism lets it go, so that one which the data hardly tell stays put.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Values = dict[tuple[str, str], float]
Predict = Callable[[Mapping[tuple[str, str], float]], np.ndarray]


@dataclass(frozen=True, slots=True)
class Free:
    """A constant to fit: rows of the assumptions table that share it, each (name, key).

    start  what mechanism or literature says; slack  standard deviation of its logarithm
    most   upper limit, where one is known (an efficiency is at most 1)
    """

    rows: tuple[tuple[str, str], ...]
    start: float
    slack: float = 0.3
    most: float = np.inf

    def values(self, value: float) -> Values:
        return dict.fromkeys(self.rows, value)


def free(
    name: str, keys: str | Sequence[str], start: float, slack: float = 0.3, most: float = np.inf
) -> Free:
    """A constant of one name; several keys share it."""
    return Free(tuple((name, key) for key in ([keys] if isinstance(keys, str) else keys)), start, slack, most)


def weights(sources: Sequence[str]) -> np.ndarray:
    """1 / sqrt(rows of the source), of mean square 1: squared residuals of all sources count alike."""
    names, inverse, counts = np.unique(
        np.array(sources, dtype=object), return_inverse=True, return_counts=True
    )
    return np.asarray(np.sqrt(len(sources) / len(names) / counts[inverse]))


def fit(
    predict: Predict,
    measured: np.ndarray,
    sources: Sequence[str],
    constants: Sequence[Free],
    keep: np.ndarray | None = None,
    lean: float = 1.0,
) -> Values:
    """Constants that bring predictions nearest to measurements, in logarithms.

    keep  mask of the rows to fit on
    lean  how much dearer a prediction below the measurement is than one above
    """
    from scipy.optimize import least_squares  # an extra: fitting is rare

    mask = np.ones(len(measured), dtype=bool) if keep is None else keep
    weight = weights([s for s, k in zip(sources, mask, strict=True) if k])
    prior = np.array([c.slack for c in constants])
    strength = np.sqrt(PRIOR_WEIGHT * mask.sum() / 300)

    def residuals(x: np.ndarray) -> np.ndarray:
        off = np.log(predict(spread(constants, x)) / measured)[mask]
        off = np.where(off < 0, lean * off, off)
        return np.concatenate([weight * _soft(off), strength * x / prior])

    start = np.zeros(len(constants))
    limits = np.array([np.log(c.most / c.start) if np.isfinite(c.most) else 3.0 for c in constants])
    found: Any = least_squares(
        residuals,
        start,
        bounds=(np.full(len(constants), -3.0), np.maximum(limits, 1e-6)),
        max_nfev=40,
        x_scale=0.2,
    )
    return spread(constants, found.x)


PRIOR_WEIGHT = 0.05
SOFT = 0.12
INSIDE = 0.88  # share of left-out measurements, every source counting alike, that a band holds
TAILS = (0.4, 0.6)  # how much of the rest may lie below and above the band
LEAST, MOST = 1.25, 1.6  # a band's end is no nearer and no farther than these factors


def band(ratio: np.ndarray, sources: Sequence[str]) -> tuple[float, float]:
    """Ends of a band: quantiles of measured over predicted on sources left out, each counting alike."""
    names, inverse, counts = np.unique(
        np.array(sources, dtype=object), return_inverse=True, return_counts=True
    )
    order = np.argsort(ratio)
    share = np.cumsum((1 / counts[inverse])[order]) / len(names)
    edges = ((1 - INSIDE) * TAILS[0], 1 - (1 - INSIDE) * TAILS[1])
    places = np.minimum(np.searchsorted(share, np.array(edges)), len(ratio) - 1)
    low, high = (float(end) for end in ratio[order][places])
    return min(max(low, 1 / MOST), 1 / LEAST), max(min(high, MOST), LEAST)


def _soft(off: np.ndarray) -> np.ndarray:
    """Residuals whose squares grow only linearly beyond SOFT: an outlier is not worth ten rows."""
    return np.asarray(np.sign(off) * SOFT * np.sqrt(2 * (np.sqrt(1 + (off / SOFT) ** 2) - 1)))


def spread(constants: Sequence[Free], x: np.ndarray) -> Values:
    """Values by (name, key) of constants given as logarithms over their start."""
    found: Values = {}
    for constant, step in zip(constants, x, strict=True):
        found |= constant.values(float(constant.start * np.exp(step)))
    return found
