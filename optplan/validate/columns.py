"""Columns that rules read, for many rows at once: shapes, cards, and assumptions row by row.

Every row has selectors of its own (framework, method, architecture, ..), as a need has; the most specific row
of the assumptions table wins, as in a plan.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from optplan.catalog import Assumption, Card, Catalog, Model
from optplan.evaluate import Scenario, scenario_value
from optplan.settle.quantities import model_quantities

Constants = Mapping[tuple[str, str], float]
_PEAK: Final = {
    "fp32": ("fp32_tflops",),
    "fp8": ("fp8_tflops", "bf16_tflops"),
    "int8": ("int8_tops", "bf16_tflops"),
    "fp4": ("fp4_tflops", "fp8_tflops", "bf16_tflops"),
}


def card_of(text: str, catalog: Catalog) -> tuple[Card, list[str]]:
    """The card that a row names, and what was assumed: of several, the one on a server board, the largest.

    Raises BadInput for a name that means no card.
    """
    found = [catalog.cards[name] for name in catalog.gpus(text)]
    card = max(found, key=lambda one: ("SXM" in one.name, one.memory_gb, one.name))
    return card, [f"gpu = {card.name}, one of {len(found)} of that name"] if len(found) > 1 else []


def model_columns(models: Sequence[Model]) -> dict[str, np.ndarray]:
    """Shapes of one model a row, as the rules name them."""
    rows = [model_quantities(model) for model in models]
    found = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    found["max_context"] = np.full(len(models), math.inf)  # what was measured did run
    return found


def card_columns(
    cards: Sequence[Card], precisions: Sequence[str], together: np.ndarray
) -> dict[str, np.ndarray]:
    """What one card a row can do. together: cards of a node, which decides which link joins them."""
    own = np.array([card.link_gb_s for card in cards])
    joined = np.array([card.link_cards if card.link_gb_s == card.link_gb_s else 0 for card in cards])
    fast = (joined > 1) & (joined >= together)
    pcie = np.array([card.pcie_gb_s if card.pcie_gb_s == card.pcie_gb_s else 31.5 for card in cards])
    return {
        "card_memory_gb": np.array([card.memory_gb for card in cards]),
        "usable_memory": np.array([card.usable_gib for card in cards]),
        "memory_bandwidth": np.array([card.bandwidth_gb_s for card in cards]) * 1e9,
        "peak_flops": np.array([peak(c, p) for c, p in zip(cards, precisions, strict=True)]) * 1e12,
        "peak_flops_16": np.array([peak(c, "bf16") for c in cards]) * 1e12,
        "card_power": np.array([card.power_w for card in cards]),
        "computes": np.ones(len(cards)),
        "link_bandwidth": np.where(fast, own, pcie) * 1e9,
        "fast_link": fast.astype(float),
    }


def peak(card: Card, precision: str) -> float:
    """Dense peak in TFLOP/s at the precision, or at the nearest that the card has."""
    for name in _PEAK.get(precision, ("bf16_tflops",)):
        value = float(getattr(card, name))
        if value == value and value > 0:
            return value
    return card.fp32_tflops


class AssumptionColumns:
    """The assumptions table, one value a row of measurements."""

    def __init__(self, catalog: Catalog, selectors: Sequence[Mapping[str, str]]) -> None:
        self.table = catalog.assumptions
        kinds: dict[tuple[tuple[str, str], ...], int] = {}
        self._kind = np.array([kinds.setdefault(tuple(sorted(s.items())), len(kinds)) for s in selectors])
        self._kinds = [dict(kind) for kind in kinds]

    def columns(
        self, names: Iterable[str], scenario: Scenario = "expected", constants: Constants | None = None
    ) -> dict[str, Any]:
        """Value of each assumption for each row; constants replace values of the table by (name, key)."""
        return {name: self._column(name, scenario, constants or {}) for name in names}

    def _column(self, name: str, scenario: Scenario, constants: Constants) -> np.ndarray:
        rows = sorted(self.table[name].values(), key=lambda row: row.key.count("=") if row.key else 0)
        values = [_value(row, scenario, constants.get((name, row.key))) for row in rows]
        wanted = [_wanted(row) for row in rows]
        picked = np.full(len(self._kinds), math.nan)
        for i, kind in enumerate(self._kinds):
            for value, want in zip(values, wanted, strict=True):
                if all(kind.get(k) == v for k, v in want.items()):
                    picked[i] = value
        return np.asarray(picked[self._kind])


def _value(row: Assumption, scenario: Scenario, fitted: float | None) -> float:
    """A row's value; a fitted one keeps the row's ends at their distance as factors."""
    own = scenario_value(row, scenario)
    if fitted is None:
        return own
    return fitted * own / row.expected if row.expected else fitted


def _wanted(row: Assumption) -> dict[str, str]:
    return dict(part.split("=", 1) for part in row.key.split(",") if part)
