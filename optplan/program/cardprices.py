"""Prices of cards where their number is limited: what the work costs at least with the cards there may be."""

from __future__ import annotations

import math

import numpy as np

from optplan.program.limits import Limits
from optplan.units import TOLERANCE


def capped(limits: Limits) -> bool:
    """Whether the number of cards is limited."""
    return bool(limits.quotas) or math.isfinite(limits.max_cards)


def card_prices(
    cost: np.ndarray, cards: np.ndarray, kind: np.ndarray, limits: Limits
) -> tuple[np.ndarray, float, float]:
    """(price of a card of each column, least cost of all the work with the cards there may be, that and their price).

    cost, cards: as of `best_price`; kind: card of each column. Every limit on cards has a price of its own, each the
    best beside the others once they are known.
    """
    capped = [(np.ones(len(kind), dtype=bool), limits.max_cards)] if math.isfinite(limits.max_cards) else []
    capped += [(mask[kind], most) for _, mask, most in limits.quotas]
    prices, card = [0.0] * len(capped), np.zeros(len(kind))
    if not capped:
        least = float(cost.min(axis=1).sum())
        return card, least, least
    for _ in range(min(2, len(capped))):
        for i, (mask, most) in enumerate(capped):
            card = card - prices[i] * mask
            paid = np.where(card > 0, card * cards, 0.0)
            prices[i], least, _ = best_price(cost + paid, np.where(mask, cards, 0.0), float(most))
            if math.isinf(least):
                return card, math.inf, math.inf
            card = card + prices[i] * mask
    total = float((cost + np.where(card > 0, card * cards, 0.0)).min(axis=1).sum())
    return card, total - sum(p * most for p, (_, most) in zip(prices, capped, strict=True)), total


def best_price(cost: np.ndarray, cards: np.ndarray, most: float) -> tuple[float, float, float]:
    """(price of a card, least cost of all the work with so many cards, that and the price of the cards).

    cost, cards: (parts of the work, columns) of a part by one column, fractions of units allowed; infinite where it
    cannot. The bound is the highest of those that a price gives: least (cost + price x cards) - price x most. It is
    infinite where cards are too few.
    """
    rows = np.arange(len(cost))

    def cheapest(price: float) -> tuple[float, float]:
        """(cost, cards) of the least cost and price of cards."""
        value = cost + price * cards if price else cost
        best = np.where(np.isnan(value), math.inf, value).argmin(axis=1)
        return float(cost[rows, best].sum()), float(cards[rows, best].sum())

    low = cheapest(0.0)
    if low[1] <= most * (1 + TOLERANCE) or math.isinf(low[0]):
        return 0.0, low[0], low[0]
    fewest = np.where(np.isfinite(cost), cards, math.inf).argmin(axis=1)
    high = float(cost[rows, fewest].sum()), float(cards[rows, fewest].sum())
    if high[1] > most * (1 + TOLERANCE):
        return 0.0, math.inf, math.inf
    while True:
        price = (high[0] - low[0]) / (low[1] - high[1])
        met = low[0] + price * low[1]
        found = cheapest(price)
        total = found[0] + price * found[1]
        if total >= met * (1 - TOLERANCE):
            return price, total - price * most, total
        low, high = (found, high) if found[1] > most else (low, found)
