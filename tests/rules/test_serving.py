"""Each term of inference, worked by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from bench import holds, quantities

GIB = 2**30
EDGE = 128_256 * 4096
LAYERS = 8_030_261_248 - 2 * EDGE


def test_weights_of_16_bits_are_parameters_times_two() -> None:
    assert quantities("serve")["weight_memory"] * GIB == pytest.approx(2 * 8_030_261_248)


def test_four_bit_checkpoints_keep_embedding_and_head_in_16_bits() -> None:
    q = quantities("serve", precision="int4")
    assert q["weight_memory"] * GIB == pytest.approx(
        0.52 * LAYERS + 2 * 2 * EDGE
    )  # 5.3 GiB: AWQ files have 5.7 GB


def test_the_cache_of_a_grouped_query_model_is_two_vectors_a_key_head_and_layer() -> None:
    q = quantities("serve", prompt_tokens=1000.0, answer_tokens=0.0 + 24)
    assert q["full_cache"] == 131_072 * 1024  # 2 x 32 x 8 x 128 x 2 bytes a token


def test_mla_caches_one_compressed_vector_on_every_card() -> None:
    q = quantities(
        "serve", model_name="DeepSeek-V3", precision="fp8", card_name="H200-SXM-141GB", cards=8.0, tp=8.0
    )
    assert q["cache_bytes_per_token_layer"] == 2 * (512 + 64)
    assert q["cache_shards"] == 1
    assert q["full_cache"] == 61 * 1152 * 1250


def test_a_window_bounds_the_cache() -> None:
    more = {"full_attention_layers": 8.0, "sliding_layers": 24.0, "sliding_window": 128.0}
    q = quantities("serve", prompt_tokens=900.0, answer_tokens=100.0, **more)
    assert q["full_cache"] == 4096 * (8 * 1000 + 24 * 128)


def test_linear_attention_keeps_a_constant_state() -> None:
    more = {"full_attention_layers": 8.0, "linear_attention_layers": 24.0, "sliding_layers": 0.0}
    q = quantities("serve", prompt_tokens=900.0, answer_tokens=100.0, **more)
    assert q["full_cache"] == 4096 * 8 * 1000 + 24 * 32 * 128 * 128 * 2


def test_key_heads_bound_the_split_of_the_cache() -> None:
    q = quantities("serve", model_name="GLM-4-9B", cards=4.0, tp=4.0)  # two key heads
    assert q["cache_shards"] == 2


def test_the_pool_is_what_weights_working_space_and_runtime_leave() -> None:
    q = quantities("serve")
    activation = 0.15 + max(14_848 * 128_256, 8192 * 3 * (14_336 + 4096) * 2) / GIB
    assert q["cache_memory"] == pytest.approx(
        0.9 * q["usable_memory"] - q["weight_memory"] - activation - 0.6
    )
    assert q["cache_tokens"] == pytest.approx(q["cache_memory"] * GIB / 131_072)


def test_a_decode_step_at_batch_one_is_reading_the_weights_once() -> None:
    q = quantities("serve", per_token_limit=1e-6, engine="vllm")
    by_hand = (LAYERS + EDGE) * 2 / (3350e9 * q["weight_read_efficiency"])
    assert q["concurrent_requests"] == 1
    assert q["dense_read_time"] == pytest.approx(by_hand, rel=1e-3)
    assert 0.005 < q["step_time"] < 0.010


def test_the_largest_batch_keeps_the_limit_and_one_more_breaks_it() -> None:
    q = quantities("serve", per_token_limit=0.012)
    assert holds(q["per_token_latency"])
    more = quantities("serve", per_token_limit=0.012, concurrent_requests=q["concurrent_requests"] + 1)
    assert not holds(more["per_token_latency"])


def test_a_first_token_limit_bounds_the_batch_too() -> None:
    free = quantities("serve")
    tight = quantities("serve", first_token_limit=0.04)
    assert tight["concurrent_requests"] < free["concurrent_requests"]
    assert holds(tight["first_token_latency"])


def test_limits_that_no_batch_meets_are_refused_with_both_sides() -> None:
    q = quantities("serve", per_token_limit=0.001, first_token_limit=0.001)
    assert q["concurrent_requests"] == 1
    assert not holds(q["per_token_latency"])
    assert not holds(q["first_token_latency"])
    assert q["per_token_latency"].left > q["per_token_latency"].right == 0.001


def test_no_limit_means_the_cache_or_the_engine_decides() -> None:
    q = quantities("serve", per_token_limit=math.inf)
    assert q["concurrent_requests"] == 256
    long = quantities("serve", prompt_tokens=30_000.0)
    assert long["concurrent_requests"] == math.floor(long["cache_requests"]) < 256


def test_capacity_is_requests_at_work_over_the_time_of_an_answer() -> None:
    q = quantities("serve", per_token_limit=0.02)
    assert q["replica_capacity"] == pytest.approx(q["concurrent_requests"] / (250 * q["per_token_time"]))


def test_time_between_tokens_counts_the_prefills_of_others() -> None:
    q = quantities("serve", per_token_limit=0.02)
    by_hand = q["step_time"] + q["concurrent_requests"] * q["prefill_time"] / 250
    assert q["per_token_time"] == pytest.approx(by_hand)


def test_a_prefill_is_two_operations_a_weight_and_token_and_attention() -> None:
    q = quantities("serve", prompt_tokens=1000.0)
    flop = 1000 * (2 * (LAYERS + EDGE) + 4 * 32 * 4096 * 500)
    assert q["prefill_time"] == pytest.approx(flop / (q["peak_flops"] * q["prefill_efficiency"]))


def test_ranks_of_data_parallel_attention_hold_whole_caches_and_whole_dense_weights() -> None:
    eight = {
        "model_name": "DeepSeek-V3",
        "precision": "fp8",
        "card_name": "H200-SXM-141GB",
        "cards": 8.0,
        "tp": 8.0,
    }
    cut, spread = quantities("serve", **eight), quantities("serve", attention_ranks=8.0, **eight)
    assert (cut["cache_shards"], spread["cache_shards"]) == (
        1,
        8,
    )  # one compressed vector: copied, or kept once
    assert spread["dense_read_time"] == pytest.approx(8 * cut["dense_read_time"])
    assert spread["weight_memory"] > cut["weight_memory"]


def test_experts_cut_narrow_work_worse_than_whole_ones() -> None:
    eight = {"model_name": "Qwen3-30B-A3B", "cards": 8.0, "tp": 8.0}
    cut, whole = quantities("serve", **eight), quantities("serve", expert_ranks=8.0, **eight)
    half = cut["half_speed_expert"]
    assert cut["expert_efficiency"] == pytest.approx(cut["moe_efficiency"] * 96 / (96 + half))
    assert whole["expert_efficiency"] == pytest.approx(cut["moe_efficiency"] * 768 / (768 + half))


def test_four_bit_experts_leave_the_rest_of_a_mixture_in_16_bits() -> None:
    more = {"weight_bytes": 0.5, "quantised": 1.0, "dense_in_16": 1.0, "scale_bytes": 1 / 32}
    q = quantities("serve", model_name="gpt-oss-120b", **more)
    by_hand = q["expert_params"] * (0.5 + 1 / 32) + (q["params"] - q["expert_params"]) * 2
    assert q["weight_memory"] * GIB == pytest.approx(by_hand)


@pytest.mark.parametrize(
    ("prompt", "mebibytes"), [(1000, 19_047), (8000, 20_629), (32_000, 27_779), (128_000, 57_379)]
)
def test_glm_4_9b_with_transformers_stays_near_the_points_it_was_set_to(prompt: int, mebibytes: int) -> None:
    # THUDM/GLM-4 basic_demo/README_en.md, BF16: these points set the term, they are no independent test
    more = {"model_name": "GLM-4-9B", "card_name": "A100-SXM4-80GB", "engine": "transformers"}
    q = quantities(
        "generate", prompt_tokens=float(prompt), answer_tokens=0.0, concurrent_requests=1.0, **more
    )
    assert q["memory_per_card"] == pytest.approx(mebibytes / 1024, rel=0.06)


def test_a_batch_touches_the_experts_that_its_tokens_choose() -> None:
    q = quantities("serve", model_name="Mixtral-8x7B-v0.1", cards=4.0, tp=4.0, concurrent_requests=3.0)
    assert q["touched_experts"] == pytest.approx(1 - (1 - 2 / 8) ** 3)


def test_the_batch_of_a_mixture_model_keeps_its_limit() -> None:
    for limit in (0.012, 0.016, 0.02, 0.03, 0.05):
        q = quantities("serve", model_name="Qwen3-30B-A3B", cards=2.0, tp=2.0, per_token_limit=limit)
        assert holds(q["per_token_latency"]) or q["concurrent_requests"] == 1


def test_a_pipeline_divides_what_requests_add_but_not_the_weights_read() -> None:
    one = quantities("serve", model_name="Llama-3.1-70B", cards=4.0, tp=4.0)
    two = quantities("serve", model_name="Llama-3.1-70B", cards=8.0, tp=4.0, pp=2.0)
    assert two["dense_read_time"] == one["dense_read_time"]
    assert two["step_per_request"] == pytest.approx(one["step_per_request"] / 2, rel=0.05)
    assert two["first_token_time"] > one["prefill_time"]


def test_prompt_and_answer_beyond_the_context_are_refused() -> None:
    q = quantities("generate", model_name="GLM-4-9B", prompt_tokens=8000.0, answer_tokens=193.0)
    assert not holds(q["fits_context"])
    assert q["fits_context"].left == 8193


def test_offline_throughput_counts_decoding_and_most_of_the_prefills() -> None:
    q = quantities("generate", engine="tensorrt-llm", carried_requests=1e6)
    batch = q["concurrent_requests"]
    by_hand = batch / (250 * q["step_time"] + q["prefill_share"] * batch * q["prefill_time"])
    assert q["replica_capacity"] == pytest.approx(by_hand)
    assert q["work_hours"] == pytest.approx(1e6 / (by_hand * 0.95) / 3600)
    assert q["elapsed_hours"] == pytest.approx(q["work_hours"] + 0.25)


BATCH: dict[str, Any] = {
    "replica_capacity": 2.0, "utilisation": 0.8, "setup_hours": 0.25, "carried_requests": 57_600.0,
    "gpus_per_unit": 8.0, "want": ("replicas", "work_hours", "elapsed_hours", "billed_hours"),
}  # fmt: skip


def test_units_with_two_replicas_each_take_half_the_hours() -> None:
    q = quantities("generate", **BATCH, units=3.0, tp=4.0, billing_step=3600.0, billing_minimum=3600.0)
    assert q["replicas"] == 6
    assert q["work_hours"] == pytest.approx(57_600 / (2 * 0.8) / 3600 / 2)  # 5 h on all units, 1.67 on each
    assert q["elapsed_hours"] == pytest.approx(5 / 3 + 0.25)
    assert 3 * q["billed_hours"] == pytest.approx(6)  # 5.75 h, of which no unit may be billed a part


def test_cards_that_no_replica_fits_into_stay_idle() -> None:
    q = quantities("generate", **BATCH, units=2.0, tp=3.0)
    assert q["replicas"] == 4


def test_nodes_that_work_as_one_are_billed_the_same_steps() -> None:
    more = {"units": 4.0, "nodes": 2.0, "cards": 16.0, "cards_per_node": 8.0, "tp": 8.0, "pp": 2.0}
    q = quantities("generate", **BATCH, **more, billing_step=3600.0, billing_minimum=3600.0)
    assert q["replicas"] == 2
    assert q["work_hours"] == pytest.approx(20)  # 10 h of replicas, 2 nodes each
    assert 4 * q["billed_hours"] == pytest.approx(22)  # 10.5 h of replicas, 11 steps, 2 nodes each


@pytest.mark.parametrize(
    ("step", "least", "hours"),
    [(1.0, 60.0, 10.5), (60.0, 60.0, 10.5), (1.0, 36_000.0, 20.0), (7200.0, 7200.0, 12.0)],
)
def test_offline_hours_are_billed_in_steps_and_at_least_the_minimum(
    step: float, least: float, hours: float
) -> None:
    q = quantities("generate", **BATCH, units=2.0, tp=8.0, billing_step=step, billing_minimum=least)
    assert 2 * q["billed_hours"] == pytest.approx(hours)


def test_every_unit_is_billed_for_its_start() -> None:
    few = BATCH | {"carried_requests": 5760.0, "setup_hours": 1.5}
    q = quantities("generate", **few, units=2.0, tp=8.0, billing_step=3600.0, billing_minimum=3600.0)
    assert 2 * q["elapsed_hours"] == pytest.approx(4)  # 1 h of work, two starts of 1.5 h
    assert 2 * q["billed_hours"] == pytest.approx(4)
    q = quantities("generate", **few | {"setup_hours": 1.1}, units=2.0, tp=8.0, billing_step=3600.0)
    assert 2 * q["elapsed_hours"] == pytest.approx(3.2)
    assert 2 * q["billed_hours"] == pytest.approx(4)  # not less than two steps each


def test_a_few_requests_do_not_fill_a_batch() -> None:
    assert quantities("generate", requests=7.0)["concurrent_requests"] == 7


def test_memory_of_a_replica_that_fits_stays_under_the_engine_s_share() -> None:
    for prompt in (100.0, 4000.0, 60_000.0):
        q = quantities("serve", prompt_tokens=prompt)
        assert holds(q["fits_in_memory"])


def test_a_model_that_is_too_large_is_refused_not_shrunk() -> None:
    q = quantities("serve", model_name="Llama-3.1-70B")
    assert not holds(q["fits_in_memory"])
    assert q["fits_in_memory"].left > 131


@pytest.mark.parametrize(
    ("more", "name", "published", "factor"),
    [
        # bf16 weights over bandwidth bound: about 7 ms a token on one H100
        ({"per_token_limit": 1e-6, "engine": "tensorrt-llm"}, "per_token_time", 0.0065, 1.3),
        # TensorRT-LLM 0.17, H100, FP8, 128 in 128 out: 28,837 tokens a second
        ({"engine": "tensorrt-llm", "precision": "fp8", "prompt_tokens": 128.0, "answer_tokens": 128.0,
          "kv_bytes": 1.0, "task": "generate"}, "replica_capacity", 28_836.77 / 128, 1.3),
    ],
)  # fmt: skip
def test_well_known_figures_are_met_within_a_factor(
    more: dict[str, object], name: str, published: float, factor: float
) -> None:
    task = str(more.pop("task", "serve"))
    found = quantities(task, **more)[name]
    assert published / factor < found < published * factor
