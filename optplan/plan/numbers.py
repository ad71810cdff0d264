"""Quantities of lines as rows of one table: many lines share the names, and few of the numbers are ever read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

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
        return float(self.row[self.at[name]])

    def __contains__(self, name: object) -> bool:
        return name in self.at

    def __iter__(self) -> Iterator[str]:
        return iter(self.at)

    def __len__(self) -> int:
        return len(self.at)

    def __or__(self, other: Mapping[str, float]) -> dict[str, float]:
        return {**self, **other}


def alike(rows: Sequence[Mapping[str, float]]) -> list[tuple[Mapping[str, int], list[int], np.ndarray]]:
    """Rows that share their names together: position of each name, places of the rows, numbers (rows, names)."""
    groups: dict[int, tuple[Mapping[str, int], list[int], list[np.ndarray]]] = {}
    for i, row in enumerate(map(Numbers.of, rows)):
        _, places, own = groups.setdefault(id(row.at), (row.at, [], []))
        places.append(i)
        own.append(row.row)
    return [(at, places, np.array(own)) for at, places, own in groups.values()]


def table_of(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> np.ndarray:
    """(rows, names): the numbers of these names, 0 where a row has none."""
    found = np.zeros((len(rows), len(names)))
    for at, places, own in alike(rows):
        known = [k for k, name in enumerate(names) if name in at]
        found[np.ix_(places, known)] = own[:, [at[names[k]] for k in known]]
    return found
