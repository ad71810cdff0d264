"""Numbers of a need that need no default: of its model, its precision, its adapters."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from optplan.catalog import Model
from optplan.need import Lora

WEIGHT_BYTES: Final = {
    "fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5, "fp4": 0.5, "mxfp4": 0.5,
    "nf4": 0.5,
}  # fmt: skip
COMPUTE_BYTES: Final = {"fp32": 4.0}  # all others compute on 16-bit activations
KV_BYTES: Final = WEIGHT_BYTES
# shapes of a model that rules read under the same name
SHAPES: Final = (
    "params_active",
    "layers",
    "hidden",
    "heads",
    "kv_heads",
    "head_dim",
    "intermediate",
    "moe_intermediate",
    "vocab",
    "experts",
    "experts_per_token",
    "shared_experts",
    "dense_layers",
    "q_lora_rank",
    "kv_lora_rank",
    "qk_nope",
    "qk_rope",
    "v_head",
    "full_attention_layers",
    "linear_attention_layers",
    "gated",
)


@functools.lru_cache(maxsize=1024)
def model_quantities(model: Model) -> Mapping[str, float]:
    """The model's shapes under the names that rules read."""
    values = {name: float(getattr(model, name)) for name in SHAPES}
    values["params"] = float(model.params_total)
    values["tied"] = float(model.tied_embeddings)
    values["sliding_window"] = float(model.sliding_window or math.inf)
    values["max_context"] = float(model.max_context or math.inf)
    values["sliding_layers"] = (
        values["layers"] - values["full_attention_layers"] - values["linear_attention_layers"]
    )
    return MappingProxyType(values)


@functools.cache
def precision_quantities(precision: str) -> Mapping[str, float]:
    """Bytes of a stored weight and of an activation at a precision."""
    stored = WEIGHT_BYTES[precision]
    found = {
        "weight_bytes": stored,
        "compute_bytes": COMPUTE_BYTES.get(precision, 2.0),
        "quantised": float(stored <= 1),
    }
    return MappingProxyType(found)


def adapter_quantities(lora: Lora, used: bool) -> Mapping[str, float]:
    """Rank of the adapters and a flag for each matrix that has one; all 0 where none are used."""
    return _adapters(lora.rank, tuple(lora.targets)) if used else _adapters(0, ())


@functools.lru_cache(maxsize=1024)
def _adapters(rank: int, targets: tuple[str, ...]) -> Mapping[str, float]:
    said = {target.removesuffix("_proj") for target in targets}
    names = ("q", "k", "v", "o", "gate", "up", "down")
    on = {f"lora_{n}": float("all" in said or n in said) for n in names}
    return MappingProxyType({"lora_rank": float(rank), **on})
