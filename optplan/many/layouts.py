"""Rules on layouts of training jobs, in steps: what no card changes, then requirements, then the rest on what holds.

What no card changes is evaluated once for each need and layout, requirements on the cards that a need may have, and
speed or hours only where all of them hold. Which rule belongs to which step follows from the rules' graph.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from optplan.candidates import LAYOUT, layout_columns, link_columns
from optplan.catalog import Catalog
from optplan.evaluate import Assessment, evaluate
from optplan.many.cards import Sizes, every_candidate, every_group
from optplan.many.grids import Grid
from optplan.planner.context import Context
from optplan.planner.steps import LINK, steps_of

PART = 8_000  # candidates whose rules are evaluated together: columns that stay in the cache
CELLS = 400_000  # needs x candidates at once, when they are looked through


@functools.lru_cache(maxsize=8)
def _links(catalog: Catalog, sizes: Sizes) -> dict[str, np.ndarray]:
    """What the rules read of links, by row of the table of all candidates."""
    table = every_candidate(catalog, sizes)
    return link_columns(catalog, table.card, np.minimum(table.gang, table.node))


class Judged:
    """Candidates of the needs of a block, judged by the rules.

    need, row   those that hold: position of the context, row of the table of all candidates; in this order
    """

    def __init__(
        self, contexts: Sequence[Context], grid: Grid, sizes: Sizes, allowed: np.ndarray, target: str
    ) -> None:
        """allowed: (needs, groups), what limits let in; target: what will be asked of those that hold."""
        self.contexts, self.grid, self.sizes, self.target = contexts, grid, sizes, target
        self.catalog, self.pack = contexts[0].catalog, contexts[0].pack
        self.table, self.links = every_candidate(self.catalog, sizes), _links(self.catalog, sizes)
        self.by_card = frozenset({*grid.cards[0], *LINK, *grid.assumed.by_card}) - set(grid.fixed)
        self._shared = self._without_cards()
        self._cards = {name: np.stack([of[name] for of in grid.cards]) for name in grid.cards[0]}
        self.need, self.row = self._holding(self._allowed(allowed))

    def _without_cards(self) -> dict[str, Any]:
        """Inputs and rules that no card changes; columns broadcast to (needs, layouts)."""
        columns = dict(zip(LAYOUT, self.table.layouts, strict=True))
        given = {
            **self.grid.need,
            **layout_columns(columns),
            **self.grid.assumed.of_needs(),
            **self.grid.fixed,
        }
        targets = (*self.contexts[0].requirements, self.target)
        self.steps = steps_of(self.pack, targets, self.target, frozenset(given), self.by_card)
        found = evaluate(self.pack, given, self.steps.shared)
        self._verdicts = [np.asarray(v.holds, dtype=bool) for v in found.verdicts.values()]
        return found.values

    def _allowed(self, allowed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(need, row) of the candidates that limits let in and that no requirement on layouts alone refuses."""
        layouts = self.table.layouts
        can = np.ones((len(self.contexts), layouts.shape[1]), dtype=bool)
        asked = [getattr(context.settled.need, "recompute", None) for context in self.contexts]
        recompute = np.array([-1 if one is None else int(one) for one in asked])[:, None]
        can &= (recompute < 0) | (layouts[LAYOUT.index("recompute")] == recompute)
        for holds in self._verdicts:
            can &= holds
        groups, step = every_group(self.catalog, self.sizes).of_row, max(1, CELLS // max(1, len(self.table)))
        found = []
        for first in range(0, len(can), step):
            some = slice(first, first + step)
            need, row = np.nonzero(allowed[some][:, groups] & can[some][:, self.table.of_layouts])
            found.append((need + first, row))
        need, row = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return need, row

    def _holding(self, pairs: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Those of the pairs of need and row that meet the other requirements."""
        need, row = pairs
        holds = np.ones(len(need), dtype=bool)
        for part in self._parts(len(need)):
            found = self._values(need[part], row[part], self.steps.decided, self.steps.reads[0])
            for verdict in found.verdicts.values():
                holds[part] &= verdict.holds
        return need[holds], row[holds]

    def of(self, need: np.ndarray, row: np.ndarray) -> np.ndarray:
        """The target of candidates, one number each."""
        found = np.empty(len(need))
        for part in self._parts(len(need)):
            values = self._values(need[part], row[part], (self.target,), self.steps.reads[1]).values
            found[part] = values[self.target]
        return found

    def _parts(self, length: int) -> Iterable[slice]:
        return (slice(first, first + PART) for first in range(0, length, PART))

    def _values(
        self, need: np.ndarray, row: np.ndarray, targets: tuple[str, ...], reads: frozenset[str]
    ) -> Assessment:
        """Targets on pairs of need and candidate. reads: what is known of what their rules read."""
        layout, card = self.table.of_layouts[row], self.table.card[row]
        at = need * self.table.layouts.shape[1] + layout
        given = {
            name: self._of_card(name, need, row, card)
            if name in self.by_card
            else self._of_layout(name, need, layout, at)
            for name in reads
        }
        return evaluate(self.pack, given, targets)

    def _of_card(self, name: str, need: np.ndarray, row: np.ndarray, card: np.ndarray) -> Any:
        if name in self.links:
            return self.links[name][row]
        if name in self._cards:
            column = self._cards[name]
            return column[self.grid.kind[need], card] if len(column) > 1 else column[0, card]
        return self.grid.assumed.of[name][need, card]

    def _of_layout(self, name: str, need: np.ndarray, layout: np.ndarray, at: np.ndarray) -> Any:
        column = np.asarray(self._shared[name])
        if column.size == 1:
            return column.reshape(-1)[0]
        if column.ndim == 1 or len(column) == 1:
            return column.reshape(-1)[layout]
        return column[:, 0][need] if column.shape[1] == 1 else column.reshape(-1)[at]
