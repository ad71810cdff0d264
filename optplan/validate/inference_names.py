"""Software and number formats of a measured row, from what its cells say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from optplan.catalog import Card

_ENGINES: Final = {
    "tensorrt-llm": r"tensorrt|trt-?llm",
    "vllm": r"vllm",
    "sglang": r"sglang",
    "lmdeploy": r"lmdeploy|turbomind",
    "autoawq": r"autoawq",
    "transformers": r"transformers|auto-?gptq|hugging|^hf",
    "litgpt": r"litgpt|lit-gpt",
    "torchao": r"torchao",
    "exllama": r"exllama",
    "tgi": r"tgi|text-generation-inference",
    "llama.cpp": r"llama\.?cpp|ollama|gguf",
    "mlc": r"mlc",
    "deepspeed": r"deepspeed|mii",
}
# First version of an engine's present way of working, where it matters to memory or speed.
_ERAS: Final = {
    "transformers": (4, 45),
    "vllm": (0, 6),
    "tensorrt-llm": (0, 8),
    "sglang": (0, 3),
    "lmdeploy": (0, 2),
}
# Versions of 2025, from which on launches and all-reduces are faster; and what tells the year without one.
_STACKS: Final = {"vllm": (0, 7), "tensorrt-llm": (0, 18), "sglang": (0, 4), "lmdeploy": (0, 7)}
_SINCE_2025: Final = re.compile(
    r"measured=20(?:2[5-9]|3)|gpt-?oss|deepseek-?(?:v3|r1)|qwen-?3|llama-?(?:v?3\.3|4)|fp4|gemma-?3|kimi|glm-?[5-9]",
    re.I,
)
WEIGHTS: Final = {
    "fp32": 4.0, "bf16": 2.0, "fp8": 1.0, "int8": 1.0, "w8a8": 1.0, "int4": 0.5, "nf4": 0.5, "fp4": 0.5,
    "int2": 0.25,
}  # fmt: skip
_FORMATS: Final = {
    "fp4": r"nvfp4|mxfp4|(?<!bnb\.)\bfp4",
    "nf4": r"nf4|bnb\.fp4|bnb.?4",
    "w8a8": r"w8a8|smoothquant",
    "int2": r"2.?bit|int2",
    "int4": r"int4|awq|4.?bit|w4a16|gptq(?!.*8)|q4",
    "fp8": r"fp8|e4m3",
    "int8": r"int8|w8a16|8.?bit|q8",
    "bf16": r"bf16|fp16|float16|16.?bit|half|16-true",
    "fp32": r"fp32|32-true|float32",
}


def precision_of(row: Mapping[str, str], assumed: list[str]) -> str:
    """Format of the weights, by the column and else by the model's name."""
    if re.search(r"gpt-?oss", row.get("model", ""), re.I):
        return "fp4"  # its experts are published in MXFP4, whatever the activations
    for text in (row.get("precision", ""), row.get("model", "")):
        for name, pattern in _FORMATS.items():
            if re.search(pattern, text.lower()):
                return name
    assumed.append("precision = bf16")
    return "bf16"


def engine_of(row: Mapping[str, str]) -> tuple[str, str]:
    """(engine, era): old and new are before and from the version that changed its way of working."""
    said = row.get("engine", "").lower()
    if not said:
        return ("transformers", "old") if row.get("quantity") else ("general", "")
    engine = next((name for name, pattern in _ENGINES.items() if re.search(pattern, said)), said)
    told = f"{row.get('settings', '')} {row.get('notes', '')}".lower()
    version = re.search(r"(\d+)\.(\d+)", row.get("engine_version", ""))
    if version and engine in _ERAS:
        return engine, "old" if (int(version[1]), int(version[2])) < _ERAS[engine] else "new"
    if engine == "transformers" and ("old transformers" in told or "eager logits" in told or "auto" in said):
        return engine, "old"
    return engine, ""


def before_2025(row: Mapping[str, str], engine: str, card: Card) -> bool:
    """Software is no older than its version, its model and its card."""
    version = re.search(r"(\d+)\.(\d+)", row.get("engine_version", ""))
    if version and engine in _STACKS:
        return (int(version[1]), int(version[2])) < _STACKS[engine]
    told = " ".join(row.get(c, "") for c in ("notes", "model", "precision"))
    return card.architecture != "blackwell" and not _SINCE_2025.search(told)


def attention_of(row: Mapping[str, str], engine: str) -> str:
    """Way of attention that costs memory: eager scores, or a static mask over the whole cache."""
    told = f"{row.get('settings', '')} {row.get('notes', '')}".lower()
    if "eager attention" in told or (not row.get("engine") and engine == "transformers"):
        return "eager"
    return "static" if "static cache" in told and "linear_causal_mask" not in row.get("settings", "") else ""
