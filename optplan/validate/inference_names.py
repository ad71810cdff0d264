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
    "exllama": r"exllama|exl[23]",
    "tgi": r"\btgi|text-generation-inference",
    "llama.cpp": r"llama\.?cpp|ollama|gguf",
    "mlc": r"mlc",
    "deepspeed": r"deepspeed|mii",
}
# Engines that lay out a cache over all the memory they may use, whatever the requests at work.
POOLED: Final = ("vllm", "sglang", "tgi", "tensorrt-llm")
# Engines for one user, which print the speed of the answer apart from that of the prompt.
APART: Final = ("exllama", "llama.cpp")
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
    "int2": r"(?<!\d)2.?bit|int2|q2_",
    "int4": r"int4|awq|4.?bit|w4a16|gptq(?!.*8)|q[3-6](?:_|f|\b)|iq\d_|\bbpw|exl[23]",
    "fp8": r"fp8|float8|e4m3|e5m2",
    "int8": r"int8|w8a16|(?<!\d)8.?bit|q8",
    "bf16": r"bf16|fp16|float16|16.?bit|half|16-true",
    "fp32": r"fp32|32-true|float32",
}


# Bits of a weight, embedding and head among them, in files that quantise all of a model: llama.cpp
# tools/quantize/README.md (Llama 3.1 8B), MLC-LLM docs (groups of 32 with a 16-bit scale).
_WHOLE_BITS: Final = (
    (r"q2_k", 3.16), (r"q3_k_s", 3.64), (r"q3_k_l", 4.30), (r"q3_k", 4.00), (r"q4_0|q4f16", 4.5),
    (r"q4_1", 5.0), (r"q4_k_s", 4.67), (r"q4_k|q4\b", 4.89), (r"q5_0|q5_k_s", 5.57), (r"q5", 5.70),
    (r"q6", 6.56), (r"q8", 8.5), (r"q3f16", 3.5), (r"iq1", 2.0), (r"iq2", 2.7), (r"iq3", 3.6), (r"iq4", 4.5),
)  # fmt: skip
# Models whose published checkpoint is in few bits: what a row that names no precision ran.
_NATIVE: Final = re.compile(r"deepseek-?(?:v3|r1(?!.*distill))|kimi-?k2", re.I)


def whole_bits(row: Mapping[str, str]) -> float:
    """Bits of a weight where embedding and head have them too; 0 where they stay in 16 bits."""
    said = f"{row.get('precision', '')} {row.get('model', '')}".lower()
    stated = re.search(r"(\d+(?:\.\d+)?)\s*bpw", said)
    if stated:
        return float(stated[1])
    if re.search(r"torchao|int\d", said):
        return 0.0
    return next((bits for pattern, bits in _WHOLE_BITS if re.search(rf"(?<![a-z]){pattern}", said)), 0.0)


def precision_of(row: Mapping[str, str], assumed: list[str]) -> str:
    """Format of the weights, by the column and else by the model's name."""
    if re.search(r"gpt-?oss(?!.*bf16)", row.get("model", ""), re.I):
        return "fp4"  # its experts are published in MXFP4, whatever the activations
    for text in (row.get("precision", ""), row.get("model", "")):
        for name, pattern in _FORMATS.items():
            if re.search(pattern, text.lower()):
                return name
    found = "fp8" if _NATIVE.search(row.get("model", "")) else "bf16"
    assumed.append(f"precision = {found}")
    return found


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
    if engine == "transformers" and _SINCE_2025.search(row.get("model", "")):
        return engine, "new"  # older software does not know the model
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
