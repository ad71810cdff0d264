"""The quantities of a plan with both their ends, kept as columns: a plan has a hundred of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.units import finite

About = Mapping[str, tuple[int, str, str]]  # name -> position, unit and label, in the order they are shown


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

    __slots__ = ("_about", "_ends", "_finite")

    def __init__(
        self,
        about: About | None = None,
        ends: tuple[Sequence[float], Sequence[float], Sequence[float]] = ((), (), ()),
        known: bool = True,
    ) -> None:
        """ends: value, low and high of each quantity; known: all of them are finite."""
        self._about, self._ends, self._finite = about or {}, ends, known

    def __getitem__(self, name: str) -> Band:
        at, unit, label = self._about[name]
        value, low, high = (column[at] for column in self._ends)
        return Band(value, unit, low, high, label)

    def __contains__(self, name: object) -> bool:
        return name in self._about

    def __iter__(self) -> Iterator[str]:
        return iter(self._about)

    def __len__(self) -> int:
        return len(self._about)

    def json(self) -> dict[str, dict[str, Any]]:
        """Of each all fields but the label; null where infinite."""
        ends: Iterable[Iterable[Any]] = self._ends
        if not self._finite:
            ends = (map(finite, own) for own in ends)
        return {
            name: {"value": value, "unit": unit, "low": low, "high": high}
            for (name, (_, unit, _)), value, low, high in zip(self._about.items(), *ends, strict=True)
        }


def about(shown: Iterable[tuple[str, str, str]]) -> About:
    """shown: name, unit and label of each quantity."""
    return {name: (i, unit, label) for i, (name, unit, label) in enumerate(shown)}


def bands_of(abouts: Sequence[About], ends: Sequence[np.ndarray]) -> list[Bands]:
    """The bands of many plans. ends: (plans, names) as expected, and at the two ends in any order.

    An end that is not known is left out; where no value is, neither end is.
    """
    expected, a, b = ends
    low, high = (pick(pick(expected, a), b) for pick in (np.fmin, np.fmax))
    unknown = np.isnan(expected)
    low[unknown], high[unknown] = np.nan, np.nan
    known = np.logical_and.reduce([np.isfinite(end).all(axis=1) for end in ends])
    rows = zip(expected.tolist(), low.tolist(), high.tolist(), strict=True)
    return [Bands(*one) for one in zip(abouts, rows, known.tolist(), strict=True)]
