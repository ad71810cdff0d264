"""Electricity and greenhouse gases of a plan, by the pack's own rules: totals, limit, and what was assumed."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from optplan.catalog import Catalog
from optplan.catalog.grids import WORLD
from optplan.plan import LimitUse, Line
from optplan.planner.context import Context
from optplan.planner.costs.pricing import Pricing
from optplan.program.limits import Limits
from optplan.rule import Pack
from optplan.units import number

CARBON: Final = "carbon_kg"
TOTALS: Final = ("energy_kwh", CARBON)  # summed over the lines of a plan


def weighed(pack: Pack) -> list[str]:
    """The totals that a pack has rules for."""
    return [name for name in TOTALS if name in pack.rules]


def grids_assumed(context: Context, lines: Sequence[Line]) -> list[str]:
    """What was taken for regions that no grid is known of, in words."""
    if CARBON not in context.pack.rules or "grid_intensity" in context.fixed:
        return []
    texts = dict.fromkeys(_grid_assumed(context.catalog, line.offer) for line in lines)
    return [text for text in texts if text]


@functools.lru_cache(maxsize=4096)
def _grid_assumed(catalog: Catalog, offer: int) -> str:
    """The same of one offer; "" where its grid is known."""
    offers, grids = catalog.offers, catalog.grids
    if grids.of_offer(offers, offer).name != WORLD:
        return ""
    place = f"{offers.providers[offers.provider[offer]]} {offers.regions[offers.region[offer]]}"
    world = grids.grids[WORLD]
    return (
        f"grid of {place} = {number(world.intensity_g_kwh)} g CO2e/kWh (default: mean of the world in "
        f"{world.year}, as no grid of that region is known; --set grid_intensity=.. sets it)"
    )


def carbon_use(context: Context, used: float) -> list[LimitUse]:
    """The limit on greenhouse gases, if the need names one. used: kilograms."""
    allowed = context.limits.carbon
    if math.isinf(allowed):
        return []
    return [LimitUse("carbon", used, allowed, "kg", abs(allowed - used) <= 1e-6 * max(allowed, 1e-12))]


def weighed_limits(context: Context, pricing: Pricing, owned_hours: Any) -> Limits:
    """The limits with what a unit and a unit-hour of each offer weigh, where greenhouse gases are limited."""
    limits = context.limits
    if math.isinf(limits.carbon):
        return limits
    offers = np.arange(len(context.catalog.offers))
    unit = _kilograms(pricing, offers, units=1.0, unit_hours=0.0, owned_hours=owned_hours)
    both = _kilograms(pricing, offers, units=1.0, unit_hours=1.0, owned_hours=owned_hours)
    return replace(limits, kg_unit=unit, kg_hour=both - np.where(np.isfinite(unit), unit, 0.0))


def job_scales(
    context: Context, pricing: Pricing, hours: np.ndarray, nodes: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], np.ndarray] | None:
    """What weighs one unit of offers in gangs of so many hours and nodes; None where nothing limits it."""
    if math.isinf(context.limits.carbon):
        return None

    def weigh(offers: np.ndarray, gangs: np.ndarray) -> np.ndarray:
        times = pricing.run(
            offers, ["elapsed_hours", "billed_hours"], job_hours=hours[gangs], nodes=nodes[gangs]
        )
        elapsed, billed = (
            np.asarray(times[n] + np.zeros(len(offers))) for n in ("elapsed_hours", "billed_hours")
        )
        return _kilograms(pricing, offers, units=1.0, unit_hours=billed, owned_hours=elapsed)

    return weigh


def _kilograms(pricing: Pricing, offers: np.ndarray, **given: Any) -> np.ndarray:
    """Of one unit of each offer; infinite where the power of its card is not known."""
    found = np.asarray(pricing.run(offers, [CARBON], **given)[CARBON], dtype=float)
    return np.asarray(np.nan_to_num(np.broadcast_to(found, (len(offers),)), nan=math.inf, posinf=math.inf))
