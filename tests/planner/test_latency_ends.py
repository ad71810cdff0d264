"""Services with limits on latency: batches keep to them at both ends of what is assumed."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest
from market import need

from optplan.candidates import replica_table
from optplan.planner import load_catalog, solve
from optplan.planner.main import prepare

SCENARIOS = ("better", "expected", "worse")
MODELS = {  # with the precisions that they are served at
    "Llama-3.1-8B": ("bf16", "fp8"),
    "Qwen2.5-32B": ("bf16", "fp8", "int4"),
    "Llama-3.1-70B": ("fp8", "int4"),
    "Qwen3-30B-A3B": ("bf16", "fp8"),
    "gpt-oss-120b": ("mxfp4",),
}


def service(seed: int) -> dict[str, Any]:
    """A service with a limit on the time between tokens, and sometimes on the first one."""
    rng = random.Random(seed)
    model = rng.choice(list(MODELS))
    latency = {"per_token": f"{rng.choice([12, 20, 30, 40, 60, 100])}ms"}
    if rng.random() < 0.5:
        latency["first_token"] = f"{rng.choice([0.3, 0.6, 1, 3])}s"
    return {
        "task": "serve",
        "model": model,
        "precision": rng.choice(MODELS[model]),
        "traffic": {
            "requests_per_second": rng.uniform(0.1, 20),
            "prompt_tokens": rng.choice([100, 1000, 4000]),
            "answer_tokens": rng.choice([50, 300, 1000]),
        },
        "latency": latency,
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_batch_at_capacity_keeps_the_limits_at_every_end(seed: int, scenario: Any) -> None:
    context = prepare(need(**service(seed)), load_catalog())
    table = replica_table(context.settled, context.catalog)
    found = context.assess(table, scenario)
    columns = {
        name: np.array([found.at(name, row) for row in range(len(table))])
        for name in ("concurrent_requests", "per_token_time", "first_token_time")
    }
    limits = context.settled.quantities
    # more than one at once, and no stage of a pipeline idle: then the limit, not the least of one, sets the batch
    many = columns["concurrent_requests"] > table.pp
    assert many.any()
    for name in ("per_token", "first_token"):
        limit = limits[f"{name}_limit"]
        assert (columns[f"{name}_time"][many] <= limit * (1 + 1e-9)).all()


def test_the_spread_of_a_step_is_counted_once() -> None:
    context = prepare(need(**service(0)), load_catalog())
    table = replica_table(context.settled, context.catalog)
    one = {"serving_time_spread": 1.0, "concurrent_requests": 8.0}
    plain = context.assess(table, override=one)
    wide = context.assess(table, override=one | {"serving_time_spread": 1.25})
    for name in ("step_time", "prefill_time"):
        for row in range(len(table)):
            assert wide.at(name, row) == pytest.approx(1.25 * plain.at(name, row))


LONG = {"requests_per_second": 3, "prompt_tokens": 4000, "answer_tokens": 400}
CHAT = {"requests_per_second": 5, "prompt_tokens": 1000, "answer_tokens": 300}


@pytest.mark.parametrize(
    ("model", "precision", "traffic", "per_token", "gpus"),
    [
        ("Llama-3.1-70B", "fp8", LONG, "40ms", []),
        ("Llama-3.1-70B", "fp8", LONG, "40ms", ["H100-SXM5-80GB"]),
        ("Llama-3.1-70B", "fp8", LONG, "60ms", ["H100-SXM5-80GB"]),
        ("Llama-3.1-8B", "bf16", CHAT, "20ms", []),
        ("Qwen2.5-32B", "bf16", CHAT, "20ms", []),
        ("Qwen2.5-32B", "bf16", CHAT, "30ms", []),
    ],
)
def test_confidence_costs_what_the_spread_makes_it_cost(
    model: str, precision: str, traffic: dict[str, Any], per_token: str, gpus: list[str]
) -> None:
    asked = {
        "task": "serve",
        "model": model,
        "precision": precision,
        "traffic": traffic,
        "latency": {"per_token": per_token},
        "limits": {"gpus": gpus} if gpus else {},
    }
    cost = {
        confidence: solve(need(**asked, confidence=confidence), load_catalog(), explore=False).total_cost
        for confidence in ("expected", "high")
    }
    assert math.isfinite(cost["high"])
    assert cost["expected"] <= cost["high"] <= 2.5 * cost["expected"]
