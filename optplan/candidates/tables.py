"""Settled need x Catalog -> the table of candidates: one row a card type, size and layout.

Rows are shapes (card, cards, cards per node, layout), not offers: prices come afterwards, so that sixty
thousand offers cost no more rules than a thousand. Every row is one way to run one unit of the need.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from optplan.catalog import Assumption, Card, Catalog
from optplan.distinct import among, present
from optplan.settle import Settled

# Sizes of a gang: every count to 16, then steps that real clusters have; the last is the largest tried.
SIZES: Final = (*range(1, 17), 20, 24, 28, 32, 40, 48, 56, 64)
LARGE_SIZES: Final = (72, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 768, 1024)
MOST_IN_NODE: Final = 100_000  # more cards than any node has
TENSOR: Final = (1, 2, 4, 8)
PIPELINE: Final = (2, 4, 8, 16)
LAYOUT: Final = ("gang", "node", "tp", "pp", "dp", "zero_stage", "recompute")  # columns of a table
REPLICA_NODES: Final = (1, 2, 4, 8)


@dataclass(slots=True)
class Table:
    """Candidates as columns of equal length.

    card         index into `cards`, which are all cards of the catalog in its order
    gang         cards of the gang or replica
    node         cards of one node
    tp, pp, dp, zero_stage, recompute   the layout
    layouts      of training jobs: layouts that several cards share, as columns in the order of LAYOUT
    of_layouts   of training jobs: the position in layouts, by row
    """

    cards: list[Card]
    card: np.ndarray
    gang: np.ndarray
    node: np.ndarray
    tp: np.ndarray
    pp: np.ndarray
    dp: np.ndarray
    zero_stage: np.ndarray
    recompute: np.ndarray
    used: dict[str, list[Assumption]] = field(default_factory=dict)
    layouts: np.ndarray = field(default_factory=lambda: np.zeros((len(LAYOUT), 0), dtype=np.int64))
    of_layouts: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def __len__(self) -> int:
        return len(self.card)

    def describe(self, row: int) -> str:
        """The layout in words: "2 nodes, tensor parallel 8, pipeline 2, recompute"."""
        parts = []
        nodes = -(-int(self.gang[row]) // int(self.node[row]))
        if nodes > 1:
            parts.append(f"{nodes} nodes")
        for name, column in (("tensor parallel", self.tp), ("pipeline", self.pp), ("data parallel", self.dp)):
            if column[row] > 1:
                parts.append(f"{name} {int(column[row])}")
        if self.zero_stage[row] and self.dp[row] > 1:
            parts.append(f"ZeRO-{int(self.zero_stage[row])}")
        if self.recompute[row]:
            parts.append("recompute")
        return ", ".join(parts) or "one card"


def nodes_of(allowed: np.ndarray, catalog: Catalog) -> np.ndarray:
    """card * MOST_IN_NODE + size of each kind of node that the allowed offers have, sorted."""
    kinds, kind = _kinds_of_node(catalog)
    return np.asarray(kinds[present(kind[allowed], len(kinds))])


@functools.lru_cache(maxsize=8)
def _kinds_of_node(catalog: Catalog) -> tuple[np.ndarray, np.ndarray]:
    """Every kind of node, sorted, and which of them each offer is."""
    offers = catalog.offers
    kinds, kind = np.unique(offers.card * MOST_IN_NODE + offers.gpus, return_inverse=True)
    return kinds, kind.reshape(-1)


def node_sizes(allowed: np.ndarray, catalog: Catalog) -> dict[int, tuple[int, ...]]:
    """Card index -> sizes of the nodes in which the allowed offers have it, in the order of cards."""
    found: dict[int, list[int]] = {}
    for pair in nodes_of(allowed, catalog).tolist():
        found.setdefault(pair // MOST_IN_NODE, []).append(pair % MOST_IN_NODE)
    return {card: tuple(sizes) for card, sizes in found.items()}


def job_table(
    settled: Settled, catalog: Catalog, sizes: Iterable[int] = SIZES, joined: bool = False
) -> Table:
    """Candidates of a training job: gangs of each allowed card in each size and layout.

    joined: none of several nodes where no allowed offer has nodes that can work together.
    """
    most = settled.max_cards or 10**9
    grid = tuple(n for n in sizes if n <= most)
    if settled.max_cards and settled.max_cards not in grid and settled.max_cards < max(LARGE_SIZES):
        grid = tuple(sorted({*grid, settled.max_cards}))
    joins = settled.allowed & catalog.offers.joins_nodes if joined else settled.allowed
    return job_rows(catalog, settled.allowed, joins, grid, getattr(settled.need, "recompute", None))


def job_rows(
    catalog: Catalog, allowed: np.ndarray, joins: np.ndarray, sizes: tuple[int, ...], recompute: bool | None
) -> Table:
    """Candidates of a training job on the nodes of the allowed offers, of these sizes.

    joins: offers whose nodes can work together; recompute: None = both
    """
    kinds = tuple(node_sizes(allowed, catalog).items())
    together = tuple(nodes_of(joins, catalog).tolist())
    rows, layouts, of_layouts = _job_rows(kinds, together, sizes, recompute)
    table = Table(list(catalog.cards.values()), *rows)
    table.layouts, table.of_layouts = layouts, of_layouts
    return table


@functools.lru_cache(maxsize=8)
def _job_rows(
    kinds: tuple[tuple[int, tuple[int, ...]], ...],
    joined: tuple[int, ...],
    sizes: tuple[int, ...],
    recompute: bool | None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns of the table of a training job, its layouts, and which each row has; many needs have the same.

    kinds: of each card the nodes that it comes in; joined: of `nodes_of`, those that can work together
    """
    blocks = [_job_block(nodes, sizes, recompute) for _, nodes in kinds]
    none = np.zeros((len(LAYOUT), 0), dtype=np.int64)
    rows = np.concatenate([none, *blocks], axis=1)
    card = np.repeat(np.array([card for card, _ in kinds], dtype=int), [block.shape[1] for block in blocks])
    gang, node, tp, pp, _, zero, again = rows
    keep = (gang <= node) | among(card * MOST_IN_NODE + node, np.array(joined, dtype=np.int64))
    code = ((((gang * MOST_IN_NODE + node) * 16 + tp) * 32 + pp) * 4 + zero) * 2 + again
    _, first, of_layouts = np.unique(code[keep], return_index=True, return_inverse=True)
    found = np.concatenate([card[None, keep], rows[:, keep]]), rows[:, keep][:, first], of_layouts.reshape(-1)
    for columns in found:
        columns.flags.writeable = False
    return found


@functools.lru_cache(maxsize=256)
def _job_block(nodes: tuple[int, ...], sizes: tuple[int, ...], recompute: bool | None) -> np.ndarray:
    """Columns gang, node, tp, pp, dp, zero, recompute of one card offered in nodes of these sizes."""
    again = (0, 1) if recompute is None else (int(recompute),)
    rows: list[tuple[int, ...]] = []
    for node in nodes:
        usable = [n for n in nodes if n >= node]
        for gang in reachable(usable, node, sizes):
            rows += [(gang, node, *layout, r) for layout in _layouts(gang, node) for r in again]
    return np.array(rows, dtype=np.int64).reshape(-1, 7).T


def reachable(nodes: list[int], smallest: int, sizes: tuple[int, ...]) -> list[int]:
    """Sizes that are a sum of nodes, at least one of them the smallest."""
    top = max(sizes, default=0)
    can = [False] * (top + 1)
    if smallest <= top:
        can[smallest] = True
    for total in range(smallest + 1, top + 1):
        can[total] = any(total - n > 0 and can[total - n] for n in nodes)
    return [n for n in sizes if can[n]]


@functools.cache
def _layouts(gang: int, node: int) -> list[tuple[int, int, int, int]]:
    """(tp, pp, dp, zero) that fill a gang: plain, sharded, tensor parallel, pipelines.

    A larger node allows all that a smaller one does, so that it is never slower.
    """
    found = [(1, 1, gang, zero) for zero in ((0,) if gang == 1 else (0, 2, 3))]
    for tp in TENSOR[1:]:
        if tp <= node and node % tp == 0 and gang % tp == 0:
            found.append((tp, 1, gang // tp, 1 if gang > tp else 0))
            if gang > tp:
                found.append((tp, 1, gang // tp, 3))
    for tp in (t for t in TENSOR if t <= node and node % t == 0):
        for pp in PIPELINE:
            if gang % (tp * pp) == 0:
                found.append((tp, pp, gang // (tp * pp), 1 if gang > tp * pp else 0))
    return found


def replica_table(settled: Settled, catalog: Catalog) -> Table:
    """Candidates of inference: one replica on part of a node, a node, or several equal nodes.

    A node of n cards holds n // (tp * pp) replicas.
    """
    return replica_rows(catalog, settled.allowed, settled.max_cards or 10**9)


def replica_rows(catalog: Catalog, allowed: np.ndarray, most: int) -> Table:
    """Candidates of inference on the nodes of the allowed offers, of at most so many cards."""
    sizes_of = node_sizes(allowed, catalog)
    return _table(catalog, list(sizes_of), [_replica_block(nodes, most) for nodes in sizes_of.values()])


@functools.lru_cache(maxsize=256)
def _replica_block(nodes: tuple[int, ...], most: int) -> np.ndarray:
    rows: list[tuple[int, ...]] = []
    for node in nodes:
        widths = [t for t in TENSOR if t <= node]
        rows += [(t, node, t, 1, 1, 0, 0) for t in widths if node <= most]
        for count in REPLICA_NODES[1:]:
            if count * node <= most:
                rows.append((count * node, node, _widest(node), count * node // _widest(node), 1, 0, 0))
        if node not in TENSOR and node <= most:
            rows.append((node, node, 1, node, 1, 0, 0))
    return np.array(rows, dtype=np.int64).reshape(-1, 7).T


def _widest(node: int) -> int:
    return max(t for t in TENSOR if t <= node and node % t == 0)


def _table(catalog: Catalog, codes: list[int], blocks: list[np.ndarray]) -> Table:
    lengths = [block.shape[1] for block in blocks]
    columns = np.concatenate(blocks, axis=1) if blocks else np.zeros((7, 0), dtype=np.int64)
    return Table(list(catalog.cards.values()), np.repeat(np.array(codes, dtype=int), lengths), *columns)
