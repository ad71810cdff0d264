"""LoRA adapters from the shapes of the matrices that they are put on."""

from __future__ import annotations

from typing import Any

from numpy import where

from optplan.rule import derive


@derive(unit="1", source="Hu et al. 2021, arXiv:2106.09685, section 4.1", status="exact")
def adapter_attention_width(
    hidden: Any,
    attention_width: Any,
    kv_width: Any,
    lora_q: Any,
    lora_k: Any,
    lora_v: Any,
    lora_o: Any,
) -> Any:
    """Inputs and outputs of the attention matrices that have an adapter, one layer

    MLA is counted as if its heads were projected at once.
    """
    return (lora_q + lora_o) * (hidden + attention_width) + (lora_k + lora_v) * (hidden + kv_width)


@derive(unit="1", source="Hu et al. 2021, arXiv:2106.09685, section 4.1", status="exact")
def adapter_mlp_matrices(gated: Any, lora_gate: Any, lora_up: Any, lora_down: Any) -> Any:
    """Matrices of a feed-forward block that have an adapter"""
    return lora_gate * gated + lora_up + lora_down


@derive(unit="1", source="Hu et al. 2021, arXiv:2106.09685, section 4.1", status="exact")
def adapter_params(
    lora_rank: Any,
    layers: Any,
    moe_layers: Any,
    adapter_attention_width: Any,
    adapter_mlp_matrices: Any,
    hidden: Any,
    intermediate: Any,
    moe_intermediate: Any,
    experts: Any,
    shared_experts: Any,
) -> Any:
    """Parameters of all LoRA adapters: rank x (inputs + outputs) of each target matrix

    Every routed expert gets adapters of its own.
    """
    return lora_rank * (
        layers * adapter_attention_width
        + adapter_mlp_matrices * (layers - moe_layers) * (hidden + intermediate)
        + adapter_mlp_matrices * moe_layers * (experts + shared_experts) * (hidden + moe_intermediate)
    )


@derive(unit="1", source="Hu et al. 2021, arXiv:2106.09685", status="exact")
def trained_params(params: Any, adapter_params: Any, is_full: Any) -> Any:
    """Parameters that training changes"""
    return where(is_full > 0, params, adapter_params)
