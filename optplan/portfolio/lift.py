"""Prices of what no pattern uses yet.

The relaxed program settles the price of a unit only where some pattern uses it; elsewhere it says 0, and the next
patterns would all rush there. Such prices may be raised to what the cheapest source would cost, shared evenly over
the months that it lasts, without harm to the bound: rows of cards have the limit 0, so that the dual objective stays
as it is, and no column becomes profitable.
"""

from __future__ import annotations

import numpy as np

from optplan.portfolio.capital import Capital, cap_row, class_row
from optplan.portfolio.parts import Instance, Source

Rows = dict[str, tuple[int, float]]  # name of a shared row -> its number and scale


def lifted(capital: Capital, rows: Rows, prices: np.ndarray) -> np.ndarray:
    """The prices (<= 0) with those of classes raised as far as the sources allow.

    Where a budget is in force they stay as they are.
    """
    instance = capital.instance
    if any(
        prices[row] < 0 for name, (row, _) in rows.items() if name.startswith(("budget", "monthly_budget"))
    ):
        return prices
    worth = _Worth(capital, rows, prices)
    found = prices.copy()
    held = {s: worth.held(instance.sources[s]) for s in {s for s, _ in capital.acquired}}
    for group, t in {(group, t) for group, _, t in capital.flow}:
        row, scale = rows[class_row(instance, group, t)]
        each = []
        for s in instance.groups[group].sources:
            source = instance.sources[s]
            running = capital.ledger.program.variables[capital.flow[group, s, t]].cost
            each.append(running + (worth.limits(source, t) if source.hourly else float(held[s][t])))
        found[row] = min(found[row], -min(each) / scale)
    return found


class _Worth:
    """What a held unit of a source is worth in each month."""

    def __init__(self, capital: Capital, rows: Rows, prices: np.ndarray) -> None:
        self.capital, self.rows, self.prices = capital, rows, prices
        self.instance: Instance = capital.instance

    def price(self, name: str) -> float:
        """What one more of a row's limit is worth."""
        row, scale = self.rows.get(name, (-1, 0.0))
        return max(0.0, -float(self.prices[row]) * scale) if row >= 0 else 0.0

    def limits(self, source: Source, month: int) -> float:
        """What a unit costs by the limits that it counts for."""
        provider = self.instance.provider(source)
        caps = sum(
            source.gpus * self.price(cap_row(cap.name, month))
            for cap in self.instance.caps
            if cap.counts(source.card, provider)
        )
        return caps + source.power_kw * self.price(f"power:m{month + 1}")

    def held(self, source: Source) -> np.ndarray:
        """By month: as the relaxed program says, and evenly more as far as acquiring one in any month allows."""
        months = self.instance.months
        worth = np.array([self.price(f"held:{source.label}:m{t + 1}") for t in range(months)])
        limits = np.array([self.limits(source, t) for t in range(months)])
        spare = []
        for t in range(months):
            last = min(months, t + source.term) if source.term else months
            cost = self.capital.ledger.program.variables[self.capital.acquired[source.index, t]].cost
            spare.append((cost - float((worth - limits)[t:last].sum())) / (last - t))
        return np.asarray(worth + max(0.0, min(spare)))
