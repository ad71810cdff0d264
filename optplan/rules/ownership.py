"""What owning costs: all that is paid for a card besides its price, and what paying early costs.

Terms that are paid once are shares of the price or amounts a card; those that run are linear in the hours that
a unit is owned, or at work.
"""

from __future__ import annotations

from typing import Any

from numpy import where

from optplan.rule import charge, derive
from optplan.rules.constants import HOURS_PER_MONTH, KILO, YEAR

PRICES = "prices of used V100 and P100 in epoch-research/training-cost-trends data/Hardware prices.csv"


@charge(source="the seller's price")
def purchase(price_per_unit: Any, units: Any) -> Any:
    """Price of the units bought"""
    return price_per_unit * units


@charge(source="SemiAnalysis: parts of a DGX H100 besides its cards", status="assumed")
def host(is_bare: Any, gpus_per_unit: Any, units: Any, host_price: Any) -> Any:
    """Share of a server for cards that are bought bare"""
    return is_bare * gpus_per_unit * units * host_price


@charge(source="H100 cluster quotations of August 2024: switches and cables over nodes", status="assumed")
def network(price_per_unit: Any, units: Any, network_share: Any) -> Any:
    """Switches and cables, a share of the price"""
    return price_per_unit * units * network_share


@charge(source="Llama Team 2024, arXiv:2407.21783, table 5: failed cards of a cluster", status="assumed")
def spares(price_per_unit: Any, units: Any, spare_share: Any) -> Any:
    """Cards and parts kept to replace those that fail, a share of the price"""
    return price_per_unit * units * spare_share


@charge(source="our estimate", status="assumed")
def installation(price_per_unit: Any, units: Any, installation_share: Any) -> Any:
    """Delivery, racks, cabling and set-up, a share of the price"""
    return price_per_unit * units * installation_share


@derive(unit="1", source=PRICES, status="assumed")
def resale_share(resale_at_once: Any, resale_yearly: Any, owned_hours: Any) -> Any:
    """Share of its price that a unit fetches when it is no longer needed"""
    return resale_at_once * resale_yearly ** (owned_hours / YEAR)


@charge(source=PRICES, status="assumed")
def resale(price_per_unit: Any, units: Any, resale_share: Any) -> Any:
    """What bought units still fetch when they are no longer needed (taken off)"""
    return -price_per_unit * units * resale_share


@derive(unit="1", source="annual reports: useful life of servers", status="assumed")
def life_used(is_bought: Any, owned_hours: Any, service_life: Any) -> Any:
    """Share of a bought card's service life that the time owned takes"""
    return is_bought * owned_hours / (service_life * YEAR)


@derive(unit="kW", source="NVIDIA DGX system power against its cards", status="assumed")
def unit_power(card_power: Any, gpus_per_unit: Any, host_power_share: Any) -> Any:
    """Power that one unit can draw: cards and their host"""
    return card_power * gpus_per_unit * (1 + host_power_share) / KILO


@charge(source="U.S. EIA Electric Power Monthly, table 5.6.A; Uptime Institute PUE survey", status="assumed")
def energy(is_bought: Any, energy_kwh: Any, electricity_price: Any) -> Any:
    """Electricity of bought units and their cooling, for the hours they are on"""
    return where(is_bought > 0, energy_kwh * electricity_price, 0)


@charge(source="CBRE North America Data Center Trends H2 2024", status="assumed")
def hosting(is_bought: Any, units: Any, unit_power: Any, hosting_price: Any, owned_hours: Any) -> Any:
    """Space and power connection for bought units while they are owned, by the kilowatt reserved"""
    return where(is_bought > 0, units * unit_power * hosting_price * owned_hours / HOURS_PER_MONTH, 0)


@charge(source="DGX H100 support price list", status="assumed")
def support(price_per_unit: Any, units: Any, support_rate: Any, owned_hours: Any) -> Any:
    """Maintenance of bought units, a yearly share of their price"""
    return price_per_unit * units * support_rate * (owned_hours / YEAR)


@charge(source="U.S. BLS Occupational Employment and Wage Statistics, May 2024", status="assumed")
def staff(
    is_bought: Any, gpus_per_unit: Any, units: Any, staff_share: Any, staff_cost: Any, owned_hours: Any
) -> Any:
    """People who run bought units: a share of a position for each card"""
    return is_bought * gpus_per_unit * units * staff_share * staff_cost * (owned_hours / YEAR)


@charge(source="University of Washington: rates of its equipment insurance", status="assumed")
def insurance(price_per_unit: Any, units: Any, insurance_rate: Any, owned_hours: Any) -> Any:
    """Insurance of bought units, a yearly share of their price"""
    return price_per_unit * units * insurance_rate * (owned_hours / YEAR)
