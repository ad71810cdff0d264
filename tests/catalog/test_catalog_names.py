"""What people call cards and models, and what they get."""

from __future__ import annotations

import pytest

from optplan.catalog import Catalog
from optplan.errors import BadInput

A100_80 = ["A100-PCIe-80GB", "A100-SXM4-80GB"]
A100_40 = ["A100-PCIe-40GB", "A100-SXM4-40GB"]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("A100 80G", A100_80),
        ("a100-80gb", A100_80),
        ("A100-80GB", A100_80),
        ("NVIDIA A100 80GB", A100_80),
        ("a100-40gb", A100_40),
        ("A100", sorted(A100_40 + A100_80)),
        ("A100s", sorted(A100_40 + A100_80)),
        ("h100 sxm", ["H100-SXM5-80GB"]),
        ("h100", ["H100-NVL-94GB", "H100-PCIe-80GB", "H100-SXM5-80GB"]),
        ("H100 GPUs", ["H100-NVL-94GB", "H100-PCIe-80GB", "H100-SXM5-80GB"]),
        ("4090", ["RTX-4090"]),
        ("4090s", ["RTX-4090"]),
        ("RTX 4090 24GB", ["RTX-4090"]),
        ("GeForce RTX 4090", ["RTX-4090"]),
        ("A6000", ["RTX-A6000"]),
        ("mi300x", ["MI300X-192GB"]),
        ("NVIDIA-H100-80GB-HBM3", ["H100-SXM5-80GB"]),
        ("Tesla-V100-SXM2-16GB", ["V100-SXM2-16GB"]),
        ("NVIDIA-GeForce-RTX-3090", ["RTX-3090"]),
        ("RTXPRO6000WS", ["RTX-PRO-6000-WS"]),
        ("英伟达A100 80G", A100_80),
    ],
)
def test_a_card_is_found_by_what_people_call_it(catalog: Catalog, said: str, meant: list[str]) -> None:
    assert catalog.gpus(said) == meant


def test_every_exact_name_means_itself_and_every_family_its_members(catalog: Catalog) -> None:
    for name, card in catalog.cards.items():
        assert catalog.gpu(name) == name
        assert name in catalog.gpus(card.family)


def test_every_spoken_name_is_found(catalog: Catalog) -> None:
    assert all(catalog.gpus(name) for name in catalog.gpu_names())
    assert all(len(catalog.find_model(name)) == 1 for name in catalog.model_names())


def test_a_family_where_one_card_is_needed_lists_the_choices(catalog: Catalog) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.gpu("A100 80G")
    (fault,) = caught.value.faults
    assert fault.code == "ambiguous-gpu"
    assert all(f"`{name}`" in fault.hint for name in A100_80)


@pytest.mark.parametrize(
    ("said", "near"), [("H10O", "`H100`"), ("RTX 40900", "`RTX-4090`"), ("MI300Y", "MI300")]
)
def test_an_unknown_card_gets_the_nearest_names(catalog: Catalog, said: str, near: str) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.gpus(said)
    assert caught.value.faults[0].code == "unknown-gpu"
    assert near in caught.value.faults[0].hint


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("llama-3.1-70b", "Llama-3.1-70B"),
        ("meta-llama/Llama-3.1-8B-Instruct", "Llama-3.1-8B"),
        ("Meta-Llama-3.1-8B", "Llama-3.1-8B"),
        ("qwen2.5-72b-instruct", "Qwen2.5-72B"),
        ("GLM4 9B", "GLM-4-9B"),
        ("glm-4-9b-chat", "GLM-4-9B-Chat"),
        ("deepseek v3", "DeepSeek-V3"),
        ("Llama-3.3-70B", "Llama-3.3-70B-Instruct"),
        ("LLaMA-7B", "LLaMA-7B"),
        ("llama 2 7b", "Llama-2-7b-hf"),
        ("mixtral 8x7b", "Mixtral-8x7B-v0.1"),
        ("gpt oss 120b", "gpt-oss-120b"),
        ("opt-1.3b", "opt-1.3b"),
        ("opt-13b", "opt-13b"),
        ("qwen25-72b", "Qwen2.5-72B"),
    ],
)
def test_a_model_is_found_by_what_people_call_it(catalog: Catalog, said: str, meant: str) -> None:
    assert catalog.model(said).name == meant


def test_every_exact_model_name_means_itself(catalog: Catalog) -> None:
    assert all(catalog.model(name) is model for name, model in catalog.models.items())


def test_a_name_that_several_models_share_lists_them(catalog: Catalog) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.model("deepseek")
    assert caught.value.faults[0].code == "ambiguous-model"
    assert "`DeepSeek-V3`" in caught.value.faults[0].hint


@pytest.mark.parametrize("said", ["Llama-9-70B", "Mistral-7B-v0.9", "Qwen2.5-72B-Instruct-AWQ", ""])
def test_an_unknown_model_is_never_read_as_a_like_one(catalog: Catalog, said: str) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.model(said)
    assert caught.value.faults[0].code == "unknown-model"
