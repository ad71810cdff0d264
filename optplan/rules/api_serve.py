"""Live traffic that an API answers."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive
from optplan.units import HOUR


@derive(unit="request", source="definition", status="exact")
def api_requests(api_share: Any, requests_per_second: Any, duration_hours: Any) -> Any:
    """Requests that the API answers while the service runs"""
    return api_share * requests_per_second * duration_hours * HOUR
