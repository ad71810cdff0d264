"""The quantities of a plan with both their ends, kept as rows: a plan has a hundred of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import orjson

from optplan.units import finite

MARK: Final = "\0"  # in no name and no unit


@dataclass(frozen=True, slots=True)
class Band:
    """A quantity with its unit: expected, and at the better and worse ends of the assumptions."""

    value: float
    unit: str
    low: float
    high: float
    label: str = ""


class About:
    """What quantities are, in the order they are shown; many plans share it."""

    def __init__(self, shown: Iterable[tuple[str, str, str]]) -> None:
        """shown: name, unit and label of each."""
        self.of = {name: (i, unit, label) for i, (name, unit, label) in enumerate(shown)}

    def json(self, ends: Iterable[Iterable[Any]]) -> dict[str, dict[str, Any]]:
        """Of each all but the label. ends: value, low and high of each."""
        return {
            name: {"value": value, "unit": unit, "low": low, "high": high}
            for (name, (_, unit, _)), (value, low, high) in zip(self.of.items(), ends, strict=True)
        }

    @cached_property
    def template(self) -> bytes:
        """The same as text, with %b for each number."""
        text = orjson.dumps(self.json([MARK] * 3 for _ in self.of))
        return text.replace(b"%", b"%%").replace(orjson.dumps(MARK), b"%b")


class Bands(Mapping[str, Band]):
    """Quantities by name, in the order they are shown."""

    __slots__ = ("_about", "_rows")

    def __init__(self, about: About | None = None, rows: np.ndarray | None = None) -> None:
        """rows: value, low and high of each quantity."""
        self._about = About([]) if about is None else about
        self._rows = np.empty((0, 3)) if rows is None else rows

    def __getitem__(self, name: str) -> Band:
        at, unit, label = self._about.of[name]
        value, low, high = self._rows[at].tolist()
        return Band(value, unit, low, high, label)

    def __contains__(self, name: object) -> bool:
        return name in self._about.of

    def __iter__(self) -> Iterator[str]:
        return iter(self._about.of)

    def __len__(self) -> int:
        return len(self._about.of)

    def json(self) -> dict[str, dict[str, Any]]:
        """Of each all fields but the label; null where infinite."""
        rows: Iterable[Iterable[Any]] = self._rows.tolist()
        if not np.isfinite(self._rows).all():
            rows = (map(finite, own) for own in rows)
        return self._about.json(rows)

    def text(self) -> bytes:
        """The same as JSON text, in UTF-8."""
        if not len(self):
            return b"{}"
        numbers = orjson.dumps(self._rows.reshape(-1), option=orjson.OPT_SERIALIZE_NUMPY)
        return self._about.template % (*numbers[1:-1].split(b","),)


def bands_of(
    abouts: Sequence[About], expected: np.ndarray, one: np.ndarray, other: np.ndarray
) -> list[Bands]:
    """The bands of many plans. expected, one, other: (plans, names), as expected and at the two ends in any order.

    An end that is not known is left out; where no value is, neither end is.
    """
    low, high = (pick(pick(expected, one), other) for pick in (np.fmin, np.fmax))
    unknown = np.isnan(expected)
    low[unknown], high[unknown] = np.nan, np.nan
    rows = np.stack([expected, low, high], axis=-1)
    return [Bands(about, own) for about, own in zip(abouts, rows, strict=True)]
