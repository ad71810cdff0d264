"""A job on spot units that has a deadline keeps time on demand in reserve."""

from __future__ import annotations

from typing import Any

from numpy import isfinite

from optplan.rule import derive


@derive(unit="1", source="Young 1974, doi:10.1145/361147.361115", status="assumed")
def covered_share(
    deadline_hours: Any, reserve_factor: Any, interruption_rate: Any, lost_hours: Any, restart_hours: Any
) -> Any:
    """Share of the hours of a spot unit that is held in reserve on demand, for the deadline"""
    return isfinite(deadline_hours) * reserve_factor * interruption_rate * (lost_hours + restart_hours)
