"""Offline inference: as many requests at once as the cache and the engine let in."""

from __future__ import annotations

from typing import Any

from numpy import floor, maximum, minimum

from optplan.rule import derive
from optplan.rules.constants import EACH_TOKEN, ONE_REQUEST


@derive(unit="request", source="Kwon et al. 2023 (vLLM), arXiv:2309.06180", status="exact")
def concurrent_requests(cache_requests: Any, max_sequences: Any, requests: Any) -> Any:
    """Requests at work at once in one replica"""
    return maximum(floor(minimum(minimum(cache_requests, max_sequences), requests)), ONE_REQUEST)


@derive(unit="s/token", source="definition", status="exact")
def per_token_time(step_time: Any) -> Any:
    """Time between two tokens of an answer, prefills of others not counted"""
    return EACH_TOKEN * step_time


@derive(unit="s", source="definition", status="fitted")
def first_token_time(prefill_time: Any, pass_time: Any, concurrent_requests: Any) -> Any:
    """Time to the first token of a batch that starts together"""
    return prefill_time * concurrent_requests + pass_time


@derive(
    unit="request/s", source="fitted on published throughputs: TensorRT-LLM perf-overview", status="fitted"
)
def replica_capacity(
    concurrent_requests: Any,
    answer_tokens: Any,
    per_token_time: Any,
    prefill_time: Any,
    prefill_share: Any,
    pp: Any,
) -> Any:
    """Requests a second of one replica that never waits for work

    A batch decodes its answers and works through its prompts, which decoding hides in part.
    """
    return concurrent_requests / (
        answer_tokens * per_token_time * ONE_REQUEST + prefill_share * prefill_time / pp * concurrent_requests
    )
