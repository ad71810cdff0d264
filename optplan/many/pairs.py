"""Candidates of `serve` and `generate` needs, of all nodes of a catalog, and the offers that each need has of them."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import numpy as np

from optplan.candidates import MOST_IN_NODE, Table, replica_rows
from optplan.catalog import Catalog
from optplan.distinct import distinct
from optplan.many.grids import Slots
from optplan.planner.context import Context
from optplan.planner.search.fleets import Units, units_of
from optplan.planner.search.jobs import billing
from optplan.planner.search.shelf import shelf
from optplan.program.columns import SECOND
from optplan.program.jobs import Lots
from optplan.units import HOUR, TOLERANCE


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Candidates of a need on its offers. row, lot: pairs; lots: the cheapest of those alike."""

    lots: Lots
    row: np.ndarray
    lot: np.ndarray


@functools.lru_cache(maxsize=8)
def all_candidates(catalog: Catalog) -> Table:
    """Candidates on all nodes of all cards of the catalog, in the order of any need's own table."""
    return replica_rows(catalog, np.ones(len(catalog.offers), dtype=bool), 10**9)


@functools.lru_cache(maxsize=8)
def node_units(catalog: Catalog) -> Units:
    """What one unit of each of them is."""
    return units_of(all_candidates(catalog), catalog)


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
    table, offers = all_candidates(catalog), catalog.offers
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


def own_rows(context: Context) -> np.ndarray:
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
    table, units = all_candidates(catalog), node_units(catalog)
    node = table.card.astype(np.int64) * MOST_IN_NODE + table.node
    one, other = np.nonzero(np.tri(len(table), k=-1, dtype=bool) & (node[:, None] == node))
    copies = units.spans[one] // units.spans[other]
    fits = (units.spans[one] == copies * units.spans[other]) & (
        units.replicas[other] * copies >= units.replicas[one]
    )
    one, other, copies = one[fits], other[fits], copies[fits]
    of, start = np.unique(one, return_index=True)
    return _Pieces(one, other, copies, start, of)


def outdone_rows(catalog: Catalog, unit: np.ndarray, slots: Slots, held: np.ndarray) -> np.ndarray:
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


def pairs_of(context: Context, table: Table, held: np.ndarray, outdone: np.ndarray) -> Pairs:
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
    return Pairs(lots, row[fits], lot[fits])
