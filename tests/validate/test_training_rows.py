"""What a training row becomes: software habits, layouts, models, defaults that are said, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from measurements import MEMORY, SPEED, variants, write

from optplan.catalog import Catalog
from optplan.validate.read import read_cases
from optplan.validate.training import Training, predict

CATALOG = Catalog.load()


def rows(tmp_path: Path, *changes: dict[str, str], base: dict[str, str] = MEMORY) -> Training:
    return Training(read_cases(write(tmp_path / "f.csv", *variants(base, changes)))[1], CATALOG)


@pytest.mark.parametrize(
    ("name", "strategy", "framework"),
    [
        ("HF PEFT", "single", "hf"), ("HF Trainer + DeepSpeed", "single", "deepspeed"),
        ("HF Trainer", "zero3", "deepspeed"),
        ("Megatron-DeepSpeed", "zero1tp/pp", "megatron-deepspeed"), ("Megatron-Bridge", "tp/pp", "megatron"),
        ("NeMo", "tp/pp", "megatron"), ("LitGPT", "fsdp", "litgpt"), ("Composer FSDP", "fsdp", "fsdp"),
        ("LLaMA-Factory", "ddp", "llamafactory"), ("Unsloth", "single", "unsloth"),
        ("something", "hsdp", "fsdp"), ("", "", "hf"), ("axolotl", "single", "axolotl"),
        ("axolotl", "deepspeed z3", "deepspeed"), ("TRL", "single", "hf"), ("torchtitan", "fsdp", "fsdp"),
    ],
)  # fmt: skip
def test_software_is_known_by_a_word_of_its_name(
    tmp_path: Path, name: str, strategy: str, framework: str
) -> None:
    found = rows(tmp_path, {"framework": name, "strategy": strategy})
    assert found.rows[0].selectors["framework"] == framework


@pytest.mark.parametrize(
    ("strategy", "cards", "stage"),
    [
        ("zero1tp/pp", "8", 1),
        ("zero3", "8", 3),
        ("fsdp", "8", 3),
        ("ddp", "8", 0),
        ("single", "1", 0),
        ("unknown", "4", 2),
        ("deepspeed_zero2_offload", "8", 2),
        ("deepspeed z3", "8", 3),
        ("HSDP", "8", 3),
    ],
)
def test_strategies_tell_what_ranks_share(tmp_path: Path, strategy: str, cards: str, stage: int) -> None:
    found = rows(tmp_path, {"strategy": strategy, "n_gpus": cards, "dp": cards})
    assert found.rows[0].given["zero_stage"] == stage


def test_a_sharding_that_is_not_said_is_assumed_and_told(tmp_path: Path) -> None:
    found = rows(tmp_path, {"strategy": "unknown", "n_gpus": "4", "method": "full", "dp": "4"})
    assert found.rows[0].given["zero_stage"] == 3
    assert any("ZeRO-3" in text for text in found.rows[0].assumed)


@pytest.mark.parametrize("column", ["gpu", "micro_batch", "seq_len", "method", "peak_memory_gib_per_gpu"])
def test_a_row_that_lacks_what_is_needed_is_refused_with_the_column(tmp_path: Path, column: str) -> None:
    found = rows(tmp_path, {column: ""}, {})
    assert found.refused == [(0, f"missing: {column}")]
    assert len(found.rows) == 1


def test_speed_without_a_micro_batch_takes_as_many_as_fit_and_says_so(tmp_path: Path) -> None:
    found = rows(tmp_path, {"micro_batch": ""}, base=SPEED)
    assert any("as many sequences as fit" in text for text in found.rows[0].assumed)
    assert float(found.predicted()[0]) > 0


def test_a_model_of_the_catalog_is_taken_whole_and_a_stranger_by_its_shapes(tmp_path: Path) -> None:
    strange = {
        "model": "nobody-knows-it",
        "params_b": "1.2358",
        "layers": "16",
        "hidden": "2048",
        "heads": "32",
    }
    found = rows(tmp_path, {}, {**strange, "kv_heads": "8", "intermediate": "8192"})
    assert found.rows[0].model.params_total == 8_030_261_248
    stranger = found.rows[1].model
    assert (stranger.layers, stranger.hidden, stranger.gated, stranger.tied_embeddings) == (
        16,
        2048,
        True,
        True,
    )
    assert stranger.params_total == 1.2358e9


def test_a_model_known_by_size_alone_gets_typical_shapes_and_they_are_told(tmp_path: Path) -> None:
    blank = dict.fromkeys(("layers", "hidden", "heads", "kv_heads", "intermediate", "vocab"), "")
    found = rows(
        tmp_path,
        {**blank, "model": "strange", "params_b": "9"},
        {**blank, "model": "GPT3-1.3B", "params_b": "1.3"},
    )
    assert found.rows[0].model.params_total == 9e9
    assert any("typical" in text for text in found.rows[0].assumed)
    assert (found.rows[1].model.layers, found.rows[1].model.hidden, found.rows[1].model.gated) == (
        24,
        2048,
        False,
    )


def test_an_unknown_model_without_size_is_refused(tmp_path: Path) -> None:
    blank = dict.fromkeys(("layers", "hidden", "heads", "kv_heads", "intermediate", "vocab", "params_b"), "")
    found = rows(tmp_path, {**blank, "model": "strange"})
    assert not found.rows
    assert "strange" in found.refused[0][1]


def test_a_mixture_outside_the_catalog_is_not_read_as_dense(tmp_path: Path) -> None:
    found = rows(tmp_path, {"model": "strange-moe", "params_b": "30", "active_params_b": "3"}, base=SPEED)
    assert found.rows[0].model.params_active == 3e9
    assert found.rows[0].model.experts > 0
    assert any("mixture" in text for text in found.rows[0].assumed)


def test_memory_follows_what_the_row_says(tmp_path: Path) -> None:
    changes: list[dict[str, str]] = [
        {}, {"recompute": "none"}, {"method": "qlora", "quant_bits": "4"}, {"seq_len": "4096"},
        {"method": "full"},
        {"trained_embeddings": "yes"}, {"memory_kind": "unknown"},
        {"flash_attention": "no", "recompute": "none"},
    ]  # fmt: skip
    base, kept, small, long, full, edges, shown, eager = rows(tmp_path, *changes).predicted().tolist()
    assert small < base < kept < eager
    assert base < shown
    assert base < long
    assert base < edges < full


def test_words_of_the_notes_switch_what_no_column_tells(tmp_path: Path) -> None:
    full = {"method": "full", "framework": "torchtune", "recompute": "none", "seq_len": "8192"}
    told = ("", "compile; chunked CE", "optimizer-in-backward", "CPU offload", "activation offloading to CPU")
    plain, compiled, fused, states, activations = (
        rows(tmp_path, *({**full, "notes": n} for n in told)).predicted().tolist()
    )
    assert max(compiled, fused, states, activations) < plain


def test_the_band_holds_the_prediction(tmp_path: Path) -> None:
    cases = read_cases(write(tmp_path / "f.csv", MEMORY))[1]
    found = predict(cases, CATALOG)
    assert found.low[0] < found.predicted[0] < found.high[0]
    assert (found.quantity, found.unit) == (["peak_memory"], ["GiB"])


def test_constants_override_the_table(tmp_path: Path) -> None:
    found = rows(tmp_path, {})
    less = found.predicted("expected", {("memory_spread", ""): 1.0})
    assert found.predicted()[0] == pytest.approx(less[0] * CATALOG.assumptions["memory_spread"][""].expected)


def test_software_of_its_own_name_is_told_by_how_it_splits_the_work(tmp_path: Path) -> None:
    split = {"framework": "MegaScale", "strategy": "", "tp": "8", "n_gpus": "64", "method": "full"}
    alone = {"framework": "llm.c-like", "strategy": "", "tp": "", "n_gpus": "8", "method": "full"}
    found = rows(tmp_path, split, alone)
    assert [row.selectors["framework"] for row in found.rows] == ["megatron", "fsdp"]


@pytest.mark.parametrize(
    ("method", "bits", "kind"),
    [
        ("DoRA", "", "lora"), ("p-tuning v2", "", "lora"), ("QLoRA", "4", "qlora"), ("dora", "4", "qlora"),
        ("4-bit LoRA", "", "qlora"), ("SFT", "", "full"), ("galore", "", "full"),
    ],
)  # fmt: skip
def test_methods_are_known_by_what_they_train(tmp_path: Path, method: str, bits: str, kind: str) -> None:
    found = rows(tmp_path, {"method": method, "quant_bits": bits})
    assert found.rows[0].selectors["method"] == kind


def test_a_method_that_no_rule_predicts_is_refused(tmp_path: Path) -> None:
    found = rows(tmp_path, {"method": "freeze"}, {})
    assert found.refused == [(0, "method: no rule predicts 'freeze'")]


def test_a_card_without_a_format_computes_in_the_next_that_it_has(tmp_path: Path) -> None:
    cards = [{"gpu": "A100-SXM4-80GB"}, {"gpu": "H100-SXM5-80GB"}, {"gpu": "B200-SXM-180GB"}]
    asked = [{**card, "precision": p} for p in ("float8", "NVFP4") for card in cards]
    found = [row.selectors["precision"] for row in rows(tmp_path, *asked, base=SPEED).rows]
    assert found == ["bf16", "fp8", "fp8", "bf16", "fp8", "fp4"]


def test_selective_recompute_halves_what_pytorch_keeps_and_nothing_of_megatron(tmp_path: Path) -> None:
    asked = [{"framework": name, "recompute": "selective"} for name in ("torchtitan", "Megatron-LM")]
    assert [row.given["recompute"] for row in rows(tmp_path, *asked).rows] == [0.5, 0.0]


def test_a_pipeline_of_unknown_batch_is_filled(tmp_path: Path) -> None:
    layout = {"pp": "4", "n_gpus": "4", "dp": "1", "strategy": "megatron", "grad_accum": ""}
    found = rows(tmp_path, layout | {"global_batch_tokens": ""}, base=SPEED)
    assert found.rows[0].given["batch"] == 16
    assert "16 micro-batches of a step" in found.rows[0].assumed


def test_no_shapes_but_layers_and_width_make_a_model(tmp_path: Path) -> None:
    found = rows(tmp_path, {"model": "of-my-own", "params_b": ""})
    assert found.rows[0].model.layers == 32
    assert found.rows[0].model.params_total == pytest.approx(8.03e9, rel=0.01)


def test_a_mixture_of_unknown_shapes_adds_up_to_its_parameters(tmp_path: Path) -> None:
    blank = dict.fromkeys(("layers", "hidden", "heads", "kv_heads", "intermediate", "vocab"), "")
    found = rows(
        tmp_path, blank | {"model": "some-moe", "params_b": "16", "active_params_b": "2.4"}, base=SPEED
    )
    model = found.rows[0].model
    routed = model.layers * model.experts * 3 * model.hidden * model.moe_intermediate
    assert model.experts > model.experts_per_token > 0
    assert 0.8 * 16e9 < routed < 16e9
    assert predict(read_cases(tmp_path / "f.csv")[1], CATALOG).predicted[0] > 0


def test_a_mixture_that_tells_no_active_parameters_is_refused_not_read_as_dense(tmp_path: Path) -> None:
    blank = dict.fromkeys(("layers", "hidden", "heads", "kv_heads", "intermediate", "vocab"), "")
    found = rows(tmp_path, blank | {"model": "SomeMoE-100B", "params_b": "100", "active_params_b": ""}, {})
    assert "missing: active_params_b" in found.refused[0][1]


def test_a_name_of_several_cards_means_the_one_of_servers_and_is_told(tmp_path: Path) -> None:
    found = rows(tmp_path, *({"gpu": name} for name in ("A100 80GB", "H100", "V100")))
    assert [row.card.name for row in found.rows] == ["A100-SXM4-80GB", "H100-SXM5-80GB", "V100-SXM2-32GB"]
    assert any("gpu = A100-SXM4-80GB" in text for text in found.rows[0].assumed)
