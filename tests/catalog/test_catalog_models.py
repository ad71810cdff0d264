"""Models: exact counts from shapes, sizes, given shapes, and Hugging Face files."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from configs import CONFIGS, LLAMA

from optplan.catalog import Catalog
from optplan.catalog.count import count_parameters
from optplan.errors import BadInput

FORMATS = Path(__file__).parents[3] / "shared" / "facts" / "formats"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def config(tmp_path: Path, **keys: Any) -> Path:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(keys), encoding="utf-8")
    return path


def test_shapes_alone_give_every_exact_count_within_half_a_percent(catalog: Catalog) -> None:
    for model in catalog.models.values():
        total, active = count_parameters(model)
        assert total == pytest.approx(model.params_total, rel=0.005), model.name
        assert active == pytest.approx(model.params_active, rel=0.005), model.name


@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_a_config_reads_like_the_catalog_row_of_the_same_model(
    catalog: Catalog, tmp_path: Path, name: str
) -> None:
    config(tmp_path, **CONFIGS[name])
    read, known = catalog.model("config.json", tmp_path), catalog.models[name]
    assert read.params_total == pytest.approx(known.params_total, rel=0.005)
    assert read.params_active == pytest.approx(known.params_active, rel=0.005)
    for shape in (
        *("layers", "hidden", "heads", "kv_heads", "head_dim", "vocab", "gated", "tied_embeddings"),
        *("experts", "experts_per_token", "shared_experts", "dense_layers", "kv_lora_rank", "qk_rope"),
        *("sliding_window", "full_attention_layers", "linear_attention_layers", "max_context"),
    ):
        assert getattr(read, shape) == getattr(known, shape), shape
    assert read.origin == "config"


@pytest.mark.skipif(not FORMATS.is_dir(), reason="sample files are not beside the checkout")
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("hf_config_deepseek-ai--DeepSeek-V3.json", "DeepSeek-V3"),
        ("hf_config_glm-4-9b-chat.json", "GLM-4-9B-Chat"),
        ("hf_config_meta-llama--Meta-Llama-3.1-8B.json", "Llama-3.1-8B"),
        ("hf_config_openai--gpt-oss-20b.json", "gpt-oss-20b"),
    ],
)
def test_a_published_config_reads_like_the_catalog_row(catalog: Catalog, file: str, name: str) -> None:
    read, known = catalog.model(str(FORMATS / file)), catalog.models[name]
    assert read.params_total == pytest.approx(known.params_total, rel=0.005)
    assert read.full_attention_layers == known.full_attention_layers
    assert read.max_context == known.max_context


def test_an_unknown_architecture_is_refused_not_read_as_dense(catalog: Catalog, tmp_path: Path) -> None:
    for keys, says in (
        (LLAMA | {"model_type": "mamba9"}, "`mamba9` is not known"),
        (LLAMA | {"num_local_experts": 8}, "has 8 experts"),
        ({key: value for key, value in LLAMA.items() if key != "model_type"}, "has no model_type"),
    ):
        with pytest.raises(BadInput) as caught:
            catalog.model(str(config(tmp_path, **keys)))
        assert caught.value.faults[0].code == "unknown-model-type"
        assert says in caught.value.faults[0].message


def test_all_missing_and_wrong_keys_of_a_config_are_told(catalog: Catalog, tmp_path: Path) -> None:
    keys = {key: value for key, value in LLAMA.items() if key != "hidden_size"} | {"vocab_size": "many"}
    with pytest.raises(BadInput) as caught:
        catalog.model(str(config(tmp_path, **keys)))
    assert {fault.code for fault in caught.value.faults} == {"missing-key", "wrong-type"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "not-json"),
        (b"[]", "not-json"),
        (b"\xff\xfe", "not-json"),
        (b" " * 5_000_001, "file-too-large"),
    ],
)
def test_a_file_that_is_no_config_is_told(
    catalog: Catalog, tmp_path: Path, content: bytes, code: str
) -> None:
    (tmp_path / "config.json").write_bytes(content)
    with pytest.raises(BadInput) as caught:
        catalog.model("config.json", tmp_path)
    assert caught.value.faults[0].code.endswith(code)


def test_a_missing_file_and_a_directory_without_one_are_told(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.model("none/config.json", tmp_path)
    assert caught.value.faults[0].code == "unreadable-file"


def test_a_directory_with_a_config_will_do(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "my-model").mkdir()
    config(tmp_path / "my-model", **LLAMA)
    assert catalog.model("./my-model", tmp_path).name == "my-model"


@pytest.mark.parametrize("said", ["9B", "9b", "9 billion", "9e9", 9e9, "9,000,000,000", "90亿"])
def test_a_size_gives_a_typical_shape_that_adds_up_and_says_so(catalog: Catalog, said: str | float) -> None:
    model = catalog.model(said)
    assert model.params_total == model.params_active == 9e9
    assert count_parameters(model)[0] == pytest.approx(9e9, rel=0.02)
    assert model.origin == "size"
    assert str(model.layers) in model.assumed[0]
    assert model.heads * model.head_dim == model.hidden
    assert model.full_attention_layers == model.layers


@pytest.mark.parametrize("size", [0.3e9, 0.5e9, 1e9, 3e9, 7e9, 14e9, 32e9, 70e9, 123e9, 405e9, 1e12])
def test_typical_shapes_are_near_what_they_are_said_to_hold(catalog: Catalog, size: float) -> None:
    model = catalog.model(size)
    assert count_parameters(model)[0] == pytest.approx(size, rel=0.10)
    assert 1.0 <= model.intermediate / model.hidden <= 8.0
    assert model.heads % model.kv_heads == 0


def test_typical_shapes_grow_with_the_size(catalog: Catalog) -> None:
    sizes = [catalog.model(size * 1e9) for size in (1, 3, 9, 30, 70, 200)]
    for small, large in pairwise(sizes):
        assert small.hidden <= large.hidden
        assert small.layers < large.layers


@pytest.mark.parametrize("said", ["0B", "1e3", "9000T", "-9B", 0.0, float("nan"), float("inf")])
def test_an_absurd_size_is_refused(catalog: Catalog, said: str | float) -> None:
    with pytest.raises(BadInput):
        catalog.model(said)


def test_given_shapes_stand_and_the_rest_is_listed(catalog: Catalog) -> None:
    model = catalog.model({"params": "9B", "layers": 40, "hidden": 4096, "vocab": 151552})
    assert (model.layers, model.hidden, model.vocab, model.params_total) == (40, 4096, 151552, 9e9)
    assert count_parameters(model)[0] == pytest.approx(9e9, rel=0.02)
    shapes, embeddings = model.assumed
    listed = {entry.split()[0] for entry in shapes.partition(": ")[2].split(", ")}
    assert listed == {"heads", "kv_heads", "head_dim", "intermediate", "max_context"}
    assert embeddings == "embeddings not tied"
    assert model.origin == "shapes"


def test_full_shapes_without_a_size_are_counted(catalog: Catalog) -> None:
    shapes = {"layers": 32, "hidden": 4096, "heads": 32, "kv_heads": 8, "head_dim": 128}
    shapes |= {"intermediate": 14336, "vocab": 128256, "max_context": 131072, "tied_embeddings": False}
    model = catalog.model(shapes)
    assert model.params_total == pytest.approx(8030261248, rel=1e-4)
    assert model.assumed == ("params 8.03e+09, counted from the shapes",)


def test_wrong_shapes_are_all_told_at_once(catalog: Catalog) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.model({"params": "9B", "layerz": 40, "hidden": "wide", "heads": 1.5})
    faults = {fault.code: fault for fault in caught.value.faults}
    assert len(caught.value.faults) == 3
    assert faults["unknown-key"].hint == "did you mean `layers`?"
    with pytest.raises(BadInput) as caught:
        catalog.model({"layers": 40})
    assert caught.value.faults[0].code == "missing-key"


def test_attention_patterns_of_the_catalog_are_those_of_the_models(catalog: Catalog) -> None:
    patterns = {
        name: (model.sliding_window, model.full_attention_layers, model.linear_attention_layers)
        for name, model in catalog.models.items()
    }
    assert patterns["Gemma-2-9b"] == (4096, 21, 0)
    assert patterns["Gemma-3-1b-it"] == (512, 4, 0)
    assert patterns["Gemma-3-27b-it"] == (1024, 10, 0)
    assert patterns["gpt-oss-120b"] == (128, 18, 0)
    assert patterns["Mistral-7B-v0.1"] == (4096, 0, 0)
    assert patterns["Mistral-7B-v0.3"] == (0, 32, 0)
    assert patterns["Qwen2-7B"] == (0, 28, 0)
    assert patterns["Qwen3.5-27B"] == (0, 16, 48)
    assert patterns["Phi-3-mini-4k-instruct"] == (2047, 0, 0)
    assert patterns["Phi-3-mini-128k-instruct"] == (0, 32, 0)


def test_mixtures_and_plain_blocks_are_marked(catalog: Catalog) -> None:
    models = catalog.models
    assert models["DeepSeek-V3"].kv_lora_rank == 512
    assert models["Qwen1.5-MoE-A2.7B"].shared_experts == 4
    assert models["Llama-4-Maverick-17B-128E"].dense_layers == 24
    plain = {name for name, model in models.items() if not model.gated}
    assert {model.split("-")[0] for model in plain} == {"phi", "falcon", "mpt", "opt", "bloom", "GPT"}
