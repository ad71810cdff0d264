"""Money: hours as billed and rent. All charges are linear in units and unit hours."""

from __future__ import annotations

from typing import Any

from numpy import ceil, maximum

from optplan.rule import charge, derive
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


@derive(unit="hour", source="the provider's terms of a reservation", status="exact")
def reserved_hours(is_reserved: Any, term_hours: Any, owned_hours: Any) -> Any:
    """Hours for which a reserved unit is paid, used or not: whole terms"""
    return is_reserved * term_hours * ceil(owned_hours / term_hours * (1 - TOLERANCE))


@charge(source="the provider's price list")
def rent(price_per_unit_hour: Any, unit_hours: Any, is_reserved: Any) -> Any:
    """Rent of the units for the hours billed"""
    return price_per_unit_hour * unit_hours * (1 - is_reserved)


@charge(source="the provider's price list")
def reservation(price_per_unit_hour: Any, units: Any, reserved_hours: Any) -> Any:
    """Rent of reserved units for whole terms, used or not"""
    return price_per_unit_hour * units * reserved_hours
