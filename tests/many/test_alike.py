"""Training needs that differ only in the amount of work share one look at the rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest

from optplan import Catalog, solve
from optplan.errors import BadInput
from optplan.many import alike, solve_block
from optplan.many.block import counted
from optplan.many.kept import Kept
from optplan.need import TASKS, AnyNeed
from optplan.planner import prepare
from optplan.planner.context import Context

TODAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    alike.kept.clear()
    counted.clear()
    yield
    alike.kept.clear()


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
    assessed: list[int] = []
    survey = alike._surveyed

    def counting(contexts: Sequence[Context]) -> list[alike.Fast]:
        assessed.append(len(contexts))
        return survey(contexts)

    monkeypatch.setattr(alike, "_surveyed", counting)
    many = [
        job(data="5M tokens"),
        job(data="2GB", epochs=3, deadline="200h"),
        job(data="300M tokens", deadline="30h"),
        job(limits={"max_cards": 4, "purchase": ["spot", "on_demand"]}),
        job(limits={"gpus": ["A100", "L40S"], "budget": "900 USD"}),
    ]
    assert_as_alone(many, catalog)
    assert assessed == [1]
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
    assert alike._key(plain) != alike._key(other)
    assert_as_alone([job(), job(data="90M tokens"), job(**change), job(data="9M tokens", **change)], catalog)


def test_a_kind_that_is_met_again_is_found_among_those_kept(catalog: Catalog) -> None:
    first, second = (prepare(job(data=data), catalog) for data in ("3M tokens", "60M tokens"))
    assert alike.kinds_of([first]) == [None]  # met once: not worth a look at all cards
    (kind,) = alike.kinds_of([second])
    assert kind is not None
    assert alike.shared_surveys([second], [kind])[0] is not None
    assert alike.kept.get(alike._key(first)) is not None


def test_kinds_unused_the_longest_are_dropped_first(catalog: Catalog) -> None:
    fast = alike._surveyed([prepare(job(), catalog)])[0]
    kept: Kept[alike.Fast] = Kept(2 * fast.size, 10)
    for key in "ab":
        kept.put(key, fast)
    kept.get("a")
    kept.put("c", fast)
    assert [key for key in "abc" if kept.get(key) is not None] == ["a", "c"]
