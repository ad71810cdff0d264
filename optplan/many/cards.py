"""Candidates of training jobs, card by card: the fastest layouts of many needs at once, and what limits let in."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optplan.candidates import LAYOUT, SIZES, Table, job_rows, reachable
from optplan.catalog import PURCHASE, Catalog
from optplan.evaluate import Assessment
from optplan.many.bounds import Rents
from optplan.many.grids import Grid
from optplan.planner.context import Context
from optplan.planner.shelf import shelf
from optplan.program.jobs import Gangs, Lots, mixed_nodes, reduced
from optplan.units import HOUR

RENTED = [PURCHASE.index(kind) for kind in ("on_demand", "spot", "reserved_1y", "reserved_3y")]


@dataclass(frozen=True, slots=True, eq=False)
class Card:
    """Candidates of one card on all nodes that the catalog has of it.

    start        where the layouts of each (node, gang) begin
    node, gang   of those
    """

    code: int
    table: Table
    start: np.ndarray
    node: np.ndarray
    gang: np.ndarray


@dataclass(frozen=True, slots=True)
class Offered:
    """What a need's limits let in.

    best, near  the cheapest lots of those alike; those of sites with nodes of several sizes
    nodes       card -> sizes of its nodes; joined: of those that can work together
    rents       what rented ones cost at least
    """

    best: Lots
    near: Lots
    nodes: dict[int, tuple[int, ...]]
    joined: dict[int, frozenset[int]]
    rents: Rents


@dataclass(frozen=True, slots=True)
class Survey:
    """The fastest layouts of a need. row: of the catalog's table of all candidates."""

    gangs: Gangs
    row: np.ndarray


def fastest(
    contexts: Sequence[Context], offered: list[Offered], card: Card, grid: Grid, rows: np.ndarray, offset: int,
) -> tuple[np.ndarray, ...]:  # fmt: skip
    """(need, card, size, node, hours, row) of the fastest layouts of one card; of equals the plainest, the first."""
    assessment = grid.on(card.table, rows, one_card=True)
    shape = (len(rows), len(card.table))
    can = np.stack([_groups(card, contexts[i], offered[i]) for i in rows.tolist()])
    can = np.repeat(can, np.diff(card.start, append=shape[1]), axis=1)
    can &= usable(contexts, card, rows, assessment)
    hours = np.broadcast_to(np.asarray(assessment.values["job_hours"], dtype=float), shape)
    can &= np.isfinite(hours)
    rounded = np.full(shape, math.inf)
    # equal within the tolerance is equal
    rounded[can] = np.round(np.log(np.maximum(hours[can], 1e-12)), 9)
    least = np.minimum.reduceat(rounded, card.start, axis=1)
    widths = np.diff(card.start, append=shape[1])
    best = np.where(rounded <= np.repeat(least, widths, axis=1), np.arange(shape[1]), shape[1])
    first = np.minimum.reduceat(best, card.start, axis=1)
    which, group = np.nonzero(np.isfinite(least))
    row = first[which, group]
    code = np.full(len(which), card.code)
    return rows[which], code, card.gang[group], card.node[group], hours[which, row], row + offset


def usable(contexts: Sequence[Context], card: Card, rows: np.ndarray, assessment: Assessment) -> np.ndarray:
    """(needs, layouts of a card): every requirement holds, and recomputation is as asked. rows: of the contexts."""
    can = np.ones((len(rows), len(card.table)), dtype=bool)
    asked = [getattr(contexts[i].settled.need, "recompute", None) for i in rows.tolist()]
    recompute = np.array([-1 if one is None else int(one) for one in asked])[:, None]
    if (recompute >= 0).any():
        can &= (recompute < 0) | (card.table.recompute == recompute)
    for verdict in assessment.verdicts.values():
        can &= np.asarray(verdict.holds, dtype=bool)
    return can


def _groups(card: Card, context: Context, offered: Offered) -> np.ndarray:
    """Which (node, gang) of the card are candidates of a need."""
    return candidates_of(card, context.catalog, offered, context.settled.max_cards or 0)


def candidates_of(card: Card, catalog: Catalog, offered: Offered, most: int) -> np.ndarray:
    """Which (node, gang) of the card are candidates under limits. most: cards in all, 0 = any."""
    nodes, joined = offered.nodes.get(card.code, ()), offered.joined.get(card.code, frozenset())
    return _candidates(catalog, card.code, nodes, joined, most)


@functools.lru_cache(maxsize=4096)
def _candidates(
    catalog: Catalog, code: int, nodes: tuple[int, ...], joined: frozenset[int], most: int
) -> np.ndarray:
    card = next(one for one in every_card(catalog)[0] if one.code == code)
    sizes = tuple(n for n in SIZES if not most or n <= most)
    can = {node: frozenset(reachable([n for n in nodes if n >= node], node, sizes)) for node in nodes}
    return np.array(
        [
            node in can and gang in can[node] and (gang <= node or node in joined)
            for node, gang in zip(card.node.tolist(), card.gang.tolist(), strict=True)
        ]
    )


@functools.lru_cache(maxsize=8)
def every_card(catalog: Catalog) -> tuple[list[Card], Table]:
    """Candidates of each card on all its nodes, and all of them in one table."""
    table = job_rows(catalog, np.ones(len(catalog.offers), dtype=bool), SIZES, None)
    cards = []
    for code in dict.fromkeys(table.card.tolist()):
        here = np.flatnonzero(table.card == code)
        own = Table(table.cards, table.card[here], *(getattr(table, name)[here] for name in LAYOUT))
        start = np.flatnonzero((np.diff(own.node, prepend=-1) != 0) | (np.diff(own.gang, prepend=-1) != 0))
        cards.append(Card(code, own, start, own.node[start], own.gang[start]))
    return cards, table


@functools.lru_cache(maxsize=256)
def offered_by(catalog: Catalog, allowed: bytes) -> Offered:
    """What the limits let in. allowed: the bytes of the mask over offers."""
    mask = np.frombuffer(allowed, dtype=bool)
    offers, kept = catalog.offers, shelf(catalog)
    pairs = {
        (int(c), int(g), bool(j))
        for c, g, j in zip(offers.card[mask], offers.gpus[mask], offers.joins_nodes[mask], strict=True)
    }
    nodes: dict[int, set[int]] = {}
    joined: dict[int, set[int]] = {}
    for code, size, joins in pairs:
        nodes.setdefault(code, set()).add(size)
        if joins:
            joined.setdefault(code, set()).add(size)
    near, best = mixed_nodes(kept.cheapest(mask, True)), kept.cheapest(mask, False)
    per_usd = np.array([catalog.convert(1.0, code, "USD") for code in offers.currencies])
    each = offers.price[best.offer] * per_usd[offers.currency[best.offer]] / best.gpus
    rented = np.isin(offers.purchase[best.offer], RENTED)
    bought, had = np.zeros(len(catalog.cards), dtype=bool), np.zeros(len(catalog.cards), dtype=bool)
    bought[best.card[~rented]], had[best.card] = True, True
    step = np.maximum(offers.billing_s[best.offer], offers.minimum_s[best.offer]) / HOUR
    rents = Rents(best.card[rented], each[rented], (each * best.gpus * step)[rented], bought, had)
    return Offered(
        best,
        reduced(near, by_site=False),
        {code: tuple(sorted(sizes)) for code, sizes in nodes.items()},
        {code: frozenset(sizes) for code, sizes in joined.items()},
        rents,
    )
