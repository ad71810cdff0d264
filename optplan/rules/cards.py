"""What a card and its links can do, whatever the task."""

from __future__ import annotations

from typing import Any

from numpy import ceil, minimum, where

from optplan.rule import at_most, derive, require

RING = "Patarasuk & Yuan 2009, doi:10.1016/j.jpdc.2008.09.002"


@derive(unit="GiB", source="PyTorch CUDA semantics, torch.cuda.mem_get_info", status="assumed")
def fillable_memory(usable_memory: Any, fill_limit: Any) -> Any:
    """Memory of a card that a plan may fill"""
    return usable_memory * fill_limit


@derive(unit="1", source="definition", status="exact")
def memory_fill(memory_per_card: Any, usable_memory: Any) -> Any:
    """Share of the card's usable memory that is filled"""
    return memory_per_card / usable_memory


@require(unit="GiB", source="data/gpus.csv usable_gib: cards have less than their name says")
def fits_in_memory(memory_per_card: Any, fillable_memory: Any) -> Any:
    """A card holds all that it must at its fullest moment"""
    return at_most(memory_per_card, fillable_memory)


@derive(unit="byte/s", source=RING, status="assumed")
def link_speed(link_bandwidth: Any, fast_link: Any, fast_link_efficiency: Any, pcie_efficiency: Any) -> Any:
    """Card to card inside a node, as collectives reach it"""
    return link_bandwidth * where(fast_link > 0, fast_link_efficiency, pcie_efficiency)


@derive(unit="byte/s", source="DGX and cloud instance network specifications", status="assumed")
def node_speed(
    fast_link: Any,
    cards_per_node: Any,
    training_node_cards: Any,
    fast_network_bandwidth: Any,
    plain_network_bandwidth: Any,
    network_efficiency: Any,
) -> Any:
    """Node to node, as collectives reach it

    Whole nodes of linked cards have a training network; others, and parts of such nodes, a plain one.
    """
    return (
        where(
            fast_link * cards_per_node >= training_node_cards, fast_network_bandwidth, plain_network_bandwidth
        )
        * network_efficiency
    )


@require(unit="1", source="Shoeybi et al. 2019, arXiv:1909.08053, section 3")
def heads_split_evenly(tp: Any, heads: Any) -> Any:
    """Tensor parallel cards get equally many heads: as many as they would need, as many as there are"""
    return at_most(ceil(heads / tp) * tp, heads)


@require(unit="1", source="Huang et al. 2019, arXiv:1811.06965")
def stages_have_layers(pp: Any, layers: Any) -> Any:
    """Every stage of a pipeline has a layer"""
    return at_most(pp, layers)


@require(unit="1", source="vLLM documentation, supported hardware; PyTorch documentation, bfloat16")
def computes_in_precision(nodes: Any, computes: Any) -> Any:
    """The card can work at the asked precision (bf16 from Ampere on, FP8 from Ada on)"""
    return at_most(minimum(nodes, 1), computes)
