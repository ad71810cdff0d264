"""Time of inference on one replica: a prefill, and a decode step linear in the batch.

A decode step reads the weights once and every sequence's cache; memory and arithmetic add up, as published
measurements show. Experts touched grow with the batch. Each term carries the spread of the sources itself, so that
a sum of them, and the batch that keeps a limit on it, stays right at both ends.
"""

from __future__ import annotations

from typing import Any

from numpy import maximum, minimum, where

from optplan.rule import derive
from optplan.rules.constants import EACH_TOKEN, FORWARD_FLOP, ONE_REQUEST, PAIR_FLOP

ENGINES = "fitted on published throughputs: TensorRT-LLM perf-overview, aiconfigurator, lmdeploy benchmark"
MLA = "DeepSeek-AI 2024, arXiv:2405.04434, section 2.1"


@derive(unit="byte/s", source="Shoeybi et al. 2019, arXiv:1909.08053", status="fitted")
def reduce_speed(
    link_bandwidth: Any, reduce_efficiency: Any, node_speed: Any, tp: Any, cards_per_node: Any
) -> Any:
    """Card to card as all-reduces of inference reach it; over the network where a node is too small"""
    return where(tp > cards_per_node, minimum(node_speed, link_bandwidth), link_bandwidth) * reduce_efficiency


@derive(unit="s/token", source="Patarasuk & Yuan 2009, doi:10.1016/j.jpdc.2008.09.002", status="exact")
def reduce_time(
    layers: Any,
    hidden: Any,
    compute_bytes: Any,
    tp: Any,
    attention_ranks: Any,
    experts_per_token: Any,
    reduce_speed: Any,
) -> Any:
    """Sending of one token's two all-reduces a layer between tensor parallel cards

    Under data parallel attention a token goes to the cards of its experts and back instead.
    """
    return (
        2
        * layers
        * (EACH_TOKEN * hidden * compute_bytes)
        * where(attention_ranks > 1, minimum(experts_per_token, tp) / tp, 2 * (tp - 1) / tp)
        / reduce_speed
    )


@derive(unit="s/token", source="Narayanan et al. 2021, arXiv:2104.04473", status="exact")
def hand_over(pp: Any, hidden: Any, compute_bytes: Any, nodes: Any, node_speed: Any, link_speed: Any) -> Any:
    """Sending of one token's activations from stage to stage, all stages"""
    return (
        (pp - 1)
        * EACH_TOKEN
        * hidden
        * compute_bytes
        / where(nodes > 1, minimum(node_speed, link_speed), link_speed)
    )


@derive(unit="FLOP/token", source="Kaplan et al. 2020, arXiv:2001.08361", status="exact")
def prefill_attention_flop(
    attention_width: Any,
    prompt_tokens: Any,
    full_attention_layers: Any,
    sliding_layers: Any,
    sliding_window: Any,
) -> Any:
    """Attention of one token of the prompt, which looks back at half of it on average"""
    return (
        PAIR_FLOP
        * attention_width
        * (
            full_attention_layers * (ONE_REQUEST * prompt_tokens) / 2
            + sliding_layers * minimum(ONE_REQUEST * prompt_tokens / 2, sliding_window)
        )
    )


@derive(unit="FLOP/token", source="Fedus et al. 2022, arXiv:2101.03961", status="exact")
def expert_flop(
    moe_layers: Any, experts_per_token: Any, gated: Any, hidden: Any, moe_intermediate: Any
) -> Any:
    """Multiplications and additions of one token in the routed experts that it visits"""
    return FORWARD_FLOP * moe_layers * experts_per_token * (2 + gated) * hidden * moe_intermediate


@derive(unit="1", source=ENGINES, status="fitted")
def expert_efficiency(
    moe_efficiency: Any, moe_intermediate: Any, expert_ranks: Any, tp: Any, half_speed_expert: Any
) -> Any:
    """Arithmetic of experts over that of dense layers

    Narrow experts, and those cut narrow by tensor parallelism, fill the units badly.
    """
    return moe_efficiency / (1 + half_speed_expert / maximum(moe_intermediate * expert_ranks / tp, 1))


@derive(unit="s/token", source=ENGINES, status="fitted")
def matrix_time(
    expert_flop: Any,
    expert_efficiency: Any,
    forward_flop: Any,
    experts: Any,
    dense_in_16: Any,
    peak_flops: Any,
    peak_flops_16: Any,
    tp: Any,
) -> Any:
    """Matrix products of one token at the cards' peak; what is stored in 16 bits works in 16 bits"""
    return (
        expert_flop / expert_efficiency / peak_flops
        + (forward_flop - expert_flop) / where(experts * dense_in_16 > 0, peak_flops_16, peak_flops)
    ) / tp


@derive(unit="s/request", source=ENGINES, status="fitted")
def prefill_time(
    prompt_tokens: Any,
    matrix_time: Any,
    prefill_attention_flop: Any,
    peak_flops_16: Any,
    prefill_efficiency: Any,
    tp: Any,
    reduce_time: Any,
    hand_over: Any,
    serving_time_spread: Any,
) -> Any:
    """Working through the prompt of one request, on all stages; attention works in 16 bits"""
    return (
        prompt_tokens
        * (
            (matrix_time + prefill_attention_flop / peak_flops_16 / tp) / prefill_efficiency
            + reduce_time
            + hand_over
        )
        * serving_time_spread
    )


@derive(unit="s", source=ENGINES, status="fitted")
def step_overhead(
    engine_step_time: Any,
    engine_layer_time: Any,
    layer_time_factor: Any,
    launch_factor: Any,
    layers: Any,
    moe_layer_time: Any,
    moe_layers: Any,
    tp: Any,
    pp: Any,
    fast_link: Any,
    reduce_latency: Any,
    reduce_latency_pcie: Any,
    hand_over_time: Any,
    serving_time_spread: Any,
) -> Any:
    """Scheduling, launches and the latency of all-reduces, in one decode step"""
    return (
        engine_step_time
        + launch_factor * layer_time_factor * (engine_layer_time * layers + moe_layer_time * moe_layers)
        + where(
            tp > 1, 2 * layers * where(fast_link > 0, reduce_latency, reduce_latency_pcie), 0 * reduce_latency
        )
        + (pp - 1) * hand_over_time
    ) * serving_time_spread


@derive(unit="s", source=ENGINES, status="fitted")
def dense_read_time(
    params: Any,
    edge_params: Any,
    embedding_params: Any,
    expert_params: Any,
    dense_weight_bytes: Any,
    edge_weight_bytes: Any,
    attention_tp: Any,
    memory_bandwidth: Any,
    weight_read_efficiency: Any,
    serving_time_spread: Any,
) -> Any:
    """Reading all weights but the experts' once, on all stages; of the edges only the head"""
    return (
        ((params - edge_params - expert_params) * dense_weight_bytes + embedding_params * edge_weight_bytes)
        / attention_tp
        / (memory_bandwidth * weight_read_efficiency)
        * serving_time_spread
    )


@derive(unit="s", source=ENGINES, status="fitted")
def expert_read_time(
    expert_params: Any,
    stored_weight_bytes: Any,
    tp: Any,
    memory_bandwidth: Any,
    expert_read_efficiency: Any,
    serving_time_spread: Any,
) -> Any:
    """Reading the weights of every expert once, on all stages"""
    return (
        expert_params
        * stored_weight_bytes
        / tp
        / (memory_bandwidth * expert_read_efficiency)
        * serving_time_spread
    )


@derive(unit="1", source="Fedus et al. 2022, arXiv:2101.03961", status="exact")
def expert_share(experts_per_token: Any, experts: Any) -> Any:
    """Share of the routed experts that one token visits"""
    return experts_per_token / maximum(experts, 1)


@derive(unit="FLOP/token", source=f"Kaplan et al. 2020, arXiv:2001.08361; {MLA}", status="exact")
def decode_attention_flop(
    attention_width: Any, heads: Any, kv_lora_rank: Any, qk_rope: Any, layers: Any, mean_tokens: Any
) -> Any:
    """Attention of one new token to all before it; MLA works on the compressed vector"""
    return (
        PAIR_FLOP
        * where(kv_lora_rank > 0, heads * (kv_lora_rank + qk_rope / 2), attention_width)
        * layers
        * (ONE_REQUEST * mean_tokens)
    )


@derive(unit="s/request", source=ENGINES, status="fitted")
def step_per_request(
    mean_cache: Any,
    cache_shards: Any,
    memory_bandwidth: Any,
    cache_read_efficiency: Any,
    matrix_time: Any,
    decode_attention_flop: Any,
    peak_flops_16: Any,
    decode_efficiency: Any,
    tp: Any,
    pp: Any,
    reduce_time: Any,
    hand_over: Any,
    engine_request_time: Any,
    serving_time_spread: Any,
) -> Any:
    """What one more request adds to a decode step: reading its cache, arithmetic, sending, sampling

    Stages of a pipeline work on equal parts of the batch at the same time.
    """
    return (
        (
            mean_cache / (cache_shards * memory_bandwidth * cache_read_efficiency)
            + (
                (matrix_time + decode_attention_flop / peak_flops_16 / tp) / decode_efficiency
                + reduce_time
                + hand_over
            )
            / (EACH_TOKEN * ONE_REQUEST)
            + engine_request_time
        )
        / pp
        * serving_time_spread
    )


@derive(unit="1", source="Fedus et al. 2022, arXiv:2101.03961", status="exact")
def touched_experts(expert_share: Any, concurrent_requests: Any, pp: Any) -> Any:
    """Share of the experts that a decode step reads: 1 - (1 - k/E)^batch, were routing even"""
    return 1 - (1 - expert_share) ** (concurrent_requests / (ONE_REQUEST * pp))


@derive(unit="s", source=ENGINES, status="fitted")
def step_time(
    step_overhead: Any,
    dense_read_time: Any,
    expert_read_time: Any,
    touched_experts: Any,
    step_per_request: Any,
    concurrent_requests: Any,
) -> Any:
    """One decode step at the batch chosen: every sequence gets one token"""
    return (
        step_overhead
        + dense_read_time
        + expert_read_time * touched_experts
        + step_per_request * concurrent_requests
    )


@derive(unit="s", source=ENGINES, status="fitted")
def pass_time(step_overhead: Any, dense_read_time: Any, expert_read_time: Any) -> Any:
    """What a pass over a prompt takes beside its tokens: launches, and reading all weights once"""
    return step_overhead + dense_read_time + expert_read_time
