"""The volume from which whole cards cost no more than an API: a staircase against a line, met exactly.

The cost of the cheapest cards F(v) rises in steps with the volume v, that of the API is c v. The least volume where
both meet is an integer program of its own; from a volume past the greatest, F(v) / c taken again and again falls to
the greatest volume at which they meet, and stays there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from optplan.units import TOLERANCE
from optplan.ways.stairs import Stairs
from optplan.ways.trial import Asked, Trials
from optplan.ways.values import VolumeEven, Way

LEAST = 1e-6  # of the need's volume: the fewest cards that any volume takes
LARGE = 100.0  # times the volume that the fewest cards are worth: beyond it the steps are small
CLOSE = 1e-6  # relative: where solving a need anew for each volume stops
MOST_STEPS = 300
MORE = "a request costs more on these cards than at the API, whatever the volume"


def volumes_even(trials: Trials, ways: Sequence[Way], volume: float) -> list[VolumeEven]:
    """For each way with cards: where its cost meets the API's. volume: of the need as it is."""
    api = next((way for way in ways if way.way == "api"), None)
    if api is None or not api.npv > 0:
        return []
    found = []
    for way in ways:
        if way.way != "api":
            stairs = Stairs.of(trials.context(way.way))
            found.append(
                _stepwise(trials, way, stairs, api, volume)
                if stairs is not None
                else _by_solving(trials, way, api.npv, volume)
            )
    return found


def _stepwise(trials: Trials, way: Way, stairs: Stairs, api: Way, volume: float) -> VolumeEven:
    """From the program of the cards; totals stand for net present values, which are in one proportion to them."""
    assert api.plan is not None
    line = api.plan.total_cost
    first = stairs.first(line)
    if math.isnan(first):
        return VolumeEven(way.way, math.nan, math.nan, reason=MORE)
    last = stairs.last(line)
    always = _meet(stairs.cost, line, max(last, first), math.inf) if last == last else math.nan
    worth = api.npv / line
    steps = [(s * volume, cost * worth, s * api.npv) for s, cost in sorted(stairs.costs.items())]
    what = trials.way(way.way, Asked(scale=first)).label
    return VolumeEven(way.way, first * volume, always * volume, what, "", steps)


def _by_solving(trials: Trials, way: Way, line: float, volume: float) -> VolumeEven:
    """By solving the need at each volume. line: cost of the API for the need's own volume."""
    stairs: dict[float, float] = {}

    def cost(scale: float) -> float:
        if scale not in stairs:
            stairs[scale] = trials.npv(way.way, Asked(scale=scale))
        return stairs[scale]

    least = cost(LEAST)
    if not math.isfinite(least):
        return VolumeEven(
            way.way, math.nan, math.nan, reason="no cards of this way carry even a small volume"
        )
    top = LARGE * max(least / line, 1.0)
    # What fleets add up to never costs less than the fleets: F(v) / v is least in the long run.
    first = _meet(cost, line, least / line, top, CLOSE) if cost(top) <= line * top else math.nan
    stairs.pop(LEAST)
    steps = [(scale * volume, found, scale * line) for scale, found in sorted(stairs.items())]
    if math.isnan(first):
        return VolumeEven(way.way, math.nan, math.nan, reason=MORE, steps=steps)
    always = _meet(cost, line, top, math.inf, CLOSE)
    what = trials.way(way.way, Asked(scale=first)).label
    return VolumeEven(way.way, first * volume, always * volume, what, "", steps)


def _meet(
    cost: Callable[[float], float], line: float, scale: float, top: float, close: float = TOLERANCE
) -> float:
    """Where the stairs meet the line, from this scale on; nan where they do not up to `top`."""
    for _ in range(MOST_STEPS):
        found = cost(scale)
        if not math.isfinite(found):
            return math.nan
        following = found / line
        if abs(following - scale) <= close * scale:
            return following
        if following > top:
            return math.nan
        scale = following
    return math.nan
