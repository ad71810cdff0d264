"""The memory of the fullest card, split into terms that add up to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from optplan.evaluate import Assessment
from optplan.fitting.values import Term
from optplan.units import GIB

HELD: Final = (
    "frozen_weights",
    "trained_weights",
    "gradients",
    "optimizer_states",
    "trained_edges_memory",
    "runtime",
)
BACKWARD: Final = ("activation_memory", "communication_buffers")
STEP: Final = "step_temporary"
ENGINE: Final = ("weight_memory", "engine_activation", "engine_runtime")
MARGIN: Final = "memory_spread"
REQUESTS: Final = "request_bytes"
FIXED: Final = "memory_per_card"
LABELS: Final = {
    MARGIN: "What measurements of other sources show beyond the sum of the rules",
    REQUESTS: "Cache and working space of the sequences at once",
    FIXED: "The rest, where a quantity was fixed by --set",
}
EXACT: Final = 1e-9  # GiB: a rest below it is rounding


def terms(low: Assessment, expected: Assessment, high: Assessment, row: int) -> list[Term]:
    """Every term that is not zero; each of the columns adds up to memory_per_card of its assessment."""
    split = [_split(found, row) for found in (low, expected, high)]
    names = list(dict.fromkeys(name for parts in split for name in parts))
    found = []
    for name in names:
        a, b, c = (parts.get(name, 0.0) for parts in split)
        if max(abs(a), abs(b), abs(c)) > EXACT:
            rules = expected.pack.rules
            label = LABELS[name] if name in LABELS else rules[name].label
            found.append(Term(name, label, a, b, c))
    return found


def _split(found: Assessment, row: int) -> Mapping[str, float]:
    if FIXED in found.fixed:
        return {FIXED: found.at(FIXED, row)}
    parts = _training(found, row) if "activation_memory" in found.values else _inference(found, row)
    return parts | {FIXED: found.at(FIXED, row) - sum(parts.values())}


def _training(found: Assessment, row: int) -> dict[str, float]:
    """What is always held, the larger of backward pass and optimizer step, and the margin over their sum."""
    parts: dict[str, float] = {name: found.at(name, row) for name in HELD if name in found.values}
    backward = {name: found.at(name, row) for name in BACKWARD}
    step = found.at(STEP, row)
    parts |= backward if sum(backward.values()) >= step else {STEP: step}
    return parts | {MARGIN: (found.at(MARGIN, row) - 1) * sum(parts.values())}


def _inference(found: Assessment, row: int) -> dict[str, float]:
    """Weights, what the engine sets aside, and the sequences at once, at least one to its end."""
    parts: dict[str, float] = {name: found.at(name, row) for name in ENGINE}
    many = found.at("request_bytes", row) * found.at("concurrent_requests", row)
    one = found.at("full_cache", row) / found.at("cache_split", row)
    return parts | {REQUESTS: max(many, one) / GIB}
