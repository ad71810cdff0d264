"""Live traffic: the largest steady rate whose decode step meets its limit and whose cache fits.

By Little's law the requests at work are rate x time in the system; a step's time is linear in them, prefills
of others included, so the largest batch under a limit has a closed form.
"""

from __future__ import annotations

from typing import Any

from numpy import floor, maximum, minimum

from optplan.rule import at_most, derive, require
from optplan.rules.constants import EACH_TOKEN, ONE_REQUEST

LITTLE = "Little 1961, doi:10.1287/opre.9.3.383"
CHUNKED = "Agrawal et al. 2024 (Sarathi-Serve), arXiv:2403.02310"


@derive(unit="s/token/request", source=CHUNKED, status="exact")
def token_time_per_request(step_per_request: Any, prefill_time: Any, answer_tokens: Any, pp: Any) -> Any:
    """What one more request adds to the time between tokens, its prefill spread over its answer"""
    return EACH_TOKEN * step_per_request + prefill_time / pp / (answer_tokens * ONE_REQUEST)


@derive(unit="request", source=LITTLE, status="exact")
def token_limit_requests(
    per_token_limit: Any,
    step_overhead: Any,
    dense_read_time: Any,
    expert_read_time: Any,
    expert_share: Any,
    token_time_per_request: Any,
    pp: Any,
) -> Any:
    """Requests at once that keep the time between tokens

    A batch touches at most all experts, and at most k of E for each request: the looser of both bounds.
    """
    return maximum(
        (per_token_limit - EACH_TOKEN * (step_overhead + dense_read_time + expert_read_time))
        / token_time_per_request,
        (per_token_limit - EACH_TOKEN * (step_overhead + dense_read_time))
        / (token_time_per_request + EACH_TOKEN * expert_read_time * expert_share / (ONE_REQUEST * pp)),
    )


@derive(unit="request", source=CHUNKED, status="exact")
def first_limit_requests(
    first_token_limit: Any,
    prefill_time: Any,
    step_overhead: Any,
    dense_read_time: Any,
    expert_read_time: Any,
    expert_share: Any,
    step_per_request: Any,
    pp: Any,
) -> Any:
    """Requests at once that keep the time to the first token: its prefill, then one step"""
    return maximum(
        (first_token_limit - ONE_REQUEST * prefill_time - step_overhead - dense_read_time - expert_read_time)
        / step_per_request,
        (first_token_limit - ONE_REQUEST * prefill_time - step_overhead - dense_read_time)
        / (step_per_request + expert_read_time * expert_share / (ONE_REQUEST * pp)),
    )


@derive(unit="request", source=LITTLE, status="exact")
def concurrent_requests(
    cache_requests: Any, max_sequences: Any, token_limit_requests: Any, first_limit_requests: Any
) -> Any:
    """Requests at work at once in one replica at its capacity, at least one"""
    return maximum(
        floor(
            minimum(
                minimum(cache_requests, max_sequences), minimum(token_limit_requests, first_limit_requests)
            )
        ),
        ONE_REQUEST,
    )


@derive(unit="s/token", source=CHUNKED, status="fitted")
def per_token_time(
    step_time: Any, prefill_time: Any, answer_tokens: Any, pp: Any, concurrent_requests: Any
) -> Any:
    """Mean time between two tokens of an answer at capacity, stretched by the prefills of others"""
    return EACH_TOKEN * step_time + prefill_time / pp / (answer_tokens * ONE_REQUEST) * concurrent_requests


@derive(unit="s", source=CHUNKED, status="fitted")
def first_token_time(prefill_time: Any, step_time: Any) -> Any:
    """Time to the first token of a request that does not queue: its prefill, then one step"""
    return prefill_time * ONE_REQUEST + step_time


@derive(unit="request/s", source=LITTLE, status="exact")
def replica_capacity(concurrent_requests: Any, answer_tokens: Any, per_token_time: Any) -> Any:
    """Requests a second of one replica at full load: requests at work over the time of an answer"""
    return concurrent_requests / (answer_tokens * per_token_time * ONE_REQUEST)


@require(unit="s/token", source="the need's latency limit")
def per_token_latency(per_token_time: Any, per_token_limit: Any) -> Any:
    """The mean time between tokens keeps its limit"""
    return at_most(per_token_time, per_token_limit)


@require(unit="s", source="the need's latency limit")
def first_token_latency(first_token_time: Any, first_token_limit: Any) -> Any:
    """The time to the first token, queue not counted, keeps its limit"""
    return at_most(first_token_time, first_token_limit)


@derive(unit="hour", source="definition", status="exact")
def elapsed_hours(duration_hours: Any) -> Any:
    """Time that the service runs"""
    return duration_hours
