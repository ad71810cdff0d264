"""What paying early or late costs, against paying evenly at the end of every month.

The net present value of a plan is `even_discount` times its total: the charge `capital` puts all plans on that
footing, so that the cheapest plan is the one of least net present value. It is no payment itself.
"""

from __future__ import annotations

from typing import Any

from numpy import exp, expm1, floor, log1p, maximum

from optplan.rule import charge, derive
from optplan.rules.constants import MONTH, MONTHS
from optplan.units import TOLERANCE

ANNUITY = "present value of payments at the end of every month, the last for a broken one"
LEAST = 1e-12  # a month: where money costs nothing, nothing is divided by zero


@derive(unit="1", source="compound interest", status="exact")
def monthly_rate(discount_rate: Any) -> Any:
    """Cost of capital of a month"""
    return maximum(expm1(log1p(discount_rate) / MONTHS), LEAST)


@derive(unit="1", source="definition", status="exact")
def owned_months(owned_hours: Any) -> Any:
    """Months that a unit is kept, of 730 hours"""
    return owned_hours / MONTH


@derive(unit="1", source="definition", status="exact")
def paid_months(owned_hours: Any, reserved_hours: Any) -> Any:
    """Months over which a unit is paid: whole terms of a reservation"""
    return maximum(owned_hours, reserved_hours) / MONTH


@derive(unit="1", source="compound interest", status="exact")
def end_discount(owned_months: Any, monthly_rate: Any) -> Any:
    """What one unit of money at the end is worth at the start"""
    return exp(-owned_months * log1p(monthly_rate))


@derive(unit="1", source=ANNUITY, status="exact")
def even_discount(owned_months: Any, monthly_rate: Any) -> Any:
    """What one unit of money paid evenly, month by month, is worth at the start"""
    return (
        -expm1(-floor(owned_months * (1 + TOLERANCE)) * log1p(monthly_rate)) / monthly_rate
        + (owned_months - floor(owned_months * (1 + TOLERANCE))) * exp(-owned_months * log1p(monthly_rate))
    ) / owned_months


@derive(unit="1", source=ANNUITY, status="exact")
def term_discount(paid_months: Any, monthly_rate: Any) -> Any:
    """The same over the whole terms of a reservation"""
    return (
        -expm1(-floor(paid_months * (1 + TOLERANCE)) * log1p(monthly_rate)) / monthly_rate
        + (paid_months - floor(paid_months * (1 + TOLERANCE))) * exp(-paid_months * log1p(monthly_rate))
    ) / paid_months


@charge(source="compound interest: paid at the start or at the end, against evenly", status="exact")
def capital(
    purchase: Any,
    host: Any,
    network: Any,
    spares: Any,
    installation: Any,
    resale: Any,
    reservation: Any,
    even_discount: Any,
    end_discount: Any,
    term_discount: Any,
) -> Any:
    """Cost of the capital tied up in what is paid at the start until it is sold (no payment of its own)"""
    return (
        (purchase + host + network + spares + installation) * (1 / even_discount - 1)
        + resale * (end_discount / even_discount - 1)
        + reservation * (term_discount / even_discount - 1)
    )
