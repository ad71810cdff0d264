"""Plans to train: a script for each ordinary one, as the framework that is assumed can run its layout."""

from __future__ import annotations

import pytest

from optplan import problem
from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.exports import export
from optplan.plan import Plan
from optplan.planner import solve
from optplan.planner.main import load_catalog

MODELS = ("Llama-3.2-1B", "Qwen2.5-7B", "Llama-3.1-8B", "Qwen2.5-32B", "Llama-3.1-70B", "Mixtral-8x7B")
METHODS = ("full", "lora", "qlora")
AMOUNTS = ("5M", "500M")
SPLIT = {"model_parallel_cards": 1024.0}


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog()


def text_of(model: str, method: str, amount: str) -> str:
    return f"task: finetune\nmodel: {model}\nmethod: {method}\ndata: {amount} tokens\n"


def planned(text: str, catalog: Catalog, **fixed: float) -> Plan:
    (source,) = problem.read_text(text, "x.yaml")
    return solve(source.need, catalog, explore=False, fixed=fixed)


def split(plan: Plan) -> float:
    """Cards over which a plan splits the model itself."""
    return plan.lines[0].values["tp"] * plan.lines[0].values["pp"]


@pytest.mark.parametrize("amount", AMOUNTS)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("model", MODELS)
def test_an_ordinary_fine_tune_gets_a_layout_that_the_script_takes(
    model: str, method: str, amount: str, catalog: Catalog
) -> None:
    plan = planned(text_of(model, method, amount), catalog)
    assert split(plan) == 1
    (document,) = export(plan, "torchrun")
    compile(document.text, "train.py", "exec")


def test_splitting_the_model_is_kept_for_software_that_does_it_and_never_dearer(catalog: Catalog) -> None:
    free = [planned(text_of(m, k, "5M"), catalog, **SPLIT) for m in MODELS for k in METHODS]
    kept = [planned(text_of(m, k, "5M"), catalog) for m in MODELS for k in METHODS]
    assert sum(split(plan) > 1 for plan in free) >= 5  # the requirement changes something
    assert all(one.total_cost <= other.total_cost * (1 + 1e-6) for one, other in zip(free, kept, strict=True))
    plan = planned(text_of("Qwen2.5-32B", "full", "5M") + "framework: megatron\n", catalog)
    assert split(plan) > 1
    with pytest.raises(BadInput, match="made for megatron") as caught:
        export(plan, "torchrun")
    assert "framework: fsdp" in caught.value.faults[0].hint


def test_a_layout_that_the_user_lets_in_is_told_with_its_cure(catalog: Catalog) -> None:
    plan = planned(text_of("Qwen2.5-32B", "full", "5M"), catalog, **SPLIT)
    assert split(plan) > 1
    with pytest.raises(BadInput, match="splits the model itself") as caught:
        export(plan, "torchrun")
    assert "model_parallel_cards" in caught.value.faults[0].hint


def test_a_need_that_only_split_models_meet_is_refused_with_the_framework_as_way_out(
    catalog: Catalog,
) -> None:
    """One sequence a step leaves one data parallel rank, whose card cannot hold 70B parameters in training."""
    text = text_of("Llama-3.1-70B", "full", "100M") + "batch: 1\nlimits: {gpus: [A100-80GB], max_cards: 32}\n"
    (source,) = problem.read_text(text, "x.yaml")
    plan = solve(source.need, catalog)
    assert plan.status == "infeasible"
    way = next(way for way in plan.ways_out if way.change == "framework")
    assert (way.from_, way.to) == ("fsdp", "megatron")
    other = planned(text + "framework: megatron\n", catalog)
    assert split(other) > 1
    assert other.total_cost == pytest.approx(way.cost)
    quantised = problem.read_text(text.replace("full", "qlora").replace("32}", "1}"), "x.yaml")[0].need
    assert not any("framework" in way.change for way in solve(quantised, catalog).ways_out)
