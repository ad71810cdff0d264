"""Ways to run replicas as columns, and which of them no cheapest plan needs: those that copies of another beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optplan.program.limits import Limits
from optplan.units import HOUR, TOLERANCE

ROWS = 16  # columns at once that may beat others: most are beaten by the first few
SECOND = 1.0 / HOUR  # hours; billing by the second is continuous


WHOLE = ("capacity", "names", "types")  # not one value a column


@dataclass(frozen=True, slots=True)
class Columns:
    """Ways to run replicas, one a column.

    offer       index into the catalog's offers
    row         row of the table of candidates
    spans       nodes that one unit takes
    card, gpus  card index, cards of one unit (a node, or several that one replica spans)
    replicas    in one unit
    capacity    (classes, columns) requests/s of one unit
    names       ident -> text; ident is the position before any were dropped
    types       card index -> name of the card
    step        hours of one billing step
    minimum     hours that every held unit is billed for at least: a whole number of steps
    fixed       cost of holding one unit, whatever its hours
    rate        cost of one unit-hour
    """

    offer: np.ndarray
    row: np.ndarray
    spans: np.ndarray
    card: np.ndarray
    gpus: np.ndarray
    replicas: np.ndarray
    capacity: np.ndarray
    fixed: np.ndarray
    rate: np.ndarray
    memory: np.ndarray
    step: np.ndarray
    minimum: np.ndarray
    names: Callable[[int], str]
    types: Callable[[int], str]
    ident: np.ndarray

    def __len__(self) -> int:
        return len(self.offer)

    def take(self, rows: np.ndarray | slice) -> Columns:
        """The columns of these positions."""
        picked = {name: getattr(self, name)[rows] for name in self.__slots__ if name not in WHOLE}
        return Columns(**picked, capacity=self.capacity[:, rows], names=self.names, types=self.types)

    def label(self, i: int) -> str:
        """The name of a column: offer and layout."""
        return self.names(int(self.ident[i]))


def places(columns: Columns) -> np.ndarray:
    """The place of each column among those of equal cost and cards: more memory, then the first name."""
    place = np.empty(len(columns))
    place[np.lexsort((columns.offer, -columns.memory))] = np.arange(len(columns))
    return place


def usable(columns: Columns, hours: float | np.ndarray) -> np.ndarray:
    """Whether each column carries anything at a cost that is known."""
    known: np.ndarray = (columns.capacity.max(axis=0, initial=0.0) > 0) & np.isfinite(_cost(columns, hours))
    return known


def fitting(columns: Columns, limits: Limits, rows: slice = slice(None)) -> np.ndarray:
    """Whether the limits on cards let in one unit of each column, of these rows."""
    gpus = columns.gpus[rows]
    if not limits.quotas and math.isinf(limits.max_cards):
        return np.ones(len(gpus), dtype=bool)
    return np.asarray(gpus <= np.minimum(limits.quota_of(columns.card[rows]), limits.max_cards))


def _cost(columns: Columns, hours: float | np.ndarray) -> np.ndarray:
    """Of a unit for these hours, or for one where the program chooses them (hours = infinite)."""
    cost: np.ndarray = columns.fixed + columns.rate * np.where(np.isfinite(hours), hours, 1.0)
    return cost


def undominated(columns: Columns, hours: float, limits: Limits, mix: str = "any") -> Columns:
    """Drop columns that copies of another beat in cost, cards and every capacity, whatever else is in the plan.

    Under a quota, or where all must be of one type, only a column of the same card can stand in. Steps of billing
    count only where the program chooses the hours (hours = infinite). Of equals the one of fewer cards, then more
    memory, then the first name stays.
    """
    rows = np.flatnonzero(usable(columns, hours))
    return columns.take(first_rows(columns, hours, limits, mix, rows))


def first_rows(
    columns: Columns, hours: float, limits: Limits, mix: str, rows: np.ndarray | None = None
) -> np.ndarray:
    """Positions of the columns that `undominated` keeps, of usable ones. rows: positions of some of them, else all."""
    rows = np.arange(len(columns)) if rows is None else rows
    if len(rows) < 2:
        return rows
    some, kept = columns.take(rows), list[int]()
    # equal within the tolerance
    per_card = np.round(np.log(np.maximum(_cost(some, hours) / some.gpus, 1e-12)), 9)
    order = np.lexsort((some.offer, -some.memory, some.gpus, per_card))
    some, rest = some.take(order), rows[order]
    while len(rest):
        beaten, out = _beaten(some, limits, mix, math.isinf(hours)), np.zeros(len(rest), dtype=bool)
        for k, one in enumerate(rest[:ROWS].tolist()):
            if not out[k]:
                kept.append(one)
                out |= beaten[k]
        if len(rest) <= ROWS:
            break
        left = np.flatnonzero(~out[ROWS:]) + ROWS  # the first are done with
        some, rest = some.take(left), rest[left]
    return np.array(kept, dtype=int)


def _beaten(columns: Columns, limits: Limits, mix: str, stepped: bool) -> np.ndarray:
    """(first ROWS, all): which columns copies of each of the first beat."""
    more, less, gpus, card = 1 + TOLERANCE, 1 - TOLERANCE, columns.gpus, columns.card

    def of(column: np.ndarray) -> np.ndarray:
        return column[:ROWS, None]

    copies = gpus // of(gpus)
    beaten = (copies > 0) & (of(columns.replicas) * copies >= columns.replicas)
    for capacity in columns.capacity:
        beaten &= of(capacity) * copies >= capacity * less
    beaten &= of(columns.fixed) * copies <= columns.fixed * more
    beaten &= of(columns.rate) * copies <= columns.rate * more
    if stepped:
        step = of(columns.step)
        beaten &= (np.mod(columns.step, np.maximum(step, SECOND)) == 0) | (step <= SECOND)
        beaten &= of(columns.minimum) <= columns.minimum
    if limits.quotas or mix != "any":
        free = np.isinf(limits.quota_of(card)) & (mix == "any")
        beaten &= of(free) | (card == of(card))
    if limits.kg_unit is not None and limits.kg_hour is not None:
        for kg in (limits.kg_unit, limits.kg_hour):
            each = kg[columns.offer] * columns.spans
            beaten &= of(each) * np.maximum(copies, 1) <= each * more  # 0 copies of inf kg is nan
    if limits.pools:  # there is no more of it than the pool holds
        pooled = np.array([limits.pooled(int(offer)) for offer in columns.offer])
        beaten &= of(~pooled) | (columns.offer == of(columns.offer))
    return np.asarray(beaten)
