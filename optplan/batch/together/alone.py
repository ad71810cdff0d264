"""One need under caps on what it may take of each cell: the piece that the common program is made of."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from optplan.batch.rows import need_of
from optplan.batch.together.limits import OWNED, Cells, Shared, cells_of
from optplan.batch.work import Answer, Asked, Settings, answer_of, bad, changed
from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.plan import Plan
from optplan.planner import solve

Caps = tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """The cheapest plan of one need under caps.

    cost    in the currency of the plan; infinite without a plan
    usage   cards that it takes of each cell
    hours   how long it holds them
    answer  its row
    """

    cost: float
    currency: str
    usage: tuple[int, ...]
    hours: float
    answer: Answer


def piece(catalog: Catalog, asked: Asked, shared: Shared, caps: Caps | None, settings: Settings) -> Piece:
    """Solve one need. caps: the most cards of each cell; None for what it may take if it were the only one."""
    cells = cells_of(catalog, shared)
    try:
        need = changed(need_of(asked.raw), settings)
        capped = _capped(catalog, cells, cells.roots if caps is None else caps)
        base = None if asked.base is None else Path(asked.base)
        plan = solve(need, capped, fixed=settings.fixed, base=base, today=settings.today, explore=False)
    except BadInput as error:
        return Piece(math.inf, "", (), 0.0, bad(error.faults))
    row = plan.json()
    if "limits" in row:  # of the cells that were capped: the account of the common limits tells them
        row["limits"] = [use for use in row["limits"] if not str(use["name"]).startswith(OWNED)]
    answer = answer_of(row, settings.detail)
    if not plan.feasible:
        return Piece(math.inf, plan.currency, (), 0.0, answer)
    return Piece(plan.total_cost, plan.currency, _usage(plan, cells), plan.hours, answer)


def pieces(
    catalog: Catalog, wanted: Sequence[tuple[Asked, Caps | None]], shared: Shared, settings: Settings
) -> list[Piece]:
    """Several, at a worker."""
    return [piece(catalog, asked, shared, caps, settings) for asked, caps in wanted]


def _capped(catalog: Catalog, cells: Cells, caps: Caps) -> Catalog:
    """The catalog in which each capped cell is a pool that its offers share."""
    limited = np.array([cap is not None for cap in caps], dtype=bool)
    inside = cells.of >= 0
    pool = np.where(inside & np.append(limited, False)[cells.of], cells.of, -1)
    same = copy.copy(catalog)
    same.offers = replace(catalog.offers, pool=pool, pools=tuple(cap or 0 for cap in caps))
    return same


def _usage(plan: Plan, cells: Cells) -> tuple[int, ...]:
    taken = np.zeros(cells.counts.shape[1], dtype=int)
    for line in plan.lines:
        cell = cells.of[line.offer]
        if cell >= 0:
            taken[cell] += line.units * int(plan.catalog.offers.gpus[line.offer])
    return tuple(taken.tolist())
