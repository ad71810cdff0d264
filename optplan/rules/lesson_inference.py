"""Inference memory as the lesson counts it: the weights and a fifth to spare; no cache, no batch."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive
from optplan.rules.lesson import LESSON
from optplan.units import GB


@derive(unit="GB", source=LESSON, status="assumed")
def model_memory(params: Any, weight_bytes: Any, inference_spare: Any) -> Any:
    """Memory of one replica: parameters x bytes x 1.2"""
    return params * weight_bytes * inference_spare / GB


@derive(unit="GB", source=LESSON, status="assumed")
def memory_per_card(model_memory: Any, cards: Any) -> Any:
    """An equal share of the replica's memory"""
    return model_memory / cards
