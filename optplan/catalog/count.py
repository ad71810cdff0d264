"""How many parameters a model has, from its shapes alone."""

from __future__ import annotations

from optplan.catalog.values import Model

LINEAR_KEY_WIDTH = 2048  # 16 key heads of 128 in every gated-delta-net model so far (Qwen3-Next, Qwen3.5)
LINEAR_VALUE_HEAD = 128
LINEAR_KERNEL = 4


def count_parameters(model: Model) -> tuple[float, float]:
    """All parameters, and those that one token passes through.

    Embeddings count in both; biases and norms of heads are left out, which is below 0.5 % for every model
    of the catalog (tested against exact counts).
    """
    attention = _attention(model)
    linear = _linear_attention(model)
    layers = model.layers - model.linear_attention_layers
    both = attention * layers + linear * model.linear_attention_layers
    matrices = 3 if model.gated else 2
    dense = matrices * model.hidden * model.intermediate
    embeddings = model.vocab * model.hidden * (1 if model.tied_embeddings else 2)
    norms = 2 * model.hidden * model.layers + model.hidden
    rest = both + embeddings + norms + model.other_params
    if not model.experts:
        whole = rest + dense * model.layers
        return whole, whole
    expert = matrices * model.hidden * model.moe_intermediate
    sparse = model.layers - model.dense_layers
    rest += dense * model.dense_layers + sparse * (
        model.hidden * model.experts + model.shared_experts * expert
    )
    return rest + sparse * model.experts * expert, rest + sparse * model.experts_per_token * expert


def _attention(model: Model) -> float:
    """One layer of attention over the context: projections of queries, keys, values and output."""
    if model.kv_lora_rank:
        head = model.qk_nope + model.qk_rope
        rank = model.q_lora_rank
        query = (model.hidden + model.heads * head) * rank if rank else model.hidden * model.heads * head
        down = model.hidden * (model.kv_lora_rank + model.qk_rope)
        up = model.kv_lora_rank * model.heads * (model.qk_nope + model.v_head)
        return query + down + up + model.heads * model.v_head * model.hidden
    # Hybrid models gate the output of their full layers, which makes the query projection twice as wide.
    queries = 3 if model.linear_attention_layers else 2
    return model.hidden * model.head_dim * (queries * model.heads + 2 * model.kv_heads)


def _linear_attention(model: Model) -> float:
    """One layer of gated delta net: queries, keys, values, gate, decay, convolution, output."""
    if not model.linear_attention_layers:
        return 0.0
    values = model.heads * model.head_dim
    inputs = model.hidden * (2 * LINEAR_KEY_WIDTH + 2 * values + 2 * values // LINEAR_VALUE_HEAD)
    return inputs + LINEAR_KERNEL * (2 * LINEAR_KEY_WIDTH + values) + values * model.hidden
