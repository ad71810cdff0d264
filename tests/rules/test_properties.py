"""What must hold for any need: no term moves the wrong way."""

from __future__ import annotations

from typing import Any

from bench import holds, quantities
from hypothesis import given, settings
from hypothesis import strategies as st

MODELS = st.sampled_from(
    ["Llama-3.1-8B", "GLM-4-9B", "Qwen2.5-14B", "Mixtral-8x7B-v0.1", "DeepSeek-V3", "gpt-oss-20b"]
)
CARDS = st.sampled_from(["RTX-4090", "A100-SXM4-80GB", "H100-SXM5-80GB", "L40S", "B200-SXM-180GB"])
METHODS = st.sampled_from(["full", "lora", "qlora"])
FRAMEWORKS = st.sampled_from(["hf", "fsdp", "deepspeed", "torchtune", "megatron"])
LIMITS = st.floats(0.001, 0.5)
TUNE = st.fixed_dictionaries(
    {"model_name": MODELS, "card_name": CARDS, "method": METHODS, "framework": FRAMEWORKS,
     "recompute": st.sampled_from([0.0, 1.0]), "sequence": st.sampled_from([256.0, 2048.0, 8192.0])}
)  # fmt: skip
SERVE = st.fixed_dictionaries(
    {
        "model_name": MODELS,
        "card_name": CARDS,
        "prompt_tokens": st.floats(1, 20_000),
        "answer_tokens": st.floats(1, 4000),
    }
)
SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


def tuned(case: dict[str, Any], **more: Any) -> dict[str, Any]:
    return quantities("finetune", **{**case, **more})


@SETTINGS
@given(TUNE, st.floats(1.01, 8))
def test_a_longer_sequence_never_takes_less_memory(case: dict[str, Any], factor: float) -> None:
    one = tuned(case, asked_micro_batch=1.0)
    longer = tuned({**case, "sequence": case["sequence"] * factor}, asked_micro_batch=1.0)
    assert longer["memory_per_card"] >= one["memory_per_card"]


@SETTINGS
@given(TUNE, st.sampled_from([0.0, 1.0, 2.0]), st.sampled_from([2.0, 4.0, 8.0]))
def test_a_higher_zero_stage_never_holds_more_weights_gradients_and_states(
    case: dict[str, Any], stage: float, ranks: float
) -> None:
    names = ("frozen_weights", "trained_weights", "gradients", "optimizer_states", "step_temporary")
    low = tuned(case, cards=ranks, dp=ranks, zero_stage=stage)
    high = tuned(case, cards=ranks, dp=ranks, zero_stage=stage + 1)
    assert all(high[name] <= low[name] for name in names)


@SETTINGS
@given(TUNE, st.sampled_from([2.0, 4.0, 8.0]), st.sampled_from([2.0, 4.0]))
def test_more_shards_never_take_more_memory_a_card(case: dict[str, Any], ranks: float, times: float) -> None:
    few = tuned(case, cards=ranks, dp=ranks, zero_stage=3.0, asked_micro_batch=1.0)
    many = tuned(case, cards=ranks * times, dp=ranks * times, zero_stage=3.0, asked_micro_batch=1.0)
    assert many["memory_per_card"] <= few["memory_per_card"] * (1 + 1e-12)


@SETTINGS
@given(TUNE, st.sampled_from([2.0, 4.0]))
def test_wider_tensor_parallel_never_takes_more_memory_a_card(case: dict[str, Any], times: float) -> None:
    few = tuned(case, cards=2.0, tp=2.0, asked_micro_batch=1.0)
    many = tuned(case, cards=2.0 * times, tp=2.0 * times, asked_micro_batch=1.0)
    assert many["memory_per_card"] <= few["memory_per_card"] * (1 + 1e-12)


@SETTINGS
@given(TUNE, st.floats(1, 64))
def test_a_larger_micro_batch_never_takes_less_memory(case: dict[str, Any], batch: float) -> None:
    one = tuned(case, asked_micro_batch=float(int(batch)))
    more = tuned(case, asked_micro_batch=float(int(batch) + 1))
    assert more["memory_per_card"] >= one["memory_per_card"]


@SETTINGS
@given(TUNE)
def test_recompute_saves_memory_and_costs_time(case: dict[str, Any]) -> None:
    without = tuned({**case, "recompute": 0.0}, asked_micro_batch=1.0)
    again = tuned({**case, "recompute": 1.0}, asked_micro_batch=1.0)
    assert again["memory_per_card"] <= without["memory_per_card"]
    assert again["job_hours"] >= without["job_hours"] * (1 - 1e-9)


@SETTINGS
@given(TUNE, st.sampled_from([1.0, 2.0, 4.0]))
def test_the_derating_is_a_share_and_the_efficiency_under_one(case: dict[str, Any], ranks: float) -> None:
    q = tuned(case, cards=ranks, dp=ranks, zero_stage=3.0)
    assert 0 < q["derating"] <= 1 + 1e-12
    assert 0 < q["efficiency"] < 1


@SETTINGS
@given(TUNE)
def test_training_less_never_takes_more_memory(case: dict[str, Any]) -> None:
    full, lora, qlora = (
        tuned({**case, "method": m}, asked_micro_batch=1.0) for m in ("full", "lora", "qlora")
    )
    assert qlora["static_memory"] <= lora["static_memory"] <= full["static_memory"]


@SETTINGS
@given(TUNE, st.floats(1.1, 10))
def test_hours_grow_with_the_data(case: dict[str, Any], factor: float) -> None:
    assert tuned(case, data_bytes=1e9 * factor)["job_hours"] > tuned(case)["job_hours"]


@SETTINGS
@given(SERVE, LIMITS, st.floats(1, 4))
def test_a_looser_latency_limit_never_lowers_capacity(
    case: dict[str, Any], limit: float, factor: float
) -> None:
    tight = quantities("serve", per_token_limit=limit, **case)
    loose = quantities("serve", per_token_limit=limit * factor, **case)
    assert loose["replica_capacity"] >= tight["replica_capacity"] * (1 - 1e-9)


@SETTINGS
@given(SERVE, LIMITS)
def test_a_batch_of_more_than_one_keeps_every_limit(case: dict[str, Any], limit: float) -> None:
    q = quantities("serve", per_token_limit=limit, first_token_limit=limit * 10, **case)
    if q["concurrent_requests"] > 1:
        assert holds(q["per_token_latency"])
        assert holds(q["first_token_latency"])


@SETTINGS
@given(SERVE, st.floats(1.1, 8))
def test_a_longer_prompt_never_serves_more(case: dict[str, Any], factor: float) -> None:
    short = quantities("generate", **case)
    long = quantities("generate", **{**case, "prompt_tokens": case["prompt_tokens"] * factor})
    assert long["replica_capacity"] <= short["replica_capacity"] * (1 + 1e-9)
    assert long["cache_requests"] <= max(short["cache_requests"], 0) or short["cache_requests"] < 0


@SETTINGS
@given(SERVE)
def test_a_faster_memory_is_never_slower(case: dict[str, Any]) -> None:
    slow = quantities("serve", memory_bandwidth=1e12, concurrent_requests=8.0, **case)
    fast = quantities("serve", memory_bandwidth=2e12, concurrent_requests=8.0, **case)
    assert fast["per_token_time"] < slow["per_token_time"]
