"""Published measurements, where a folder of them lies beside the checkout, as inputs of the rules."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bench import BYTES, given, run, table

FOLDER = Path(__file__).parents[3] / "shared" / "measured"
FRAMEWORKS = {
    "HF Trainer + DeepSpeed": "deepspeed",
    "LitGPT": "litgpt",
    "ms-swift (HF Trainer)": "hf",
    "torchtune": "torchtune",
    "HF PEFT": "hf",
    "Composer FSDP": "fsdp",
    "Lightning FSDP": "fsdp",
    "DeepSpeed": "deepspeed",
}
KEEPS = ("megatron", "litgpt")  # software that recomputes only when told
ENGINES = {"trtllm": "tensorrt-llm", "lmdeploy-turbomind": "lmdeploy"}
PLAIN = re.compile(r"gpt(?!-oss)|bloom|phi-1|pythia|falcon|mpt|opt-|redpajama|stablelm-base", re.IGNORECASE)


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _count(text: str) -> float:
    return float(text or 0)


def _shapes(row: dict[str, str]) -> dict[str, float] | None:
    """Shapes of a training row; None where the source does not give them."""
    if not (row["layers"] and row["hidden"] and row["vocab"] and row["intermediate"] and row["heads"]):
        return None
    layers, hidden, heads = _count(row["layers"]), _count(row["hidden"]), _count(row["heads"])
    params, edge = _count(row["params_b"]) * 1e9, _count(row["vocab"]) * hidden
    plain = bool(PLAIN.search(row["model"]))
    kv_heads = _count(row["kv_heads"]) or heads
    matrices = 2 if plain else 3
    blocks = layers * (
        2 * hidden * hidden * (1 + kv_heads / heads) + matrices * hidden * _count(row["intermediate"])
    )
    return {
        "params": params,
        "params_active": _count(row.get("active_params_b", "")) * 1e9 or params,
        "layers": layers,
        "hidden": hidden,
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": hidden / heads,
        "intermediate": _count(row["intermediate"]),
        "vocab": _count(row["vocab"]),
        "gated": 1.0 - plain,
        "tied": float(abs(blocks + edge - params) < abs(blocks + 2 * edge - params)),
        "experts": 0.0,
        "full_attention_layers": layers,
        "max_context": math.inf,
        "moe_intermediate": 0.0,
        "dense_layers": 0.0,
        "experts_per_token": 0.0,
        "shared_experts": 0.0,
        "kv_lora_rank": 0.0,
        "sliding_layers": 0.0,
    }


def _recomputes(stated: str, framework: str) -> bool:
    return stated == "full" or (stated == "unknown" and framework not in KEEPS)


def training(file: str) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """(row, quantities) of each training row that states what the rules need."""
    for row in rows(file):
        shapes = _shapes(row)
        moe = row["params_b"] != (row.get("active_params_b") or row["params_b"])
        if (
            shapes is None
            or moe
            or not row["micro_batch"]
            or not row["seq_len"]
            or row["gpu"] not in table("gpus")
        ):
            continue
        if (
            row["lengths"] != "fixed"
            or row["strategy"] in ("unknown", "naive_mp")
            or row["trained_embeddings"]
        ):
            continue
        framework = FRAMEWORKS.get(row["framework"], "megatron")
        tp, pp, cards = (max(_count(row[n]), 1.0) for n in ("tp", "pp", "n_gpus"))
        dp = cards / (tp * pp)
        stage = re.search(r"zero-?(\d)", row["strategy"])
        zero = float(stage[1]) if stage else 3.0 * ("fsdp" in row["strategy"])
        micro = _count(row["micro_batch"])
        steps = max(_count(row["grad_accum"]), 1.0)
        if row.get("global_batch_tokens"):
            steps = max(
                1.0, round(_count(row["global_batch_tokens"]) / (micro * dp * _count(row["seq_len"])))
            )
        values, selectors = given(
            "finetune",
            card_name=row["gpu"],
            method=row["method"],
            framework=framework,
            precision="fp8" if "8" in row["precision"].replace("16", "") else "bf16",
            optimizer="adamw_8bit" if "8bit" in row["optimizer"] else "adamw",
            **shapes,
            cards=cards,
            tp=tp,
            pp=pp,
            dp=dp,
            zero_stage=zero,
            nodes=math.ceil(cards / 8),
            cards_per_node=min(cards, 8.0),
            recompute=float(_recomputes(row["recompute"], framework)),
            sequence=_count(row["seq_len"]),
            batch=micro * dp * steps,
            asked_micro_batch=micro,
            score_values=0.0,
        )
        if values["is_full"] == 0:
            values["lora_rank"] = _count(row["lora_rank"]) or 8.0
        if row.get("memory_kind") == "allocated":
            values |= {"runtime_memory": 0.1, "communicator_memory": 0.0, "fragmentation": 0.0}
        values["weight_bytes"] = 0.5 if values["is_qlora"] else 2.0
        with np.errstate(all="ignore"):
            yield row, run("engineering", values, selectors)


def serving() -> Iterator[tuple[dict[str, str], str, float]]:
    """(row, metric, prediction) of each serving row that states what the rules need."""
    names = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in table("models")}
    for row in rows("inference_throughput.csv"):
        plain = re.sub(r"[^a-z0-9]", "", row["model"].lower().split("/")[-1])
        plain = (
            plain.replace("llamav", "llama").replace("instruct", "").replace("chat", "").replace("fp8", "")
        )
        name = names.get(plain) or names.get(plain.removesuffix("hf")) or names.get("meta" + plain)
        precision = row["precision"].lower().replace("gptq-", "").replace("awq", "int4")
        if name is None or precision not in BYTES or row["gpu"] not in table("gpus"):
            continue
        if not (row["input_len"] and row["output_len"]):
            continue
        tp, pp = max(_count(row["tp"]), 1.0), max(_count(row["pp"]), 1.0)
        cards = _count(row["n_gpus"]) or tp * pp
        tp = cards / pp
        more: dict[str, Any] = {
            "prompt_tokens": _count(row["input_len"]),
            "answer_tokens": max(_count(row["output_len"]), 2.0),
            "cards": cards,
            "tp": tp,
            "pp": pp,
            "kv_bytes": 1.0 if "8" in precision and precision != "int8" else 2.0,
            "nodes": math.ceil(cards / 8),
            "cards_per_node": min(cards, 8.0),
            "engine": ENGINES.get(row["engine"], row["engine"]),
            "card_name": row["gpu"],
            "precision": precision,
        }
        values, selectors = given("generate", model_name=name, **more)
        fixed = row["concurrency"].replace(".0", "")
        if fixed.isdigit():
            values["concurrent_requests"] = float(fixed)
        with np.errstate(all="ignore"):
            q = run(
                "engineering", values, selectors, ("replica_capacity", "per_token_time", "memory_per_card")
            )
        output = q["replica_capacity"] * values["answer_tokens"]
        total = q["replica_capacity"] * (values["answer_tokens"] + values["prompt_tokens"])
        predicted = {
            "tpot_ms": q["per_token_time"] * 1e3,
            "output_tokens_per_s": output,
            "output_tokens_per_s_per_gpu": output / cards,
            "total_tokens_per_s": total,
        }
        if row["metric"] in predicted:
            yield row, row["metric"], float(predicted[row["metric"]])


def median_error(pairs: list[tuple[float, float]]) -> float:
    """Median of |prediction / measurement - 1|."""
    return float(np.median([abs(p / m - 1) for p, m in pairs]))
