"""The cheapest way to carry blocks at given prices: covering knapsacks, solved by depth-first search.

Used to find patterns for the master program, and for its bound: a pattern never counts for more than it truly costs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

MOST_NODES = 3000  # of one search; beyond it the answer is a pattern and a lower bound, which no longer meet
NEARLY = 1e-9

Item = tuple[float, float, float, int]  # price, cover, most, option


@dataclass(frozen=True, slots=True)
class Cheapest:
    """A pattern (option index, amount) with its price, and what no pattern costs less than."""

    price: float
    bound: float
    pattern: tuple[tuple[int, float], ...]


def cheapest(
    price: np.ndarray, cover: np.ndarray, most: np.ndarray, integer: np.ndarray, demand: float
) -> Cheapest | None:
    """min sum of price * x with sum of cover * x >= demand, x <= most; None where no x covers it.

    All arrays have one entry an option; prices are >= 0. Those not `integer` may be fractional.
    """
    reach = np.minimum(cover, demand)
    order = np.lexsort((-reach, price))
    order = order[(reach[order] > 0) & np.isfinite(price[order]) & (most[order] > 0)]
    if not len(order):
        return None
    top = np.maximum.accumulate(
        np.where(integer[order] & (most[order] * cover[order] >= demand), reach[order], 0.0)
    )
    kept = order[np.concatenate(([True], reach[order][1:] > top[:-1])) | ~integer[order]]
    kept = kept[np.argsort(price[kept] / cover[kept], kind="stable")]
    items = list(
        zip(price[kept].tolist(), cover[kept].tolist(), most[kept].tolist(), kept.tolist(), strict=True)
    )
    return _Search(items, integer[kept].tolist(), demand).run()


class _Search:
    """Depth first, items by price per cover; what is left is bounded by the best ratio among the rest."""

    def __init__(self, items: list[Item], integer: list[bool], demand: float) -> None:
        self.items, self.integer, self.demand = items, integer, demand
        self.best = math.inf
        self.pattern: tuple[tuple[int, float], ...] = ()
        self.taken: list[tuple[int, float]] = []
        self.nodes = 0
        self.cut = math.inf  # the least bound that was given up for want of nodes

    def run(self) -> Cheapest | None:
        """The pattern, or None."""
        self._alone()
        self._visit(0, self.demand, 0.0)
        if not math.isfinite(self.best):
            return None
        return Cheapest(self.best, min(self.best, self.cut), tuple(sorted(self.pattern)))

    def _alone(self) -> None:
        """One item alone, each; the cheapest."""
        for (price, cover, most, index), whole in zip(self.items, self.integer, strict=True):
            count = self.demand / cover
            count = float(math.ceil(count * (1 - NEARLY))) if whole else count
            if count <= most * (1 + NEARLY) and count * price < self.best:
                self.best, self.pattern = count * price, ((index, count),)

    def _visit(self, at: int, left: float, spent: float) -> None:
        if left <= self.demand * NEARLY:
            if spent < self.best:
                self.best, self.pattern = spent, tuple(self.taken)
            return
        if at == len(self.items):
            return
        price, cover, most, index = self.items[at]
        floor = spent + left * price / cover
        if floor >= self.best * (1 - 1e-12):
            return
        if self.nodes >= MOST_NODES:
            self.cut = min(self.cut, floor)
            return
        self.nodes += 1
        if not self.integer[at]:  # the best ratio, and any amount of it
            counts = [min(most, left / cover)]
        else:
            top = int(min(most, math.ceil(left / cover * (1 - NEARLY))))
            counts = [float(n) for n in range(top, -1, -1)]
        for count in counts:
            if count:
                self.taken.append((index, count))
            self._visit(at + 1, left - count * cover, spent + count * price)
            if count:
                self.taken.pop()
