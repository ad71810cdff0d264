"""How a training gang splits a model: ranks that share a copy, parameters of the fullest card."""

from __future__ import annotations

from typing import Any

from numpy import ceil, where

from optplan.rule import derive

ZERO = "Rajbhandari et al. 2020, arXiv:1910.02054, section 3"


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


@derive(unit="1", source="Lepikhin et al. 2020, arXiv:2006.16668", status="exact")
def experts_per_card(expert_params: Any, layers: Any, tp: Any, pp: Any, expert_ranks: Any) -> Any:
    """Parameters of routed experts on the fullest card: expert parallel ranks hold different ones"""
    return expert_params * ceil(layers / pp) / layers / (tp * expert_ranks)


@derive(unit="1", source="Narayanan et al. 2021, arXiv:2104.04473", status="exact")
def held_block_params(block_params_per_card: Any, experts_per_card: Any, expert_ranks: Any) -> Any:
    """Parameters of the layers on the fullest card, split by tensors, stages and experts, before sharding"""
    return block_params_per_card - experts_per_card * (expert_ranks - 1)


@derive(unit="1", source="Narayanan et al. 2021, arXiv:2104.04473", status="exact")
def params_per_card(held_block_params: Any, edge_params_per_card: Any) -> Any:
    """Parameters of the fullest card, before sharding"""
    return held_block_params + edge_params_per_card
