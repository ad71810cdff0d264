"""Money: hours as billed, rent, and what owning costs. All charges are linear in units and unit hours."""

from __future__ import annotations

from typing import Any

from numpy import ceil, maximum

from optplan.rule import charge, derive
from optplan.rules.constants import HOURS_PER_MONTH, KILO, YEAR
from optplan.units import HOUR, TOLERANCE


@derive(unit="hour", source="the provider's price list: billing increment and minimum", status="exact")
def billed_hours(elapsed_hours: Any, billing_step: Any, billing_minimum: Any) -> Any:
    """Hours billed for each unit: whole billing steps, at least the minimum

    A job that ends exactly on a step, within rounding of floats, is not billed one more.
    """
    return (
        maximum(billing_minimum, ceil(elapsed_hours * HOUR / billing_step * (1 - TOLERANCE)) * billing_step)
        / HOUR
    )


@charge(source="the provider's price list")
def rent(price_per_unit_hour: Any, unit_hours: Any) -> Any:
    """Rent of the units for the hours billed"""
    return price_per_unit_hour * unit_hours


@charge(source="the seller's price")
def purchase(price_per_unit: Any, units: Any) -> Any:
    """Price of the units bought"""
    return price_per_unit * units


@charge(source="prices of used V100 and P100 in epoch-research/training-cost-trends", status="assumed")
def resale(price_per_unit: Any, units: Any, resale_at_once: Any, resale_yearly: Any, owned_hours: Any) -> Any:
    """What bought units still fetch when they are no longer needed (taken off)"""
    return -price_per_unit * units * resale_at_once * resale_yearly ** (owned_hours / YEAR)


@derive(unit="kW", source="NVIDIA DGX system power against its cards", status="assumed")
def unit_power(card_power: Any, gpus_per_unit: Any, host_power_share: Any) -> Any:
    """Power that one unit can draw: cards and their host"""
    return card_power * gpus_per_unit * (1 + host_power_share) / KILO


@charge(source="U.S. EIA Electric Power Monthly, table 5.6.A; Uptime Institute PUE survey", status="assumed")
def energy(
    is_bought: Any, unit_power: Any, unit_hours: Any, load_share: Any, pue: Any, electricity_price: Any
) -> Any:
    """Electricity of bought units and their cooling, for the hours at work"""
    return is_bought * unit_power * load_share * unit_hours * pue * electricity_price


@charge(source="CBRE North America Data Center Trends H2 2024", status="assumed")
def hosting(is_bought: Any, units: Any, unit_power: Any, hosting_price: Any, owned_hours: Any) -> Any:
    """Space and power connection for bought units while they are owned, by the kilowatt reserved"""
    return is_bought * units * unit_power * hosting_price * owned_hours / HOURS_PER_MONTH


@charge(source="DGX H100 support price list", status="assumed")
def support(price_per_unit: Any, units: Any, support_rate: Any, owned_hours: Any) -> Any:
    """Maintenance of bought units, a yearly share of their price"""
    return price_per_unit * units * support_rate * (owned_hours / YEAR)
