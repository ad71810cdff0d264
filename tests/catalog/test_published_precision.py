"""Weights that are published in 8 or 4 bits: read off files, known of models, taken where a need says none."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from configs import GPT_OSS, LLAMA
from pydantic import TypeAdapter

from optplan import solve
from optplan.catalog import DATA, Catalog
from optplan.fitting import Question, fit
from optplan.need import AnyNeed, Need
from optplan.page.language import language
from optplan.planner.main import prepare
from optplan.settle.quantities import WEIGHT_BYTES

NEED: TypeAdapter[AnyNeed] = TypeAdapter(Need)
TRAFFIC = {"requests_per_second": 1, "prompt_tokens": 500, "answer_tokens": 100}
PUBLISHED = "precision = fp8 (default: as the weights are published)"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def need(**parts: Any) -> AnyNeed:
    return NEED.validate_python(parts)


def read(tmp_path: Path, catalog: Catalog, **keys: Any) -> Any:
    (tmp_path / "config.json").write_text(json.dumps(keys), encoding="utf-8")
    return catalog.model("config.json", tmp_path)


@pytest.mark.parametrize(
    ("said", "precision"),
    [
        ({"quant_method": "fp8", "weight_block_size": [128, 128]}, "fp8"),
        ({"quant_method": "fbgemm_fp8"}, "fp8"),
        ({"quant_method": "mxfp4"}, "mxfp4"),
        ({"quant_method": "awq", "bits": 4}, "int4"),
        ({"quant_method": "gptq", "bits": 8}, "int8"),
        ({"quant_method": "gptq", "bits": 3}, ""),
        ({"quant_method": "gptq", "bits": [4]}, ""),
        ({"quant_method": "compressed-tensors"}, ""),
        ({"quant_method": 7}, ""),
        ({"bits": 4}, ""),
        ("fp8", ""),
        ([1], ""),
        (None, ""),
    ],
)
def test_a_config_tells_the_precision_of_its_weights(
    catalog: Catalog, tmp_path: Path, said: object, precision: str
) -> None:
    model = read(tmp_path, catalog, **LLAMA, quantization_config=said)
    assert model.published_precision == precision
    method = said.get("quant_method") if isinstance(said, dict) else None
    assert model.note == (f"the file says its weights are {method}" if method else "")


def test_known_precisions_are_those_that_rules_can_store(catalog: Catalog) -> None:
    known = {name: m.published_precision for name, m in catalog.models.items() if m.published_precision}
    assert known.items() >= {"DeepSeek-V3": "fp8", "DeepSeek-R1": "fp8", "Kimi-K2-Instruct": "fp8"}.items()
    assert known.items() >= {"gpt-oss-20b": "mxfp4", "gpt-oss-120b": "mxfp4"}.items()
    assert all(WEIGHT_BYTES[precision] <= 1 for precision in known.values())
    assert all("published_precision:" in catalog.models[name].note for name in known), "with a source each"
    assert catalog.models["Llama-3.1-8B"].published_precision == ""


@pytest.mark.parametrize("task", ["serve", "generate"])
def test_inference_takes_the_weights_as_they_are_published(catalog: Catalog, task: str) -> None:
    traffic = TRAFFIC if task == "serve" else {"requests": 1000}
    settled = prepare(need(task=task, model="DeepSeek-V3", traffic=traffic), catalog).settled
    assert settled.selectors["precision"] == "fp8"
    assert settled.quantities["weight_bytes"] == 1
    assert PUBLISHED in settled.assumed


def test_what_the_need_says_of_precision_comes_first(catalog: Catalog) -> None:
    settled = prepare(
        need(task="serve", model="DeepSeek-V3", traffic=TRAFFIC, precision="bf16"), catalog
    ).settled
    assert settled.selectors["precision"] == "bf16"
    assert not any(text.startswith("precision") for text in settled.assumed)


def test_training_and_models_of_16_bits_stay_as_they_were(catalog: Catalog) -> None:
    tuned = prepare(need(task="finetune", model="gpt-oss-20b", method="lora", data="5M tokens"), catalog)
    assert "precision = bf16 (default: usual for training)" in tuned.settled.assumed
    served = prepare(need(task="serve", model="Llama-3.1-8B", traffic=TRAFFIC), catalog)
    assert "precision = bf16 (default: usual for inference)" in served.settled.assumed


def test_a_model_of_other_shapes_is_not_taken_as_published(catalog: Catalog) -> None:
    assert catalog.model({"like": "DeepSeek-V3", "layers": 30}).published_precision == ""


def test_a_config_file_of_four_bits_is_served_in_four_bits(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps(GPT_OSS | {"quantization_config": {"quant_method": "mxfp4"}}), encoding="utf-8"
    )
    asked = {"task": "serve", "model": str(tmp_path / "config.json"), "traffic": TRAFFIC}
    published = solve(need(**asked), catalog, explore=False)
    assert "precision = mxfp4 (default: as the weights are published)" in published.assumed
    assert published.total_cost == solve(need(**asked, precision="mxfp4"), catalog, explore=False).total_cost
    assert published.total_cost < solve(need(**asked, precision="bf16"), catalog, explore=False).total_cost


def test_fit_takes_the_weights_as_they_are_published_for_inference(catalog: Catalog) -> None:
    question = Question("gpt-oss-120b", "H100-SXM5-80GB", method="infer")
    assert {card.answer.precision for card in fit(question, catalog).cards} == {"mxfp4"}
    tuned = Question("gpt-oss-120b", "H100-SXM5-80GB", method="lora")
    assert {card.answer.precision for card in fit(tuned, catalog).cards} == {"bf16"}


def test_cards_that_lack_the_published_precision_are_told_of_16_bits(catalog: Catalog) -> None:
    plan = solve(need(task="serve", model="DeepSeek-V3", traffic=TRAFFIC, limits={"gpus": ["A100"]}), catalog)
    assert not plan.feasible
    ways = [(way.change, way.from_, way.to) for way in plan.ways_out]
    assert ("precision", "fp8", "bf16") in ways


def test_a_catalog_of_ones_own_without_the_column_still_loads(tmp_path: Path) -> None:
    with (DATA / "models.csv").open(encoding="utf-8", newline="") as file:
        row = next(row for row in csv.DictReader(file) if row["name"] == "Llama-3.1-8B")
    del row["published_precision"]
    with (tmp_path / "models.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row | {"name": "Our-8B"})
        writer.writerow(row | {"name": "gpt-oss-20b"})
    models = Catalog.load([tmp_path]).models
    assert models["Our-8B"].published_precision == models["gpt-oss-20b"].published_precision == ""


def test_the_default_is_told_in_chinese_too() -> None:
    assert language("zh").sentence(PUBLISHED) == "precision = fp8（默认：与发布的权重一致）"
