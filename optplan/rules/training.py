"""Time of a fine-tuning job: arithmetic, memory traffic, launches, communication, optimizer.

step = bubble x ((compute^p + communication^p)^(1/p) + optimizer): a p-norm lets the two overlap in part.
"""

from __future__ import annotations

from typing import Any

from numpy import maximum, minimum, sqrt

from optplan.rule import derive
from optplan.rules.constants import EACH_TOKEN, FORWARD_FLOP, PAIR_FLOP
from optplan.units import GIB, HOUR

KAPLAN = "Kaplan et al. 2020, arXiv:2001.08361, section 2.1"
MEGATRON = "Narayanan et al. 2021, arXiv:2104.04473"
FITTED = "fitted on published throughputs: Qwen README, MosaicML llm-foundry, ml-engineering"


@derive(unit="token", source="definition", status="assumed")
def train_tokens(data_bytes: Any, data_tokens: Any, tokens_per_byte: Any, epochs: Any) -> Any:
    """Tokens of all passes over the data

    Tokens of a byte of text vary with tokenizer and language.
    """
    return (data_bytes * tokens_per_byte + data_tokens) * epochs


@derive(unit="1", source=f"{KAPLAN}; Hu et al. 2021, arXiv:2106.09685", status="exact")
def passes(is_full: Any, recompute: Any) -> Any:
    """Products with each weight: forward, gradient of inputs, of weights (full), forward again (recompute)"""
    return 2 + is_full + recompute


@derive(unit="FLOP/token", source=KAPLAN, status="exact")
def matmul_flop(forward_flop: Any, passes: Any, adapter_flop: Any) -> Any:
    """Operations of one token in all matrices: 6 per parameter for full, 4 for LoRA, 2 more to recompute"""
    return passes * forward_flop + adapter_flop


@derive(unit="FLOP/token", source="Hu et al. 2021, arXiv:2106.09685", status="exact")
def adapter_flop(is_full: Any, adapter_params: Any, params: Any, params_active: Any) -> Any:
    """Operations of one token in the adapters: 6 per parameter

    Of the experts' adapters only those of the visited experts work.
    """
    return (1 - is_full) * 3 * FORWARD_FLOP * adapter_params * params_active / params


@derive(unit="token", source="Beltagy et al. 2020, arXiv:2004.05150", status="exact")
def attended_tokens(
    sequence: Any, full_attention_layers: Any, sliding_layers: Any, sliding_window: Any
) -> Any:
    """Tokens that attention looks at, summed over layers"""
    return full_attention_layers * sequence + sliding_layers * minimum(sequence, sliding_window)


@derive(unit="FLOP/token", source=f"{KAPLAN}; Dao 2023, arXiv:2307.08691", status="exact")
def attention_flop(attended_tokens: Any, attention_width: Any, recompute: Any) -> Any:
    """Operations of one token in attention, forward and backward

    A token looks back at half of its sequence on average.
    """
    return PAIR_FLOP * attended_tokens / 2 * attention_width * (3 + recompute)


@derive(unit="FLOP/token", source=KAPLAN, status="exact")
def flop_per_token(matmul_flop: Any, attention_flop: Any) -> Any:
    """All operations of one token"""
    return matmul_flop + attention_flop


@derive(unit="token", source="definition", status="exact")
def micro_batch_tokens(micro_batch: Any, sequence: Any) -> Any:
    """Tokens that a card works on at once"""
    return micro_batch * sequence


@derive(unit="1", source=FITTED, status="fitted")
def saturation(
    micro_batch_tokens: Any, hidden: Any, tp: Any, half_speed_tokens: Any, half_speed_width: Any
) -> Any:
    """Share of the plateau of efficiency that matrices of this size reach

    Few tokens or a narrow slice of the model leave a card partly idle.
    """
    return (
        micro_batch_tokens
        / (micro_batch_tokens + half_speed_tokens)
        * hidden
        / (hidden + half_speed_width * sqrt(tp))
    )


@derive(unit="s/token", source=FITTED, status="fitted")
def matmul_time(
    matmul_flop: Any,
    attention_flop: Any,
    attention_efficiency: Any,
    peak_flops: Any,
    matmul_efficiency: Any,
    saturation: Any,
) -> Any:
    """Arithmetic of one token, were one card to do all of it"""
    return (matmul_flop + attention_flop / attention_efficiency) / (
        peak_flops * matmul_efficiency * saturation
    )


@derive(unit="s/token", source=FITTED, status="fitted")
def traffic_time(
    layers: Any,
    hidden: Any,
    active_width: Any,
    compute_bytes: Any,
    elementwise_passes: Any,
    memory_bandwidth: Any,
) -> Any:
    """Norms, activations and residuals of one token, which memory bandwidth limits

    Ten tensors of the hidden width and three of the feed-forward width, as often as the software passes
    over them, forward and backward.
    """
    return (
        EACH_TOKEN
        * elementwise_passes
        * layers
        * (10 * hidden + 3 * active_width)
        * compute_bytes
        / memory_bandwidth
    )


@derive(unit="s", source="Dettmers et al. 2023, arXiv:2305.14314", status="fitted")
def dequantise_time(
    is_full: Any,
    quantised: Any,
    params_active: Any,
    compute_bytes: Any,
    passes: Any,
    memory_bandwidth: Any,
    dequantise_efficiency: Any,
) -> Any:
    """Turning quantised weights into 16 bits, once for each pass of a micro-batch"""
    return (
        (1 - is_full)
        * quantised
        * params_active
        * compute_bytes
        * passes
        / (memory_bandwidth * dequantise_efficiency)
    )


@derive(unit="s", source=FITTED, status="fitted")
def micro_batch_time(
    micro_batch_tokens: Any,
    matmul_time: Any,
    traffic_time: Any,
    dequantise_time: Any,
    tp: Any,
    pp: Any,
    layers: Any,
    launch_time: Any,
) -> Any:
    """One micro-batch forward and backward on its stage, without communication

    Never less than the time to launch its kernels.
    """
    return (
        maximum(
            (micro_batch_tokens * (matmul_time + traffic_time) + dequantise_time) / tp,
            layers * launch_time,
        )
        / pp
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
def optimizer_time(gradients: Any, optimizer_states: Any, memory_bandwidth: Any) -> Any:
    """Reading and writing gradients and states once per optimizer step"""
    return 2 * (gradients + optimizer_states) * GIB / memory_bandwidth


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
def tokens_per_second(batch: Any, sequence: Any, step_time: Any) -> Any:
    """Tokens a second of the whole gang, padding counted"""
    return batch * sequence / step_time


@derive(unit="hour", source="definition", status="assumed")
def job_hours(
    train_tokens: Any, tokens_per_second: Any, packed_share: Any, run_overhead: Any, setup_hours: Any
) -> Any:
    """Wall clock of the job if nothing interrupts it

    Padding, evaluation, checkpoints and the start of the cards are counted.
    """
    return train_tokens / (packed_share * tokens_per_second) / HOUR * run_overhead + setup_hours
