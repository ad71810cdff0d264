"""Offline inference by the lesson's arithmetic: 2 operations per parameter and token."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive
from optplan.rules.constants import FORWARD_FLOP
from optplan.rules.lesson import LESSON


@derive(unit="request/s", source=LESSON, status="assumed")
def replica_capacity(
    cards: Any, peak_flops: Any, efficiency: Any, params: Any, prompt_tokens: Any, answer_tokens: Any
) -> Any:
    """Requests a second of one replica: its arithmetic over that of one request, forward only"""
    return cards * peak_flops * efficiency / (FORWARD_FLOP * params * (prompt_tokens + answer_tokens))
