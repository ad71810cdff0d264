"""The quantities of a plan with both their ends, kept as columns: a plan has a hundred of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.units import finite


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity with its unit: expected, and at the better and worse ends of the assumptions."""

    value: float
    unit: str
    low: float
    high: float
    label: str = ""


class Bands(Mapping[str, Band]):
    """Quantities by name, in the order they are shown."""

    def __init__(self, about: Sequence[tuple[str, str, str]], ends: Sequence[Sequence[float]]) -> None:
        """about: name, unit and label of each; ends: of each the value expected, and the two ends in any order.

        An end that is not known is left out; where no value is, neither end is.
        """
        columns = np.array(ends, dtype=float).reshape(len(about), 3)
        unknown = np.isnan(columns[:, 0])
        low, high = np.fmin.reduce(columns, axis=1), np.fmax.reduce(columns, axis=1)
        low[unknown], high[unknown] = np.nan, np.nan
        self._finite = bool(np.isfinite(columns).all())
        self._about = {name: (unit, label) for name, unit, label in about}
        self._ends = dict(
            zip(
                self._about,
                zip(columns[:, 0].tolist(), low.tolist(), high.tolist(), strict=True),
                strict=True,
            )
        )

    def __getitem__(self, name: str) -> Band:
        value, low, high = self._ends[name]
        unit, label = self._about[name]
        return Band(value, unit, low, high, label)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ends)

    def __len__(self) -> int:
        return len(self._ends)

    def json(self) -> dict[str, dict[str, Any]]:
        """Of each all fields but the label; null where infinite."""
        ends: Iterable[Iterable[Any]] = self._ends.values()
        if not self._finite:
            ends = (map(finite, own) for own in ends)
        return {
            name: {"value": value, "unit": unit, "low": low, "high": high}
            for (name, (unit, _)), (value, low, high) in zip(self._about.items(), ends, strict=True)
        }
