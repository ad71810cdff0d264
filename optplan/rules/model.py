"""What follows from a model's shapes alone: parameters by place, widths, work per token."""

from __future__ import annotations

from typing import Any

from numpy import ceil, where

from optplan.rule import derive
from optplan.rules.constants import FORWARD_FLOP

VASWANI = "Vaswani et al. 2017, arXiv:1706.03762"
MLA = "DeepSeek-AI 2024, arXiv:2405.04434, section 2.1"
KAPLAN = "Kaplan et al. 2020, arXiv:2001.08361, section 2.1"


@derive(unit="1", source=VASWANI, status="exact")
def embedding_params(vocab: Any, hidden: Any) -> Any:
    """Entries of the embedding, and of the output head"""
    return vocab * hidden


@derive(unit="1", source="Press & Wolf 2017, arXiv:1608.05859", status="exact")
def edge_params(embedding_params: Any, tied: Any) -> Any:
    """Embedding and output head as stored

    Tied models store one matrix for both. Learned positions, where a model has them, count as blocks.
    """
    return embedding_params * (2 - tied)


@derive(unit="1", source=KAPLAN, status="exact")
def block_params(params: Any, edge_params: Any) -> Any:
    """Parameters of all layers, without embedding and head"""
    return params - edge_params


@derive(unit="1", source=KAPLAN, status="exact")
def matmul_params(params_active: Any, embedding_params: Any, tied: Any) -> Any:
    """Weights that each token is multiplied with

    Active parameters with the output head, without the embedding: that is a look-up, not a product.
    """
    return params_active - embedding_params * (1 - tied)


@derive(unit="1", source="Fedus et al. 2022, arXiv:2101.03961", status="exact")
def moe_layers(layers: Any, dense_layers: Any, experts: Any) -> Any:
    """Layers with routed experts"""
    return where(experts > 0, layers - dense_layers, 0)


@derive(unit="1", source="Shazeer 2020, arXiv:2002.05202", status="exact")
def expert_params(moe_layers: Any, experts: Any, gated: Any, hidden: Any, moe_intermediate: Any) -> Any:
    """Parameters of all routed experts

    A gated block has three matrices, a plain one two.
    """
    return moe_layers * experts * (2 + gated) * hidden * moe_intermediate


@derive(unit="1", source="Shazeer 2020, arXiv:2002.05202", status="exact")
def active_width(
    layers: Any,
    moe_layers: Any,
    intermediate: Any,
    moe_intermediate: Any,
    experts_per_token: Any,
    shared_experts: Any,
) -> Any:
    """Feed-forward channels that a token passes through, mean over layers"""
    return (
        (layers - moe_layers) * intermediate
        + moe_layers * (experts_per_token + shared_experts) * moe_intermediate
    ) / layers


@derive(unit="1", source=VASWANI, status="exact")
def attention_width(
    heads: Any, head_dim: Any, kv_lora_rank: Any, qk_nope: Any, qk_rope: Any, v_head: Any
) -> Any:
    """Channels that attention compares and mixes, all heads together

    MLA compares more channels than it mixes: the mean of both.
    """
    return heads * where(kv_lora_rank > 0, (qk_nope + qk_rope + v_head) / 2, head_dim)


@derive(unit="1", source="Ainslie et al. 2023, arXiv:2305.13245", status="exact")
def kv_width(kv_heads: Any, head_dim: Any) -> Any:
    """Channels of the keys of one layer, and of the values"""
    return kv_heads * head_dim


@derive(unit="FLOP/token", source=KAPLAN, status="exact")
def forward_flop(matmul_params: Any) -> Any:
    """Multiplications and additions of one token in all matrices, forward"""
    return FORWARD_FLOP * matmul_params


@derive(
    unit="byte", source="Dettmers et al. 2023, arXiv:2305.14314; AutoGPTQ and AWQ checkpoints", status="exact"
)
def stored_weight_bytes(weight_bytes: Any, scale_bytes: Any) -> Any:
    """Bytes of one weight of a layer, block scales counted"""
    return weight_bytes + scale_bytes


@derive(
    unit="byte", source="AutoGPTQ, AWQ, bitsandbytes: embeddings and head are not quantised", status="exact"
)
def edge_weight_bytes(weight_bytes: Any, compute_bytes: Any, quantised: Any) -> Any:
    """Bytes of one entry of embedding and head: 16-bit even where layers are quantised"""
    return where(quantised > 0, compute_bytes, weight_bytes)


@derive(unit="1", source="Huang et al. 2019, arXiv:1811.06965", status="exact")
def edge_params_per_card(embedding_params: Any, tied: Any, tp: Any, pp: Any) -> Any:
    """Embedding and head on the fullest card

    A pipeline has the embedding on its first stage and the head on its last.
    """
    return embedding_params * where(pp > 1, 1, 2 - tied) / tp


@derive(unit="1", source="Narayanan et al. 2021, arXiv:2104.04473", status="exact")
def block_params_per_card(block_params: Any, layers: Any, tp: Any, pp: Any) -> Any:
    """Parameters of the layers on the fullest card, split by tensors and stages, before sharding"""
    return block_params * ceil(layers / pp) / layers / tp
