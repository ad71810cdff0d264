"""A service on spot units has no time to make up: all that interruptions take is covered on demand."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive


@derive(unit="1", source="Young 1974, doi:10.1145/361147.361115", status="assumed")
def covered_share(interruption_rate: Any, restart_hours: Any) -> Any:
    """Share of the hours of a spot unit in which another stands in for it"""
    return interruption_rate * restart_hours
