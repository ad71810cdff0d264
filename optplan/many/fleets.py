"""Blocks of `serve` and `generate` needs -> what the search of each one finds."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optplan.candidates import Table
from optplan.evaluate import Assessment, Verdict
from optplan.many.grids import Grid, cut, slots_of
from optplan.many.pairs import Pairs, all_candidates, node_units, outdone_rows, own_rows, pairs_of
from optplan.planner.answer.notes import tally_of
from optplan.planner.context import Context
from optplan.planner.costs.prices import Prices
from optplan.planner.costs.pricing import OF_NEED
from optplan.planner.found import Found
from optplan.planner.search.fleets import (
    Units,
    cards_alone,
    columns_of,
    owned_hours,
    settle_fleet,
    settled_fleet,
    work_of,
)
from optplan.program.ready import Asked, ready_batches
from optplan.program.spans import spans_of_each

_Costs = tuple[np.ndarray, np.ndarray, np.ndarray]
CELLS = 60_000  # rows x candidates at once: columns that stay in the cache


def fleets(contexts: Sequence[Context]) -> list[Found]:
    """The search of each need; all have one task, pack, catalog and set of fixed names."""
    table = all_candidates(contexts[0].catalog)
    step = max(1, CELLS // max(1, len(table)))
    found: list[Found] = []
    for start in range(0, len(contexts), step):
        found += _block(contexts[start : start + step], table)
    return found


def _block(contexts: Sequence[Context], table: Table) -> list[Found]:
    slots, prices, units = slots_of(contexts), Prices(contexts), node_units(contexts[0].catalog)
    assessment = Grid(contexts, slots).on(table)
    shape = (len(slots.need), len(table))
    here = [slice(int(a), int(b)) for a, b in zip(slots.first, slots.first[1:], strict=False)]
    holds = np.ones(shape, dtype=bool)
    for verdict in assessment.verdicts.values():
        holds &= np.asarray(verdict.holds, dtype=bool)
    masks = np.stack([own_rows(context) for context in contexts])
    held = masks & np.logical_and.reduceat(holds, slots.first[:-1], axis=0)
    capacity = np.asarray(assessment.values["replica_capacity"]) * units.replicas
    idle = outdone_rows(contexts[0].catalog, np.broadcast_to(capacity, shape), slots, held)
    pairs = [pairs_of(context, table, *rows) for context, *rows in zip(contexts, held, idle, strict=True)]
    each = [cut(capacity, rows, own.row) for rows, own in zip(here, pairs, strict=True)]
    costs = _costs(contexts, prices, pairs, each)
    some = [own.lots.offer[own.lot] for own in pairs]
    found = [Found(table, assessment, own) for own in held]
    rows = [own.row for own in pairs]
    settle = _batches if contexts[0].settled.need.task == "generate" else _services
    settle(contexts, table, units, some, rows, costs, found)
    return [
        one if one.picks else _own(one, table, masks[i], held[i], here[i], assessment)
        for i, one in enumerate(found)
    ]


def _services(
    contexts: Sequence[Context], table: Table, units: Units, offers: list[np.ndarray], rows: list[np.ndarray],
    costs: list[_Costs], found: list[Found],
) -> None:  # fmt: skip
    """Find the units of each service. offers, rows, costs: of its pairs."""
    for i, context in enumerate(contexts):
        columns = columns_of(context, table, units, offers[i], rows[i], *costs[i])
        settle_fleet(context, columns, context.limits, found[i], prove=False)


def _batches(
    contexts: Sequence[Context], table: Table, units: Units, offers: list[np.ndarray], rows: list[np.ndarray],
    costs: list[_Costs], found: list[Found],
) -> None:  # fmt: skip
    """Find the units of all offline work of a block, the columns of its needs one after the other."""
    sizes = [len(some) for some in rows]
    first = np.concatenate([[0], np.cumsum(sizes)])
    unit, fixed, rate = (np.concatenate(each, axis=-1) for each in zip(*costs, strict=True))
    columns = columns_of(
        contexts[0], table, units, np.concatenate(offers), np.concatenate(rows), unit, fixed, rate
    )
    setup, limits = [context.setup_hours for context in contexts], [context.limits for context in contexts]
    numbers = (
        [work_of(context) for context in contexts], setup, [one.deadline for one in limits],
        [one.min_replicas for one in limits],
    )  # fmt: skip
    spans = spans_of_each(columns, *(np.repeat(each, sizes) for each in numbers))
    asked = [
        Asked(setup[i], limits[i], context.settled.mix, cards_alone(context))
        for i, context in enumerate(contexts)
    ]
    searched = ready_batches(columns, spans, first, asked)
    for i, context in enumerate(contexts):
        here = slice(int(first[i]), int(first[i + 1]))
        own, times = columns.take(here), spans.of(here, setup[i])
        settled_fleet(context, own, times, searched[i], limits[i], found[i], prove=False)


def _costs(
    contexts: Sequence[Context], prices: Prices, pairs: list[Pairs], units: list[np.ndarray]
) -> list[_Costs]:
    """(capacity, fixed cost, hourly cost) of the units of each need's pairs; costs of one node.

    units: (classes, pairs) capacity of one.
    """
    asked: dict[Hashable, tuple[int, np.ndarray, Any]] = {}
    keys = list[Hashable]()
    for i, (context, own) in enumerate(zip(contexts, pairs, strict=True)):
        hours = owned_hours(context, units[i], own.lots.offer[own.lot])
        by_lot = isinstance(hours, float)  # then prices do not depend on the candidate
        keys.append((hours, id(own.lots), _paid_as(context)) if by_lot else i)
        asked.setdefault(keys[i], (i, own.lots.offer if by_lot else own.lots.offer[own.lot], hours))
    sizes = [len(offers) for _, offers, _ in asked.values()]
    fixed, rate = prices.of_units(
        np.repeat([i for i, *_ in asked.values()], sizes),
        np.concatenate([offers for _, offers, _ in asked.values()]),
        np.concatenate([np.broadcast_to(hours, offers.shape) for _, offers, hours in asked.values()]),
    )
    ends = np.cumsum(sizes)[:-1]
    paid = dict(zip(asked, zip(np.split(fixed, ends), np.split(rate, ends), strict=True), strict=True))
    return [
        (unit, *paid[key]) if isinstance(key, int) else (unit, *(each[own.lot] for each in paid[key]))
        for unit, own, key in zip(units, pairs, keys, strict=True)
    ]


def _paid_as(context: Context) -> Hashable:
    """All of a need that prices of lots depend on, beside the hours of ownership."""
    settled = context.settled
    read = tuple(settled.quantities.get(name) for name in OF_NEED)
    return settled.currency, read, tuple(context.fixed.items()), tuple(settled.selectors.items())


def _own(
    found: Found, table: Table, mask: np.ndarray, held: np.ndarray, rows: slice, assessment: Assessment
) -> Found:
    """The search with the need's own candidates counted, which tells why there is no plan."""
    here = np.flatnonzero(mask)
    missed = () if held.any() else assessment.verdicts.items()
    verdicts = {
        name: Verdict(*(cut(side, rows, here) for side in (v.left, v.right, v.holds))) for name, v in missed
    }
    nothing = Assessment(assessment.pack, {}, {}, [])
    return replace(found, assessment=nothing, tally=tally_of(table.card[here], held[here], verdicts))
