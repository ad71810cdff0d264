"""Evaluating rules on plain numbers: what the tests of rules share."""

from __future__ import annotations

import csv
import functools
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import optplan
from optplan.inputs import INPUTS
from optplan.rule import Comparison
from optplan.rules import pack
from optplan.settle.quantities import SHAPES

DATA = Path(optplan.__file__).parent / "data"
BYTES = {"fp32": 4.0, "bf16": 2.0, "fp16": 2.0, "fp8": 1.0, "int8": 1.0, "int4": 0.5}


@functools.cache
def table(name: str) -> dict[str, list[dict[str, str]]]:
    """Rows of one of the shipped tables by their first column."""
    found: dict[str, list[dict[str, str]]] = {}
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["name"], []).append(row)
    return found


def assumption_units() -> dict[str, str]:
    return {name: rows[0]["unit"] for name, rows in table("assumptions").items()}


def assumption(name: str, selectors: Mapping[str, str], column: str = "expected") -> float:
    """The most specific row that holds; its expected value."""
    best, value = -1, math.nan
    for row in table("assumptions")[name]:
        wanted = dict(part.split("=") for part in row["key"].split(",") if part)
        if all(selectors.get(k) == v for k, v in wanted.items()) and len(wanted) >= best:
            best, value = len(wanted), float(row[column])
    return value


def _number(text: str) -> float:
    return {"yes": 1.0, "no": 0.0}.get(text, float(text or 0) if text not in ("yes", "no") else 0.0)


def model(name: str) -> dict[str, float]:
    """A model of the catalog as the rules read it."""
    row = table("models")[name][0]
    shapes = {n: _number(row[n]) for n in (*SHAPES, "max_context")}
    shapes["params"] = float(row["params_total"])
    shapes["tied"] = _number(row["tied_embeddings"])
    shapes["sliding_window"] = _number(row["sliding_window"]) or math.inf
    shapes["sliding_layers"] = (
        shapes["layers"] - shapes["full_attention_layers"] - shapes["linear_attention_layers"]
    )
    return shapes


def card(name: str, precision: str, node: float = 1.0) -> dict[str, float]:
    """A card of the catalog as the rules read it; a link counts where it joins all cards of the node."""
    row = table("gpus")[name][0]
    fast = float(row["link_cards"] or 1) >= max(node, 2.0) and bool(row["link_gb_s"])
    column = {"fp8": "fp8_tflops", "int8": "int8_tops", "fp32": "fp32_tflops"}.get(precision, "bf16_tflops")
    return {
        "card_memory_gb": float(row["memory_gb"]),
        "usable_memory": float(row["usable_gib"]),
        "memory_bandwidth": float(row["bandwidth_gb_s"]) * 1e9,
        "peak_flops": float(row[column] or row["bf16_tflops"]) * 1e12,
        "peak_flops_16": float(row["bf16_tflops"]) * 1e12,
        "link_bandwidth": float(row["link_gb_s"] if fast else row["pcie_gb_s"] or 31.5) * 1e9,
        "fast_link": float(fast),
        "card_power": float(row["power_w"]),
        "computes": 1.0,
    }


NEED: dict[str, dict[str, Any]] = {
    "finetune": {
        "data_bytes": 1e9, "data_tokens": 0.0, "epochs": 1.0, "sequence": 4096.0, "batch": 64.0,
        "asked_micro_batch": 0.0, "deadline_hours": math.inf, "trained_edges": 0.0,
        "offloaded_weights": 0.0, "offloaded_states": 0.0, "offloaded_activations": 0.0,
    },
    "generate": {
        "requests": 1e6, "prompt_tokens": 1000.0, "answer_tokens": 250.0, "kv_bytes": 2.0,
        "deadline_hours": math.inf,
    },
    "serve": {
        "requests_per_second": 1.0, "prompt_tokens": 1000.0, "answer_tokens": 250.0, "kv_bytes": 2.0,
        "per_token_limit": math.inf, "first_token_limit": math.inf, "duration_hours": 720.0,
    },
}  # fmt: skip
ONE = ("cards", "nodes", "tp", "pp", "dp", "attention_ranks", "expert_ranks", "sequence_parts")
LAYOUT = {**dict.fromkeys(ONE, 1.0), "zero_stage": 0.0, "recompute": 0.0}
OFFER = {name: 0.0 for name, entry in INPUTS.items() if entry.origin in ("offer", "api")} | {
    "term_hours": 1.0,
    "on_demand_price": 1.0,
    "billing_step": 1.0,
    "billing_minimum": 60.0,
    "owned_hours": 0.0,
    "is_spot": 0.0,
    "is_bought": 0.0,
    "units": 1.0,
    "unit_hours": 1.0,
    "gpus_per_unit": 1.0,
}


def given(
    task: str,
    model_name: str = "Llama-3.1-8B",
    card_name: str = "H100-SXM5-80GB",
    precision: str = "bf16",
    method: str = "full",
    targets: str = "qkvogud",
    **more: Any,
) -> tuple[dict[str, Any], dict[str, str]]:
    """(inputs, selectors of assumptions) of one candidate; `more` replaces any input."""
    selectors = {"task": task, "precision": precision, "gpu": card_name.lower()}
    selectors |= {k: more.pop(k) for k in ("framework", "engine", "optimizer", "rules") if k in more}
    selectors["architecture"] = table("gpus")[card_name][0]["architecture"]
    values: dict[str, Any] = {
        **LAYOUT,
        "weight_bytes": BYTES[precision],
        "compute_bytes": 4.0 if precision == "fp32" else 2.0,
        "quantised": float(BYTES[precision] <= 1),
        **model(model_name),
        **card(card_name, precision, more.get("cards_per_node", more.get("cards", 1.0))),
        **NEED[task],
        **OFFER,
    }
    if task == "finetune":
        selectors["method"] = method
        values |= {f"is_{k}": float(method == k) for k in ("full", "lora", "qlora")}
        names = ("q", "k", "v", "o", "gate", "up", "down")
        on = float(method != "full")
        values |= {f"lora_{n}": on * float(n[0] in targets) for n in names}
        values["lora_rank"] = 16.0 * on
        if method == "qlora":
            values |= {"weight_bytes": 0.5, "quantised": 1.0}
    values |= more
    values.setdefault("cards_per_node", values["cards"])
    return values, selectors


def run(
    rules: str, values: Mapping[str, Any], selectors: Mapping[str, str], targets: Iterable[str] | None = None
) -> dict[str, Any]:
    """All quantities of one candidate; a requirement's value is its Comparison."""
    task = selectors["task"]
    chosen = pack(rules, task)
    wanted = (
        [rule.name for rule in chosen.rules.values() if rule.kind != "charge"] if targets is None else targets
    )
    result = dict(values)
    for name in table("assumptions"):
        if name not in chosen.rules and name not in result:
            value = assumption(name, {"rules": rules, **selectors})
            if not math.isnan(value):
                result[name] = value
    with np.errstate(divide="ignore", invalid="ignore"):
        for rule in chosen.order(wanted, result):
            result[rule.name] = rule(*[result[p] for p in rule.parameters])
    return result


def holds(comparison: Comparison) -> bool:
    return bool(np.all(comparison.left <= comparison.right * (1 + 1e-9)))


def quantities(task: str, rules: str = "engineering", **more: Any) -> dict[str, Any]:
    """`given` and `run` at once."""
    wanted = more.pop("want", None)
    return run(rules, *given(task, **more), targets=wanted)
