"""Each term of training memory, worked by hand for Llama-3.1-8B (32 layers, 4096 wide, 8 key heads)."""

from __future__ import annotations

import pytest
from bench import holds, quantities

GIB = 2**30
PARAMS = 8_030_261_248
EDGE = 128_256 * 4096  # the embedding; the head is as large
LAYERS = PARAMS - 2 * EDGE
DEEPSPEED = {"framework": "deepspeed", "asked_micro_batch": 1.0, "recompute": 1.0}


def test_full_mixed_precision_on_one_card_has_16_bytes_a_parameter() -> None:
    q = quantities("finetune", **DEEPSPEED)
    assert q["trained_weights"] * GIB == pytest.approx(2 * PARAMS)
    assert q["gradients"] * GIB == pytest.approx(2 * PARAMS)
    assert q["optimizer_states"] * GIB == pytest.approx(12 * PARAMS)
    assert q["frozen_weights"] == 0


@pytest.mark.parametrize(
    ("stage", "weights", "gradients", "states"), [(0, 1, 1, 1), (1, 1, 1, 4), (2, 1, 4, 4), (3, 4, 4, 4)]
)
def test_each_zero_stage_shards_one_term_more(stage: int, weights: int, gradients: int, states: int) -> None:
    q = quantities("finetune", cards=4.0, dp=4.0, zero_stage=float(stage), **DEEPSPEED)
    assert q["trained_weights"] * GIB == pytest.approx(2 * PARAMS / weights)
    assert q["gradients"] * GIB == pytest.approx(2 * PARAMS / gradients)
    assert q["optimizer_states"] * GIB == pytest.approx(12 * PARAMS / states)


def test_fsdp_keeps_32_bit_weights_and_gradients_and_a_cast_copy_where_unsharded() -> None:
    alone = quantities("finetune", framework="fsdp")
    assert alone["trained_weights"] * GIB == pytest.approx(6 * PARAMS)
    sharded = quantities("finetune", framework="fsdp", cards=8.0, dp=8.0, zero_stage=3.0)
    assert sharded["trained_weights"] * GIB == pytest.approx(4 * PARAMS / 8)
    assert sharded["gradients"] * GIB == pytest.approx(4 * PARAMS / 8)
    assert sharded["optimizer_states"] * GIB == pytest.approx(8 * PARAMS / 8)


def test_an_8_bit_optimizer_needs_two_bytes_a_parameter_and_scales() -> None:
    q = quantities("finetune", optimizer="adamw_8bit", **DEEPSPEED)
    assert q["optimizer_states"] * GIB == pytest.approx(2.1 * PARAMS)


def test_tensor_and_pipeline_parallel_split_layers_but_the_edges_stay_on_end_stages() -> None:
    q = quantities("finetune", cards=8.0, tp=4.0, pp=2.0, **DEEPSPEED)
    assert q["params_per_card"] == pytest.approx(LAYERS / 8 + EDGE / 4)


def test_lora_adapters_follow_from_rank_shapes_and_targets() -> None:
    attention = (4096 + 4096) + (4096 + 1024) + (4096 + 1024) + (4096 + 4096)
    mlp = 3 * (4096 + 14336)
    every = quantities("finetune", method="lora", lora_rank=16.0, **DEEPSPEED)
    assert every["trained_params"] == 16 * 32 * (attention + mlp)  # 41,943,040, as peft prints
    assert every["trained_params"] == 41_943_040
    some = quantities("finetune", method="lora", targets="qv", lora_rank=8.0, **DEEPSPEED)
    assert some["trained_params"] == 8 * 32 * (8192 + 5120)  # 3,407,872


def test_lora_keeps_the_frozen_weights_in_16_bits() -> None:
    q = quantities("finetune", method="lora", **DEEPSPEED)
    assert q["frozen_weights"] * GIB == pytest.approx(2 * PARAMS)
    assert q["gradients"] * GIB == pytest.approx(4 * 41_943_040)
    assert q["step_temporary"] == 0


def test_qlora_stores_layers_in_nf4_with_scales_and_edges_in_16_bits_which_peft_raises_to_32() -> None:
    raised = quantities("finetune", method="qlora", **DEEPSPEED)
    assert raised["frozen_weights"] * GIB == pytest.approx(0.532 * LAYERS + 4 * 2 * EDGE)
    kept = quantities("finetune", method="qlora", **{**DEEPSPEED, "framework": "torchtune"})
    assert kept["frozen_weights"] * GIB == pytest.approx(0.532 * LAYERS + 2 * 2 * EDGE)


def test_recompute_keeps_one_hidden_vector_a_layer() -> None:
    q = quantities("finetune", **DEEPSPEED)
    assert q["stage_activations"] == 32 * 4096 * 2


def test_a_gated_layer_without_recompute_keeps_what_the_fit_says() -> None:
    q = quantities("finetune", framework="deepspeed", recompute=0.0, hidden_values=8.9)
    assert q["layer_activations"] == pytest.approx(2 * (8.9 * 4096 + 2 * 1024 + 4 * 14336))
    assert q["stage_activations"] == pytest.approx(32 * q["layer_activations"])


def test_tensor_parallel_cards_without_sequence_parallelism_each_keep_the_norms() -> None:
    """Korthikanti et al. 2022, section 4.2: 10 of 34 bytes a channel are not split."""
    more = {"cards": 8.0, "tp": 8.0, "recompute": 0.0, "framework": "megatron-deepspeed"}
    split = quantities("finetune", **more, unsplit_values=0.0)["layer_activations"]
    assert quantities("finetune", **more)["layer_activations"] - split == pytest.approx(10 * 4096 * 7 / 8)


def test_without_flash_attention_scores_grow_with_the_square_of_the_sequence() -> None:
    eager = {**DEEPSPEED, "score_values": 2.5}
    more = quantities("finetune", sequence=2048.0, **eager)["layer_activations"]
    less = quantities("finetune", sequence=2048.0, **DEEPSPEED)["layer_activations"]
    assert more - less == pytest.approx(2 * 2.5 * 32 * 2048)


def test_a_pipeline_s_first_stage_holds_as_many_micro_batches_as_stages() -> None:
    more = {"cards": 4.0, "pp": 4.0, "recompute": 0.0, "batch": 64.0, "asked_micro_batch": 1.0}
    q = quantities("finetune", **more)
    assert q["batches_in_flight"] == 4
    assert q["token_memory"] == pytest.approx(33 * q["layer_activations"])


def test_expert_parallel_ranks_hold_different_experts_and_share_fewer_states() -> None:
    more = {
        "model_name": "Qwen3-30B-A3B",
        "cards": 8.0,
        "dp": 8.0,
        "zero_stage": 1.0,
        "framework": "megatron",
    }
    whole = quantities("finetune", **more)
    split = quantities("finetune", expert_ranks=8.0, **more)
    experts = whole["expert_params"]
    assert whole["trained_weights"] - split["trained_weights"] == pytest.approx(2 * experts * 7 / 8 / GIB)
    assert split["optimizer_states"] == pytest.approx(whole["optimizer_states"])


def test_what_the_host_keeps_takes_no_memory_of_the_card() -> None:
    kept = quantities("finetune", offloaded_states=1.0, **DEEPSPEED)
    assert kept["optimizer_states"] == kept["step_temporary"] == 0
    moved = quantities("finetune", offloaded_weights=1.0, offloaded_states=1.0, **DEEPSPEED)
    assert moved["trained_weights"] == moved["gradients"] == 0


def test_embeddings_that_lora_trains_too_take_a_copy_with_gradients_and_states() -> None:
    q = quantities("finetune", method="lora", trained_edges=1.0, edge_training_bytes=12.0, **DEEPSPEED)
    assert q["trained_edges_memory"] * GIB == pytest.approx(12 * 2 * EDGE)


def test_a_plain_layer_with_dropout_is_near_34_bytes_a_hidden_channel() -> None:
    """Korthikanti et al. 2022: 34 s b h for a GPT block with four times wider feed-forward, dropout on."""
    shapes = {"gated": 0.0, "intermediate": 4.0 * 4096, "kv_heads": 32.0}
    q = quantities("finetune", framework="deepspeed", hidden_values_plain=6.7, **shapes)
    assert q["layer_activations"] / 4096 == pytest.approx(34, rel=0.03)


def test_logits_take_twelve_bytes_an_entry_and_three_when_chunked() -> None:
    inputs = 32 * 4096 * 2
    whole = quantities("finetune", logit_bytes=12.0, **DEEPSPEED)
    assert whole["token_memory"] == pytest.approx(inputs + 12 * 128_256)
    chunked = quantities("finetune", framework="torchtune", recompute=1.0)
    assert chunked["token_memory"] == pytest.approx(inputs + 3 * 128_256, rel=0.01)


def test_fsdp_gathers_two_layers_and_the_edges() -> None:
    q = quantities("finetune", cards=8.0, dp=8.0, zero_stage=3.0, framework="fsdp")
    assert q["communication_buffers"] * GIB == pytest.approx(2 * (2 * LAYERS / 32 + 2 * EDGE))


def test_the_peak_is_the_backward_pass_or_the_optimizer_step() -> None:
    small = quantities("finetune", sequence=128.0, **DEEPSPEED)
    assert small["memory_per_card"] / small["memory_spread"] == pytest.approx(
        small["static_memory"] + small["step_temporary"]
    )
    large = quantities("finetune", **{**DEEPSPEED, "sequence": 131072.0})
    assert large["memory_per_card"] / large["memory_spread"] == pytest.approx(
        large["static_memory"] + large["activation_memory"]
    )


def test_the_micro_batch_is_the_largest_that_fits() -> None:
    more = {
        "cards": 8.0,
        "dp": 8.0,
        "zero_stage": 3.0,
        "framework": "fsdp",
        "recompute": 1.0,
        "batch": 1024.0,
    }
    q = quantities("finetune", **more)
    best = int(q["largest_micro_batch"])
    held, room = q["static_memory"] + q["communication_buffers"], q["fillable_memory"] / q["memory_spread"]
    assert held + best * q["sequence_memory"] <= room < held + (best + 1) * q["sequence_memory"]


def test_an_asked_micro_batch_is_kept_and_steps_accumulate() -> None:
    q = quantities("finetune", cards=4.0, dp=4.0, asked_micro_batch=2.0, batch=64.0)
    assert (q["micro_batch"], q["accumulation"]) == (2, 8)


def test_a_micro_batch_never_exceeds_the_rank_s_share() -> None:
    q = quantities("finetune", cards=4.0, dp=4.0, asked_micro_batch=100.0, batch=8.0)
    assert (q["micro_batch"], q["accumulation"]) == (2, 1)


def test_more_ranks_than_sequences_are_refused() -> None:
    q = quantities("finetune", cards=8.0, dp=8.0, batch=4.0, want=("batch_covers_ranks",))
    assert not holds(q["batch_covers_ranks"])
    assert (q["batch_covers_ranks"].left, q["batch_covers_ranks"].right) == (8, 4)


def test_a_sequence_beyond_the_context_is_refused() -> None:
    q = quantities("finetune", model_name="GLM-4-9B", sequence=8193.0, want=("sequence_fits_context",))
    assert not holds(q["sequence_fits_context"])


def test_heads_that_do_not_divide_are_refused() -> None:
    q = quantities("finetune", tp=8.0, heads=14.0, want=("heads_split_evenly",))
    assert not holds(q["heads_split_evenly"])


def test_mixture_models_hold_all_experts_in_memory_and_use_few_in_time() -> None:
    q = quantities("finetune", model_name="Mixtral-8x7B-v0.1", **DEEPSPEED)
    assert q["trained_weights"] * GIB == pytest.approx(2 * 46_702_792_704)
    assert q["matmul_params"] == pytest.approx(12_879_925_248 - 32_000 * 4096)
    assert q["expert_params"] == 32 * 8 * 3 * 4096 * 14336


def test_the_low_end_of_memory_is_never_below_the_weights() -> None:
    for spread, bound in ((0.69, False), (0.1, True)):
        q = quantities("finetune", method="lora", memory_spread=spread, asked_micro_batch=1.0)
        held = q["frozen_weights"] + q["trained_weights"]
        assert q["memory_per_card"] >= held
        assert (q["memory_per_card"] == pytest.approx(held)) == bound


def test_frozen_layers_are_gathered_as_they_are_stored() -> None:
    sharded = {"cards": 8.0, "dp": 8.0, "zero_stage": 3.0}
    buffers = [
        quantities("finetune", method=m, **sharded)["communication_buffers"] for m in ("lora", "qlora")
    ]
    edges = 2 * 128_256 * 4096 * 2 / GIB
    stored = 0.5 + 0.032
    assert (buffers[1] - edges) / (buffers[0] - edges) == pytest.approx(stored / 2, rel=1e-6)


def test_what_attention_answers_is_as_wide_as_its_heads() -> None:
    usual = quantities("finetune")["values_kept_per_token"]
    wider = quantities("finetune", head_dim=256.0)["values_kept_per_token"]
    assert wider - usual == pytest.approx(2 * 32 * 128 + 2 * 8 * 128)  # queries and answers; keys and values
