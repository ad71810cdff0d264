"""The models of a need: one road for YAML, sentences and Python."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from optplan.need import TASKS, Data, Finetune, Limits, Lora, Method, Need, Serve, Shapes


def test_short_forms_mean_the_same_as_long_ones() -> None:
    assert Method.model_validate("lora") == Method(kind="lora")
    assert Method.model_validate({"qlora": {"rank": 8}}) == Method(kind="qlora", lora=Lora(rank=8))
    assert Data.model_validate("1GB") == Data.model_validate({"bytes": "1GB"})
    assert Data.model_validate("1e9 tokens") == Data.model_validate({"tokens": "1B"})
    assert Limits.model_validate({"gpus": "H100, A100"}).gpus == ["H100", "A100"]


def test_a_size_alone_is_a_model_of_that_size() -> None:
    for model in ("9B", 9e9, {"params": "9B"}):
        assert Finetune.model_validate({"task": "finetune", "model": model}).model == Shapes(params=9e9)


def test_one_class_of_traffic_is_a_list_of_one() -> None:
    need = Serve.model_validate({"task": "serve", "model": "9B", "traffic": {"requests_per_second": 8}})
    assert need.traffic is not None
    assert len(need.traffic) == 1


def test_a_need_does_not_change() -> None:
    need = Finetune(task="finetune", model="GLM-4-9B")
    with pytest.raises(ValidationError):
        need.model = "other"


@pytest.mark.parametrize(
    "fields",
    [
        {"deadline": "-1h"},
        {"deadline": "1e9 h"},
        {"epochs": 0},
        {"model": 9},
        {"limits": {"budget": "0 USD"}},
        {"limits": {"budget": "-5 USD"}},
        {"limits": {"max_cards": 1.5}},
        {"limits": {"gpus": []}},
        {"limits": {"quota": {"H100": -1}}},
        {"data": "5"},
        {"data": {"samples": 5}},
        {"assume": {"efficiency": float("nan")}},
        {"method": {"lora": {"targets": ["x"]}}},
        {"nonsense": 1},
    ],
)
def test_amounts_that_cannot_be_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Finetune.model_validate({"task": "finetune", "model": "9B", **fields})


def test_generation_needs_exactly_one_amount() -> None:
    both = {"traffic": {"requests": 5}, "data": "1B tokens"}
    for amount in ({}, both):
        with pytest.raises(ValidationError):
            TypeAdapter(Need).validate_python({"task": "generate", "model": "9B", **amount})


def test_every_field_says_its_unit_and_its_meaning() -> None:
    def parts(model: type[BaseModel]) -> list[type[BaseModel]]:
        return [model, *(part for child in model.__subclasses__() for part in parts(child))]

    for model in {part for task in TASKS.values() for part in parts(task.__mro__[2])}:
        for name, field in model.model_fields.items():
            extra = field.json_schema_extra
            assert field.description, f"{model.__name__}.{name}"
            assert isinstance(extra, dict)
            assert extra["unit"]
