"""What else a fleet could be: units of one offer alone, the cheapest of each card and kind of purchase."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from optplan.planner.context import Context
from optplan.planner.found import SHOWN, Option
from optplan.program.columns import Columns
from optplan.program.limits import Limits
from optplan.program.spans import Spans
from optplan.units import TOLERANCE

NEAR: Final = 32  # columns that are sorted first


def options_of(
    context: Context, columns: Columns, demand: Spans | np.ndarray, limits: Limits
) -> list[Option]:
    """Each card and kind of purchase alone: units, cost and hours, cheapest first; no more than a plan shows."""
    if isinstance(demand, Spans):
        units, billed = demand.few, demand.hours
    else:
        units = np.maximum(
            np.ceil(demand.sum(axis=0) * (1 - TOLERANCE)), np.ceil(limits.min_replicas / columns.replicas)
        )
        billed = units * context.settled.hours
    with np.errstate(invalid="ignore"):
        cost = units * columns.fixed + billed * columns.rate
    allowed = np.isfinite(cost) & (cost <= limits.budget * (1 + TOLERANCE))
    if limits.quotas or limits.pools or math.isfinite(limits.max_cards):
        most = np.minimum(limits.quota_of(columns.card), limits.room(columns.offer))
        allowed &= units * columns.gpus <= np.minimum(most, limits.max_cards)
    if limits.kg_unit is not None and limits.kg_hour is not None:
        kg = limits.kg_unit[columns.offer] * units + limits.kg_hour[columns.offer] * billed
        allowed &= kg * columns.spans <= limits.carbon * (1 + TOLERANCE)
    purchase, found = context.catalog.offers.purchase, dict[tuple[int, int], Option]()
    for i in _by_cost(np.where(allowed, cost, math.inf)):
        offer = int(columns.offer[i])
        way = int(columns.card[i]), int(purchase[offer])
        if way not in found:  # the cheapest of each card and kind of purchase
            n, hours = float(units[i]), context.settled.hours
            if isinstance(demand, Spans):
                hours = float(demand.alone[i]) / n + demand.setup
            found[way] = Option(offer, int(n) * int(columns.spans[i]), float(cost[i]), hours)
        if len(found) > SHOWN:  # one of them may be what was chosen
            break
    return list(found.values())


def _by_cost(cost: np.ndarray) -> Iterator[int]:
    """Positions from the least cost on, of equals the first, none of an infinite cost."""
    rows = np.flatnonzero(cost < math.inf)
    if len(rows) > 2 * NEAR:  # a few are often enough
        top = float(np.partition(cost[rows], NEAR)[NEAR])
        near = rows[cost[rows] <= top]
        yield from near[np.argsort(cost[near], kind="stable")].tolist()
        rows = rows[cost[rows] > top]
    yield from rows[np.argsort(cost[rows], kind="stable")].tolist()
