"""Warnings of what a plan misses at the worse end of the assumptions, in words with quantities and units."""

from __future__ import annotations

import re
from typing import Any

import pytest
from market import need

from optplan.page.language import language
from optplan.plan import Plan
from optplan.planner import load_catalog, solve

CHAT = {"requests_per_second": 60, "prompt_tokens": 800, "answer_tokens": 300}
LONG = CHAT | {"requests_per_second": 12, "prompt_tokens": 6000}
SERVE: dict[str, Any] = {
    "task": "serve",
    "model": "Llama-3.1-8B",
    "traffic": CHAT,
    "limits": {"gpus": ["H100"]},
}
TUNE: dict[str, Any] = {
    "task": "finetune",
    "model": "9B",
    "data": "200M tokens",
    "limits": {"gpus": ["H100"]},
}
BATCH: dict[str, Any] = {
    "task": "generate", "model": "Qwen2.5-14B", "limits": {"gpus": ["H100"]},
    "traffic": {"requests": "500k", "prompt_tokens": 600, "answer_tokens": 150},
}  # fmt: skip


def solved(base: dict[str, Any], **more: Any) -> Plan:
    """The plan of a need with more said."""
    return solve(need(**base | more), load_catalog(), explore=False)


def said(plan: Plan, what: str) -> list[str]:
    """Warnings of the worse end that speak of something."""
    return [text for text in plan.warnings if "the worse end of the assumptions" in text and what in text]


def late(plan: Plan) -> float:
    """Hours of the slowest line at the worse end."""
    return max(line.high["elapsed_hours"] for line in plan.lines)


@pytest.mark.parametrize("base", [TUNE, BATCH])
def test_a_plan_that_would_be_late_at_the_worse_end_says_by_how_much_and_what_to_do(
    base: dict[str, Any],
) -> None:
    free = solved(base)
    deadline = (free.hours + late(free)) / 2  # kept as expected, missed at the worse end
    plan = solved(base, deadline=f"{deadline:.3f}h", limits={"gpus": ["H100"], "max_cards": 8})
    assert plan.feasible
    assert late(plan) > deadline
    (warning,) = said(plan, "deadline")
    hours, limit = (float(x) for x in re.findall(r"([\d.]+) h\b", warning))
    assert hours == pytest.approx(late(plan), rel=1e-3)
    assert limit == pytest.approx(deadline, rel=1e-3)
    assert "`confidence: high`" in warning


@pytest.mark.parametrize("base", [TUNE, BATCH])
def test_no_deadline_and_a_far_one_are_not_warned_of(base: dict[str, Any]) -> None:
    assert not said(solved(base), "deadline")
    assert not said(solved(base, deadline="9000h"), "deadline")


@pytest.mark.parametrize("base", [TUNE, BATCH, SERVE])
def test_a_plan_of_high_confidence_has_nothing_to_warn_of(base: dict[str, Any]) -> None:
    plan = solved(base, confidence="high")
    assert plan.feasible
    assert not said(plan, "")


def test_a_budget_that_the_worse_end_breaks_is_warned_of() -> None:
    free = solved(TUNE)
    band = free.quantities["total_cost"]
    budget = (band.value + band.high) / 2
    plan = solved(TUNE, limits={"gpus": ["H100"], "budget": f"{budget:.2f} USD"})
    (warning,) = said(plan, "budget")
    assert f"{plan.quantities['total_cost'].high:,.2f} USD" in warning
    assert f"{budget:,.2f} USD" in warning


@pytest.mark.parametrize("traffic", [CHAT, [CHAT, LONG]], ids=["one class", "two classes"])
def test_the_cards_that_a_service_lacks_at_the_worse_end_are_those_that_high_confidence_adds(
    traffic: Any,
) -> None:
    plan, sure = solved(SERVE, traffic=traffic), solved(SERVE, traffic=traffic, confidence="high")
    (warning,) = said(plan, "carry")
    found = re.search(
        r"carry ([\d.]+) of ([\d.]+) requests/s: (\d+) more (\S+) would .* for ([\d,.]+) USD", warning
    )
    assert found is not None
    carried, asked, more = float(found[1]), float(found[2]), int(found[3])
    assert carried < asked == pytest.approx(sum(c["requests_per_second"] for c in plan_classes(traffic)))
    assert plan.lines[0].layout == sure.lines[0].layout
    assert plan.cards[0].count + more == sure.cards[0].count
    each = plan.total_cost / sum(card.count for card in plan.cards)
    assert float(found[5].replace(",", "")) == pytest.approx(more * each, rel=0.01)


def plan_classes(traffic: Any) -> list[dict[str, Any]]:
    """Traffic classes as a list."""
    return traffic if isinstance(traffic, list) else [traffic]


def test_what_is_carried_follows_from_replicas_and_capacity_at_the_worse_end() -> None:
    plan = solved(SERVE)
    (line,) = plan.lines
    high = line.high
    carried = high["replicas"] * high["replica_capacity"] * high["utilisation"]
    (warning,) = said(plan, "carry")
    assert float(warning.split("carry ")[1].split()[0]) == pytest.approx(carried, rel=5e-3)


def test_two_classes_load_a_replica_together() -> None:
    plan = solved(SERVE, traffic=[CHAT, LONG])
    alone = [solved(SERVE, traffic=one, limits={"gpus": ["H100"], "max_cards": 8}) for one in (CHAT, LONG)]
    (line,) = plan.lines
    assert all(one.lines[0].layout == line.layout for one in alone)
    assert line.load[0] == pytest.approx(sum(one.lines[0].load[0] for one in alone))
    assert line.load[2] > line.load[0] > line.load[1]


def test_no_more_cards_are_advised_than_a_limit_leaves() -> None:
    free = solved(SERVE)
    most = sum(card.count for card in free.cards)
    (warning,) = said(solved(SERVE, limits={"gpus": ["H100"], "max_cards": most}), "carry")
    assert "more H100" not in warning
    assert "`confidence: high`" in warning


def test_memory_that_runs_out_at_the_worse_end_is_warned_of() -> None:
    plan = solved(TUNE, deadline="48h")
    (line,) = plan.lines
    assert line.values["least_memory"] <= line.values["fillable_memory"]
    assert line.high["least_memory"] > line.high["fillable_memory"]
    (warning,) = said(plan, "GiB at the smallest batch")
    assert f"{line.high['least_memory']:.2f} GiB" in warning


def test_every_warning_of_the_worse_end_has_its_chinese() -> None:
    chinese, seen = language("zh"), set()
    plans = [
        solved(TUNE, deadline="3h"), solved(BATCH, deadline="3h"), solved(SERVE),
        solved(SERVE, traffic=[CHAT, LONG]), solved(TUNE | {"method": "full"}, limits={}),
    ]  # fmt: skip
    for text in (one for plan in plans for one in said(plan, "")):
        there = chinese.sentence(text)
        assert "不利端" in there
        assert "`confidence: high`" in there
        assert not re.search(r"[a-z]{4,} [a-z]{3,}", there.replace("confidence: high", ""))
        seen.add(there)
    assert seen
