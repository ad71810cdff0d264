"""Blocks of `serve` and `generate` needs -> what the search of each one finds."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optplan.candidates import Table
from optplan.distinct import distinct
from optplan.evaluate import Assessment, Verdict
from optplan.many.grids import Grid, cut, slots_of
from optplan.many.pairs import Pairs, all_candidates, node_units, outdone_rows, own_rows, pairs_of
from optplan.planner.answer.notes import tally_of
from optplan.planner.context import Context
from optplan.planner.costs.prices import Prices
from optplan.planner.costs.pricing import OF_NEED
from optplan.planner.found import Found
from optplan.planner.search.fleets import (
    asked_of,
    columns_of,
    owned_hours,
    rates_of,
    settled_fleet,
    work_of,
)
from optplan.program.columns import Columns
from optplan.program.ready import Searched, ready_batches, ready_services
from optplan.program.spans import Spans, spans_of_each
from optplan.program.worth import Loads, loads_of

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
    found = [Found(table, assessment, own) for own in held]
    classes = np.diff(slots.first)
    for count in distinct(classes):
        some = np.flatnonzero(classes == count).tolist()
        asking = [contexts[i] for i in some]
        _settle(table, asking, [pairs[i] for i in some], [costs[i] for i in some], [found[i] for i in some])
    return [
        one if one.picks else _own(one, table, masks[i], held[i], here[i], assessment)
        for i, one in enumerate(found)
    ]


def _settle(
    table: Table, contexts: list[Context], pairs: list[Pairs], costs: list[_Costs], found: list[Found]
) -> None:
    """Find the units of needs of as many traffic classes, the columns of their pairs one after the other."""
    sizes = [len(own.row) for own in pairs]
    first = np.concatenate([[0], np.cumsum(sizes)])
    unit, fixed, rate = (np.concatenate(each, axis=-1) for each in zip(*costs, strict=True))
    row, offer = (
        np.concatenate(each)
        for each in zip(*((own.row, own.lots.offer[own.lot]) for own in pairs), strict=True)
    )
    columns = columns_of(contexts[0], table, node_units(contexts[0].catalog), offer, row, unit, fixed, rate)
    settle = _services if contexts[0].settled.need.task == "serve" else _batches
    for i, (own, demand, search) in enumerate(settle(contexts, columns, np.array(sizes), first)):
        settled_fleet(contexts[i], own, demand, search, contexts[i].limits, found[i], prove=False)


def _services(
    contexts: list[Context], columns: Columns, sizes: np.ndarray, first: np.ndarray
) -> Iterator[tuple[Columns, Spans | np.ndarray, Searched]]:
    """The columns of each service, what it asks of them and what a search finds. sizes: how many columns of each."""
    rates = np.array([rates_of(context) for context in contexts]).T
    used, hours = (
        np.repeat(each, sizes)
        for each in ([one.utilisation for one in contexts], [one.settled.hours for one in contexts])
    )
    load = loads_of(columns, np.repeat(rates, sizes, axis=1), used)
    asked = [asked_of(context, context.settled.hours) for context in contexts]
    searched = ready_services(columns, Loads(load, hours), first, asked)
    for i, search in enumerate(searched):
        here = slice(int(first[i]), int(first[i + 1]))
        yield columns.take(here), load[:, here], search


def _batches(
    contexts: list[Context], columns: Columns, sizes: np.ndarray, first: np.ndarray
) -> Iterator[tuple[Columns, Spans | np.ndarray, Searched]]:
    """The same for offline work."""
    asked = [asked_of(context, context.setup_hours) for context in contexts]
    numbers = (
        [work_of(context) for context in contexts],
        [one.hours for one in asked],
        [one.limits.deadline for one in asked],
        [one.limits.min_replicas for one in asked],
    )
    spans = spans_of_each(columns, *(np.repeat(each, sizes) for each in numbers))
    for i, search in enumerate(ready_batches(columns, spans, first, asked)):
        here = slice(int(first[i]), int(first[i + 1]))
        yield columns.take(here), spans.of(here, asked[i].hours), search


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
