"""How many replicas the chosen units hold."""

from __future__ import annotations

from typing import Any

from numpy import floor, where

from optplan.rule import derive


@derive(unit="1", source="definition", status="exact")
def replicas(units: Any, nodes: Any, gpus_per_unit: Any, tp: Any, pp: Any) -> Any:
    """Replicas on the units: as many as fit into each, or one on several together"""
    return units / nodes * where(nodes > 1, 1, floor(gpus_per_unit / (tp * pp)))
