"""Offline inference: how long the chosen units work, and are held."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive
from optplan.units import HOUR


@derive(unit="hour", source="definition", status="exact")
def work_hours(
    carried_requests: Any, replica_capacity: Any, utilisation: Any, units: Any, replicas: Any
) -> Any:
    """Hours of work, summed over units, starts not counted: requests over the speed of the replicas"""
    return carried_requests / (replica_capacity * utilisation) / HOUR * units / replicas


@derive(unit="hour", source="definition", status="exact")
def elapsed_hours(work_hours: Any, units: Any, setup_hours: Any) -> Any:
    """Wall clock of a unit, mean over the units: its start and its work"""
    return work_hours / units + setup_hours
