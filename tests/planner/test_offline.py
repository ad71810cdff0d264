"""Offline requests: hours, cost and its band follow from capacity by sums done here by hand."""

from __future__ import annotations

import functools
import math
import tempfile
from pathlib import Path
from typing import Any

import pytest
from market import need, offer, provider, write

from optplan.catalog import Catalog
from optplan.compare import diff_packs, tornado
from optplan.errors import BadInput
from optplan.explain import explain
from optplan.plan import Line, Plan
from optplan.planner import solve

USE = {"low": 1.0, "expected": 0.95, "high": 0.85}  # share of its capacity at which a replica works
START = {"low": 0.1, "expected": 0.25, "high": 1.0}  # hours


@functools.cache
def catalog() -> Catalog:
    """The shipped catalog with two providers: one bills by the second, one by the hour."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), "providers", [provider("by-second", (1, 1)), provider("by-hour", (3600, 3600))])
        rows = [offer("by-second", "L40S", 1, 0.6), offer("by-hour", "H100-SXM5-80GB", 8, 24.0)]
        write(Path(folder), "offers", rows)
        return Catalog.load([Path(folder)])


def planned(provider: str, model: str, requests: float, deadline: str, **more: Any) -> Plan:
    traffic = {"requests": requests, "prompt_tokens": 900, "answer_tokens": 350}
    parts = {"task": "generate", "model": model, "precision": "bf16", "traffic": traffic, "currency": "USD"}
    limits = {"providers": [provider], **more.pop("limits", {})}
    return solve(need(**parts, deadline=deadline, limits=limits, **more), catalog(), explore=False)


def ends(line: Line) -> dict[str, dict[str, float]]:
    return {"low": line.low, "expected": line.values, "high": line.high}


def costs(plan: Plan) -> dict[str, float]:
    band = plan.quantities["total_cost"]
    return {"low": band.low, "expected": band.value, "high": band.high}


def test_work_by_the_second_costs_its_hours_and_the_starts() -> None:
    plan = planned("by-second", "Qwen2.5-7B", 300_000, "8h")
    line = plan.lines[0]
    assert line.units == 2
    for end, values in ends(line).items():
        hours = 300_000 / (values["replica_capacity"] * USE[end]) / 3600
        assert values["work_hours"] == pytest.approx(hours)
        assert values["unit_hours"] == pytest.approx(hours + 2 * START[end])
        assert costs(plan)[end] == pytest.approx(0.6 * (hours + 2 * START[end]))
    assert plan.hours == pytest.approx(line.unit_hours / 2)
    assert costs(plan)["low"] < costs(plan)["expected"] < costs(plan)["high"]


def test_nodes_of_two_replicas_by_the_hour_are_billed_whole_hours() -> None:
    plan = planned("by-hour", "Llama-3.1-70B", 400_000, "5h")
    line = plan.lines[0]
    assert (line.units, line.values["tp"], line.values["replicas"]) == (2, 4, 4)
    for end, values in ends(line).items():
        hours = (
            400_000 / (2 * values["replica_capacity"] * USE[end]) / 3600
        )  # on all nodes, two replicas each
        steps = math.ceil(hours + 2 * START[end])
        assert values["work_hours"] == pytest.approx(hours)
        assert values["unit_hours"] == pytest.approx(steps)
        assert costs(plan)[end] == pytest.approx(24.0 * steps)


def test_a_replica_on_two_nodes_is_billed_on_both() -> None:
    plan = planned("by-hour", "Llama-3.1-405B", 50_000, "30h")
    line = plan.lines[0]
    assert (line.units, line.values["tp"], line.values["pp"], line.values["replicas"]) == (2, 8, 2, 1)
    for end, values in ends(line).items():
        hours = 50_000 / (values["replica_capacity"] * USE[end]) / 3600
        steps = math.ceil(hours + START[end])
        assert values["work_hours"] == pytest.approx(2 * hours)
        assert values["unit_hours"] == pytest.approx(2 * steps)
        assert costs(plan)[end] == pytest.approx(24.0 * 2 * steps)


def test_the_replicas_of_a_limit_are_those_of_the_rules() -> None:
    plan = planned("by-hour", "Llama-3.1-70B", 400_000, "30h", limits={"min_replicas": 2})
    use = next(use for use in plan.limits if use.name == "min_replicas")
    assert (
        use.used == plan.lines[0].values["replicas"] == 8 // plan.lines[0].values["tp"] * plan.lines[0].units
    )


@pytest.mark.parametrize("deadline", ["8h", "30h"])
def test_the_requests_of_all_lines_are_those_of_the_need(deadline: str) -> None:
    plan = planned("nebius", "Llama-3.1-70B", 400_000, deadline)
    carried = [line.values["carried_requests"] for line in plan.lines]
    assert math.fsum(carried) == pytest.approx(400_000, rel=1e-9)
    for line in plan.lines:
        assert line.unit_hours == pytest.approx(line.units * line.values["billed_hours"], rel=1e-9)


def test_live_traffic_keeps_its_headroom() -> None:
    parts = {
        "task": "serve",
        "model": "Qwen2.5-7B",
        "traffic": {"requests_per_second": 10},
        "currency": "USD",
    }
    plan = solve(need(**parts, limits={"providers": ["by-second"]}), catalog(), explore=False)
    line = plan.lines[0]
    needed = 10 / (line.values["replica_capacity"] * 0.75)
    assert line.values["needed_replicas"] == pytest.approx(needed)
    assert line.units == math.ceil(needed)


def test_with_high_confidence_units_do_the_work_in_time_at_the_worse_end_of_every_assumption() -> None:
    usual = planned("by-second", "Qwen2.5-7B", 300_000, "8h").lines[0]
    sure = planned("by-second", "Qwen2.5-7B", 300_000, "8h", confidence="high").lines[0]
    assert usual.high["elapsed_hours"] > 8 >= sure.high["elapsed_hours"]
    worst = 300_000 / (sure.high["replica_capacity"] * 0.85) / 3600
    assert sure.units == math.ceil(worst / (8 - 1)) == 3  # an hour of each goes into its start
    assert sure.unit_hours == pytest.approx(sure.high["unit_hours"]) == pytest.approx(worst + 3)


def test_with_high_confidence_live_traffic_is_carried_at_the_worse_end() -> None:
    parts = {
        "task": "serve",
        "model": "Qwen2.5-7B",
        "traffic": {"requests_per_second": 40},
        "currency": "USD",
    }
    asked = need(**parts, limits={"providers": ["by-second"]}, confidence="high")
    line = solve(asked, catalog(), explore=False).lines[0]
    assert line.units == math.ceil(40 / (line.high["replica_capacity"] * 0.6))


def test_the_lesson_keeps_no_headroom_and_counts_no_start() -> None:
    plan = planned("by-second", "Qwen2.5-7B", 300_000, "8h", rules="lesson")
    line = plan.lines[0]
    assert line.unit_hours == pytest.approx(300_000 / line.values["replica_capacity"] / 3600)


def test_hours_are_explained_down_to_requests_capacity_and_share_in_use() -> None:
    plan = planned("by-second", "Qwen2.5-7B", 300_000, "8h")
    graph = explain(plan)
    chain = {
        "unit_hours": "units * billed_hours",
        "elapsed_hours": "work_hours / units + setup_hours",
        "carried_requests": "requests",
    }
    for name, formula in chain.items():
        assert graph.node(name).formula == formula
    below = {"elapsed_hours", "work_hours", "setup_hours", "utilisation", "replica_capacity", "requests"}
    assert below <= set(graph.at("unit_hours").graph)
    assert graph.node("utilisation").value == 0.95


def test_units_of_a_service_are_explained_by_load_capacity_and_share_in_use() -> None:
    parts = {
        "task": "serve",
        "model": "Qwen2.5-7B",
        "traffic": {"requests_per_second": 10},
        "currency": "USD",
    }
    graph = explain(solve(need(**parts, limits={"providers": ["by-second"]}), catalog(), explore=False))
    assert ("units", "needed_replicas") in graph.graph.edges
    below = {"requests_per_second", "replica_capacity", "utilisation"}
    assert below <= set(graph.at("needed_replicas").graph)


@pytest.mark.parametrize(
    "name", ["carried_requests", "replicas", "work_hours", "elapsed_hours", "billed_hours", "unit_hours"]
)
def test_what_follows_from_the_choice_cannot_be_fixed(name: str) -> None:
    with pytest.raises(BadInput, match="the plan decides it"):
        planned("by-second", "Qwen2.5-7B", 300_000, "8h", assume={name: 3.0})


def test_the_same_units_at_a_lower_share_in_use_are_billed_for_the_same_requests() -> None:
    asked = need(
        task="generate", model="Llama-3.1-70B", precision="bf16", currency="USD", deadline="12h",
        traffic={"requests": 400_000, "prompt_tokens": 900, "answer_tokens": 350}, limits={"providers": ["by-hour"]},
    )  # fmt: skip
    found = tornado(asked, catalog(), top=99)
    line = found.plan.lines[0]
    assert line.units == 1
    bar = next(bar for bar in found.bars if bar.name == "utilisation")
    hours = {
        use: 400_000 / (2 * line.values["replica_capacity"] * use) / 3600 + 0.25 for use in (0.85, 0.95, 1.0)
    }
    assert found.plan.total_cost == pytest.approx(24 * math.ceil(hours[0.95]))
    assert bar.kept_low == pytest.approx(24 * math.ceil(hours[0.85]))
    assert bar.kept_high == pytest.approx(24 * math.ceil(hours[1.0]))


def test_rule_packs_part_in_the_hours_that_each_counts() -> None:
    asked = need(
        task="generate", model="Qwen2.5-7B", precision="bf16", currency="USD", deadline="8h",
        traffic={"requests": 300_000, "prompt_tokens": 900, "answer_tokens": 350}, limits={"providers": ["by-second"]},
    )  # fmt: skip
    found = diff_packs(asked, "lesson", "engineering", catalog())
    work = next(q for q in found.quantities if q.name == "work_hours")
    capacity = next(q for q in found.quantities if q.name == "replica_capacity")
    assert work.a.value * capacity.a.value == pytest.approx(300_000 / 3600)
    assert work.b.value * capacity.b.value * 0.95 == pytest.approx(300_000 / 3600)
