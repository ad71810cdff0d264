"""Each term of training time, worked by hand."""

from __future__ import annotations

import pytest
from bench import assumption, quantities

MATMUL = 8_030_261_248 - 128_256 * 4096  # all but the embedding
ONE = {"framework": "hf", "asked_micro_batch": 1.0}


@pytest.mark.parametrize(
    ("method", "recompute", "per_weight"), [("full", 0, 6), ("full", 1, 8), ("lora", 0, 4), ("lora", 1, 6)]
)
def test_operations_of_a_token_by_method_and_recompute(method: str, recompute: int, per_weight: int) -> None:
    q = quantities("finetune", method=method, recompute=float(recompute), **ONE)
    adapters = 6 * q["adapter_params"] if method == "lora" else 0
    assert q["matmul_flop"] == pytest.approx(per_weight * MATMUL + adapters)


def test_causal_attention_takes_six_operations_a_layer_channel_and_token() -> None:
    q = quantities("finetune", sequence=4096.0, **ONE)
    assert q["attention_flop"] == pytest.approx(6 * 32 * 4096 * 4096)


def test_a_window_bounds_attention() -> None:
    near = quantities(
        "finetune", sequence=4096.0, full_attention_layers=16.0, sliding_layers=16.0, sliding_window=1024.0
    )
    assert near["attended_tokens"] == 16 * 4096 + 16 * 1024


def test_one_gigabyte_of_text_is_a_quarter_of_a_billion_tokens() -> None:
    assert quantities("finetune", **ONE)["train_tokens"] == pytest.approx(0.25e9)
    q = quantities("finetune", data_bytes=0.0, data_tokens=1e6, epochs=3.0, **ONE)
    assert q["train_tokens"] == 3e6


def test_small_matrices_reach_less_of_the_plateau() -> None:
    half = {"half_speed_tokens": 385.0, "half_speed_width": 565.0}
    q = quantities("finetune", sequence=385.0, hidden=565.0, **half, **ONE)
    assert q["saturation"] == pytest.approx(0.25)


def test_launches_bound_tiny_micro_batches() -> None:
    q = quantities("finetune", sequence=16.0, recompute=1.0, **ONE)
    assert q["micro_batch_time"] - q["gradient_sum_time"] == pytest.approx(32 * 5.4e-3)


def test_adding_gradients_passes_over_memory_once_a_micro_batch() -> None:
    q = quantities("finetune", **ONE)
    moved = q["gradient_sum_time"] * q["memory_bandwidth"]
    assert moved == pytest.approx(6 * q["trained_per_card"])  # two reads and a write of 16 bits
    assert quantities("finetune", **ONE | {"framework": "megatron"})["gradient_sum_time"] == 0


def test_sharded_weights_are_gathered_twice_in_each_micro_batch() -> None:
    q = quantities("finetune", cards=8.0, dp=8.0, zero_stage=3.0, framework="fsdp")
    assert q["gathered_bytes"] == pytest.approx(2 * 2 * 8_030_261_248 * 7 / 8)
    unsharded = quantities("finetune", cards=8.0, dp=8.0, zero_stage=0.0, framework="fsdp")
    assert unsharded["gathered_bytes"] == 0


def test_gradients_are_reduced_once_a_step_and_only_adapters_under_lora() -> None:
    full = quantities("finetune", cards=8.0, dp=8.0, framework="fsdp")
    assert full["synced_bytes"] == pytest.approx(2 * 2 * 8_030_261_248 * 7 / 8)
    lora = quantities("finetune", method="lora", cards=8.0, dp=8.0, framework="fsdp")
    assert lora["synced_bytes"] == pytest.approx(2 * 2 * 41_943_040 * 7 / 8)


def test_tensor_parallel_cards_reduce_four_times_a_layer() -> None:
    q = quantities("finetune", cards=4.0, tp=4.0, sequence=1000.0, **ONE)
    assert q["tensor_bytes"] == pytest.approx(4 * 32 * 1000 * 4096 * 2 * 2 * 3 / 4)
    again = quantities("finetune", cards=4.0, tp=4.0, sequence=1000.0, recompute=1.0, **ONE)
    assert again["tensor_bytes"] == pytest.approx(1.5 * q["tensor_bytes"])


def test_head_and_attention_stay_in_16_bits_where_layers_use_8() -> None:
    more = {"framework": "megatron", "precision": "fp8", "weight_bytes": 2.0, "quantised": 0.0}
    more |= {"asked_micro_batch": 1.0, "low_precision_efficiency": 1.0}
    slow = quantities("finetune", **more)["matmul_time"]
    plain = quantities("finetune", **{**more, "peak_flops": 989.4e12})["matmul_time"]
    assert plain / 2 < slow < plain


def test_experts_are_slower_than_a_dense_block_of_their_work() -> None:
    q = quantities("finetune", model_name="Qwen3-30B-A3B", framework="megatron", asked_micro_batch=1.0)
    assert q["expert_tokens"] == pytest.approx(4096 * 8 / 128)
    assert q["expert_saturation"] < q["saturation"]


def test_tokens_go_to_experts_on_other_cards_and_back_in_both_passes() -> None:
    more = {"model_name": "Qwen3-30B-A3B", "framework": "megatron", "asked_micro_batch": 1.0}
    q = quantities("finetune", cards=8.0, dp=8.0, expert_ranks=8.0, sequence=1000.0, **more)
    assert q["expert_bytes"] == pytest.approx(4 * 48 * 7 / 8 * 1000 * 8 * 2048 * 2)


def test_lengths_that_only_cap_make_batches_smaller() -> None:
    q = quantities("finetune", sequence=1000.0, length_share=0.3, **ONE)
    assert q["micro_batch_tokens"] == pytest.approx(300)


def test_a_pipeline_idles_while_it_fills() -> None:
    q = quantities("finetune", cards=4.0, pp=4.0, batch=8.0, **ONE)
    assert q["pipeline_stretch"] == pytest.approx((8 + 3) / 8)


def test_several_nodes_gather_over_their_network() -> None:
    two = quantities(
        "finetune", cards=16.0, dp=16.0, nodes=2.0, cards_per_node=8.0, zero_stage=3.0, framework="fsdp",
        network_efficiency=0.5,
    )  # fmt: skip
    assert two["gang_speed"] == pytest.approx(200e9 * 0.5)
    one = quantities("finetune", cards=8.0, dp=8.0, zero_stage=3.0, framework="fsdp")
    assert one["gang_speed"] == pytest.approx(450e9 * 0.65)


def test_a_single_card_is_not_derated() -> None:
    q = quantities("finetune", method="lora", recompute=1.0, **ONE)
    assert q["communication_time"] == 0
    assert q["derating"] == pytest.approx(1)


def test_plain_cards_over_pcie_are_derated_more_than_linked_ones() -> None:
    more = {
        "cards": 8.0,
        "dp": 8.0,
        "zero_stage": 3.0,
        "framework": "fsdp",
        "asked_micro_batch": 1.0,
        "recompute": 1.0,
    }
    linked = quantities("finetune", card_name="A100-SXM4-80GB", **more)
    plain = quantities("finetune", card_name="L40S", **more)
    assert plain["derating"] < linked["derating"] < 1


def test_job_hours_follow_from_tokens_speed_and_overheads() -> None:
    q = quantities("finetune", recompute=1.0, **ONE)
    by_hand = q["train_tokens"] / (0.95 * q["tokens_per_second"]) / 3600 * 1.1 + 0.25
    assert q["job_hours"] == pytest.approx(by_hand)


def test_quantised_weights_cost_time_to_turn_into_16_bits() -> None:
    assert quantities("finetune", method="lora", **ONE)["dequantise_time"] == 0
    q = quantities("finetune", method="qlora", recompute=1.0, dequantise_efficiency=0.15, **ONE)
    assert q["dequantise_time"] == pytest.approx(8_030_261_248 * 2 * 3 / (3350e9 * 0.15), rel=1e-3)


@pytest.mark.parametrize(
    ("framework", "tp", "pp", "can"),
    [
        ("fsdp", 1.0, 1.0, True),
        ("fsdp", 2.0, 1.0, False),
        ("fsdp", 1.0, 2.0, False),
        *((name, 1.0, 1.0, True) for name in ("hf", "deepspeed", "torchtune", "axolotl")),
        *((name, 2.0, 1.0, False) for name in ("hf", "deepspeed", "torchtune", "axolotl")),
        *((name, 2.0, 1.0, False) for name in ("unsloth", "litgpt", "llamafactory")),
        ("megatron", 8.0, 16.0, True),
        ("megatron-deepspeed", 8.0, 16.0, True),
    ],
)
def test_only_some_software_splits_the_model_itself(framework: str, tp: float, pp: float, can: bool) -> None:
    most = assumption("model_parallel_cards", {"framework": framework, "method": "full"})
    split = quantities(
        "finetune", framework=framework, tp=tp, pp=pp, cards=tp * pp, want=("framework_splits_model",)
    )["framework_splits_model"]
    assert (split.left, split.right) == (tp * pp, most)
    assert (split.left <= split.right) is can
