"""One measured training row -> inputs of the rules, what picks its assumptions, and what was assumed."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from typing import Final

from optplan.catalog import Card, Catalog, Model
from optplan.validate.columns import card_of
from optplan.validate.read import Case, number
from optplan.validate.shapes import model_of
from optplan.validate.training_habits import (
    adapted,
    attention_of,
    framework_of,
    lengths_of,
    memory_kind_of,
    offloaded,
    optimizer_of,
    recompute_of,
    sequence_split,
    switches_of,
    zero_stage_of,
)

# Kind of file -> column measured, quantity of the rules, what it is called, its unit.
MEASURED: Final = {
    "training_memory": ("peak_memory_gib_per_gpu", "memory_per_card", "peak_memory", "GiB"),
    "training_speed": ("tokens_per_s_per_gpu", "tokens_per_second", "tokens_per_s_per_gpu", "token/s"),
}

_FILLED: Final = 4  # micro-batches for each stage of a pipeline, where nothing tells: few stand idle


@dataclass(slots=True)
class Row:
    """One answered row: inputs by name, what picks its assumptions, and what was assumed."""

    index: int
    model: Model
    card: Card
    measured: float
    given: dict[str, float]
    selectors: dict[str, str]
    assumed: list[str] = field(default_factory=list)


class Refused(Exception):
    """The row lacks what the rules cannot do without."""


def row_of(index: int, case: Case, catalog: Catalog) -> Row:
    row = case.row
    measured = needed(row, MEASURED[case.kind][0])
    if not row.get("gpu"):
        raise Refused("missing: gpu")
    card, told = card_of(row["gpu"], catalog)
    model, filled = model_of(row, catalog)
    assumed = told + filled
    framework = framework_of(row)
    if framework == "litgpt" and model.tied_embeddings:  # it stores embedding and head apart
        whole = model.params_total + model.vocab * model.hidden
        model = replace(model, tied_embeddings=False, params_total=whole)
    method = _method(row)
    precision, mixed = _precision(row)
    precision = _reached(precision, card, assumed)
    given = _layout(row, card, framework, method, assumed)
    given |= _work(row, case.kind, given, model, assumed)
    given |= _method_inputs(row, method, model, framework, mixed, assumed)
    given["recompute"] = recompute_of(row, framework, given["cards"], assumed)
    selectors = {
        "task": "finetune", "rules": "engineering", "method": method, "framework": framework,
        "precision": precision, "optimizer": optimizer_of(row, assumed), "architecture": card.architecture,
        "gpu": card.name.lower(), "memory_kind": memory_kind_of(row, framework, assumed),
        "lengths": lengths_of(row), "attention": attention_of(row, assumed),
        **switches_of(row, framework, mixed, method),
    }  # fmt: skip
    return Row(index, model, card, measured, given, selectors, assumed)


# Ways to train a small part of a model that keep it whole and frozen, as LoRA does.
_PARTIAL: Final = re.compile(r"lora|dora|adapter|peft|ia3|pissa|prefix|prompt|p-?tuning")
_UNKNOWN: Final = re.compile(r"freeze|lisa|badam|distil|inference|rlhf|dpo|ppo|grpo")


def _method(row: dict[str, str]) -> str:
    text = row.get("method", "").lower()
    if not text:
        raise Refused("missing: method")
    if _UNKNOWN.search(text) and not _PARTIAL.search(text):
        raise Refused(f"method: no rule predicts {row['method']!r}")
    few_bits = 0 < number(row, "quant_bits") <= 8
    if re.search(r"q-?lora|(?:4|8)-?bit|nf4|int4", text) or (_PARTIAL.search(text) and few_bits):
        return "qlora"
    return "lora" if _PARTIAL.search(text) else "full"


def _precision(row: dict[str, str]) -> tuple[str, bool]:
    """(precision of the arithmetic, whether 32-bit weights are cast for it)."""
    text = row.get("precision", "").lower()
    mixed = "mixed" in text or "amp" in text
    if re.search(r"fp4|float4", text):
        return "fp4", mixed
    if re.search(r"fp8|float8|e4m3", text):
        return "fp8", mixed
    if re.search(r"(?:fp|tf|float)32", text) or text == "32":
        return "fp32", False
    half = "fp16" in text or "float16" in text.replace("bfloat16", "")
    return ("fp16" if half and "bf16" not in text else "bf16"), mixed


def _reached(precision: str, card: Card, assumed: list[str]) -> str:
    """The number format that the card computes in: the next that it has where it lacks the one asked."""
    found = precision
    for name, peak, less in (("fp4", card.fp4_tflops, "fp8"), ("fp8", card.fp8_tflops, "bf16")):
        if found == name and not peak > 0:
            found = less
    if found != precision:
        assumed.append(f"arithmetic in {found}: the card has no {precision}")
    return found


def _layout(
    row: dict[str, str], card: Card, framework: str, method: str, assumed: list[str]
) -> dict[str, float]:
    tp, pp, dp = (max(number(row, n), 1.0) if number(row, n) > 0 else 1.0 for n in ("tp", "pp", "dp"))
    cards = number(row, "n_gpus")
    if not cards > 0:
        cards = tp * pp * dp
        assumed.append(f"n_gpus {cards:g}, as the layout says")
    context = max(number(row, "cp"), 1.0) if number(row, "cp") > 0 else 1.0
    dp = max(1.0, cards / (tp * pp * context))
    together = 8.0
    if card.link_cards > 8:
        together = float(card.link_cards)
    return {
        "cards": cards, "tp": tp, "pp": pp, "dp": dp, "nodes": math.ceil(cards / together),
        "cards_per_node": min(cards, together), "zero_stage": _zero(row, framework, method, dp, assumed),
        "sequence_parts": context * sequence_split(row), "expert_ranks": _experts_split(row, dp),
    }  # fmt: skip


def _experts_split(row: dict[str, str], dp: float) -> float:
    found = re.search(r"ep(\d+)", row.get("strategy", ""))
    ep = number(row, "ep")
    return min(dp, ep if ep > 0 else float(found[1]) if found else 1.0)


def _zero(row: dict[str, str], framework: str, method: str, dp: float, assumed: list[str]) -> float:
    strategy = row.get("strategy", "").lower()
    stage = zero_stage_of(strategy)
    if stage is not None and (stage > 0 or "zero" in strategy):
        return stage
    if "fsdp" in strategy or "hsdp" in strategy or "gemini" in strategy:
        return 3.0
    if strategy in ("ddp", "single", "naive_mp", "dp", "data parallel") or dp == 1:
        return 0.0
    if framework.startswith("megatron"):
        return 1.0
    stage = 3.0 if method == "full" else 2.0
    assumed.append(f"ZeRO-{stage:g} over data parallel ranks")
    return stage


def _work(
    row: dict[str, str], kind: str, layout: dict[str, float], model: Model, assumed: list[str]
) -> dict[str, float]:
    sequence = needed(row, "seq_len")
    micro = number(row, "micro_batch")
    step = number(row, "global_batch_tokens")
    dp, pp = layout["dp"], layout["pp"]
    if not micro > 0 and kind == "training_memory":
        raise Refused("missing: micro_batch")
    if not micro > 0:
        assumed.append("micro-batch: as many sequences as fit")
    gathered = number(row, "grad_accum")
    accumulation = gathered if gathered > 0 else pp * (_FILLED if pp > 1 and kind == "training_speed" else 1)
    batch = (micro if micro > 0 else 1.0) * dp * accumulation
    if step > 0:
        batch = max(dp * (micro if micro > 0 else 1.0), step / sequence)
    elif not gathered > 0:
        told = f"{accumulation:g} micro-batches of a step" if accumulation > 1 else "no gradient accumulation"
        assumed.append(told)
    if row.get("strategy") == "naive_mp":
        batch = micro * dp
    return {
        "sequence": sequence, "batch": batch, "asked_micro_batch": micro if micro > 0 else 0.0,
        "data_bytes": 1e9, "data_tokens": 0.0, "epochs": 1.0, "deadline_hours": math.inf,
    }  # fmt: skip


def _method_inputs(
    row: dict[str, str], method: str, model: Model, framework: str, mixed: bool, assumed: list[str]
) -> dict[str, float]:
    rank = number(row, "lora_rank")
    if method != "full" and not rank > 0:
        rank = 8.0
        assumed.append("lora rank 8")
    bits = number(row, "quant_bits")
    stored = (bits if bits > 0 else 4.0) / 8 if method == "qlora" else 2.0
    if method == "lora" and mixed and framework in ("litgpt", "fsdp"):
        stored = 6.0  # 32 bits and their 16-bit cast
    values = {
        "weight_bytes": stored, "compute_bytes": 2.0, "quantised": float(method == "qlora"),
        "lora_rank": rank if method != "full" else 0.0,
        **offloaded(row, method),
        "trained_edges": float(method != "full" and row.get("trained_embeddings", "").lower() == "yes"),
    }  # fmt: skip
    values |= {f"is_{kind}": float(method == kind) for kind in ("full", "lora", "qlora")}
    return values | adapted(row, method, assumed)


def needed(row: dict[str, str], column: str) -> float:
    value = number(row, column)
    if not value > 0:
        raise Refused(f"missing: {column}")
    return value
