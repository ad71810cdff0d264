"""Memory of one card while fine-tuning, activations apart (see activations.py).

peak = spread x (held + max(backward pass, optimizer step)); held = weights + gradients + optimizer + runtime.
"""

from __future__ import annotations

from typing import Any

from numpy import ceil, floor, maximum, minimum, where

from optplan.rule import at_most, derive, require
from optplan.units import GIB

ZERO = "Rajbhandari et al. 2020, arXiv:1910.02054, section 3"
FSDP = "Zhao et al. 2023 (PyTorch FSDP), arXiv:2304.11277"


@derive(unit="1", source="Hu et al. 2021, arXiv:2106.09685", status="exact")
def trained_per_card(
    is_full: Any, params_per_card: Any, adapter_params: Any, held_block_params: Any, block_params: Any
) -> Any:
    """Trained parameters of one card, before sharding: adapters are split as their layers are"""
    return where(is_full > 0, params_per_card, adapter_params * held_block_params / block_params)


@derive(unit="1", source=f"{ZERO}; Lepikhin et al. 2020, arXiv:2006.16668", status="exact")
def state_params(
    trained_per_card: Any, is_full: Any, experts_per_card: Any, state_shards: Any, expert_ranks: Any
) -> Any:
    """Parameters whose optimizer states one card holds

    The copies of an expert are fewer than the data parallel ranks, and only they share its states.
    """
    return (
        trained_per_card + is_full * experts_per_card * (minimum(expert_ranks, state_shards) - 1)
    ) / state_shards


@derive(unit="GiB", source=f"{ZERO}; Dettmers et al. 2023, arXiv:2305.14314", status="exact")
def frozen_weights(
    is_full: Any,
    held_block_params: Any,
    edge_params_per_card: Any,
    stored_weight_bytes: Any,
    edge_weight_bytes: Any,
    quantised: Any,
    edge_cast_bytes: Any,
    offloaded_weights: Any,
    weight_shards: Any,
) -> Any:
    """Weights that LoRA leaves as they are

    Blocks at the asked precision with their scales; embeddings and head in 16 bits, which peft raises to 32
    where blocks are quantised (prepare_model_for_kbit_training).
    """
    return (
        (1 - is_full)
        * (1 - offloaded_weights)
        * (
            held_block_params * stored_weight_bytes
            + edge_params_per_card * (edge_weight_bytes + quantised * edge_cast_bytes)
        )
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
def trained_weights(
    trained_per_card: Any, held_weight_bytes: Any, weight_shards: Any, offloaded_weights: Any
) -> Any:
    """Weights that training changes"""
    return trained_per_card * held_weight_bytes * (1 - offloaded_weights) / weight_shards / GIB


@derive(unit="GiB", source=ZERO, status="exact")
def gradients(
    trained_per_card: Any,
    is_full: Any,
    gradient_bytes: Any,
    adapter_weight_bytes: Any,
    gradient_shards: Any,
    offloaded_weights: Any,
) -> Any:
    """Gradients of the trained parameters

    An adapter's gradient has its weight's precision. Where weights are kept by the host, so are gradients.
    """
    return (
        trained_per_card
        * where(is_full > 0, gradient_bytes, adapter_weight_bytes)
        * (1 - offloaded_weights)
        / gradient_shards
        / GIB
    )


@derive(unit="byte", source=f"{ZERO}; Dettmers et al. 2022, arXiv:2110.02861", status="exact")
def state_bytes(
    is_full: Any, usual_states: Any, optimizer_bytes: Any, asked_state_bytes: Any, adapter_state_bytes: Any
) -> Any:
    """Bytes of optimizer state of one trained parameter: by the framework's habit, or as asked"""
    return where(is_full > 0, usual_states * optimizer_bytes + asked_state_bytes, adapter_state_bytes)


@derive(unit="GiB", source=f"{ZERO}; Loshchilov & Hutter 2019, arXiv:1711.05101", status="exact")
def optimizer_states(state_params: Any, state_bytes: Any, offloaded_states: Any) -> Any:
    """Optimizer states: two moments, and the 32-bit master copy where there is one"""
    return state_params * state_bytes * (1 - offloaded_states) / GIB


@derive(unit="GiB", source="peft modules_to_save; set by hand on published peaks", status="assumed")
def trained_edges_memory(
    trained_edges: Any, edge_params_per_card: Any, edge_training_bytes: Any, weight_shards: Any
) -> Any:
    """Embedding and head that LoRA trains too: a second copy, its gradients and states"""
    return trained_edges * edge_params_per_card * edge_training_bytes / weight_shards / GIB


@derive(unit="GiB", source="PyTorch torch.optim foreach AdamW; DeepSpeed stage_1_and_2.py", status="assumed")
def step_temporary(
    state_params: Any, is_full: Any, step_bytes: Any, zero_stage: Any, offloaded_states: Any
) -> Any:
    """Buffer of the optimizer step: parameter-sized temporaries of foreach AdamW, or flat copies

    ZeRO-3 steps through sub-groups, with half of it at a time. Negligible for adapters.
    """
    return is_full * state_params * step_bytes * (1 - offloaded_states) / where(zero_stage >= 3, 2, 1) / GIB


@derive(unit="GiB", source=FSDP, status="assumed")
def communication_buffers(
    zero_stage: Any,
    dp: Any,
    held_block_params: Any,
    layers: Any,
    pp: Any,
    edge_params_per_card: Any,
    compute_bytes: Any,
    stored_weight_bytes: Any,
    is_full: Any,
    gathered_layers: Any,
    bucket_memory: Any,
) -> Any:
    """Layers gathered for use under ZeRO-3 or FSDP; gradient buckets otherwise

    Frozen layers are gathered as they are stored. Embedding and head stay gathered from the forward to the
    backward pass.
    """
    return where(
        dp > 1,
        where(
            zero_stage >= 3,
            (
                minimum(gathered_layers, layers / pp)
                * (held_block_params * pp / layers)
                * where(is_full > 0, compute_bytes, minimum(stored_weight_bytes, compute_bytes))
                + edge_params_per_card * compute_bytes
            )
            / GIB,
            bucket_memory,
        ),
        0 * bucket_memory,
    )


@derive(unit="GiB", source="PyTorch CUDA context and allocator; NCCL channels per peer", status="fitted")
def runtime(runtime_memory: Any, peer_memory: Any, cards: Any) -> Any:
    """CUDA context and libraries, communicators where there are several cards"""
    return runtime_memory + where(cards > 1, peer_memory, 0 * peer_memory)


@derive(unit="GiB", source="sum of its parts", status="exact")
def static_memory(
    frozen_weights: Any,
    trained_weights: Any,
    gradients: Any,
    optimizer_states: Any,
    trained_edges_memory: Any,
    runtime: Any,
) -> Any:
    """What is there at every moment, whatever the micro-batch"""
    return frozen_weights + trained_weights + gradients + optimizer_states + trained_edges_memory + runtime


@derive(unit="1", source="Goyal et al. 2017, arXiv:1706.02677", status="exact")
def rank_batch(batch: Any, dp: Any) -> Any:
    """Sequences of one optimizer step on one data parallel rank"""
    return maximum(ceil(batch / dp), 1)


@derive(unit="1", source="sum of its parts, solved for the micro-batch", status="exact")
def largest_micro_batch(
    asked_micro_batch: Any,
    fillable_memory: Any,
    memory_spread: Any,
    static_memory: Any,
    communication_buffers: Any,
    sequence_memory: Any,
    rank_batch: Any,
) -> Any:
    """Sequences a card can hold at once: as asked, else as many as fit, at least one"""
    return minimum(
        where(
            asked_micro_batch > 0,
            asked_micro_batch,
            maximum(
                floor(
                    (fillable_memory / memory_spread - static_memory - communication_buffers)
                    / sequence_memory
                ),
                1,
            ),
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


@derive(unit="GiB", source="sum of its parts", status="fitted")
def memory_per_card(
    static_memory: Any,
    step_temporary: Any,
    activation_memory: Any,
    communication_buffers: Any,
    frozen_weights: Any,
    trained_weights: Any,
    memory_spread: Any,
) -> Any:
    """Peak memory of the fullest card: in the backward pass or in the optimizer step

    The spread leaves a margin where expected; its ends are those between sources of measurements, and the
    weights are there whatever else is.
    """
    return maximum(
        memory_spread * (static_memory + maximum(step_temporary, activation_memory + communication_buffers)),
        frozen_weights + trained_weights,
    )


@derive(unit="GiB", source="sum of its parts", status="fitted")
def least_memory(
    static_memory: Any,
    step_temporary: Any,
    sequence_memory: Any,
    communication_buffers: Any,
    frozen_weights: Any,
    trained_weights: Any,
    memory_spread: Any,
) -> Any:
    """What a card needs at the smallest micro-batch; the rest is filled because it speeds up"""
    return maximum(
        memory_spread * (static_memory + maximum(step_temporary, sequence_memory + communication_buffers)),
        frozen_weights + trained_weights,
    )


@require(unit="1", source="Goyal et al. 2017, arXiv:1706.02677")
def batch_covers_ranks(dp: Any, batch: Any) -> Any:
    """Every data parallel rank has a sequence to work on"""
    return at_most(dp, batch)


@require(unit="token", source="the model's configuration, max_position_embeddings")
def sequence_fits_context(sequence: Any, max_context: Any) -> Any:
    """The model was made for sequences this long"""
    return at_most(sequence, max_context)
