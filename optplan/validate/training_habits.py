"""Habits of training software, and what a row's words tell: what to take where a cell is empty."""

from __future__ import annotations

import re
from typing import Final

from optplan.validate.read import number

# Software by a word of its name, the first that fits: its habits are what the assumptions know it by.
_FRAMEWORKS: Final = (
    ("unsloth", "unsloth"), ("torchtune", "torchtune"), ("litgpt", "litgpt"), ("lit-gpt", "litgpt"),
    ("lit-llama", "litgpt"), ("axolotl", "axolotl"), ("llama-factory", "llamafactory"),
    ("llamafactory", "llamafactory"), ("llama factory", "llamafactory"), ("megatron", "megatron"),
    ("nemo", "megatron"), ("neox", "megatron"), ("megascale", "megatron"), ("mindspeed", "megatron"),
    ("transformer engine", "megatron"), ("pai-", "megatron"), ("fsdp", "fsdp"), ("composer", "fsdp"),
    ("foundry", "fsdp"), ("torchtitan", "fsdp"), ("lightning", "fsdp"), ("metaseq", "fsdp"), ("olmo", "fsdp"),
    ("llm.c", "fsdp"), ("deepspeed", "deepspeed"), ("colossal", "deepspeed"), ("xtuner", "deepspeed"),
)  # fmt: skip
# What runs on the trainer of Hugging Face, or on its modules; other names are software of its own.
_ON_HF: Final = re.compile(r"hf|hugging|trainer|peft|trl|transformers|accelerate|swift|qlora|fastchat|alpaca")
# Fine-tuners whose model is in 16 bits throughout, unless DeepSpeed keeps its states for it.
_LIGHT: Final = ("hf", "axolotl", "unsloth")
_OFFLOAD: Final = re.compile(
    r"cpu offload|opt_offload=yes|optimizer offload|offload_optimizer|paramete?rs? offload", re.I
)
_OFFLOAD_ACTIVATIONS: Final = re.compile(r"activation offloading", re.I)
_FUSED_STEP: Final = re.compile(r"optimizer[-_ ]in[-_ ](?:bwd|backward)|optimizer step into backward", re.I)
_CHUNKED: Final = re.compile(
    r"chunked (?:ce|cross|loss)|liger ?= ?(?:true|yes)|with liger|fused (?:linear )?cross", re.I
)
_PACKED: Final = re.compile(r"packing ?= ?(?:true|yes)|\bpacked\b", re.I)
_UNPACKED: Final = re.compile(r"not packed|packing ?= ?(?:no|false)", re.I)
_SPLIT_SEQUENCE: Final = re.compile(r"\bsp ?= ?(\d+)")
_COMPILED: Final = re.compile(r"torch\.?compile|\bcompile\b", re.I)


def framework_of(row: dict[str, str]) -> str:
    """The software as the assumptions know it.

    Plain Hugging Face where nothing tells; software of its own name by the way it splits the work.
    """
    name, strategy = row.get("framework", "").lower(), row.get("strategy", "").lower()
    if "megatron" in name and "deepspeed" in name:
        return "megatron-deepspeed"
    if name == "megatron-swift" and strategy.startswith("zero"):
        return "deepspeed"
    found = next((framework for word, framework in _FRAMEWORKS if word in name), "")
    if not found:
        own = name and not _ON_HF.search(name)
        split = number(row, "tp") > 1 or number(row, "pp") > 1
        found = "megatron" if own and split else "fsdp" if own and pretrains(row) else "hf"
    if found == "hf" and "megatron" in strategy:
        return "megatron"
    deepspeed = "deepspeed" in strategy or zero_stage_of(strategy) is not None
    if found in _LIGHT and (deepspeed or (found == "hf" and "deepspeed" in row.get("notes", "").lower())):
        return "deepspeed"
    return "fsdp" if found == "hf" and ("fsdp" in strategy or "hsdp" in strategy) else found


def pretrains(row: dict[str, str]) -> bool:
    """Whether all parameters are trained on several cards, where 32-bit states are the habit."""
    method = row.get("method", "").lower()
    return number(row, "n_gpus") > 1 and not re.search(r"lora|adapter|peft", method)


def zero_stage_of(strategy: str) -> float | None:
    """The ZeRO stage that a strategy names, as zero3, ZeRO-2, z3 or deepspeed_zero2_offload."""
    found = re.search(r"(?:zero|(?<![a-z])z|stage)[-_ ]?([0-3])", strategy)
    return float(found[1]) if found else None


def sequence_split(row: dict[str, str]) -> float:
    found = _SPLIT_SEQUENCE.search(row.get("notes", ""))
    return max(1.0, float(found[1])) if found else 1.0


def offloaded(row: dict[str, str], method: str) -> dict[str, float]:
    """What the host keeps, where the row's words tell: sharded frameworks move weights with the states."""
    notes, strategy = row.get("notes", ""), row.get("strategy", "").lower()
    states = bool(_OFFLOAD.search(notes)) or "offload" in strategy
    whole = states and "fsdp" in strategy
    return {
        "offloaded_states": float(states), "offloaded_weights": float(whole),
        "offloaded_activations": float(bool(_OFFLOAD_ACTIVATIONS.search(notes))),
    }  # fmt: skip


def lengths_of(row: dict[str, str]) -> str:
    notes = row.get("notes", "")
    if _UNPACKED.search(notes):
        return "variable"
    if _PACKED.search(notes):
        return "packed" if row.get("lengths") == "variable" else "fixed"
    return row.get("lengths") or "fixed"


def switches_of(row: dict[str, str], framework: str, mixed: bool, method: str) -> dict[str, str]:
    """Switches that only the row's words tell: a loss in chunks, a step inside the backward pass."""
    notes = row.get("notes", "")
    found = {"mixed": "yes" if mixed else "no"}
    if _CHUNKED.search(notes):
        found["loss"] = "chunked"
    recipe = framework == "torchtune" and number(row, "n_gpus") == 1
    paged = recipe and (not row.get("optimizer") or "paged" in row["optimizer"].lower())
    if method == "full" and (_FUSED_STEP.search(notes) or paged):
        found["step"] = "in_backward"
    if _COMPILED.search(notes):
        found["compiled"] = "yes"
    return found


def memory_kind_of(row: dict[str, str], framework: str, assumed: list[str]) -> str:
    """What was read: some software prints what its allocator holds; else it is what nvidia-smi shows."""
    stated = row.get("memory_kind", "").lower()
    if stated in ("allocated", "reserved"):
        return stated
    habit = {"torchtune": "allocated", "litgpt": "allocated", "unsloth": "reserved"}.get(framework, "smi")
    if stated != "smi":
        assumed.append(f"memory as read by {habit if habit != 'smi' else 'nvidia-smi'}")
    return habit


def attention_of(row: dict[str, str], assumed: list[str]) -> str:
    stated = row.get("flash_attention", "").lower()
    if stated not in ("yes", "no"):
        assumed.append("flash attention")
    return "eager" if stated == "no" else "flash"


def optimizer_of(row: dict[str, str], assumed: list[str]) -> str:
    text = row.get("optimizer", "").lower()
    low_memory = (
        framework_of(row) == "torchtune" and "full" in row.get("method", "") and number(row, "n_gpus") == 1
    )
    if not text and low_memory:
        assumed.append("paged AdamW stepping in the backward pass, as torchtune's recipe for one card")
        return "adamw_paged"
    if not text:
        assumed.append("AdamW")
    if "paged" in text:
        return "adamw_paged"
    if "8bit" in text or "8-bit" in text:
        return "adamw_8bit"
    if re.search(r"lion|muon|mini", text):
        return "adamw_bf16"  # one moment in 32 bits, or two in 16
    return (
        "sgd"
        if re.search(r"sgd|lomo|adafactor|galore|apollo|came", text + row.get("method", ""))
        else "adamw"
    )


def recompute_of(row: dict[str, str], framework: str, cards: float, assumed: list[str]) -> float:
    """Share of the activations that the backward pass computes anew."""
    stated = row.get("recompute", "").lower()
    if stated in ("full", "yes", "true", "1", "on"):
        return 1.0
    if stated == "selective" and framework in ("fsdp", "torchtune"):
        return (
            0.5  # PyTorch: every other product is kept; Megatron recomputes only what flash attention spares
        )
    if stated in ("none", "no", "false", "selective", "0", "off"):
        return 0.0
    alone = framework == "litgpt" and cards == 1
    value = 0.0 if framework.startswith("megatron") or alone else 1.0
    assumed.append(f"{'full' if value else 'no'} recompute, the habit of {framework}")
    return value


def adapted(row: dict[str, str], method: str, assumed: list[str]) -> dict[str, float]:
    names = ("q", "k", "v", "o", "gate", "up", "down")
    if method == "full":
        return {f"lora_{n}": 0.0 for n in names}
    text = row.get("lora_targets", "").lower().replace("_proj", "")
    if not text:
        assumed.append("adapters on all linear layers")
    said = set(re.split(r"[,\s|]+", text)) if text else {"all"}
    joint = ("query_key_value", "c_attn", "wqkv", "qkv")
    groups = {
        "q": ("query", *joint), "k": ("key", *joint), "v": ("value", *joint),
        "o": ("projection", "dense", "c_proj", "wo"), "gate": ("mlp", "w1"),
        "up": ("mlp", "w2", "w3", "dense_h_to_4h"), "down": ("mlp", "c_proj", "dense_4h_to_h"),
    }  # fmt: skip
    every = bool(said & {"all", "all-linear", "alllinear", "all_linear"})
    return {f"lora_{n}": float(every or n in said or bool(said & set(groups[n]))) for n in names}
