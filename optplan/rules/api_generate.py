"""Offline requests that an API answers."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive


@derive(unit="request", source="definition", status="exact")
def api_requests(api_share: Any, requests: Any) -> Any:
    """Requests that the API answers"""
    return api_share * requests
