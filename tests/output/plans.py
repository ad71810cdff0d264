"""Needs whose plans the output is tested on, each solved once."""

from __future__ import annotations

import functools

from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import load_catalog, solve
from optplan.problem import read_text

NEEDS = {
    "finetune": """
name: tune-9b
task: finetune
model: GLM-4-9B
method: full
data: 1GB
deadline: 48h
currency: CNY
limits: {budget: 5000 CNY, max_cards: 16}
""",
    "lesson": """
name: lesson-9b
task: finetune
model: 9B
method: full
data: 1GB
rules: lesson
currency: CNY
limits: {providers: [lesson], gpus: [A100 80G]}
""",
    "generate": """
name: batch-14b
task: generate
model: Qwen2.5-14B
traffic: {requests: 2M, prompt_tokens: 600, answer_tokens: 150}
deadline: 12h
""",
    "serve": """
name: chat-8b
task: serve
model: Llama-3.1-8B
traffic: {requests_per_second: 8, prompt_tokens: 2000, answer_tokens: 500}
latency: {first_token: 1s, per_token: 30ms}
duration: 720h
""",
    "mixed": """
name: mixed-8b
task: serve
model: Llama-3.1-8B
traffic: {requests_per_second: 40, prompt_tokens: 1000, answer_tokens: 300}
duration: 720h
currency: EUR
limits: {gpus: [H100, L4, L40S, RTX 4090, A100 80G], quota: {H100: 1, A100 80G: 1, RTX 4090: 1, L40S: 1}}
""",
    "bought": """
name: bought-8b
task: serve
model: Llama-3.1-8B
traffic: {requests_per_second: 1}
duration: 8760h
limits: {purchase: [buy]}
""",
    "none": """
name: impossible-70b
task: finetune
model: Llama-3.1-70B
method: full
data: 10GB
deadline: 1h
limits: {budget: 5 USD, max_cards: 2}
""",
}
TUNE = """
name: tune
task: finetune
model: GLM-4-9B
method: full
data: 1GB
deadline: 48h
"""
CHAT = """
name: chat
task: serve
model: Llama-3.1-8B
traffic: {requests_per_second: 2}
"""
NONE = """
name: none
task: finetune
model: GLM-4-9B
method: full
data: 1GB
limits: {gpus: [T4], max_cards: 1}
"""
BAD = "task: finetune\nmodle: x\n"
FEASIBLE = [name for name in NEEDS if name != "none"]


def need_of(name: str) -> AnyNeed:
    """One of the needs above."""
    return read_text(NEEDS[name], f"{name}.yaml")[0].need


@functools.cache
def plan_of(name: str) -> Plan:
    """Its plan, on the shipped catalog."""
    return solve(need_of(name), load_catalog())
