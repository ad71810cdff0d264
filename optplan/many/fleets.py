"""Blocks of `serve` and `generate` needs -> what the search of each one finds."""

from __future__ import annotations

import functools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optplan.candidates import MOST_IN_NODE, Table, replica_rows
from optplan.catalog import Catalog
from optplan.distinct import distinct
from optplan.evaluate import Assessment, Verdict
from optplan.many.grids import Grid, Slots, cut, slots_of
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
    units_of,
    work_of,
)
from optplan.planner.search.jobs import billing
from optplan.planner.search.shelf import shelf
from optplan.program.columns import SECOND
from optplan.program.jobs import Lots
from optplan.program.ready import Asked, ready_batches
from optplan.program.spans import spans_of_each
from optplan.units import HOUR, TOLERANCE

_Costs = tuple[np.ndarray, np.ndarray, np.ndarray]
CELLS = 60_000  # rows x candidates at once: columns that stay in the cache


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Candidates of a need on its offers. row, lot: pairs; lots: the cheapest of those alike."""

    lots: Lots
    row: np.ndarray
    lot: np.ndarray


def fleets(contexts: Sequence[Context]) -> list[Found]:
    """The search of each need; all have one task, pack, catalog and set of fixed names."""
    table = _every(contexts[0].catalog)
    step = max(1, CELLS // max(1, len(table)))
    found: list[Found] = []
    for start in range(0, len(contexts), step):
        found += _block(contexts[start : start + step], table)
    return found


def _block(contexts: Sequence[Context], table: Table) -> list[Found]:
    slots, prices, units = slots_of(contexts), Prices(contexts), _units(contexts[0].catalog)
    assessment = Grid(contexts, slots).on(table)
    shape = (len(slots.need), len(table))
    here = [slice(int(a), int(b)) for a, b in zip(slots.first, slots.first[1:], strict=False)]
    holds = np.ones(shape, dtype=bool)
    for verdict in assessment.verdicts.values():
        holds &= np.asarray(verdict.holds, dtype=bool)
    masks = np.stack([_own_rows(context) for context in contexts])
    held = masks & np.logical_and.reduceat(holds, slots.first[:-1], axis=0)
    capacity = np.asarray(assessment.values["replica_capacity"]) * units.replicas
    idle = _outdone(contexts[0].catalog, np.broadcast_to(capacity, shape), slots, held)
    pairs = [_pairs(context, table, *rows) for context, *rows in zip(contexts, held, idle, strict=True)]
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
    contexts: Sequence[Context], prices: Prices, pairs: list[_Pairs], units: list[np.ndarray]
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


@functools.lru_cache(maxsize=8)
def _every(catalog: Catalog) -> Table:
    """Candidates on all nodes of all cards of the catalog, in the order of any need's own table."""
    return replica_rows(catalog, np.ones(len(catalog.offers), dtype=bool), 10**9)


@functools.lru_cache(maxsize=8)
def _units(catalog: Catalog) -> Units:
    """What one unit of each of them is."""
    return units_of(_every(catalog), catalog)


@dataclass(frozen=True, slots=True, eq=False)
class _Nodes:
    """Kinds of nodes of a catalog, and kinds of candidates: those on one kind of node, as wide, in one or several.

    of_offer  kind of node of each offer (-1 = no candidate is on it); of_row: kind of each candidate
    node, cards, several  of each kind of candidate: its node, cards held, whether in several nodes
    """

    of_offer: np.ndarray
    of_row: np.ndarray
    node: np.ndarray
    cards: np.ndarray
    several: np.ndarray


@functools.lru_cache(maxsize=8)
def _nodes(catalog: Catalog) -> _Nodes:
    table, offers = _every(catalog), catalog.offers
    code = table.card.astype(np.int64) * MOST_IN_NODE + table.node
    codes = distinct(code)
    offered = offers.card.astype(np.int64) * MOST_IN_NODE + offers.gpus
    place = np.minimum(np.searchsorted(codes, offered), len(codes) - 1)
    kinds = np.stack(
        [np.searchsorted(codes, code), np.maximum(table.gang, table.node), table.gang > table.node]
    )
    found, kind = np.unique(kinds, axis=1, return_inverse=True)
    of_offer = np.where(codes[place] == offered, place, -1)
    return _Nodes(of_offer, kind.reshape(-1), found[0], found[1], found[2].astype(bool))


def _own_rows(context: Context) -> np.ndarray:
    """The rows of the table that are candidates of a need: on nodes that its limits let in, and few enough cards."""
    return _rows_of(context.catalog, context.settled.allowed.tobytes(), context.settled.max_cards or 10**9)


@functools.lru_cache(maxsize=256)
def _rows_of(catalog: Catalog, allowed: bytes, most: int) -> np.ndarray:
    """The same for offers that are allowed."""
    nodes, some = _nodes(catalog), np.frombuffer(allowed, dtype=bool)
    count = int(nodes.node.max(initial=-1)) + 2
    offered, joined = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    offered[nodes.of_offer[some]] = True
    joined[nodes.of_offer[some & catalog.offers.joins_nodes]] = True
    fits = offered[nodes.node] & (nodes.cards <= most) & (~nodes.several | joined[nodes.node])
    rows: np.ndarray = fits[nodes.of_row]
    return rows


@functools.lru_cache(maxsize=256)
def _shelved(catalog: Catalog, allowed: bytes, clean: bool) -> tuple[Lots, np.ndarray, np.ndarray]:
    """(the cheapest lots of those alike, their order by card and node, these as one number in that order)."""
    lots = shelf(catalog, clean).cheapest(np.frombuffer(allowed, dtype=bool), False)
    code = lots.card * MOST_IN_NODE + lots.gpus
    order = np.argsort(code, kind="stable")
    return lots, order, code[order]


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """Pairs of candidates on one card and node, of which the second is a part of the first: of fewer nodes, or as many.

    first, second  of each pair; copies: of the second, that take as many nodes
    start, of  where the pairs of each candidate begin, and which it is
    """

    first: np.ndarray
    second: np.ndarray
    copies: np.ndarray
    start: np.ndarray
    of: np.ndarray


@functools.lru_cache(maxsize=8)
def _pieces(catalog: Catalog) -> _Pieces:
    table, units = _every(catalog), _units(catalog)
    node = table.card.astype(np.int64) * MOST_IN_NODE + table.node
    one, other = np.nonzero(np.tri(len(table), k=-1, dtype=bool) & (node[:, None] == node))
    copies = units.spans[one] // units.spans[other]
    fits = (units.spans[one] == copies * units.spans[other]) & (
        units.replicas[other] * copies >= units.replicas[one]
    )
    one, other, copies = one[fits], other[fits], copies[fits]
    of, start = np.unique(one, return_index=True)
    return _Pieces(one, other, copies, start, of)


def _outdone(catalog: Catalog, unit: np.ndarray, slots: Slots, held: np.ndarray) -> np.ndarray:
    """(needs, candidates): whether as many nodes of an earlier one do as much: then that is never the worse choice.

    unit: (slots, candidates) capacity of a unit; held: which candidates a need can have.
    """
    pieces, out = _pieces(catalog), np.zeros(held.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        better = unit[:, pieces.second] * pieces.copies >= unit[:, pieces.first]
    better = np.logical_and.reduceat(better, slots.first[:-1], axis=0) & held[:, pieces.second]
    out[:, pieces.of] = np.logical_or.reduceat(better, pieces.start, axis=1)
    return out


def _even(context: Context, lots: Lots) -> np.ndarray:
    """Whether twice as many units of a lot, each half as fast, are billed no more: not if a last step is cut short."""
    need, hours = context.settled.need, context.settled.hours
    if need.task == "serve":
        return np.full(len(lots), not getattr(need, "slices", None))
    if not math.isfinite(hours):
        return np.zeros(len(lots), dtype=bool)  # what is owned is paid for as long as the work takes
    step = billing(context, lots.offer)[0] / HOUR
    with np.errstate(divide="ignore", invalid="ignore"):
        rest = hours - np.floor(hours / step * (1 + TOLERANCE)) * step
    return np.asarray((step <= SECOND) | (rest <= TOLERANCE * hours))


def _pairs(context: Context, table: Table, held: np.ndarray, outdone: np.ndarray) -> _Pairs:
    """Candidates that hold with the lots of their card and node, candidates first; outdone ones only where they pay."""
    clean = math.isfinite(context.limits.carbon)
    lots, order, code = _shelved(context.catalog, context.settled.allowed.tobytes(), clean)
    even = _even(context, lots)
    rows = np.flatnonzero(held & ~outdone if even.all() else held)
    wanted = table.card[rows] * MOST_IN_NODE + table.node[rows]
    start = np.searchsorted(code, wanted, side="left")
    count = np.searchsorted(code, wanted, side="right") - start
    row = np.repeat(rows, count)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    lot = order[np.repeat(start, count) + offset]
    fits = (lots.joins[lot] | (table.gang[row] <= table.node[row])) & ~(outdone[row] & even[lot])
    return _Pairs(lots, row[fits], lot[fits])


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
