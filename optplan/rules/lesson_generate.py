"""Offline inference by the lesson's arithmetic: 2 operations per parameter and token."""

from __future__ import annotations

from typing import Any

from optplan.rule import derive
from optplan.rules.constants import FORWARD_FLOP
from optplan.rules.lesson import LESSON
from optplan.units import HOUR


@derive(unit="request/s", source=LESSON, status="assumed")
def replica_capacity(
    cards: Any, peak_flops: Any, efficiency: Any, params: Any, prompt_tokens: Any, answer_tokens: Any
) -> Any:
    """Requests a second of one replica: its arithmetic over that of one request, forward only"""
    return cards * peak_flops * efficiency / (FORWARD_FLOP * params * (prompt_tokens + answer_tokens))


@derive(unit="hour", source=LESSON, status="assumed")
def job_hours(requests: Any, replica_capacity: Any) -> Any:
    """Time that one replica takes for all requests"""
    return requests / replica_capacity / HOUR


@derive(unit="hour", source=LESSON, status="exact")
def elapsed_hours(job_hours: Any) -> Any:
    """Wall clock: nothing interrupts the job"""
    return job_hours
