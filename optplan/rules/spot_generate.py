"""Offline inference on spot units: what interruptions lose is done again."""

from __future__ import annotations

from typing import Any

from optplan.rule import charge


@charge(source="Young 1974, doi:10.1145/361147.361115", status="assumed")
def rework(
    is_spot: Any,
    price_per_unit_hour: Any,
    unit_hours: Any,
    interruption_rate: Any,
    lost_hours: Any,
    restart_hours: Any,
) -> Any:
    """Rent of the hours in which spot units do again what interruptions lost, and start again"""
    return is_spot * price_per_unit_hour * unit_hours * interruption_rate * (lost_hours + restart_hours)
