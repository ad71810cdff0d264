"""Amounts beyond any real use are refused, and the largest that are not are planned, or refused, at once."""

from __future__ import annotations

import datetime

import pytest
from pydantic import ValidationError

from optplan.catalog import Catalog
from optplan.need import Generate, Serve
from optplan.planner import solve

TODAY = datetime.date(2026, 11, 23)


@pytest.mark.parametrize("requests", ["1e12", "1e13", "1e15"])
def test_more_offline_requests_than_anybody_has_are_refused(requests: str) -> None:
    with pytest.raises(ValidationError, match="less than or equal to 100000000000"):
        Generate.model_validate({"task": "generate", "model": "7B", "traffic": {"requests": requests}})


def test_requests_times_their_length_have_a_bound_of_their_own() -> None:
    traffic = {"requests": 1e10, "prompt_tokens": 1e5}
    with pytest.raises(ValidationError, match=r"at most 200,000,000,000,000 can be planned"):
        Generate.model_validate({"task": "generate", "model": "7B", "traffic": traffic})


@pytest.mark.parametrize(
    "traffic", [{"requests_per_second": 1e8}, {"requests_per_second": 1e6, "prompt_tokens": 1e6}]
)
def test_more_live_traffic_than_anybody_has_is_refused(traffic: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        Serve.model_validate({"task": "serve", "model": "7B", "traffic": traffic})


def test_samples_times_their_tokens_have_a_bound() -> None:
    with pytest.raises(ValidationError, match="samples x tokens must be at most"):
        Generate.model_validate(
            {"task": "generate", "model": "7B", "data": {"samples": 10**9, "tokens": 1e6}}
        )


@pytest.mark.parametrize("deadline", ["1 s", "1h", "5h", "30 days"])
@pytest.mark.parametrize("requests", ["1e9", "1e10", "1e11"])
def test_the_largest_batches_are_answered(requests: str, deadline: str) -> None:
    traffic = {"requests": requests, "answer_tokens": 100}
    need = Generate(task="generate", model="Qwen2.5-14B", traffic=traffic, deadline=deadline)
    catalog = Catalog.load()
    plan = solve(need, catalog, today=TODAY, explore=False)  # beyond the bounds this takes hours
    assert plan.status in ("optimal", "infeasible")
    if plan.feasible:
        assert sum(line.count for line in plan.cards) <= 10**7 * 1.01
