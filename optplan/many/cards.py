"""Candidates of training jobs of a whole catalog: their table, and groups of them by card, size and node."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np

from optplan.candidates import LAYOUT, MOST_IN_NODE, Table, job_rows, reachable
from optplan.catalog import Catalog

Sizes = tuple[int, ...]  # of gangs that are tried


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Every card, size and node of a catalog, in this order.

    kind          of node
    first, count  rows of each group in the table of all candidates
    cards         where the groups of each card begin
    """

    card: np.ndarray
    size: np.ndarray
    node: np.ndarray
    memory: np.ndarray
    kind: np.ndarray
    first: np.ndarray
    count: np.ndarray
    cards: dict[int, slice]


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Kinds of node of a catalog: every card with every size that some offer has, in this order.

    of_offer  kind of each offer
    """

    card: np.ndarray
    gpus: np.ndarray
    of_offer: np.ndarray

    def __len__(self) -> int:
        return len(self.card)


@functools.lru_cache(maxsize=8)
def every_node(catalog: Catalog) -> Nodes:
    """The kinds of node of a catalog."""
    codes, of = np.unique(catalog.offers.card * MOST_IN_NODE + catalog.offers.gpus, return_inverse=True)
    return Nodes(codes // MOST_IN_NODE, codes % MOST_IN_NODE, of.reshape(-1))


@functools.lru_cache(maxsize=8)
def every_candidate(catalog: Catalog, sizes: Sizes) -> Table:
    """Candidates of each card on all its nodes, in the order of groups."""
    every = np.ones(len(catalog.offers), dtype=bool)
    table = job_rows(catalog, every, every, sizes, None)
    order = np.lexsort((table.node, table.gang, table.card))
    columns = {name: getattr(table, name)[order] for name in ("card", *LAYOUT, "of_layouts")}
    return replace(table, **columns)


@functools.lru_cache(maxsize=8)
def every_group(catalog: Catalog, sizes: Sizes) -> Groups:
    """Every card, size and node that a training job could have."""
    table = every_candidate(catalog, sizes)
    start = np.zeros(len(table), dtype=bool)
    for column in (table.card, table.gang, table.node):
        start |= np.diff(column, prepend=-1) != 0
    first = np.flatnonzero(start)
    card, size, node = (column[first] for column in (table.card, table.gang, table.node))
    memory = np.array([c.usable_gib for c in catalog.cards.values()])[card]
    begin = np.flatnonzero(np.diff(card, prepend=-1))
    ends = np.append(begin[1:], len(card))
    cards = {int(card[a]): slice(int(a), int(b)) for a, b in zip(begin, ends, strict=True)}
    nodes = every_node(catalog)
    kind = np.searchsorted(nodes.card * MOST_IN_NODE + nodes.gpus, card * MOST_IN_NODE + node)
    return Groups(card, size, node, memory, kind, first, np.diff(first, append=len(table)), cards)


def allowed_groups(catalog: Catalog, mask: np.ndarray, sizes: Sizes, most: int | None) -> np.ndarray:
    """Groups that limits let in. mask: over offers; most: cards in all."""
    groups, nodes, joins = every_group(catalog, sizes), every_node(catalog), catalog.offers.joins_nodes
    has, joined = np.zeros((2, len(nodes)), dtype=bool)
    has[nodes.of_offer[mask]] = True
    joined[nodes.of_offer[mask & joins]] = True
    found = has[groups.kind] & ((groups.size <= groups.node) | joined[groups.kind])
    if most is not None:
        found &= groups.size <= most
    some, every = np.bincount(nodes.card[has], minlength=len(catalog.cards)), np.bincount(nodes.card)
    for card in np.flatnonzero((some > 0) & (some < every)).tolist():
        own = tuple(nodes.gpus[has & (nodes.card == card)].tolist())
        found[groups.cards[card]] &= _reached(catalog, card, own, sizes)
    return np.asarray(found)


@functools.lru_cache(maxsize=4096)
def _reached(catalog: Catalog, card: int, nodes: tuple[int, ...], sizes: Sizes) -> np.ndarray:
    """Which groups of a card are sums of nodes of these sizes."""
    groups = every_group(catalog, sizes)
    here = groups.cards[card]
    can = {node: _sums(tuple(n for n in nodes if n >= node), node, sizes) for node in nodes}
    pairs = zip(groups.node[here].tolist(), groups.size[here].tolist(), strict=True)
    return np.array([node in can and size in can[node] for node, size in pairs])


@functools.lru_cache(maxsize=1024)
def _sums(nodes: tuple[int, ...], smallest: int, sizes: Sizes) -> frozenset[int]:
    return frozenset(reachable(list(nodes), smallest, sizes))
