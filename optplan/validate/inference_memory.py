"""What is published of the memory of inference, from the quantities that the rules give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from optplan.units import GIB

MEMORY: Final = {
    "total_memory_gib": "GiB",
    "max_per_gpu_memory_gib": "GiB",
    "memory_gib_per_gpu": "GiB",
    "peak_memory_gib": "GiB",
    "peak_memory_gib_per_gpu": "GiB",
    "weights_gib": "GiB",
    "weights_gib_per_gpu": "GiB",
    "kv_cache_gib": "GiB",
    "kv_cache_gib_per_gpu": "GiB",
    "kv_cache_tokens": "token",
    "kv_cache_requests": "request",
    "max_concurrent_requests": "request",
    "max_concurrency": "request",
    "kv_bytes_per_token": "byte/token",
    "activation_gib": "GiB",
    "activation_peak_gib": "GiB",
    "non_torch_gib": "GiB",
}
MEMORY_TARGETS: Final = (
    "memory_per_card", "weight_memory", "cache_memory", "cache_tokens", "engine_activation", "engine_runtime",
    "full_cache", "request_tokens", "cache_requests", "fillable_memory",
)  # fmt: skip


def memory_of(name: str, q: Mapping[str, Any]) -> np.ndarray:
    """One published quantity of memory for all rows."""
    if name in ("weights_gib", "weights_gib_per_gpu"):
        return np.asarray(q["weight_memory"] * np.where(name.endswith("per_gpu"), 1, q["replica_cards"]))
    if name in ("kv_cache_gib", "kv_cache_gib_per_gpu"):
        # A batch that the row states is what is cached; else the pool that the engine lays out.
        stated = q["full_cache"] * q["requests"] / q["cache_split"] / GIB
        return np.asarray(np.where(q["states_batch"] > 0, stated, q["cache_memory"]))
    if name == "kv_cache_tokens":
        return np.asarray(q["cache_tokens"])
    if name in ("kv_cache_requests", "max_concurrent_requests", "max_concurrency"):
        return np.asarray(q["cache_requests"])
    if name == "kv_bytes_per_token":
        return np.asarray(q["full_cache"] / q["request_tokens"])
    if name in ("activation_gib", "activation_peak_gib"):
        return np.asarray(q["engine_activation"])
    if name == "non_torch_gib":
        return np.asarray(q["engine_runtime"])
    # Engines that lay out a pool fill what they may, whatever is at work.
    per_card = np.where(q["pooled"] > 0, q["fillable_memory"], q["memory_per_card"])
    summed = name in ("total_memory_gib", "peak_memory_gib")
    return np.asarray(per_card * q["replica_cards"] if summed else per_card)
