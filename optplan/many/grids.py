"""Rules on needs x candidates: quantities of needs down, candidates across, each rule on the smaller shape it needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.candidates import LAYOUT, Table, card_columns, layout_columns, link_columns
from optplan.evaluate import Assessment, evaluate
from optplan.planner.context import Context
from optplan.planner.costs.pricing import assumption_names
from optplan.planner.grid import OfCards, grouped


@dataclass(frozen=True, slots=True)
class Slots:
    """One row a traffic class of a need (one a need where there are none).

    need  position of its context; first: where each need's rows begin, and the end
    """

    need: np.ndarray
    first: np.ndarray


def slots_of(contexts: Sequence[Context]) -> Slots:
    """The rows of needs, in their order."""
    classes = np.array([len(c.settled.classes) or 1 for c in contexts])
    return Slots(np.repeat(np.arange(len(contexts)), classes), np.concatenate([[0], np.cumsum(classes)]))


class Grid:
    """What the rules read of the needs of a block, as columns of one row a slot; then rules on tables of candidates."""

    def __init__(self, contexts: Sequence[Context], slots: Slots) -> None:
        self.contexts, self.slots, first = contexts, slots, contexts[0]
        self.need: dict[str, np.ndarray] = {}
        for name, value in first.settled.quantities.items():
            every = [context.settled.quantities[name] for context in contexts]
            if isinstance(value, np.ndarray):
                self.need[name] = np.concatenate([v.reshape(-1) for v in every])[:, None]
            else:
                self.need[name] = np.array(every, dtype=float)[slots.need][:, None]
        selectors = [c.settled.selectors for c in contexts]
        kinds, kind = grouped([(s["precision"], s.get("method", "")) for s in selectors])
        self.cards = [card_columns(first.catalog, *one) for one in kinds]
        self.kind = kind[slots.need]
        self.assumed = OfCards(contexts, self._names())
        self.fixed = {
            name: np.array([c.fixed[name] for c in contexts])[slots.need][:, None] for name in first.fixed
        }

    def _names(self) -> tuple[str, ...]:
        """Assumptions that the rules of candidates read and nothing else gives."""
        first = self.contexts[0]
        return tuple(assumption_names(first.pack, first.targets, self.need, first.catalog))

    def on(
        self,
        table: Table,
        rows: np.ndarray | None = None,
        one_card: bool = False,
        instead: Mapping[str, Any] | None = None,
        targets: Sequence[str] | None = None,
    ) -> Assessment:
        """All rules that judge candidates; columns broadcast to (slots, candidates).

        rows: of the slots, all if None; one_card: all candidates are of one card; instead: values of rules;
        targets: what is asked of the rules, all that the task asks if None.
        """
        some = slice(None) if rows is None else rows
        values: dict[str, Any] = {name: column[some] for name, column in self.need.items()}
        catalog, card = self.contexts[0].catalog, table.card[:1] if one_card else table.card
        kind = self.kind[some]
        for name in self.cards[0]:
            column = np.stack([of[name][card] for of in self.cards])
            values[name] = column[kind] if len(column) > 1 else column
        values |= layout_columns({name: getattr(table, name) for name in LAYOUT})
        values |= link_columns(catalog, table.card, values["cards_per_node"])
        values |= self.assumed.on(self.slots.need[some], card)
        fixed = {name: column[some] for name, column in self.fixed.items()}
        first = self.contexts[0]
        asked = first.targets if targets is None else targets
        return evaluate(first.pack, values, asked, fixed | dict(instead or {}))


def cut(column: Any, rows: slice, candidates: np.ndarray) -> np.ndarray:
    """These rows and candidates of a column that broadcasts to both."""
    array = np.asarray(column)
    if array.ndim == 2 and array.shape[0] > 1:
        array = array[rows]
    if array.ndim and array.shape[-1] > 1:
        array = array[..., candidates]
    shape = rows.stop - rows.start, len(candidates)
    return array if array.shape == shape else np.broadcast_to(array, shape)
