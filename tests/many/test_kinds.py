"""Training needs that differ only in the amount of work share one look at the rules."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from optplan import Catalog, solve
from optplan.errors import BadInput
from optplan.many import solve_block
from optplan.many.block import counted
from optplan.many.kinds import key_of
from optplan.many.layouts import Judged
from optplan.need import TASKS, AnyNeed
from optplan.planner import prepare

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def job(**parts: Any) -> AnyNeed:
    """A training need."""
    plain = {"task": "finetune", "model": "Llama-3.1-8B", "method": "lora", "data": "30M tokens"}
    return TASKS["finetune"].model_validate(plain | parts)


def assert_as_alone(many: list[AnyNeed], catalog: Catalog) -> None:
    for need, answer in zip(many, solve_block(many, catalog, today=TODAY), strict=True):
        assert not isinstance(answer, BadInput)
        one = solve(need, catalog, today=TODAY, explore=False).json()
        assert one | {"solver": None} == answer | {"solver": None}, need


def test_needs_that_differ_in_data_deadline_and_limits_are_assessed_once_and_answered_as_alone(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[int] = []
    of_forms = Judged._of_forms

    def counting(self: Judged) -> tuple[dict[str, Any], np.ndarray]:
        judged.append(len(self.contexts))
        return of_forms(self)

    monkeypatch.setattr(Judged, "_of_forms", counting)
    counted.clear()
    many = [
        job(data="5M tokens"),
        job(data="2GB", epochs=3, deadline="200h"),
        job(data="300M tokens", deadline="30h"),
        job(limits={"max_cards": 4, "purchase": ["spot", "on_demand"]}),
        job(limits={"gpus": ["A100", "L40S"], "budget": "900 USD"}),
    ]
    assert_as_alone(many, catalog)
    assert judged == [1]
    assert counted == {"finetune": len(many)}


@pytest.mark.parametrize("data", ["1 tokens", "1000 tokens", "2000000 tokens"])
def test_jobs_so_short_that_starting_takes_all_the_time_are_answered_as_alone(
    catalog: Catalog, data: str
) -> None:
    assert_as_alone([job(data=data), job(data="40M tokens")], catalog)


@pytest.mark.parametrize(
    "change",
    [
        {"method": "qlora"},
        {"model": "Qwen2.5-7B"},
        {"sequence": 512},
        {"batch": 8},
        {"recompute": True},
        {"confidence": "high"},
        {"rules": "lesson"},
        {"assume": {"launch_time": 1e-4}},
    ],
)
def test_what_the_speed_depends_on_is_not_shared(catalog: Catalog, change: dict[str, Any]) -> None:
    plain, other = (prepare(need, catalog) for need in (job(), job(**change)))
    assert key_of(plain) != key_of(other)
    assert_as_alone([job(), job(data="90M tokens"), job(**change), job(data="9M tokens", **change)], catalog)


def test_needs_that_no_gang_can_do_are_answered_as_alone_beside_others(catalog: Catalog) -> None:
    many = [
        job(data="90B tokens", deadline="1h"),
        job(data="900B tokens", deadline="3h"),
        job(model="Llama-3.1-405B", method="full", limits={"gpus": ["T4", "V100"]}),
        job(limits={"gpus": ["H100"], "quota": {"H100": 0}}),
        job(limits={"budget": "1 USD"}, data="1B tokens"),
        job(),
    ]
    assert_as_alone(many, catalog)
    found = list(solve_block(many, catalog, today=TODAY))
    assert [one["status"] for one in found if not isinstance(one, BadInput)] == ["infeasible"] * 5 + [
        "optimal"
    ]


@pytest.mark.parametrize("how", [{"framework": "megatron"}, {"batch": 1024}])
def test_jobs_that_only_gangs_of_more_than_64_cards_can_do_get_them(
    catalog: Catalog, how: dict[str, Any]
) -> None:
    many = [
        job(data=f"{n}B tokens", deadline="4h", limits={"gpus": ["A100 80GB"]}, **how)
        for n in (1, 4, 8, 12, 16)
    ]
    assert_as_alone(many, catalog)
    found = [answer for answer in solve_block(many, catalog, today=TODAY) if not isinstance(answer, BadInput)]
    assert max(card["count"] for one in found for card in one["cards"]) > 64
