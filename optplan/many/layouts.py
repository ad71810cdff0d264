"""Rules on layouts of training jobs, in steps: what neither card nor node changes, what must fit, then the speed.

What no card and no node changes is evaluated once for each need and layout. So is the memory that the layout needs
however small its batch: with what the cards have, it tells which candidates hold. Speed is evaluated only on those that
are asked for. Which rule belongs to which step follows from the rules' graph.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.candidates import LAYOUT, layout_columns, link_columns
from optplan.catalog import Catalog
from optplan.evaluate import evaluate, tolerated
from optplan.many.cards import Sizes, every_candidate, every_group
from optplan.many.columns import column
from optplan.many.grids import Grid
from optplan.planner.context import Context
from optplan.planner.search.steps import LINK, steps_of
from optplan.ranges import ranges

PART = 8_000  # candidates whose rules are evaluated together: columns that stay in the cache
NODE = ("nodes", "cards_per_node")  # of what rules read of layouts, that the node changes
NEEDED, HAD = "memory_per_card", "fillable_memory"
FITS, COMPUTES = "fits_in_memory", "computes_in_precision"


@dataclass(frozen=True, slots=True, eq=False)
class Forms:
    """Layouts apart from the node: tensor, pipeline and data parallel ranks, ZeRO stage, recompute.

    columns     what rules read of them, by form
    of_row      form of each row of the table of all candidates
    place       which size and node each group has, of those that there are
    slot, first forms of each size and node, in the order of the rows of its groups, and where they begin
    of_node     what rules read of nodes and links, by row of the table
    """

    columns: dict[str, np.ndarray]
    of_row: np.ndarray
    place: np.ndarray
    slot: np.ndarray
    first: np.ndarray
    of_node: dict[str, np.ndarray]


@functools.lru_cache(maxsize=8)
def forms_of(catalog: Catalog, sizes: Sizes) -> Forms:
    """The forms of all candidates."""
    table, groups = every_candidate(catalog, sizes), every_group(catalog, sizes)
    rows = {name: getattr(table, name) for name in LAYOUT}
    kept = [name for name in LAYOUT if name != "node"]
    distinct, of_layout = np.unique(
        table.layouts[[LAYOUT.index(name) for name in kept]], axis=1, return_inverse=True
    )
    of_row = of_layout.reshape(-1)[table.of_layouts]
    own = dict(zip(kept, distinct, strict=True))
    columns = layout_columns(own | {"node": own["gang"]})
    _, some, place = np.unique(
        np.stack([groups.size, groups.node]), axis=1, return_index=True, return_inverse=True
    )
    of_node = {name: layout_columns(rows)[name] for name in NODE}
    of_node |= link_columns(catalog, table.card, of_node["cards_per_node"])
    return Forms(
        {name: column for name, column in columns.items() if name not in NODE},
        of_row,
        place.reshape(-1),
        of_row[ranges(groups.first[some], groups.count[some])],
        np.cumsum(groups.count[some]) - groups.count[some],
        of_node,
    )


class Judged:
    """Candidates of kinds of needs, judged by the rules.

    least  (kinds, forms): GiB that a card needs however small the batch; infinite where the form alone is refused
    room   (kinds, cards): GiB that there are; -infinite where a card cannot be used
    asked  whether kinds ask to recompute; -1 where they leave it open
    sure   whether candidates hold just where there is room; else that is looked at with the speed
    """

    def __init__(self, contexts: Sequence[Context], grid: Grid, sizes: Sizes, target: str) -> None:
        """contexts: one of each kind; target: what will be asked of candidates that hold."""
        self.contexts, self.grid, self.target = contexts, grid, target
        catalog, self.pack = contexts[0].catalog, contexts[0].pack
        self.table, self.groups = every_candidate(catalog, sizes), every_group(catalog, sizes)
        self.forms = forms_of(catalog, sizes)
        of_cards = {*grid.cards[0], *LINK, *NODE, *grid.assumed.by_card}
        self.by_row = frozenset(of_cards) - set(grid.fixed)
        self._cards = {name: np.stack([of[name] for of in grid.cards])[grid.kind] for name in grid.cards[0]}
        self._cards |= {name: grid.assumed.of[name] for name in grid.assumed.by_card}
        asked = [getattr(context.settled.need, "recompute", None) for context in contexts]
        self.asked = np.array([-1 if one is None else int(one) for one in asked])
        self._shared, can = self._of_forms()
        own = {*self.steps.decided} <= {FITS, COMPUTES}
        self.sure = own and not any(name in self.pack.rules for name in grid.fixed)
        self.least, self.room = self._memory(can)
        self._list()
        self._read()

    def _read(self) -> None:
        """Lay out what the rules of the target read, with requirements where it is not sure that they hold."""
        self._verified = () if self.sure else self.steps.decided
        self._reads = self.steps.reads[1] | (frozenset() if self.sure else self.steps.reads[0])
        self._of_form = {name: column(self._shared[name]) for name in self._reads - self.by_row}
        own = self._reads & self._cards.keys() & self.by_row
        self._of_card = {name: column(self._cards[name]) for name in own}

    def _of_forms(self) -> tuple[dict[str, Any], np.ndarray]:
        """Inputs and rules that neither card nor node changes, and which forms they let in: (kinds, forms)."""
        grid = self.grid
        given = {**grid.need, **self.forms.columns, **grid.assumed.of_needs(), **grid.fixed}
        targets = (*self.contexts[0].requirements, self.target)
        self.steps = steps_of(self.pack, targets, self.target, frozenset(given), self.by_row)
        found = evaluate(self.pack, given, self.steps.shared)
        asked = self.asked[:, None]
        can = (asked < 0) | (self.forms.columns["recompute"] == asked)
        self._sides = {name: (one.left, one.right) for name, one in found.verdicts.items()}
        for verdict in found.verdicts.values():
            can = can & verdict.holds
        return found.values, can

    def _memory(self, can: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What forms need and cards have. The memory of a form grows with its micro-batch, which fills what there is:

        it fits just where the smallest does, which is the one that is taken where there is no room at all.
        """
        if not self.sure:
            shape = (len(can), len(self.contexts[0].catalog.cards))
            return np.where(can, 0.0, np.inf), np.zeros(shape)
        least = evaluate(self.pack, self._shared | {HAD: 0.0}, (NEEDED,)).values[NEEDED]
        targets = [name for name in (HAD, COMPUTES) if name in self.pack.rules]
        found = evaluate(self.pack, {**self._shared, **self._cards, "nodes": 1.0}, targets)
        room = found.values[HAD]
        self._sides |= {name: (one.left, one.right) for name, one in found.verdicts.items()}
        self._sides[FITS] = (least, room)
        for verdict in found.verdicts.values():
            room = np.where(verdict.holds, room, -np.inf)
        return np.where(can & np.isfinite(least), least, np.inf), room

    def sides(self, name: str, kind: int, form: Any, card: Any) -> tuple[np.ndarray, np.ndarray]:
        """Both sides of a requirement on candidates of a kind that do not hold; only where `sure`."""
        shapes = {"form": self.least.shape, "card": self.room.shape}
        axes = ("form", "card") if name == FITS else ("card",) * 2 if name == COMPUTES else ("form",) * 2
        at = {"form": form, "card": card}
        left, right = (
            np.broadcast_to(np.asarray(side), shapes[axis])[kind].take(at[axis])
            for side, axis in zip(self._sides[name], axes, strict=True)
        )
        return left, right

    def _list(self) -> None:
        """List the forms of each kind, size and node that some card could hold."""
        least = self.least[:, self.forms.slot]
        self._smallest = np.minimum.reduceat(least, self.forms.first, axis=1)
        some = np.isfinite(least)
        self._count = np.add.reduceat(some, self.forms.first, axis=1, dtype=np.int64)
        self._begin = (np.cumsum(self._count) - self._count.reshape(-1)).reshape(self._count.shape)
        self._slot, self._needs = np.nonzero(some)[1], least[some]

    def fits(self) -> np.ndarray:
        """(kinds, groups): whether some layout holds, or may where that is not sure."""
        most = tolerated(self.room)
        return np.asarray(self._smallest[:, self.forms.place] <= most[:, self.groups.card], dtype=bool)

    def candidates(self, kind: int, group: np.ndarray) -> np.ndarray:
        """Rows of the table that recompute as a kind asks."""
        row = ranges(self.groups.first[group], self.groups.count[group])
        asked = self.asked[kind]
        return row if asked < 0 else row[self.table.recompute[row] == asked]

    def rows(self, kind: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(position in kind and group, row of the table) of candidates that hold, or may where that is not sure."""
        place = self.forms.place[group]
        count = self._count[kind, place]
        listed = ranges(self._begin[kind, place], count)
        most = tolerated(self.room[kind, self.groups.card[group]])
        some = np.flatnonzero(self._needs.take(listed) <= np.repeat(most, count))
        at = np.repeat(np.arange(len(kind)), count)[some]
        before = self.groups.first[group] - self.forms.first[place]
        return at, before[at] + self._slot[listed[some]]

    def of(self, kind: np.ndarray, row: np.ndarray) -> np.ndarray:
        """The target of candidates, one number each; nan where one turns out not to hold."""
        found = np.empty(len(kind))
        for first in range(0, len(kind), PART):
            part = slice(first, first + PART)
            found[part] = self._values(kind[part], row[part])
        return found

    def _values(self, kind: np.ndarray, row: np.ndarray) -> np.ndarray:
        form, card = self.forms.of_row.take(row), self.table.card.take(row)
        places = (
            (kind, form, kind * self.least.shape[1] + form),
            (kind, card, kind * self.room.shape[1] + card),
        )
        given = {name: one.at(*places[0]) for name, one in self._of_form.items()}
        given |= {name: one.at(*places[1]) for name, one in self._of_card.items()}
        given |= {name: one.take(row) for name, one in self.forms.of_node.items() if name in self._reads}
        found = evaluate(self.pack, given, (self.target, *self._verified))
        values = np.broadcast_to(np.asarray(found.values[self.target], dtype=float), len(row))
        for verdict in found.verdicts.values():
            values = np.where(verdict.holds, values, np.nan)
        return values
