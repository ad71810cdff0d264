"""Assumptions of many needs at once: a grid of kinds of need, scenarios, names and cards, read by position."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from optplan.candidates import assumptions_for, currency_of
from optplan.catalog import Catalog
from optplan.evaluate import Scenario
from optplan.planner.context import Context

Kind = tuple[tuple[tuple[str, str], ...], Scenario]  # selectors of a need, and the end of assumptions

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
) -> dict[str, np.ndarray]:
    """Assumptions by name, one value an element; money in the currency of the element's need.

    need, scenario, card: of each element: position in contexts, in SCENARIOS, and of the card.
    """
    if not names:
        return {}
    catalog = contexts[0].catalog
    kinds, kind = grouped([tuple(sorted(c.settled.selectors.items())) for c in contexts])
    grids = np.stack([[_grid(catalog, one, scenario, names) for scenario in SCENARIOS] for one in kinds])
    alike = (grids == grids[:, :, :, :1]).all(axis=(0, 1, 3))  # cards do not change it
    of, found = kind[need], {}
    for i, name in enumerate(names):
        column = grids[:, :, i, 0][of, scenario] if alike[i] else grids[:, :, i][of, scenario, card]
        rates = _rates(contexts, [(one, "expected") for one in kinds], kind, name)
        found[name] = column if rates is None else column * rates[need]
    return found


def _rates(
    contexts: Sequence[Context], kinds: Sequence[Kind], kind: np.ndarray, name: str
) -> np.ndarray | None:
    """What turns an assumption into the currency of each need; None where it is no money."""
    catalog = contexts[0].catalog
    codes = [currency_of(assumptions_for(catalog, *one).column(name)[1]) for one in kinds]
    if not any(codes):
        return None
    wanted = [(codes[k], c.settled.currency) for k, c in zip(kind.tolist(), contexts, strict=True)]
    return np.array([catalog.convert(1.0, code, to) if code else 1.0 for code, to in wanted])


@functools.lru_cache(maxsize=4096)
def _grid(
    catalog: Catalog, selectors: tuple[tuple[str, str], ...], scenario: Scenario, names: tuple[str, ...]
) -> np.ndarray:
    """(names, cards) of one kind of need."""
    assumptions = assumptions_for(catalog, selectors, scenario)
    grid = np.empty((len(names), len(catalog.cards)))
    for i, name in enumerate(names):
        grid[i] = assumptions.column(name)[0]
    return grid


class OfCards:
    """Assumptions for candidates to be judged; with `confidence: high` at the worse end."""

    def __init__(self, contexts: Sequence[Context], names: tuple[str, ...]) -> None:
        self.names = names
        catalog = contexts[0].catalog
        kinds, self.kind = grouped([_kind(context) for context in contexts])
        grids = np.stack([_grid(catalog, *one, names) for one in kinds])  # kinds, names, cards
        self.alike = (grids == grids[:, :, :1]).all(axis=(0, 2)) if names else np.zeros(0, dtype=bool)
        self.grids = np.ascontiguousarray(grids.transpose(1, 0, 2))
        self.rates = [_rates(contexts, kinds, self.kind, name) for name in names]

    def on(self, need: np.ndarray, card: np.ndarray) -> dict[str, np.ndarray]:
        """By name: (rows, candidates), or (rows, 1) where no card changes it. need: context of each row."""
        found, kind = {}, self.kind[need]
        for i, name in enumerate(self.names):
            grid = self.grids[i, :, :1] if self.alike[i] else self.grids[i][:, card]
            value = grid[kind] if len(grid) > 1 else grid
            rates = self.rates[i]
            found[name] = value if rates is None else value * rates[need][:, None]
        return found


def _kind(context: Context) -> Kind:
    scenario: Scenario = "worse" if context.settled.need.confidence == "high" else "expected"
    return tuple(sorted(context.settled.selectors.items())), scenario
