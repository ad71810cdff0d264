"""Assumptions of many needs at once: a grid of kinds of need, scenarios, names and cards, read by position."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from optplan.candidates import assumptions_for, currency_of
from optplan.catalog import Catalog
from optplan.evaluate import Scenario, selectors_of
from optplan.planner.context import Context

Kind = tuple[tuple[str, str], ...]  # selectors of a need

SCENARIOS: Final[tuple[Scenario, ...]] = ("expected", "better", "worse")


def grouped(keys: Sequence[Any]) -> tuple[list[Any], np.ndarray]:
    """The distinct keys in the order they come, and the position of each key in them."""
    position: dict[Any, int] = {}
    index = [position.setdefault(key, len(position)) for key in keys]
    return list(position), np.array(index, dtype=np.int64)


def assumed(
    contexts: Sequence[Context],
    names: tuple[str, ...],
    need: np.ndarray,
    scenario: np.ndarray,
    card: np.ndarray,
    instead: Mapping[str, str] | None = None,
) -> dict[str, np.ndarray]:
    """Assumptions by name, one value an element; money in the currency of the element's need.

    need, scenario, card: of each element: position in contexts, in SCENARIOS, and of the card.
    instead: selectors in place of the needs' own.
    """
    if not names:
        return {}
    kinds, kind = _kinds(contexts, names, instead)
    grids, of, found = _grids(contexts[0].catalog, kinds, names), kind[need], {}
    for name, grid in zip(names, grids, strict=True):
        column = grid.values[of, scenario, 0] if grid.alike else grid.values[of, scenario, card]
        rates = _rates(contexts, grid, kind)
        found[name] = column if rates is None else column * rates[need]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """One assumption.

    values   (kinds of need, scenarios, cards), or (.., 1) where they are alike
    alike    cards do not change it
    codes    currency by kind of need, None where it is no money
    """

    values: np.ndarray
    alike: bool
    codes: tuple[str | None, ...]


def _kinds(
    contexts: Sequence[Context], names: tuple[str, ...], instead: Mapping[str, str] | None = None
) -> tuple[tuple[Kind, ...], np.ndarray]:
    """What picks rows of these assumptions, and which of those each need has."""
    read = _selecting(contexts[0].catalog, names)
    every = [{**context.settled.selectors, **(instead or {})} for context in contexts]
    kinds, kind = grouped([tuple((key, own[key]) for key in read if key in own) for own in every])
    return tuple(kinds), kind


def _selecting(catalog: Catalog, names: tuple[str, ...]) -> tuple[str, ...]:
    """Selectors that tell the rows of these assumptions apart."""
    return tuple(sorted({key for name in names for key in _selecting_one(catalog, name)}))


@functools.lru_cache(maxsize=1024)
def _selecting_one(catalog: Catalog, name: str) -> frozenset[str]:
    return frozenset(key for row in catalog.assumptions[name] for key in selectors_of(row))


@functools.lru_cache(maxsize=64)
def _grids(catalog: Catalog, kinds: tuple[Kind, ...], names: tuple[str, ...]) -> list[_Grid]:
    """The grid of each name."""
    return [_grid(catalog, name, kinds) for name in names]


def _grid(catalog: Catalog, name: str, kinds: tuple[Kind, ...]) -> _Grid:
    read = _selecting_one(catalog, name)
    parts = [_of_kind(catalog, name, tuple(pair for pair in kind if pair[0] in read)) for kind in kinds]
    alike = all(one.alike for one in parts)
    values = np.stack([one.values[:, :1] if alike else one.values for one in parts])
    return _Grid(values, alike, tuple(code for one in parts for code in one.codes))


@functools.lru_cache(maxsize=16384)
def _of_kind(catalog: Catalog, name: str, kind: Kind) -> _Grid:
    """An assumption for one kind of need: (scenarios, cards)."""
    values = np.empty((len(SCENARIOS), len(catalog.cards)))
    for k, scenario in enumerate(SCENARIOS):
        values[k] = assumptions_for(catalog, kind, scenario).column(name)[0]
    code = currency_of(assumptions_for(catalog, kind, "expected").column(name)[1])
    return _Grid(values, bool((values == values[:, :1]).all()), (code,))


def _rates(contexts: Sequence[Context], grid: _Grid, kind: np.ndarray) -> np.ndarray | None:
    """What turns an assumption into the currency of each need; None where it is no money."""
    if not any(grid.codes):
        return None
    codes = [grid.codes[k] for k in kind.tolist()]
    wanted = [context.settled.currency for context in contexts]
    catalog = contexts[0].catalog
    pairs = list(zip(codes, wanted, strict=True))
    rate = {(code, to): catalog.convert(1.0, code, to) if code else 1.0 for code, to in set(pairs)}
    return np.array([rate[pair] for pair in pairs])


class OfCards:
    """Assumptions for candidates to be judged; with `confidence: high` at the worse end.

    by_card  names that depend on the card
    """

    def __init__(self, contexts: Sequence[Context], names: tuple[str, ...]) -> None:
        kinds, kind = _kinds(contexts, names)
        ends = ["worse" if c.settled.need.confidence == "high" else "expected" for c in contexts]
        end = np.array([SCENARIOS.index(one) for one in ends])
        self.of: dict[str, np.ndarray] = {}  # name -> (needs, cards), or (needs, 1) where no card changes it
        for name, grid in zip(names, _grids(contexts[0].catalog, kinds, names), strict=True):
            own = grid.values[kind, end]
            rates = _rates(contexts, grid, kind)
            self.of[name] = own if rates is None else own * rates[:, None]
        self.by_card = frozenset(name for name, own in self.of.items() if own.shape[1] > 1)

    def of_needs(self) -> dict[str, np.ndarray]:
        """By name: (needs, 1), of those that no card changes."""
        return {name: own for name, own in self.of.items() if name not in self.by_card}

    def on(self, need: np.ndarray, card: np.ndarray) -> dict[str, np.ndarray]:
        """By name: (rows, candidates), or (rows, 1) where no card changes it. need: context of each row."""
        return {
            name: own[need][:, card] if name in self.by_card else own[need] for name, own in self.of.items()
        }
