"""What is published of the speed of inference, from the quantities that the rules give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

SPEED: Final = {
    "output_tokens_per_s": "token/s",
    "output_tokens_per_s_per_gpu": "token/s",
    "output_tokens_per_s_per_user": "token/s",
    "total_tokens_per_s": "token/s",
    "total_tokens_per_s_per_gpu": "token/s",
    "prefill_tokens_per_s": "token/s",
    "prefill_tokens_per_s_per_gpu": "token/s",
    "decode_tokens_per_s": "token/s",
    "decode_tokens_per_s_per_gpu": "token/s",
    "requests_per_s": "request/s",
    "tpot_ms": "ms",
    "itl_ms": "ms",
    "ttft_ms": "ms",
    "ttft_s": "s",
    "latency_s": "s",
    "latency_ms": "ms",
    "e2e_latency_s": "s",
    "e2e_latency_ms": "ms",
}
SPEED_TARGETS: Final = (
    "replica_capacity",
    "per_token_time",
    "first_token_time",
    "prefill_time",
    "step_time",
    "pass_time",
)


def speed_of(name: str, q: Mapping[str, Any]) -> np.ndarray:
    """One published metric for all rows: all replicas together, or for each GPU or user."""
    answer, prompt = q["answer_tokens"], q["prompt_tokens"]
    rate = np.minimum(q["replica_capacity"] * q["replicas"], q["offered_rate"])
    batch = q["concurrent_requests"]
    decode = batch / q["step_time"] * q["replicas"]
    prefill = prompt / (q["prefill_time"] + q["pass_time"] / batch) * q["replicas"]
    milliseconds = {
        "tpot_ms": q["per_token_time"],
        "itl_ms": q["per_token_time"],
        "ttft_ms": q["first_token_time"],
    }
    if name in milliseconds:
        return np.asarray(milliseconds[name] * 1e3)
    whole = q["first_token_time"] + (answer - 1) * q["per_token_time"]
    by_name = {
        "output_tokens_per_s": rate * answer,
        "output_tokens_per_s_per_gpu": rate * answer / q["all_cards"],
        "output_tokens_per_s_per_user": 1 / q["per_token_time"],
        "total_tokens_per_s": rate * (answer + prompt),
        "total_tokens_per_s_per_gpu": rate * (answer + prompt) / q["all_cards"],
        "prefill_tokens_per_s": prefill,
        "prefill_tokens_per_s_per_gpu": prefill / q["all_cards"],
        "decode_tokens_per_s": decode,
        "decode_tokens_per_s_per_gpu": decode / q["all_cards"],
        "requests_per_s": rate,
        "ttft_s": q["first_token_time"],
        "latency_s": whole,
        "latency_ms": whole * 1e3,
        "e2e_latency_s": whole,
        "e2e_latency_ms": whole * 1e3,
    }
    return np.asarray(by_name[name])
