"""Time of a fine-tuning job: arithmetic, memory traffic, launches, communication, optimizer.

step = bubble x ((compute^p + communication^p)^(1/p) + optimizer): a p-norm lets the two overlap in part.
"""

from __future__ import annotations

from typing import Any

from numpy import maximum

from optplan.rule import at_most, derive, require
from optplan.units import GIB, HOUR

KAPLAN = "Kaplan et al. 2020, arXiv:2001.08361, section 2.1"
MEGATRON = "Narayanan et al. 2021, arXiv:2104.04473"
FITTED = "fitted on published throughputs, see the assumptions table"


@derive(unit="token", source="definition", status="assumed")
def train_tokens(data_bytes: Any, data_tokens: Any, tokens_per_byte: Any, epochs: Any) -> Any:
    """Tokens of all passes over the data

    Tokens of a byte of text vary with tokenizer and language.
    """
    return (data_bytes * tokens_per_byte + data_tokens) * epochs


@require(unit="1", source="Zhao et al. 2023, arXiv:2304.11277; Narayanan et al. 2021, arXiv:2104.04473")
def framework_splits_model(tp: Any, pp: Any, model_parallel_cards: Any) -> Any:
    """The training framework can split the model itself over so many cards

    Sharding (FSDP, ZeRO) splits what data parallel ranks keep, and every rank still computes whole layers.
    """
    return at_most(tp * pp, model_parallel_cards)


@derive(unit="s", source="PyTorch autograd AccumulateGrad; DeepSpeed bf16_optimizer.py", status="assumed")
def gradient_sum_time(
    trained_per_card: Any, gradient_sum_bytes: Any, gradient_shards: Any, memory_bandwidth: Any
) -> Any:
    """Adding a micro-batch's gradients to those of the step, where that is a pass of its own"""
    return trained_per_card * gradient_sum_bytes / gradient_shards / memory_bandwidth


@derive(unit="s", source=FITTED, status="fitted")
def micro_batch_time(
    micro_batch_tokens: Any,
    matmul_time: Any,
    traffic_time: Any,
    dequantise_time: Any,
    tp: Any,
    pp: Any,
    layers: Any,
    moe_layers: Any,
    experts: Any,
    expert_ranks: Any,
    launch_time: Any,
    expert_launches: Any,
    tensor_time: Any,
    expert_time: Any,
    gradient_sum_time: Any,
) -> Any:
    """One micro-batch forward and backward on its stage, with the communication that nothing can hide

    Never less than the time to launch its kernels; software that loops over experts launches them one by one.
    """
    return (
        maximum(
            (micro_batch_tokens * (matmul_time + traffic_time) + dequantise_time) / tp,
            (layers + moe_layers * experts / expert_ranks * expert_launches) * launch_time,
        )
        / pp
        + tensor_time
        + expert_time
        + gradient_sum_time
    )


@derive(unit="1", source="Chowdhery et al. 2022, arXiv:2204.02311, appendix B", status="fitted")
def efficiency(
    flop_per_token: Any, micro_batch_tokens: Any, tp: Any, pp: Any, peak_flops: Any, micro_batch_time: Any
) -> Any:
    """Share of a card's peak while it computes, communication not counted

    Recomputed operations count as work.
    """
    return flop_per_token * micro_batch_tokens / (tp * pp * peak_flops * micro_batch_time)


@derive(unit="s", source=KAPLAN, status="exact")
def compute_time(
    flop_per_token: Any,
    micro_batch_tokens: Any,
    accumulation: Any,
    tp: Any,
    pp: Any,
    peak_flops: Any,
    efficiency: Any,
) -> Any:
    """Computing of one optimizer step on one card"""
    return accumulation * flop_per_token * micro_batch_tokens / (tp * pp * peak_flops * efficiency)


@derive(unit="s", source="Loshchilov & Hutter 2019, arXiv:1711.05101", status="fitted")
def optimizer_time(
    gradients: Any, optimizer_states: Any, memory_bandwidth: Any, optimizer_passes: Any
) -> Any:
    """Passing over gradients and states in an optimizer step, as often as the software does"""
    return optimizer_passes * (gradients + optimizer_states) * GIB / memory_bandwidth


@derive(unit="1", source=f"{MEGATRON}, section 2.2", status="exact")
def pipeline_stretch(accumulation: Any, pp: Any) -> Any:
    """Idle stages while a pipeline fills and drains: (micro-batches + stages - 1) / micro-batches"""
    return (accumulation + pp - 1) / accumulation


@derive(unit="s", source=f"{MEGATRON}; Zhao et al. 2023, arXiv:2304.11277", status="fitted")
def step_time(
    compute_time: Any,
    communication_time: Any,
    overlap_norm: Any,
    optimizer_time: Any,
    pipeline_stretch: Any,
) -> Any:
    """One optimizer step of the whole gang"""
    return pipeline_stretch * (
        (compute_time**overlap_norm + communication_time**overlap_norm) ** (1 / overlap_norm) + optimizer_time
    )


@derive(unit="1", source="definition", status="exact")
def derating(compute_time: Any, optimizer_time: Any, step_time: Any) -> Any:
    """Speed of a card in the gang over its speed with no one to wait for"""
    return (compute_time + optimizer_time) / step_time


@derive(unit="token/s", source="definition", status="exact")
def tokens_per_second(batch: Any, batch_sequence: Any, step_time: Any, speed_spread: Any) -> Any:
    """Tokens a second of the whole gang, padding counted

    The spread is 1 where expected; its ends are those between sources of measurements.
    """
    return batch * batch_sequence / step_time * speed_spread


@derive(unit="hour", source="definition", status="assumed")
def job_hours(
    train_tokens: Any, tokens_per_second: Any, packed_share: Any, run_overhead: Any, setup_hours: Any
) -> Any:
    """Wall clock of the job if nothing interrupts it

    Padding, evaluation, checkpoints and the start of the cards are counted.
    """
    return train_tokens / (packed_share * tokens_per_second) / HOUR * run_overhead + setup_hours
