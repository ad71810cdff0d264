"""Work of one token while fine-tuning, and its time: products, attention, passes over memory."""

from __future__ import annotations

from typing import Any

from numpy import maximum, minimum, sqrt, where

from optplan.rule import derive
from optplan.rules.constants import EACH_TOKEN, FORWARD_FLOP, PAIR_FLOP

KAPLAN = "Kaplan et al. 2020, arXiv:2001.08361, section 2.1"
MUDGE = "Mudge 2001, doi:10.1109/2.917539: power is clock times voltage squared"
FITTED = "fitted on published throughputs, see the assumptions table"


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
    batch_sequence: Any,
    attended_share: Any,
    full_attention_layers: Any,
    sliding_layers: Any,
    sliding_window: Any,
) -> Any:
    """Tokens that attention looks at, summed over layers: in packed sequences only those of one sample"""
    return full_attention_layers * batch_sequence * attended_share + sliding_layers * minimum(
        batch_sequence * attended_share, sliding_window
    )


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


@derive(unit="token", source="definition", status="assumed")
def batch_sequence(sequence: Any, length_share: Any) -> Any:
    """Tokens of a sequence as batches have them: all of it, or less where it only caps real lengths"""
    return sequence * length_share


@derive(unit="token", source="definition", status="exact")
def micro_batch_tokens(micro_batch: Any, batch_sequence: Any, sequence_parts: Any) -> Any:
    """Tokens that a card works on at once"""
    return micro_batch * batch_sequence / sequence_parts


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


@derive(unit="token", source="Shazeer et al. 2017, arXiv:1701.06538", status="exact")
def expert_tokens(micro_batch_tokens: Any, experts: Any, experts_per_token: Any, expert_ranks: Any) -> Any:
    """Tokens that one expert works on at once, were they routed evenly"""
    return where(
        experts > 0,
        micro_batch_tokens * experts_per_token * expert_ranks / maximum(experts, 1),
        1 * micro_batch_tokens,
    )


@derive(unit="1", source=FITTED, status="fitted")
def expert_saturation(
    expert_tokens: Any, experts: Any, moe_intermediate: Any, half_speed_tokens: Any, half_speed_width: Any
) -> Any:
    """Share of the plateau that the matrices of one expert reach: narrow ones, with few tokens each"""
    return where(
        experts > 0,
        expert_tokens
        / (expert_tokens + half_speed_tokens)
        * maximum(moe_intermediate, 1)
        / (maximum(moe_intermediate, 1) + half_speed_width),
        1,
    )


@derive(unit="FLOP/token", source=KAPLAN, status="exact")
def head_flop(embedding_params: Any, passes: Any) -> Any:
    """Operations of one token in the output head, which stays in 16 bits where layers use fewer"""
    return FORWARD_FLOP * embedding_params * passes


@derive(unit="FLOP/token", source="Shazeer et al. 2017, arXiv:1701.06538", status="exact")
def expert_flop(
    moe_layers: Any, experts_per_token: Any, gated: Any, hidden: Any, moe_intermediate: Any, passes: Any
) -> Any:
    """Operations of one token in the routed experts that it visits"""
    return FORWARD_FLOP * moe_layers * experts_per_token * (2 + gated) * hidden * moe_intermediate * passes


@derive(unit="1", source=f"{MUDGE}; exponent fitted on published throughputs", status="fitted")
def power_share(card_power: Any, peak_flops_16: Any, flop_energy: Any, power_exponent: Any) -> Any:
    """Efficiency of large products that the card's power allows, over that of the reference card

    Power limits the clock under full load: the fewer watts for each operation of the peak, the further below its
    peak a card works. Power grows with clock and voltage, so the clock falls less than the power. 1 where no power
    is known.
    """
    return where(card_power > 0, (card_power / (peak_flops_16 * flop_energy)) ** power_exponent, 1)


@derive(unit="s/token", source=FITTED, status="fitted")
def matmul_time(
    matmul_flop: Any,
    head_flop: Any,
    expert_flop: Any,
    attention_flop: Any,
    attention_efficiency: Any,
    peak_flops: Any,
    peak_flops_16: Any,
    matmul_efficiency: Any,
    power_share: Any,
    sustained_limit: Any,
    low_precision_efficiency: Any,
    saturation: Any,
    expert_saturation: Any,
) -> Any:
    """Arithmetic of one token, were one card to do all of it

    Head and attention stay in 16 bits; experts are slower than dense layers by their own saturation. No card
    reaches all of its peak, however much power it has.
    """
    return (
        (
            maximum(matmul_flop - head_flop - expert_flop, 0 * head_flop) / saturation
            + expert_flop / expert_saturation
        )
        / (peak_flops * low_precision_efficiency)
        + (head_flop + attention_flop / attention_efficiency)
        / saturation
        / minimum(peak_flops, peak_flops_16)
    ) / minimum(matmul_efficiency * power_share, sustained_limit)


@derive(unit="s/token", source=FITTED, status="fitted")
def traffic_time(
    layers: Any,
    hidden: Any,
    active_width: Any,
    experts_per_token: Any,
    score_passes: Any,
    heads: Any,
    batch_sequence: Any,
    compute_bytes: Any,
    elementwise_passes: Any,
    unsplit_values: Any,
    tp: Any,
    memory_bandwidth: Any,
) -> Any:
    """Norms, activations and residuals of one token, which memory bandwidth limits

    Ten tensors of the hidden width and three of the feed-forward width, as often as the software passes
    over them, forward and backward; copies for routed experts; scores of pairs without flash attention.
    Without sequence parallelism every tensor parallel card passes over the unsplit ones.
    """
    return (
        (
            elementwise_passes
            * (
                EACH_TOKEN * (10 * hidden + 3 * active_width + 2 * experts_per_token * hidden)
                + unsplit_values * (tp - 1) * hidden
            )
            + score_passes * heads * batch_sequence
        )
        * layers
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
