"""Memory of one card of a replica: weights, working space, and the cache of keys and values."""

from __future__ import annotations

from typing import Any

from numpy import maximum, minimum, where

from optplan.rule import at_most, derive, require
from optplan.rules.constants import EACH_TOKEN, KEY_AND_VALUE, ONE_REQUEST
from optplan.units import GIB

VLLM = "Kwon et al. 2023 (vLLM), arXiv:2309.06180"
MLA = "DeepSeek-AI 2024, arXiv:2405.04434, section 2.1"


@derive(unit="GiB", source="AutoGPTQ, AWQ and safetensors checkpoints", status="exact")
def weight_memory(
    block_params_per_card: Any, edge_params_per_card: Any, stored_weight_bytes: Any, edge_weight_bytes: Any
) -> Any:
    """Weights on one card, block scales counted, embeddings and head in 16 bits"""
    return (block_params_per_card * stored_weight_bytes + edge_params_per_card * edge_weight_bytes) / GIB


@derive(unit="GiB", source="vLLM v1 gpu_worker.py determine_available_memory", status="fitted")
def engine_activation(
    profile_base: Any,
    profile_logit_bytes: Any,
    vocab: Any,
    profile_tokens: Any,
    hidden: Any,
    active_width: Any,
    compute_bytes: Any,
    tp: Any,
) -> Any:
    """Largest working space that the engine sets aside: a full batch of tokens, or logits of all sequences"""
    return (
        profile_base
        + maximum(
            profile_logit_bytes * vocab,
            EACH_TOKEN * profile_tokens * 3 * (active_width / tp + hidden) * compute_bytes,
        )
        / GIB
    )


@derive(unit="GiB", source="vLLM v1 gpu_worker.py: CUDA graphs and communicators", status="fitted")
def engine_runtime(engine_memory: Any, communicator_memory: Any, cards: Any) -> Any:
    """Context, graphs of kernels, and communicators where there are several cards"""
    return engine_memory + where(cards > 1, communicator_memory, 0 * communicator_memory)


@derive(unit="byte/token", source=f"Ainslie et al. 2023, arXiv:2305.13245; {MLA}", status="exact")
def cache_bytes_per_token_layer(kv_width: Any, kv_lora_rank: Any, qk_rope: Any, kv_bytes: Any) -> Any:
    """Cached by one layer for one token

    A key and a value; with MLA one compressed vector and the rotary key.
    """
    return KEY_AND_VALUE * kv_bytes * where(kv_lora_rank > 0, (kv_lora_rank + qk_rope) / 2, kv_width)


@derive(unit="1", source="Ainslie et al. 2023, arXiv:2305.13245", status="exact")
def cache_shards(tp: Any, kv_heads: Any, kv_lora_rank: Any) -> Any:
    """Ways the cache is split over tensor parallel cards

    Beyond one key head a card it is repeated; MLA's compressed vector is whole on every card.
    """
    return where(kv_lora_rank > 0, 1, minimum(tp, maximum(kv_heads, 1)))


@derive(unit="GiB", source=VLLM, status="fitted")
def cache_memory(
    fillable_memory: Any, weight_memory: Any, engine_activation: Any, engine_runtime: Any
) -> Any:
    """Memory of a card left for the cache of keys and values; below zero where not even the weights fit"""
    return fillable_memory - weight_memory - engine_activation - engine_runtime


@derive(unit="token/request", source="definition", status="exact")
def request_tokens(prompt_tokens: Any, answer_tokens: Any) -> Any:
    """Tokens of a request when its answer is complete"""
    return prompt_tokens + answer_tokens


@derive(unit="token/request", source="definition", status="exact")
def mean_tokens(prompt_tokens: Any, answer_tokens: Any) -> Any:
    """Tokens of a request at work, mean over its answer"""
    return prompt_tokens + answer_tokens / 2


@derive(unit="byte/request", source="Beltagy et al. 2020, arXiv:2004.05150", status="exact")
def full_cache(
    cache_bytes_per_token_layer: Any,
    full_attention_layers: Any,
    sliding_layers: Any,
    sliding_window: Any,
    request_tokens: Any,
    linear_state: Any,
) -> Any:
    """Cache of a request when its answer is complete, all layers

    Layers with a window keep no more than the window.
    """
    return (
        cache_bytes_per_token_layer
        * (
            full_attention_layers * request_tokens
            + sliding_layers * minimum(request_tokens, sliding_window / ONE_REQUEST)
        )
        + linear_state
    )


@derive(unit="byte/request", source="Beltagy et al. 2020, arXiv:2004.05150", status="exact")
def mean_cache(
    cache_bytes_per_token_layer: Any,
    full_attention_layers: Any,
    sliding_layers: Any,
    sliding_window: Any,
    mean_tokens: Any,
    linear_state: Any,
) -> Any:
    """Cache of a request at work, mean over its answer, all layers"""
    return (
        cache_bytes_per_token_layer
        * (
            full_attention_layers * mean_tokens
            + sliding_layers * minimum(mean_tokens, sliding_window / ONE_REQUEST)
        )
        + linear_state
    )


@derive(unit="byte/request", source="Yang et al. 2024 (gated DeltaNet), arXiv:2412.06464", status="assumed")
def linear_state(linear_attention_layers: Any, heads: Any, head_dim: Any, compute_bytes: Any) -> Any:
    """State that layers of linear attention keep for a request, however long"""
    return linear_attention_layers * heads * head_dim * head_dim * compute_bytes / ONE_REQUEST


@derive(unit="1", source="Huang et al. 2019, arXiv:1811.06965", status="exact")
def cache_split(cache_shards: Any, pp: Any) -> Any:
    """Ways a request's cache is split over the cards of a replica"""
    return cache_shards * pp


@derive(unit="request", source=VLLM, status="exact")
def cache_requests(cache_memory: Any, cache_split: Any, mean_cache: Any) -> Any:
    """Requests whose cache fits at once, at their mean length"""
    return cache_memory * GIB * cache_split / mean_cache


@derive(unit="token", source=VLLM, status="exact")
def cache_tokens(cache_requests: Any, mean_tokens: Any) -> Any:
    """Tokens that the cache of a replica holds"""
    return maximum(cache_requests, 0 * ONE_REQUEST) * mean_tokens


@derive(unit="GiB", source="sum of its parts", status="fitted")
def memory_per_card(
    weight_memory: Any,
    engine_activation: Any,
    engine_runtime: Any,
    mean_cache: Any,
    full_cache: Any,
    cache_split: Any,
    concurrent_requests: Any,
) -> Any:
    """Memory of a card at the batch chosen; at least one request to its end"""
    return (
        weight_memory
        + engine_activation
        + engine_runtime
        + maximum(mean_cache * concurrent_requests, full_cache * ONE_REQUEST) / cache_split / GIB
    )


@require(unit="token", source="the model's configuration, max_position_embeddings")
def fits_context(request_tokens: Any, max_context: Any) -> Any:
    """Prompt and answer are no longer than the model was made for"""
    return at_most(request_tokens * ONE_REQUEST, max_context)
