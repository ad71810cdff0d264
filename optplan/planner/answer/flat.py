"""Chosen rows of one need or of many as plain columns: one element a line, scenario and traffic class.

Rules are evaluated once for all of them, whatever the needs: an element's values do not depend on its neighbours,
so a need alone and a need among thousands get the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.candidates import LAYOUT, card_columns, layout_columns, link_columns
from optplan.planner.context import Context
from optplan.planner.costs.pricing import Pricing
from optplan.planner.found import Pick
from optplan.planner.grid import SCENARIOS, assumed, grouped


@dataclass(frozen=True, slots=True)
class Chosen:
    """One line to be: units of an offer, as a row of a table of candidates.

    need    position of its context; row: card, gang, node, tp, pp, dp, zero_stage, recompute
    """

    need: int
    pick: Pick
    row: tuple[int, ...]


@dataclass(slots=True)
class Elements:
    """Where each element is from.

    need, line  position of its context, and of its line
    slot        its traffic class, counted through all needs
    scenario    position in SCENARIOS
    rows        (8, elements): card and layout
    """

    need: np.ndarray
    line: np.ndarray
    slot: np.ndarray
    scenario: np.ndarray
    offer: np.ndarray
    units: np.ndarray
    rows: np.ndarray

    def __len__(self) -> int:
        return len(self.need)


def elements_of(contexts: Sequence[Context], chosen: Sequence[Chosen]) -> Elements:
    """Lines by scenarios by classes, in this order."""
    classes = np.array([len(c.settled.classes) or 1 for c in contexts])
    first = np.cumsum(classes) - classes
    of_line = np.array([c.need for c in chosen])
    many = np.repeat(classes[of_line], len(SCENARIOS))  # elements of each line and scenario
    start = np.cumsum(many) - many
    both = np.repeat(np.arange(len(many)), many)
    line = both // len(SCENARIOS)
    need = of_line[line]
    rows = np.array([c.row for c in chosen], dtype=np.int64).T
    return Elements(
        need=need,
        line=line,
        slot=first[need] + np.arange(len(both)) - start[both],
        scenario=both % len(SCENARIOS),
        offer=np.array([c.pick.offer for c in chosen])[line],
        units=np.array([float(c.pick.units) for c in chosen])[line],
        rows=rows[:, line],
    )


def quantities(contexts: Sequence[Context], at: Elements) -> dict[str, np.ndarray]:
    """The needs' own quantities; those of a traffic class have one value a class."""
    every = [context.settled.quantities for context in contexts]
    by_class = [name for name, value in every[0].items() if isinstance(value, np.ndarray)]
    found = {name: np.concatenate([own[name].reshape(-1) for own in every])[at.slot] for name in by_class}
    names = [name for name in every[0] if name not in found]
    table = np.array([[*map(own.__getitem__, names)] for own in every], dtype=float)
    return found | dict(zip(names, table.T[:, at.need], strict=True))


def given(
    contexts: Sequence[Context], at: Elements, names: Sequence[str], pricing: Callable[[Context], Pricing]
) -> dict[str, Any]:
    """Everything that the rules read and do not derive, hours of billing left out. names: assumptions."""
    catalog, values = contexts[0].catalog, dict[str, Any](quantities(contexts, at))
    card = at.rows[0]
    kinds, kind = grouped([(c.settled.selectors["precision"], _method(c)) for c in contexts])
    tables = [card_columns(catalog, *one) for one in kinds]
    for name in tables[0]:
        values[name] = np.stack([table[name] for table in tables])[kind[at.need], card]
    values |= layout_columns(dict(zip(LAYOUT, at.rows[1:], strict=True)))
    values |= link_columns(catalog, card, values["cards_per_node"])
    values["units"] = at.units
    currencies, currency = grouped([c.settled.currency for c in contexts])
    for i in range(len(currencies)):
        here = np.flatnonzero(currency[at.need] == i)
        if not len(here):
            continue
        some = pricing(contexts[int(at.need[here[0]])]).offer_columns(at.offer[here])
        for name, column in some.items():
            values.setdefault(name, np.empty(len(at)))[here] = column
    wanted = tuple(name for name in names if name not in values)
    return values | assumed(contexts, wanted, at.need, at.scenario, card)


def _method(context: Context) -> str:
    return context.settled.selectors.get("method", "")
