"""Memory of one card of a replica: weights, working space, and what is left for the cache."""

from __future__ import annotations

from typing import Any

from numpy import ceil, maximum, where

from optplan.rule import at_most, derive, require
from optplan.rules.constants import EACH_TOKEN, ONE_REQUEST
from optplan.units import GIB

VLLM = "Kwon et al. 2023 (vLLM), arXiv:2309.06180"


@derive(
    unit="byte", source="openai/gpt-oss and nvidia FP4 checkpoints: only experts have 4 bits", status="exact"
)
def dense_weight_bytes(stored_weight_bytes: Any, compute_bytes: Any, experts: Any, dense_in_16: Any) -> Any:
    """Bytes of one weight outside the routed experts, block scales counted"""
    return where(experts * dense_in_16 > 0, compute_bytes, stored_weight_bytes)


@derive(unit="1", source="Fedus et al. 2022, arXiv:2101.03961", status="exact")
def expert_params_per_card(expert_params: Any, layers: Any, tp: Any, pp: Any) -> Any:
    """Parameters of routed experts on the fullest card, split by tensors or by experts"""
    return expert_params * ceil(layers / pp) / layers / tp


@derive(unit="GiB", source="AutoGPTQ, AWQ and safetensors checkpoints", status="exact")
def weight_memory(
    block_params_per_card: Any,
    expert_params_per_card: Any,
    edge_params_per_card: Any,
    attention_ranks: Any,
    dense_weight_bytes: Any,
    stored_weight_bytes: Any,
    edge_weight_bytes: Any,
    weight_spread: Any,
) -> Any:
    """Weights on one card, block scales counted, embeddings and head in 16 bits

    Ranks of data parallel attention each hold everything but the experts.
    """
    return (
        (
            (block_params_per_card - expert_params_per_card) * attention_ranks * dense_weight_bytes
            + expert_params_per_card * stored_weight_bytes
            + edge_params_per_card * attention_ranks * edge_weight_bytes
        )
        / GIB
        * weight_spread
    )


@derive(
    unit="GiB",
    source="vLLM v1 gpu_worker.py determine_available_memory; bitsandbytes and exllama kernels",
    status="fitted",
)
def engine_activation(
    profile_base: Any,
    profile_logit_bytes: Any,
    vocab: Any,
    profile_tokens: Any,
    hidden: Any,
    active_width: Any,
    compute_bytes: Any,
    tp: Any,
    dequantised_matrices: Any,
    intermediate: Any,
    working_spread: Any,
) -> Any:
    """Largest working space that the engine sets aside: a full batch of tokens, or logits of all sequences

    Beside it, matrices that kernels turn back into 16 bits.
    """
    return (
        profile_base
        + (
            maximum(
                profile_logit_bytes * vocab,
                EACH_TOKEN * profile_tokens * 3 * (active_width / tp + hidden) * compute_bytes,
            )
            + dequantised_matrices * hidden * intermediate * compute_bytes
        )
        / GIB
    ) * working_spread


@derive(unit="GiB", source="vLLM v1 gpu_worker.py: CUDA graphs and communicators", status="fitted")
def engine_runtime(engine_memory: Any, communicator_memory: Any, cards: Any, working_spread: Any) -> Any:
    """Context, graphs of kernels, and communicators where there are several cards"""
    return (engine_memory + where(cards > 1, communicator_memory, 0 * communicator_memory)) * working_spread


@derive(unit="GiB", source=VLLM, status="fitted")
def cache_memory(
    fillable_memory: Any, weight_memory: Any, engine_activation: Any, engine_runtime: Any
) -> Any:
    """Memory of a card left for the cache of keys and values; below zero where not even the weights fit"""
    return fillable_memory - weight_memory - engine_activation - engine_runtime


@derive(unit="GiB", source="sum of its parts", status="fitted")
def memory_per_card(
    weight_memory: Any,
    engine_activation: Any,
    engine_runtime: Any,
    request_bytes: Any,
    full_cache: Any,
    cache_split: Any,
    concurrent_requests: Any,
) -> Any:
    """Memory of a card at the batch chosen; at least one request to its end"""
    return (
        weight_memory
        + engine_activation
        + engine_runtime
        + maximum(request_bytes * concurrent_requests, full_cache / cache_split * ONE_REQUEST) / GIB
    )


@derive(unit="GiB", source="sum of its parts", status="fitted")
def least_memory(
    weight_memory: Any, engine_activation: Any, engine_runtime: Any, full_cache: Any, cache_split: Any
) -> Any:
    """What a card needs for one request at a time; the rest is filled with the cache of more"""
    return weight_memory + engine_activation + engine_runtime + full_cache / cache_split * ONE_REQUEST / GIB


@require(unit="token", source="the model's configuration, max_position_embeddings")
def fits_context(request_tokens: Any, max_context: Any) -> Any:
    """Prompt and answer are no longer than the model was made for"""
    return at_most(request_tokens * ONE_REQUEST, max_context)
