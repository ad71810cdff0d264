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
    scenario: np.ndarray | int,
    card: np.ndarray,
    instead: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Assumptions by name, one value an element; money in the currency of the element's need.

    need, scenario, card: of each element: position in contexts, in SCENARIOS, and of the card. With one scenario for
    all, what is the same for all elements is one number.
    instead: selectors in place of the needs' own.
    """
    found: dict[str, Any] = {}
    cards = len(contexts[0].catalog.cards)
    rows: dict[int, np.ndarray] = {}  # kind and scenario of each element, as one number
    for name, (grid, of) in zip(names, _grids(contexts, names, instead), strict=True):
        if isinstance(scenario, int) and grid.alike and len(grid.values) == 1 and not any(grid.codes):
            found[name] = float(grid.values[0, scenario, 0])
            continue
        if id(of) not in rows:
            rows[id(of)] = of[need] * len(SCENARIOS) + scenario
        at = rows[id(of)]
        column = grid.values.take(at if grid.alike else at * cards + card)
        rates = _rates(contexts, grid, of)
        found[name] = column if rates is None else column * rates[need]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """One assumption.

    values   (kinds of need, scenarios, cards), or (.., 1) where they are alike
    alike    cards do not change it
    codes    currency by kind of need, "" where it is no money
    """

    values: np.ndarray
    alike: bool
    codes: tuple[str, ...]


def _grids(
    contexts: Sequence[Context], names: tuple[str, ...], instead: Mapping[str, str] | None = None
) -> list[tuple[_Grid, np.ndarray]]:
    """The grid of each name, and the kind of need that each context is there; the same for names alike in that."""
    catalog, found = contexts[0].catalog, []
    known: dict[tuple[str, ...], tuple[tuple[Kind, ...], np.ndarray]] = {}
    sorts, sort = grouped([tuple(context.settled.selectors.items()) for context in contexts])
    every = [{**dict(own), **(instead or {})} for own in sorts]  # of needs there are many, of these few
    for name in names:
        read = _selecting(catalog, name)
        if read not in known:
            kinds, of = grouped([tuple([(key, own[key]) for key in read if key in own]) for own in every])
            known[read] = tuple(kinds), of[sort]
        kinds_, of = known[read]
        found.append((_grid(catalog, name, kinds_), of))
    return found


@functools.lru_cache(maxsize=1024)
def _selecting(catalog: Catalog, name: str) -> tuple[str, ...]:
    """Selectors of needs that tell the rows of an assumption apart."""
    return tuple(sorted({key for row in catalog.assumptions[name] for key in selectors_of(row)}))


@functools.lru_cache(maxsize=4096)
def _grid(catalog: Catalog, name: str, kinds: tuple[Kind, ...]) -> _Grid:
    parts = [_of_kind(catalog, name, kind) for kind in kinds]
    alike = all(one.alike for one in parts)
    values = np.stack([one.values[0, :, :1] if alike else one.values[0] for one in parts])
    return _Grid(values, alike, tuple(code for one in parts for code in one.codes))


@functools.lru_cache(maxsize=16384)
def _of_kind(catalog: Catalog, name: str, kind: Kind) -> _Grid:
    """An assumption for one kind of need."""
    values = np.empty((1, len(SCENARIOS), len(catalog.cards)))
    for k, scenario in enumerate(SCENARIOS):
        values[0, k] = assumptions_for(catalog, kind, scenario).column(name)[0]
    code = currency_of(assumptions_for(catalog, kind, "expected").column(name)[1])
    return _Grid(values, bool((values == values[..., :1]).all()), (code,))


def _rates(contexts: Sequence[Context], grid: _Grid, of: np.ndarray) -> np.ndarray | None:
    """What turns an assumption into the currency of each need; None where it is no money. of: kind of each need."""
    if not any(grid.codes):
        return None
    codes = [grid.codes[k] for k in of.tolist()]
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
        ends = ["worse" if c.settled.need.confidence == "high" else "expected" for c in contexts]
        end = np.array([SCENARIOS.index(one) for one in ends])
        self.of: dict[str, np.ndarray] = {}  # name -> (needs, cards), or (needs, 1) where no card changes it
        for name, (grid, of) in zip(names, _grids(contexts, names), strict=True):
            own = grid.values[of, end]
            rates = _rates(contexts, grid, of)
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
