"""The price of a way at which the verdict changes, the others left as they are, each way's plan chosen anew."""

from __future__ import annotations

import math
from collections.abc import Sequence

from optplan.ways.trial import Asked, Trials
from optplan.ways.values import PriceFlip, Way

CLOSE = 1e-9  # relative: where the search stops
CHEAPEST = 1e-3  # of the present price; a verdict that needs less is not changed by prices
DEAREST = 1e3
MOST_STEPS = 25


def flips(trials: Trials, ways: Sequence[Way], best: str) -> list[PriceFlip]:
    """For each way the factor on its prices at which it becomes, or is no longer, the cheapest."""
    if len(ways) < 2:
        return []
    ranked = sorted(ways, key=lambda way: way.npv)
    found = []
    for way in ways:
        target = ranked[1] if way.way == best else ranked[0]
        factor = _factor(trials, way, target.npv)
        price, unit = _price(way)
        winner = target.way if way.way == best else way.way
        found.append(PriceFlip(way.way, factor, price * factor, price, unit, winner))
    return found


def _factor(trials: Trials, way: Way, target: float) -> float:
    """The factor at which the cheapest plan of a way costs `target`: the cost rises with it, ever less steeply.

    The line through the last two points is followed while it brings both sides of the target closer.
    """

    def gap(factor: float) -> float:
        return trials.npv(way.way, Asked(prices=((way.way, factor),))) - target

    low, high, at_low, at_high = 1.0, 1.0, way.npv - target, way.npv - target
    if at_low > 0:
        low, at_low = CHEAPEST, gap(CHEAPEST)
        if not at_low <= 0:
            return math.nan
    else:
        while at_high < 0:
            low, at_low, high = high, at_high, high * 4
            if high > DEAREST:
                return math.nan
            at_high = gap(high)
    kept = 0
    for _ in range(MOST_STEPS):
        if at_high - at_low <= CLOSE * target or high - low <= CLOSE * high:
            break
        step = low - at_low * (high - low) / (at_high - at_low) if kept < 3 else (low + high) / 2
        middle = min(max(step, low), high)
        at = gap(middle)
        if abs(at) <= CLOSE * target:
            return middle
        kept = 0 if kept >= 3 else kept + 1
        if at < 0:
            low, at_low = middle, at
        else:
            high, at_high = middle, at
    return (low + high) / 2


def _price(way: Way) -> tuple[float, str]:
    """A price that stands for the way's: of the first line, in its own currency."""
    plan = way.plan
    assert plan is not None
    if plan.apis:
        return plan.apis[0].output_per_mtok, f"{plan.apis[0].currency} per million tokens written"
    line = plan.cards[0]
    what = f"{line.count // line.units} x {line.gpu}"
    if line.purchase == "buy":
        return line.price_per_unit, f"{line.currency} for {what}"
    return line.price_per_unit_hour, f"{line.currency}/h for {what}"
