"""Quantities of lines as rows of one table: many lines share the names, and few of the numbers are ever read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np


class Numbers(Mapping[str, float]):
    """Numbers by name, in the order of the names."""

    __slots__ = ("at", "row")

    def __init__(self, at: Mapping[str, int], row: np.ndarray) -> None:
        """at: position of each name in the row, shared by rows alike."""
        self.at, self.row = at, row

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Numbers:
        """Of any mapping."""
        if isinstance(values, Numbers):
            return values
        return cls({name: i for i, name in enumerate(values)}, np.array([*values.values()], dtype=float))

    def __getitem__(self, name: str) -> float:
        number: float = self.row.item(self.at[name])
        return number

    def get(self, name: str, default: Any = None) -> Any:
        """The number, or what is given where there is none."""
        at = self.at.get(name)
        return default if at is None else self.row.item(at)

    def __contains__(self, name: object) -> bool:
        return name in self.at

    def __iter__(self) -> Iterator[str]:
        return iter(self.at)

    def __len__(self) -> int:
        return len(self.at)

    def __or__(self, other: Mapping[str, float]) -> dict[str, float]:
        return {**self, **other}


class Part(Protocol):
    """What has quantities: as expected, and at the better and worse ends; the same names in one order."""

    @property
    def values(self) -> Mapping[str, float]: ...
    @property
    def low(self) -> Mapping[str, float]: ...
    @property
    def high(self) -> Mapping[str, float]: ...


class Alike(NamedTuple):
    """Parts with the same names. at: position of each name; places: of the parts; numbers: (parts, ends, names)."""

    at: Mapping[str, int]
    places: np.ndarray
    numbers: np.ndarray

    def of(self, names: Sequence[str]) -> np.ndarray:
        """(parts, ends, names), which all of them have."""
        return self.numbers[:, :, [self.at[name] for name in names]]


class Stack:
    """Quantities of many parts. groups: parts with the same names together."""

    def __init__(self, parts: Sequence[Part]) -> None:
        found: dict[int, tuple[Mapping[str, int], list[int], list[np.ndarray]]] = {}
        for i, part in enumerate(parts):
            own = Numbers.of(part.values)
            _, places, rows = found.setdefault(id(own.at), (own.at, [], []))
            places.append(i)
            rows += (own.row, Numbers.of(part.low).row, Numbers.of(part.high).row)
        self.size = len(parts)
        self.groups = [
            Alike(at, np.array(places), np.array(rows).reshape(len(places), 3, len(at)))
            for at, places, rows in found.values()
        ]

    def of(self, names: Sequence[str]) -> np.ndarray:
        """(parts, ends, names): 0 where a part has none."""
        found = np.zeros((self.size, 3, len(names)))
        for one in self.groups:
            known = [k for k, name in enumerate(names) if name in one.at]
            found[one.places[:, None, None], np.arange(3)[:, None], known] = one.of([names[k] for k in known])
        return found
