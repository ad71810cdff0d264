"""Communication of a training gang: what is sent, over which link, in what time."""

from __future__ import annotations

from typing import Any

from numpy import minimum, where

from optplan.rule import derive
from optplan.rules.constants import EACH_TOKEN
from optplan.units import GIB

ZERO = "Rajbhandari et al. 2020, arXiv:1910.02054, section 7"
MEGATRON = "Shoeybi et al. 2019, arXiv:1909.08053, section 3"
RING = "Patarasuk & Yuan 2009, doi:10.1016/j.jpdc.2008.09.002"


@derive(unit="byte/s", source=RING, status="assumed")
def gang_speed(link_speed: Any, node_speed: Any, nodes: Any, tp: Any) -> Any:
    """Data received by each card when all ranks gather, over the slowest link crossed

    Every node receives one copy, and its tensor parallel cards share its network.
    """
    return where(nodes > 1, minimum(link_speed, node_speed / tp), link_speed)


@derive(unit="byte", source=ZERO, status="exact")
def gathered_bytes(
    zero_stage: Any, dp: Any, frozen_weights: Any, trained_per_card: Any, compute_bytes: Any
) -> Any:
    """Weights that a card gathers in one micro-batch under ZeRO-3 or FSDP: forward and again backward"""
    return (
        where(zero_stage >= 3, 2, 0)
        * ((dp - 1) / dp)
        * (frozen_weights * GIB * dp + trained_per_card * compute_bytes)
    )


@derive(unit="byte", source=RING, status="exact")
def synced_bytes(dp: Any, trained_per_card: Any, compute_bytes: Any) -> Any:
    """Gradients that a card sends in one step: summed and handed out again, twice their size"""
    return 2 * (dp - 1) / dp * trained_per_card * compute_bytes


@derive(unit="byte", source=f"{MEGATRON}; {RING}", status="exact")
def tensor_bytes(
    tp: Any, pp: Any, layers: Any, micro_batch_tokens: Any, hidden: Any, compute_bytes: Any, recompute: Any
) -> Any:
    """What tensor parallel cards send in one micro-batch: two all-reduces a layer in each pass

    Forward, backward, and forward again where activations are recomputed.
    """
    return (
        (4 + 2 * recompute)
        * (layers / pp)
        * (2 * (tp - 1) / tp)
        * (EACH_TOKEN * micro_batch_tokens * hidden * compute_bytes)
    )


@derive(unit="s", source=MEGATRON, status="fitted")
def tensor_time(tensor_bytes: Any, link_speed: Any, tensor_exposed: Any) -> Any:
    """All-reduces of one micro-batch among tensor parallel cards: the next product waits for them

    Newer software sends parts while others are still computed.
    """
    return tensor_exposed * tensor_bytes / link_speed


@derive(unit="byte", source="Lepikhin et al. 2020, arXiv:2006.16668", status="exact")
def expert_bytes(
    expert_ranks: Any,
    pp: Any,
    moe_layers: Any,
    micro_batch_tokens: Any,
    experts_per_token: Any,
    hidden: Any,
    compute_bytes: Any,
) -> Any:
    """Tokens sent to experts on other cards in one micro-batch, there and back, forward and backward"""
    return (
        4 * (moe_layers / pp) * ((expert_ranks - 1) / expert_ranks)
        * (EACH_TOKEN * micro_batch_tokens * experts_per_token * hidden * compute_bytes)
    )  # fmt: skip


@derive(unit="s", source="Lepikhin et al. 2020, arXiv:2006.16668", status="assumed")
def expert_time(
    expert_bytes: Any, expert_ranks: Any, cards_per_node: Any, link_speed: Any, node_speed: Any
) -> Any:
    """Sending tokens to their experts in one micro-batch; experts wait for them"""
    return expert_bytes / where(expert_ranks > cards_per_node, minimum(link_speed, node_speed), link_speed)


@derive(unit="byte", source="Narayanan et al. 2021, arXiv:2104.04473", status="exact")
def stage_bytes(pp: Any, micro_batch_tokens: Any, hidden: Any, compute_bytes: Any) -> Any:
    """Activations and their gradients handed to the next stage in one micro-batch"""
    return where(pp > 1, 2 * EACH_TOKEN * micro_batch_tokens * hidden * compute_bytes, 0 * compute_bytes)


@derive(unit="1", source="Chan et al. 2007, doi:10.1002/cpe.1206", status="assumed")
def message_hops(zero_stage: Any, dp: Any, tp: Any, pp: Any, layers: Any) -> Any:
    """Hops of messages that nothing hides in one micro-batch

    Each layer gathers twice and scatters once around the ring of ranks under ZeRO-3, and meets four times
    around the ring of tensor parallel cards.
    """
    return layers / pp * (where(zero_stage >= 3, 3 * (dp - 1), 0) + 4 * (tp - 1))


@derive(unit="s", source=f"{ZERO}; {MEGATRON}", status="fitted")
def communication_time(
    accumulation: Any,
    gathered_bytes: Any,
    synced_bytes: Any,
    stage_bytes: Any,
    gang_speed: Any,
    link_speed: Any,
    node_speed: Any,
    nodes: Any,
    message_hops: Any,
    hop_time: Any,
) -> Any:
    """Communication of one optimizer step that computing can hide, were nothing hidden"""
    return (
        accumulation
        * (
            gathered_bytes / gang_speed
            + stage_bytes / where(nodes > 1, minimum(link_speed, node_speed), link_speed)
            + message_hops * hop_time
        )
        + synced_bytes / gang_speed
    )
