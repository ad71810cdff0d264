"""What spot costs beside its rent: units on demand stand in for those that were taken away."""

from __future__ import annotations

from typing import Any

from numpy import maximum

from optplan.rule import charge


@charge(source="Young 1974, doi:10.1145/361147.361115; the provider's price list", status="assumed")
def stand_ins(
    is_spot: Any, unit_hours: Any, covered_share: Any, on_demand_price: Any, price_per_unit_hour: Any
) -> Any:
    """Hours on demand that cover what interruptions of spot units lose, over the spot price"""
    return (
        is_spot
        * unit_hours
        * covered_share
        * (maximum(on_demand_price, price_per_unit_hour) - price_per_unit_hour)
    )
