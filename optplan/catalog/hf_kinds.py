"""What each Hugging Face model_type means beyond the keys of its config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KEYS: Mapping[str, tuple[str, ...]] = {
    "layers": ("num_hidden_layers", "n_layer", "n_layers", "num_layers"),
    "hidden": ("hidden_size", "n_embd", "d_model"),
    "heads": ("num_attention_heads", "n_head", "n_heads"),
    "kv_heads": ("num_key_value_heads", "num_kv_heads", "n_head_kv"),
    "head_dim": ("head_dim", "kv_channels"),
    "intermediate": ("intermediate_size", "ffn_hidden_size", "ffn_dim", "n_inner"),
    "vocab": ("padded_vocab_size", "vocab_size"),
    "max_context": ("max_position_embeddings", "seq_length", "max_seq_len", "n_positions"),
    "experts": ("num_local_experts", "n_routed_experts", "num_experts"),
    "experts_per_token": ("num_experts_per_tok", "top_k_experts", "experts_per_token"),
}

METHODS: Mapping[str, str] = {
    "fp8": "fp8",
    "fbgemm_fp8": "fp8",
    "mxfp4": "mxfp4",
    **{f"{method} {bits}": f"int{bits}" for method in ("awq", "gptq") for bits in (4, 8)},
}
"""`quant_method` of a quantization_config, with its `bits` where they tell -> precision of the weights."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a model_type means beyond its keys.

    tied     embeddings are shared unless the file says otherwise (default of the class)
    gated    three matrices in the feed-forward block
    moe      may have experts; others with experts are refused
    latent   multi-head latent attention
    window   "none", "all" layers, "switch" (use_sliding_window), or how many layers share one full layer
    default  values of the class that published files leave out
    """

    tied: bool = False
    gated: bool = True
    moe: bool = False
    latent: bool = False
    window: str | int = "none"
    default: Mapping[str, Any] = field(default_factory=dict)


_GEMMA3 = {
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "vocab_size": 262208,
    "max_position_embeddings": 131072,
}
_PLAIN = Kind(tied=True, gated=False)
_LATENT = Kind(moe=True, latent=True)
KINDS: Mapping[str, Kind] = {
    "llama": Kind(),
    "llama4_text": Kind(moe=True, window=4),
    "mistral": Kind(window="all"),
    "mixtral": Kind(moe=True, window="all"),
    "qwen": Kind(),
    "qwen2": Kind(window="switch"),
    "qwen2_moe": Kind(moe=True, window="switch"),
    "qwen3": Kind(window="switch"),
    "qwen3_moe": Kind(moe=True, window="switch"),
    "qwen3_next": Kind(moe=True),
    "qwen3_5_text": Kind(),
    "qwen3_5_moe_text": Kind(moe=True),
    "gemma": Kind(tied=True),
    "gemma2": Kind(tied=True, window=2),
    "gemma3_text": Kind(tied=True, window=6, default=_GEMMA3),
    "phi": Kind(gated=False),
    "phi3": Kind(window="all"),
    "glm": Kind(),
    "glm4": Kind(),
    "chatglm": Kind(),
    "glm4_moe": Kind(moe=True),
    "deepseek_v2": _LATENT,
    "deepseek_v3": _LATENT,
    "deepseek_v32": _LATENT,
    "kimi_k2": _LATENT,
    "glm_moe_dsa": _LATENT,
    "gpt_oss": Kind(moe=True, window=2),
    "minimax_m2": Kind(moe=True),
    "internlm2": Kind(),
    "olmo2": Kind(),
    "baichuan": Kind(default={"max_position_embeddings": 4096}),
    "falcon": _PLAIN,
    "mpt": _PLAIN,
    "opt": _PLAIN,
    "bloom": _PLAIN,
}
SAME = {
    "RefinedWeb": "falcon",
    "RefinedWebModel": "falcon",
    "qwen3_5": "qwen3_5_text",
    "qwen3_5_moe": "qwen3_5_moe_text",
    "gemma3": "gemma3_text",
    "llama4": "llama4_text",
    "kimi_k25": "kimi_k2",
}
