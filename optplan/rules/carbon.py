"""Electricity of a plan and the greenhouse gases of it; both are linear in units and unit hours, as charges are."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive
from optplan.rules.constants import GRAMS


@derive(
    unit="kWh",
    source="Patterson et al. 2021, arXiv:2104.10350: energy = hours x power of the machines x PUE of the site",
    status="assumed",
)
def energy_kwh(unit_power: Any, load_share: Any, unit_hours: Any, pue: Any) -> Any:
    """Electricity of the units and their cooling for the hours billed, whoever pays for it"""
    return unit_power * load_share * unit_hours * pue


@derive(
    unit="kg",
    source="GHG Protocol Scope 2 Guidance, location-based: electricity x mean of the grid where the units stand",
    status="assumed",
)
def carbon_kg(energy_kwh: Any, grid_intensity: Any) -> Any:
    """Greenhouse gases of that electricity, in kilograms of CO2 equivalent; making the hardware is not counted"""
    return energy_kwh * grid_intensity / GRAMS
