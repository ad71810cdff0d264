"""Memory that grows with the micro-batch while fine-tuning: activations, logits, scores."""

from __future__ import annotations

from typing import Any

from numpy import ceil, maximum, minimum, where

from optplan.rule import derive
from optplan.rules.constants import EACH_TOKEN
from optplan.units import GIB

KORTHIKANTI = "Korthikanti et al. 2022, arXiv:2205.05198, section 4"


@derive(unit="1/token", source=f"{KORTHIKANTI}; fitted on published peaks", status="fitted")
def values_kept_per_token(
    gated: Any,
    hidden: Any,
    attention_width: Any,
    kv_width: Any,
    active_width: Any,
    experts_per_token: Any,
    adapter_mlp_matrices: Any,
    hidden_values: Any,
    hidden_values_plain: Any,
    mlp_values: Any,
    mlp_values_plain: Any,
    mlp_adapter_values: Any,
) -> Any:
    """Values that one layer keeps for the backward pass, for one token

    LoRA keeps nearly all of them, since gradients flow through frozen layers. Queries and what attention
    answers are as wide as all heads together, not as the model. A token sent to several experts
    is copied for each, and so are their answers.
    """
    return (
        where(gated > 0, hidden_values, hidden_values_plain) * hidden
        + 2 * EACH_TOKEN * (attention_width - hidden + kv_width)
        + 2 * EACH_TOKEN * experts_per_token * hidden
        + where(gated > 0, mlp_values, mlp_values_plain) * active_width
        + where(adapter_mlp_matrices > 0, mlp_adapter_values, 0 * mlp_adapter_values) * active_width
    )


@derive(unit="byte/token", source=KORTHIKANTI, status="exact")
def layer_activations(
    values_kept_per_token: Any,
    compute_bytes: Any,
    heads: Any,
    score_values: Any,
    sequence: Any,
    hidden: Any,
    unsplit_values: Any,
    tp: Any,
) -> Any:
    """Activations of one layer in full, for one token, on one card

    Scores of every pair of tokens are kept only without flash attention. Without sequence parallelism norms
    and dropouts are not split among tensor parallel cards.
    """
    return compute_bytes * (
        (values_kept_per_token + score_values * heads * sequence) / tp
        + unsplit_values * hidden * (1 - 1 / tp)
    )


@derive(unit="1", source="Narayanan et al. 2019 (PipeDream), arXiv:1806.03377", status="exact")
def batches_in_flight(pp: Any, rank_batch: Any) -> Any:
    """Micro-batches whose activations the first stage of a pipeline holds (1F1B)"""
    return minimum(pp, rank_batch)


@derive(unit="byte/token", source="Chen et al. 2016, arXiv:1604.06174", status="exact")
def stage_activations(
    layers: Any, pp: Any, recompute: Any, hidden: Any, compute_bytes: Any, layer_activations: Any,
    unsplit_values: Any, tp: Any, offloaded_activations: Any,
) -> Any:  # fmt: skip
    """Activations that one stage keeps of one micro-batch, for one token: with recompute only layers' inputs

    Sequence parallelism splits these inputs among tensor parallel cards, too.
    """
    return (
        ceil(layers / pp)
        * (1 - offloaded_activations)
        * (
            recompute * EACH_TOKEN * hidden * compute_bytes / where(unsplit_values > 0, 1, tp)
            + (1 - recompute) * layer_activations
        )
    )


@derive(unit="byte/token", source=f"{KORTHIKANTI}; Hsu et al. 2024, arXiv:2410.10989", status="fitted")
def token_memory(
    stage_activations: Any, batches_in_flight: Any, layer_activations: Any, vocab: Any, logit_bytes: Any,
    tp: Any, pp: Any,
) -> Any:  # fmt: skip
    """What one token adds on the fullest card

    Either the first stage, with most micro-batches in flight and one layer in full, or the last, with the
    logits: 16 bits, their 32-bit copy and its gradient; chunked or fused losses need far less.
    """
    return maximum(
        stage_activations * batches_in_flight + layer_activations,
        stage_activations * where(pp > 1, 1, batches_in_flight) + logit_bytes * vocab / tp,
    )


@derive(unit="GiB", source=KORTHIKANTI, status="fitted")
def sequence_memory(sequence: Any, sequence_parts: Any, token_memory: Any, fragmentation: Any) -> Any:
    """What one sequence of the micro-batch adds on one card

    Context parallel cards hold a part of it each.
    """
    return sequence / sequence_parts * token_memory * (1 + fragmentation) / GIB


@derive(unit="GiB", source=KORTHIKANTI, status="fitted")
def activation_memory(micro_batch: Any, sequence_memory: Any) -> Any:
    """Activations, logits and working space of the micro-batch"""
    return micro_batch * sequence_memory
