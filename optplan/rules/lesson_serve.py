"""Live traffic as the lesson sees it: one replica carries any."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive
from optplan.rules.lesson import LESSON


@derive(unit="request/s", source=LESSON, status="assumed")
def replica_capacity(requests_per_second: Any, traffic_share: Any) -> Any:
    """Requests a second of one replica: more than any traffic

    The lesson sizes by memory alone: traffic takes a negligible share of a replica.
    """
    return requests_per_second / traffic_share


@derive(unit="hour", source=LESSON, status="exact")
def elapsed_hours(duration_hours: Any) -> Any:
    """Time that the service runs"""
    return duration_hours
