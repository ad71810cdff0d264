"""Settled need x Catalog -> the table of candidates: one row a card type, size and layout.

Rows are shapes (card, cards, cards per node, layout), not offers: prices come afterwards, so that sixty
thousand offers cost no more rules than a thousand. Every row is one way to run one unit of the need.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from optplan.catalog import Assumption, Card, Catalog
from optplan.distinct import distinct
from optplan.evaluate import Assumptions, Scenario, names_read
from optplan.rule import Pack
from optplan.settle import Settled

# Sizes of a gang: every count to 16, then steps that real clusters have; the last is the largest tried.
SIZES: Final = (*range(1, 17), 20, 24, 28, 32, 40, 48, 56, 64)
LARGE_SIZES: Final = (72, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 768, 1024)
MOST_IN_NODE: Final = 100_000  # more cards than any node has
TENSOR: Final = (1, 2, 4, 8)
PIPELINE: Final = (2, 4, 8, 16)
LAYOUT: Final = ("gang", "node", "tp", "pp", "dp", "zero_stage", "recompute")  # columns of a table
REPLICA_NODES: Final = (1, 2, 4, 8)
# Precisions that an architecture lacks (vLLM's table of supported hardware; PyTorch: bf16 from Ampere on).
LACKS: Final = {
    "bf16": {"volta", "turing"},
    "fp8": {"volta", "turing", "ampere", "ampere_consumer", "cdna2"},
    "int8": {"volta"},
    "int4": {"volta"},
    "fp4": {"volta", "turing", "cdna2"},
    "mxfp4": {"volta", "turing", "cdna2"},
}
PEAK: Final = {
    "fp32": ("fp32_tflops",),
    "bf16": ("bf16_tflops",),
    "fp16": ("bf16_tflops",),
    "fp8": ("fp8_tflops", "bf16_tflops"),
    "int8": ("int8_tops", "bf16_tflops"),
    "int4": ("bf16_tflops",),
    "fp4": ("fp4_tflops", "bf16_tflops"),
    "mxfp4": ("fp4_tflops", "bf16_tflops"),
    "nf4": ("bf16_tflops",),
}


@dataclass(slots=True)
class Table:
    """Candidates as columns of equal length.

    card         index into `cards`, which are all cards of the catalog in its order
    gang         cards of the gang or replica
    node         cards of one node
    tp, pp, dp, zero_stage, recompute   the layout
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


def node_sizes(allowed: np.ndarray, catalog: Catalog) -> dict[int, tuple[int, ...]]:
    """Card index -> sizes of the nodes in which the allowed offers have it, in the order of cards."""
    offers = catalog.offers
    pairs = distinct(offers.card[allowed] * MOST_IN_NODE + offers.gpus[allowed])
    found: dict[int, list[int]] = {}
    for pair in pairs.tolist():
        found.setdefault(pair // MOST_IN_NODE, []).append(pair % MOST_IN_NODE)
    return {card: tuple(sizes) for card, sizes in found.items()}


def job_table(settled: Settled, catalog: Catalog, sizes: Iterable[int] = SIZES) -> Table:
    """Candidates of a training job: gangs of each allowed card in each size and layout."""
    most = settled.max_cards or 10**9
    grid = tuple(n for n in sizes if n <= most)
    if settled.max_cards and settled.max_cards not in grid and settled.max_cards < max(LARGE_SIZES):
        grid = tuple(sorted({*grid, settled.max_cards}))
    return job_rows(catalog, settled.allowed, grid, getattr(settled.need, "recompute", None))


def job_rows(catalog: Catalog, allowed: np.ndarray, sizes: tuple[int, ...], recompute: bool | None) -> Table:
    """Candidates of a training job on the nodes of the allowed offers, of these sizes. recompute: None = both."""
    sizes_of = node_sizes(allowed, catalog)
    blocks = [_job_block(nodes, sizes, recompute) for nodes in sizes_of.values()]
    return _table(catalog, list(sizes_of), blocks)


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


def columns(
    table: Table,
    settled: Settled,
    catalog: Catalog,
    pack: Pack,
    targets: Iterable[str],
    scenario: Scenario = "expected",
    rows: np.ndarray | None = None,
) -> dict[str, Any]:
    """Everything that the pack's rules read and do not derive, for all rows or those named."""
    some = slice(None) if rows is None else rows
    card = table.card[some]
    values: dict[str, Any] = dict(settled.quantities)
    of_cards = card_columns(catalog, settled.selectors["precision"], settled.selectors.get("method", ""))
    values |= {name: column[card] for name, column in of_cards.items()}
    values |= layout_columns({name: getattr(table, name)[some] for name in LAYOUT})
    values |= link_columns(catalog, card, values["cards_per_node"])
    read = {n for n in names_read(pack, targets) if n not in pack.rules and n not in values}
    names = sorted(read & set(catalog.assumptions))
    for name, value in assumption_columns(names, settled, catalog, scenario, table.used).items():
        values[name] = value[card] if isinstance(value, np.ndarray) else value
    return values


def assumption_columns(
    names: Iterable[str],
    settled: Settled,
    catalog: Catalog,
    scenario: Scenario,
    used: dict[str, list[Assumption]],
) -> dict[str, float | np.ndarray]:
    """Assumptions by name: a number, or one a card of the catalog; money in the need's currency.

    What was read is noted in `used`.
    """
    assumptions = assumptions_for(catalog, tuple(sorted(settled.selectors.items())), scenario)
    found: dict[str, float | np.ndarray] = {}
    for name in names:
        value, used[name] = assumptions.column(name)
        found[name] = value * _in_currency(used[name], settled, catalog)
    return found


@functools.lru_cache(maxsize=1024)
def assumptions_for(
    catalog: Catalog, selectors: tuple[tuple[str, str], ...], scenario: Scenario
) -> Assumptions:
    """The assumptions of one kind of need; kept, as many needs share them."""
    cards = catalog.cards.values()
    text = {
        "architecture": np.array([c.architecture for c in cards], dtype=object),
        "gpu": np.array([c.name.lower() for c in cards], dtype=object),
    }
    return Assumptions(catalog.assumptions, dict(selectors), text, scenario)


def _in_currency(used: list[Assumption], settled: Settled, catalog: Catalog) -> float:
    """What turns an assumption in USD/kWh and the like into the need's currency."""
    code = currency_of(used)
    return catalog.convert(1.0, code, settled.currency) if code else 1.0


def currency_of(used: list[Assumption]) -> str:
    """The currency in an assumption's unit, such as USD/kWh; "" where it is no money."""
    unit = used[0].unit if used else ""
    code = unit.partition("/")[0]
    return code if len(code) == 3 and code.isupper() and code.isalpha() and "/" in unit else ""


def layout_columns(layout: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What rules read of layouts. layout: the columns of LAYOUT."""
    gang, node = layout["gang"].astype(float), layout["node"].astype(float)
    alone = np.ones(len(gang))
    return {
        "cards": gang,
        "nodes": np.ceil(gang / node),
        "cards_per_node": np.minimum(gang, node),
        "tp": layout["tp"].astype(float),
        "attention_ranks": alone,
        "expert_ranks": alone,
        "sequence_parts": alone,
        "pp": layout["pp"].astype(float),
        "dp": layout["dp"].astype(float),
        "zero_stage": layout["zero_stage"].astype(float),
        "recompute": layout["recompute"].astype(float),
    }


@functools.lru_cache(maxsize=64)
def card_columns(catalog: Catalog, precision: str, method: str) -> dict[str, np.ndarray]:
    """What rules read of cards at a precision, one number a card of the catalog."""
    cards = list(catalog.cards.values())

    def column(name: str) -> np.ndarray:
        return np.array([getattr(card, name) for card in cards], dtype=float)

    lacking = LACKS.get(precision, set())
    return {
        "card_memory_gb": column("memory_gb"),
        "usable_memory": column("usable_gib"),
        "memory_bandwidth": column("bandwidth_gb_s") * 1e9,
        "peak_flops": np.array([_peak_tflops(card, precision, method) for card in cards]) * 1e12,
        "peak_flops_16": column("bf16_tflops") * 1e12,
        "card_power": column("power_w"),
        "computes": np.array([float(c.architecture not in lacking) for c in cards]),
    }


@functools.lru_cache(maxsize=8)
def _links(catalog: Catalog) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each card: how many its own link joins, its speed, and that of PCIe (GB/s)."""
    cards = list(catalog.cards.values())
    joined = np.array([c.link_cards if c.link_gb_s == c.link_gb_s else 0 for c in cards], dtype=float)
    return joined, np.array([c.link_gb_s for c in cards]), np.array([c.pcie_gb_s for c in cards])


def link_columns(catalog: Catalog, card: np.ndarray, together: np.ndarray) -> dict[str, np.ndarray]:
    """The link between the cards used of a node: their own where it joins so many, else PCIe."""
    joined, own, pcie = _links(catalog)
    fast = (joined[card] > 1) & (joined[card] >= together)
    return {"link_bandwidth": np.where(fast, own[card], pcie[card]) * 1e9, "fast_link": fast.astype(float)}


def _peak_tflops(card: Card, precision: str, method: str) -> float:
    """Dense peak at the precision that the card computes in; weights it cannot compute in are converted."""
    for name in PEAK["bf16" if method == "qlora" else precision]:
        value = float(getattr(card, name))
        if value == value and value > 0:
            return value
    return float("nan")
