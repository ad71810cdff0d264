"""Kinds of training needs that many needs share: what is kept of their candidates, and when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optplan import Catalog
from optplan.candidates import SIZES
from optplan.many import solve_block, speeds
from optplan.many.kinds import SPEED, Kinds, key_of
from optplan.many.speeds import SHARED, speeds_of
from optplan.need import TASKS
from optplan.planner import prepare, solve
from optplan.planner.context import Context

JOB = {"task": "finetune", "model": "Qwen2.5-7B", "method": "lora"}


@pytest.fixture
def catalog() -> Catalog:
    """One of its own, of which nothing is kept."""
    return Catalog.load()


def alike(catalog: Catalog, count: int, **parts: Any) -> list[Context]:
    """Needs of one kind."""
    needs = [JOB | {"data": f"{number + 5}M tokens"} | parts for number in range(count)]
    return [prepare(TASKS["finetune"].model_validate(need), catalog) for need in needs]


def kinds_of(contexts: list[Context]) -> Kinds:
    return Kinds(contexts, [key_of(context) for context in contexts])


def test_the_best_speed_of_a_group_is_that_of_its_fastest_candidate(catalog: Catalog) -> None:
    contexts = alike(catalog, SHARED) + alike(catalog, SHARED, method="full")
    found = speeds_of(contexts, kinds_of(contexts), SIZES, SPEED)
    assert found is not None
    kind, group = np.nonzero(found.fits)
    at, _, speed = found.of(kind, group)
    best = np.array([speed[at == k].max() for k in range(len(kind))])
    assert (best == found.best[kind, group]).all()
    assert np.isneginf(found.best[~found.fits]).all()
    assert set(kind.tolist()) == {0, 1}


def test_a_kind_that_few_needs_share_is_not_learned(catalog: Catalog) -> None:
    contexts = alike(catalog, SHARED - 1)
    assert speeds_of(contexts, kinds_of(contexts), SIZES, SPEED) is None


def test_a_kind_is_evaluated_once_however_few_needs_ask_again(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    contexts = alike(catalog, SHARED)
    first = speeds_of(contexts, kinds_of(contexts), SIZES, SPEED)
    monkeypatch.setattr(speeds, "Judged", None)
    again = speeds_of(contexts[:1], kinds_of(contexts[:1]), SIZES, SPEED)
    assert first is not None
    assert again is not None
    assert (first.best == again.best).all()


def test_quantities_that_are_fixed_keep_kinds_apart(catalog: Catalog) -> None:
    speeds_of(own := alike(catalog, SHARED), kinds_of(own), SIZES, SPEED)
    slower = alike(catalog, SHARED, assume={"matmul_efficiency": 0.1})
    found = speeds_of(slower, kinds_of(slower), SIZES, SPEED)
    usual = speeds_of(own, kinds_of(own), SIZES, SPEED)
    assert found is not None
    assert usual is not None
    assert (found.best[found.fits] < usual.best[usual.fits]).all()


def test_needs_of_a_kind_that_is_kept_are_answered_as_alone(catalog: Catalog) -> None:
    limits = [{}, {"max_cards": 4}, {"budget": "3 USD"}, {"gpus": ["H100"]}, {"purchase": ["spot"]}]
    limits += [{"gpus": ["T4"], "max_cards": 1}, {"purchase": ["buy", "on_demand"]}, {"quota": {"H100": 1}}]
    needs = [
        TASKS["finetune"].model_validate(JOB | {"data": "40M tokens", "deadline": hours, "limits": own})
        for own in limits
        for hours in ("1h", "48h")
    ]
    for _ in range(2):
        for need, plan in zip(needs, solve_block(needs, catalog), strict=True):
            expected = solve(need, catalog, explore=False).json()
            assert isinstance(plan, dict)
            assert {**plan, "solver": None} == {**expected, "solver": None}
