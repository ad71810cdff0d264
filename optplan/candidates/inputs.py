"""What the rules read of candidates and do not derive: need, card, layout, link and assumptions, as columns."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from optplan.candidates.tables import LAYOUT, Table
from optplan.catalog import Assumption, Card, Catalog
from optplan.evaluate import Assumptions, Scenario, names_read
from optplan.rule import Pack
from optplan.settle import Settled

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
    kind = tuple(sorted(settled.selectors.items()))
    found, read = _converted(catalog, kind, scenario, tuple(names), settled.currency)
    used.update(read)
    return dict(found)


@functools.lru_cache(maxsize=1024)
def _converted(
    catalog: Catalog,
    selectors: tuple[tuple[str, str], ...],
    scenario: Scenario,
    names: tuple[str, ...],
    currency: str,
) -> tuple[dict[str, float | np.ndarray], dict[str, list[Assumption]]]:
    """What these names are in a currency, and the rows that tell; kept, as a plan asks for the same more than once."""
    assumptions = assumptions_for(catalog, selectors, scenario)
    found: dict[str, float | np.ndarray] = {}
    used: dict[str, list[Assumption]] = {}
    for name in names:
        value, used[name] = assumptions.column(name)
        code = currency_of(used[name])  # of USD/kWh and the like
        found[name] = value * (catalog.convert(1.0, code, currency) if code else 1.0)
    return found, used


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
