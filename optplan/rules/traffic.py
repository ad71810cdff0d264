"""What live traffic asks of replicas, whatever their capacity rests on."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive


@derive(unit="1", source="definition", status="exact")
def needed_replicas(requests_per_second: Any, replica_capacity: Any, utilisation: Any) -> Any:
    """Replicas that would carry the traffic of a class alone, not rounded up"""
    return requests_per_second / (replica_capacity * utilisation)
