"""Memory of one card while fine-tuning.

peak = static + max(optimizer step, one micro-batch); static = weights + gradients + optimizer + runtime.
"""

from __future__ import annotations

from typing import Any

from numpy import ceil, floor, maximum, minimum, where

from optplan.rule import at_most, derive, require
from optplan.rules.constants import EACH_TOKEN
from optplan.units import GIB

ZERO = "Rajbhandari et al. 2020, arXiv:1910.02054, section 3"
KORTHIKANTI = "Korthikanti et al. 2022, arXiv:2205.05198, section 4"


@derive(unit="1", source=ZERO, status="exact")
def weight_shards(zero_stage: Any, dp: Any) -> Any:
    """Data parallel ranks that share one copy of the weights (ZeRO-3, FSDP)"""
    return where(zero_stage >= 3, dp, 1)


@derive(unit="1", source=ZERO, status="exact")
def gradient_shards(zero_stage: Any, dp: Any) -> Any:
    """Data parallel ranks that share one copy of the gradients (ZeRO-2 and up)"""
    return where(zero_stage >= 2, dp, 1)


@derive(unit="1", source=ZERO, status="exact")
def state_shards(zero_stage: Any, dp: Any) -> Any:
    """Data parallel ranks that share one copy of the optimizer states (ZeRO-1 and up)"""
    return where(zero_stage >= 1, dp, 1)


@derive(unit="1", source="Narayanan et al. 2021, arXiv:2104.04473", status="exact")
def params_per_card(block_params_per_card: Any, edge_params_per_card: Any) -> Any:
    """Parameters of the fullest card, before sharding"""
    return block_params_per_card + edge_params_per_card


@derive(unit="1", source="Hu et al. 2021, arXiv:2106.09685", status="exact")
def trained_per_card(is_full: Any, params_per_card: Any, adapter_params: Any, tp: Any, pp: Any) -> Any:
    """Trained parameters of one card, before sharding"""
    return where(is_full > 0, params_per_card, adapter_params / (tp * pp))


@derive(unit="GiB", source=f"{ZERO}; Dettmers et al. 2023, arXiv:2305.14314", status="exact")
def frozen_weights(
    is_full: Any,
    block_params_per_card: Any,
    edge_params_per_card: Any,
    stored_weight_bytes: Any,
    edge_weight_bytes: Any,
    weight_shards: Any,
) -> Any:
    """Weights that LoRA leaves as they are

    Blocks at the asked precision with their scales; embeddings and head in 16 bits.
    """
    return (
        (1 - is_full)
        * (block_params_per_card * stored_weight_bytes + edge_params_per_card * edge_weight_bytes)
        / weight_shards
        / GIB
    )


@derive(unit="byte", source="Micikevicius et al. 2018, arXiv:1710.03740", status="exact")
def held_weight_bytes(
    is_full: Any, full_weight_bytes: Any, weight_copy_bytes: Any, adapter_weight_bytes: Any, zero_stage: Any
) -> Any:
    """Bytes of one trained weight as a framework holds it

    Automatic mixed precision keeps a 16-bit copy beside 32-bit weights, unless these are sharded.
    """
    return where(
        is_full > 0, full_weight_bytes + where(zero_stage >= 3, 0, weight_copy_bytes), adapter_weight_bytes
    )


@derive(unit="GiB", source=ZERO, status="exact")
def trained_weights(trained_per_card: Any, held_weight_bytes: Any, weight_shards: Any) -> Any:
    """Weights that training changes"""
    return trained_per_card * held_weight_bytes / weight_shards / GIB


@derive(unit="GiB", source=ZERO, status="exact")
def gradients(
    trained_per_card: Any, is_full: Any, gradient_bytes: Any, adapter_weight_bytes: Any, gradient_shards: Any
) -> Any:
    """Gradients of the trained parameters

    An adapter's gradient has its weight's precision.
    """
    return trained_per_card * where(is_full > 0, gradient_bytes, adapter_weight_bytes) / gradient_shards / GIB


@derive(unit="GiB", source=f"{ZERO}; Loshchilov & Hutter 2019, arXiv:1711.05101", status="exact")
def optimizer_states(
    trained_per_card: Any, is_full: Any, optimizer_bytes: Any, adapter_state_bytes: Any, state_shards: Any
) -> Any:
    """Optimizer states: two moments, and the 32-bit master copy where there is one"""
    return trained_per_card * where(is_full > 0, optimizer_bytes, adapter_state_bytes) / state_shards / GIB


@derive(unit="GiB", source="PyTorch torch.optim foreach AdamW; DeepSpeed stage_1_and_2.py", status="fitted")
def step_temporary(trained_per_card: Any, is_full: Any, step_bytes: Any, state_shards: Any) -> Any:
    """Buffer of the optimizer step: parameter-sized temporaries of foreach AdamW, or flat copies

    Negligible for adapters.
    """
    return is_full * trained_per_card * step_bytes / state_shards / GIB


@derive(unit="GiB", source="Zhao et al. 2023 (PyTorch FSDP), arXiv:2304.11277", status="fitted")
def communication_buffers(
    zero_stage: Any,
    dp: Any,
    block_params_per_card: Any,
    layers: Any,
    pp: Any,
    edge_params_per_card: Any,
    compute_bytes: Any,
    gathered_layers: Any,
    bucket_memory: Any,
) -> Any:
    """Layers gathered for use under ZeRO-3 or FSDP; gradient buckets otherwise

    The embedding is gathered like a layer, and is often the largest.
    """
    return where(
        dp > 1,
        where(
            zero_stage >= 3,
            maximum(gathered_layers * block_params_per_card * pp / layers, edge_params_per_card)
            * compute_bytes
            / GIB,
            bucket_memory,
        ),
        0 * bucket_memory,
    )


@derive(unit="GiB", source="PyTorch CUDA context and allocator; NCCL channels per peer", status="fitted")
def runtime(runtime_memory: Any, communicator_memory: Any, cards: Any) -> Any:
    """CUDA context and libraries, communicators where there are several cards"""
    return runtime_memory + where(cards > 1, communicator_memory, 0 * communicator_memory)


@derive(unit="GiB", source="sum of its parts", status="exact")
def static_memory(
    frozen_weights: Any,
    trained_weights: Any,
    gradients: Any,
    optimizer_states: Any,
    communication_buffers: Any,
    runtime: Any,
) -> Any:
    """What is there at every moment, whatever the micro-batch"""
    return frozen_weights + trained_weights + gradients + optimizer_states + communication_buffers + runtime


@derive(unit="1/token", source=f"{KORTHIKANTI}; fitted on published peaks", status="fitted")
def values_kept_per_token(
    gated: Any,
    hidden: Any,
    kv_width: Any,
    active_width: Any,
    adapter_mlp_matrices: Any,
    hidden_values: Any,
    hidden_values_plain: Any,
    mlp_values: Any,
    mlp_values_plain: Any,
    mlp_adapter_values: Any,
) -> Any:
    """Values that one layer keeps for the backward pass, for one token

    LoRA keeps nearly all of them, since gradients flow through frozen layers.
    """
    return (
        where(gated > 0, hidden_values, hidden_values_plain) * hidden
        + 2 * EACH_TOKEN * kv_width
        + where(gated > 0, mlp_values, mlp_values_plain) * active_width
        + where(adapter_mlp_matrices > 0, mlp_adapter_values, 0 * mlp_adapter_values) * active_width
    )


@derive(unit="byte/token", source=KORTHIKANTI, status="exact")
def layer_activations(
    values_kept_per_token: Any, compute_bytes: Any, heads: Any, score_values: Any, sequence: Any, tp: Any
) -> Any:
    """Activations of one layer in full, for one token, on one card

    Scores of every pair of tokens are kept only without flash attention.
    """
    return compute_bytes * (values_kept_per_token + score_values * heads * sequence) / tp


@derive(unit="byte/token", source="Chen et al. 2016, arXiv:1604.06174", status="exact")
def stored_activations(
    layers: Any, recompute: Any, hidden: Any, compute_bytes: Any, layer_activations: Any
) -> Any:
    """Activations kept for the backward pass, for one token, on one card

    With recompute only each layer's input. The first stage of a pipeline holds as many micro-batches as
    there are stages (1F1B), so stages do not lessen it.
    """
    return layers * where(recompute > 0, EACH_TOKEN * hidden * compute_bytes, layer_activations)


@derive(unit="byte/token", source=f"{KORTHIKANTI}; Hsu et al. 2024, arXiv:2410.10989", status="fitted")
def working_activations(layer_activations: Any, vocab: Any, logit_bytes: Any, tp: Any) -> Any:
    """The larger of the logits and one layer in full, for one token

    Logits: 16 bits, their 32-bit copy and its gradient; chunked or fused losses need far less.
    """
    return maximum(logit_bytes * vocab / tp, layer_activations)


@derive(unit="GiB", source=KORTHIKANTI, status="fitted")
def sequence_memory(
    sequence: Any, stored_activations: Any, working_activations: Any, fragmentation: Any
) -> Any:
    """What one sequence of the micro-batch adds on one card"""
    return sequence * (stored_activations + working_activations) * (1 + fragmentation) / GIB


@derive(unit="1", source="Goyal et al. 2017, arXiv:1706.02677", status="exact")
def rank_batch(batch: Any, dp: Any) -> Any:
    """Sequences of one optimizer step on one data parallel rank"""
    return maximum(ceil(batch / dp), 1)


@derive(unit="1", source="sum of its parts, solved for the micro-batch", status="exact")
def largest_micro_batch(
    asked_micro_batch: Any, fillable_memory: Any, static_memory: Any, sequence_memory: Any, rank_batch: Any
) -> Any:
    """Sequences a card can hold at once: as asked, else as many as fit, at least one"""
    return minimum(
        where(
            asked_micro_batch > 0,
            asked_micro_batch,
            maximum(floor((fillable_memory - static_memory) / sequence_memory), 1),
        ),
        rank_batch,
    )


@derive(unit="1", source="Huang et al. 2019, arXiv:1811.06965", status="exact")
def accumulation(rank_batch: Any, largest_micro_batch: Any) -> Any:
    """Micro-batches of one optimizer step"""
    return ceil(rank_batch / largest_micro_batch)


@derive(unit="1", source="Huang et al. 2019, arXiv:1811.06965", status="exact")
def micro_batch(rank_batch: Any, accumulation: Any) -> Any:
    """Sequences that a card holds at once, spread evenly over the step"""
    return ceil(rank_batch / accumulation)


@derive(unit="GiB", source=KORTHIKANTI, status="fitted")
def activation_memory(micro_batch: Any, sequence_memory: Any) -> Any:
    """Activations, logits and working space of the micro-batch"""
    return micro_batch * sequence_memory


@derive(unit="GiB", source="sum of its parts", status="fitted")
def memory_per_card(static_memory: Any, step_temporary: Any, activation_memory: Any) -> Any:
    """Peak memory of the fullest card: in the backward pass or in the optimizer step"""
    return static_memory + maximum(step_temporary, activation_memory)


@require(unit="1", source="Goyal et al. 2017, arXiv:1706.02677")
def batch_covers_ranks(dp: Any, batch: Any) -> Any:
    """Every data parallel rank has a sequence to work on"""
    return at_most(dp, batch)


@require(unit="token", source="the model's configuration, max_position_embeddings")
def sequence_fits_context(sequence: Any, max_context: Any) -> Any:
    """The model was made for sequences this long"""
    return at_most(sequence, max_context)
