"""What a need leaves open, filled: task -> field -> value and why."""

from __future__ import annotations

import math
from typing import Any, Final

from optplan.catalog import Model

COUNTRY: Final = {"USD": "US", "CNY": "CN", "EUR": "EU"}
"""Currency of the answer -> where bought cards are taken to stand, unless the need says it."""
DEFAULTS: Final[dict[str, dict[str, tuple[Any, str]]]] = {
    "finetune": {
        "precision": ("bf16", "usual for training"),
        "data_bytes": (1e9, "1 GB of text, as no data was named"),
        "epochs": (1.0, "one pass over the data"),
        "sequence": (4096, "tokens of a training sequence"),
        "batch": (64, "sequences of one optimizer step"),
        "optimizer": ("adamw", "usual for training"),
        "framework": ("fsdp", "PyTorch with sharding where it pays"),
        "deadline": (math.inf, "no deadline named"),
        "mix": ("one_type", "all cards of one training job are of one type"),
    },
    "generate": {
        "precision": ("bf16", "usual for inference"),
        "prompt_tokens": (1000.0, "tokens of a prompt"),
        "answer_tokens": (250.0, "tokens of an answer"),
        "engine": ("vllm", "most used open engine"),
        "deadline": (math.inf, "no deadline named"),
        "mix": ("any", "replicas work independently"),
    },
    "serve": {
        "precision": ("bf16", "usual for inference"),
        "requests_per_second": (0.1, "a small service, as no traffic was named"),
        "prompt_tokens": (1000.0, "tokens of a prompt"),
        "answer_tokens": (250.0, "tokens of an answer"),
        "engine": ("vllm", "most used open engine"),
        "duration": (720.0, "hours, one month"),
        "mix": ("any", "replicas work independently"),
    },
}


def defaults(task: str, model: Model | None) -> dict[str, tuple[Any, str]]:
    """Of a task; inference takes the weights as they are published, training makes its own."""
    if task == "finetune" or model is None or not model.published_precision:
        return DEFAULTS[task]
    return DEFAULTS[task] | {"precision": (model.published_precision, "as the weights are published")}
