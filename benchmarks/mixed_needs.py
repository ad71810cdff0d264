"""Needs as platform teams have them, drawn at random: half fine-tuning, a quarter offline, a quarter live."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

MODELS = (
    "Llama-3.1-8B",
    "Qwen2.5-7B",
    "GLM-4-9B",
    "Qwen2.5-14B",
    "Qwen2.5-32B",
    "Llama-3.1-70B",
    "Qwen2.5-72B",
)


def needs(count: int, distinct: float = 1.0, seed: int = 0) -> Iterator[dict[str, Any]]:
    """So many needs as JSON values; `distinct` is the share that no other equals (names aside)."""
    draw = random.Random(seed)
    most = max(1, round(count * distinct))
    for number in range(count):
        which = number if most == count else draw.randrange(most)
        yield {"name": f"need-{number}", **_need(random.Random(f"{seed}/{which}"))}


def _need(draw: random.Random) -> dict[str, Any]:
    task = draw.choice(("finetune", "finetune", "generate", "serve"))
    need: dict[str, Any] = {"task": task, "model": draw.choice(MODELS)}
    if task == "finetune":
        need["method"] = draw.choice(("full", "lora", "lora", "qlora"))
        need["data"] = f"{draw.randint(5, 400)}M tokens"
        need["deadline"] = f"{draw.choice((12, 24, 48, 72, 168))}h"
    elif task == "generate":
        need["traffic"] = {
            "requests": draw.randint(10, 2000) * 1000,
            "prompt_tokens": draw.randint(100, 3000),
            "answer_tokens": draw.randint(50, 600),
        }
        need["deadline"] = f"{draw.choice((6, 12, 24, 72))}h"
    else:
        need["traffic"] = {
            "requests_per_second": round(draw.uniform(0.2, 20), 2),
            "prompt_tokens": draw.randint(100, 3000),
            "answer_tokens": draw.randint(50, 600),
        }
        need["latency"] = {"per_token": f"{draw.choice((25, 40, 60, 100))}ms"}
    if draw.random() < 0.3:
        need["limits"] = {"max_cards": draw.choice((4, 8, 16, 32)), "budget": draw.choice((200, 1000, 5000))}
        need["limits"]["budget"] = f"{need['limits']['budget']} USD"
    return need
