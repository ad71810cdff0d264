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
ENGINES = {"trtllm": "tensorrt-llm", "lmdeploy-turbomind": "lmdeploy"}


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _count(text: str) -> float:
    return float(text or 0)


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
