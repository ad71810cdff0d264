"""Ways to run replicas as columns, and which of them no cheapest plan needs: those that copies of another beat."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np

from optplan.program.limits import Limits
from optplan.units import HOUR, TOLERANCE

SECOND = 1.0 / HOUR  # hours; billing by the second is continuous


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

    def take(self, rows: np.ndarray) -> Columns:
        """The columns of these positions."""
        picked = {
            f.name: getattr(self, f.name)[..., rows] for f in fields(self) if f.name not in ("names", "types")
        }
        return replace(self, **picked)

    def label(self, i: int) -> str:
        """The name of a column: offer and layout."""
        return self.names(int(self.ident[i]))


def usable(columns: Columns, hours: float) -> Columns:
    """The columns that carry anything and whose cost is known."""
    known = (columns.capacity > 0).any(axis=0) & np.isfinite(_cost(columns, hours))
    return columns.take(np.flatnonzero(known))


def _cost(columns: Columns, hours: float) -> np.ndarray:
    """Of a unit for these hours, or for one where the program chooses them (hours = infinite)."""
    cost: np.ndarray = columns.fixed + columns.rate * (hours if math.isfinite(hours) else 1.0)
    return cost


def undominated(columns: Columns, hours: float, limits: Limits, mix: str = "any") -> Columns:
    """Drop columns that copies of another beat in cost, cards and every capacity, whatever else is in the plan.

    Under a quota, or where all must be of one type, only a column of the same card can stand in. Steps of billing
    count only where the program chooses the hours (hours = infinite). Of equals the one of fewer cards, then more
    memory, then the first name stays.
    """
    columns = usable(columns, hours)
    cost = _cost(columns, hours)
    per_card = np.round(np.log(np.maximum(cost / columns.gpus, 1e-12)), 9)  # equal within the tolerance
    keys = (columns.offer, -columns.memory, columns.gpus, per_card)
    rest, kept = np.lexsort(keys), []
    while len(rest):
        kept.append(int(rest[0]))
        beaten = _beaten(columns, rest, limits, mix, math.isinf(hours))
        beaten[0] = True  # it stays, but is done with
        rest = rest[~beaten]
    return columns.take(np.array(kept, dtype=int))


def _beaten(columns: Columns, rest: np.ndarray, limits: Limits, mix: str, stepped: bool) -> np.ndarray:
    """Which of the rest copies of the first one beat."""
    one, more, less = rest[0], 1 + TOLERANCE, 1 - TOLERANCE
    copies = columns.gpus[rest] // columns.gpus[one]
    beaten = (copies > 0) & (columns.replicas[one] * copies >= columns.replicas[rest])
    beaten &= (columns.capacity[:, [one]] * copies >= columns.capacity[:, rest] * less).all(axis=0)
    beaten &= columns.fixed[one] * copies <= columns.fixed[rest] * more
    beaten &= columns.rate[one] * copies <= columns.rate[rest] * more
    if stepped:
        whole = np.mod(columns.step[rest], max(columns.step[one], SECOND)) == 0
        beaten &= whole | (columns.step[one] <= SECOND)
        beaten &= columns.minimum[one] <= columns.minimum[rest]
    free = mix == "any" and bool(np.isinf(limits.quota_of(columns.card[[one]]))[0])
    beaten = beaten if free else beaten & (columns.card[rest] == columns.card[one])
    if limits.kg_unit is not None and limits.kg_hour is not None:
        for kg in (limits.kg_unit, limits.kg_hour):
            each = kg[columns.offer[rest]] * columns.spans[rest]
            beaten = beaten & (each[0] * np.maximum(copies, 1) <= each * more)  # 0 copies of inf kg is nan
    if limits.pooled(int(columns.offer[one])):  # there is no more of it than the pool holds
        beaten = beaten & (columns.offer[rest] == columns.offer[one])
    return np.asarray(beaten)
