"""Blocks of needs give the very answers of needs that are solved one by one."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from optplan import Catalog, solve
from optplan.errors import BadInput
from optplan.many import solve_block
from optplan.many.block import counted
from optplan.need import TASKS, AnyNeed

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from random_needs import needs

TODAY = date(2026, 11, 22)
COUNT = int(os.environ.get("OPTPLAN_RANDOM_NEEDS", "120"))  # 2,000 take some two minutes
SEEDS = (1, 2)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def need_of(data: dict[str, Any]) -> AnyNeed:
    return TASKS[data["task"]].model_validate(data)


def one_by_one(many: list[AnyNeed], catalog: Catalog, **given: Any) -> Iterator[Any]:
    for need in many:
        try:
            yield told(solve(need, catalog, today=TODAY, explore=False, **given).json())
        except BadInput as error:
            yield str(error)


def told(answer: dict[str, Any] | BadInput) -> Any:
    """What an answer says, the report on the solver apart."""
    return str(answer) if isinstance(answer, BadInput) else {k: v for k, v in answer.items() if k != "solver"}


def assert_equal(many: list[AnyNeed], catalog: Catalog, **given: Any) -> list[Any]:
    together = [told(answer) for answer in solve_block(many, catalog, today=TODAY, **given)]
    for need, one, other in zip(many, one_by_one(many, catalog, **given), together, strict=True):
        assert one == other, need
    return together


@pytest.mark.parametrize("seed", SEEDS)
def test_random_needs_of_all_tasks_get_the_answers_of_single_solves(catalog: Catalog, seed: int) -> None:
    many = [need_of(data) for data in needs(catalog, COUNT // len(SEEDS), seed)]
    answers = assert_equal(many, catalog)
    found = {(need.task, answer["status"]) for need, answer in zip(many, answers, strict=True)}
    assert {(task, "optimal") for task in TASKS} <= found
    assert all(answer["gap"] <= 1e-9 for answer in answers if answer["status"] == "optimal")


def limited(task: str, **limits: Any) -> AnyNeed:
    """A need of a task under limits."""
    parts = {
        "finetune": {"data": "30M tokens", "deadline": "72h", "method": "lora"},
        "generate": {"traffic": {"requests": 200_000}, "deadline": "24h"},
        "serve": {"traffic": {"requests_per_second": 12}, "latency": {"per_token": "40ms"}},
    }
    return need_of({"task": task, "model": "Llama-3.1-8B", "limits": limits, **parts[task]})


LIMITS: list[dict[str, Any]] = [
    {"budget": "3 USD"},
    {"max_cards": 2},
    {"max_cards": 3, "gpus": ["A100", "L4"]},
    {"quota": {"H100": 1, "A100": 0}},
    {"gpus": ["T4"]},
    {"purchase": ["spot"]},
    {"purchase": ["buy"]},
    {"purchase": ["reserved_1y", "reserved_3y"]},
    {"mix": "one_type"},
    {"providers": ["lambda"]},
    {"providers": ["aws"], "regions": ["us-east-1"]},
]


@pytest.mark.parametrize("task", TASKS)
def test_limits_hold_in_blocks_as_they_do_alone(catalog: Catalog, task: str) -> None:
    assert_equal([limited(task, **limits) for limits in LIMITS], catalog)


def test_two_and_three_traffic_classes_get_the_answers_of_single_solves(catalog: Catalog) -> None:
    def traffic(*rates: float) -> list[dict[str, float]]:
        return [
            {"requests_per_second": rate, "prompt_tokens": 300 * (j + 1), "answer_tokens": 900 / (j + 1)}
            for j, rate in enumerate(rates)
        ]

    many = [
        need_of({"task": "serve", "model": "Qwen3-14B", "traffic": traffic(*rates)})
        for rates in ((1, 7), (30, 3), (2, 2, 2), (40, 0.5, 9))
    ]
    assert_equal(many, catalog)


def test_a_bad_need_does_not_stop_the_others(catalog: Catalog) -> None:
    bad = need_of({"task": "serve", "model": "no-such-model"})
    first, second, third = solve_block([limited("serve"), bad, limited("finetune")], catalog, today=TODAY)
    assert isinstance(second, BadInput)
    assert "no-such-model" in str(second)
    assert not isinstance(first, BadInput)
    assert not isinstance(third, BadInput)
    assert first["status"] == third["status"] == "optimal"


def test_fixed_values_hold_for_every_need_of_a_block(catalog: Catalog) -> None:
    many = [limited("finetune"), limited("finetune", max_cards=4)]
    for fixed in ({"efficiency": 0.3}, {"run_overhead": 1.5}, {"tokens_per_second": 5000.0}):
        assert_equal(many, catalog, fixed=fixed)


def test_rules_of_the_lesson_and_high_confidence_get_the_answers_of_single_solves(catalog: Catalog) -> None:
    many = [
        limited(task).model_copy(update=change)
        for task in TASKS
        for change in (
            {"rules": "lesson"},
            {"confidence": "high"},
            {"currency": "CNY"},
            {"assume": {"pue": 1.6}},
        )
    ]
    assert_equal(many, catalog)


def test_most_needs_go_through_the_rules_together(catalog: Catalog) -> None:
    counted.clear()
    list(solve_block([need_of(data) for data in needs(catalog, 60, 5)], catalog, today=TODAY))
    alone = sum(count for name, count in counted.items() if name.endswith(" alone"))
    assert alone <= 12, counted


def test_an_order_of_needs_changes_no_answer(catalog: Catalog) -> None:
    many = [need_of(data) for data in needs(catalog, 30, 7)]
    forth = [told(answer) for answer in solve_block(many, catalog, today=TODAY)]
    back = [told(answer) for answer in solve_block(many[::-1], catalog, today=TODAY)]
    assert forth == back[::-1]
