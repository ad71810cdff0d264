"""The assumptions that move the total: by hand, against solving again, in a stable order."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import places
import pytest

from optplan.compare import tornado
from optplan.compare.changing import with_assumptions
from optplan.planner import load_catalog, solve
from optplan.problem import read, read_text

PROBLEMS = Path(__file__).parents[2] / "problems"
NAMES = ("finetune-9b-48h", "chat-8b", "classify-complaints", "rent-or-buy-chat-9b", "lesson-finetune")


@pytest.mark.parametrize("name", NAMES)
def test_the_base_is_what_solve_finds_and_the_widest_bar_is_first(name: str) -> None:
    source = read(PROBLEMS / f"{name}.yaml")[0]
    found = tornado(source.need, load_catalog(), base=source.base)
    assert found.base_cost == solve(source.need, load_catalog(), base=source.base, explore=False).total_cost
    swings = [bar.swing for bar in found.bars]
    assert swings == sorted(swings, reverse=True)
    assert len(found.bars) <= 10 <= 10 + found.varied
    assert found.moving <= found.varied
    for bar in found.bars:
        assert bar.low <= bar.expected <= bar.high
        assert bar.source
        assert bar.description
        assert bar.name in found.plan.used


def test_every_end_is_what_solving_with_that_value_costs() -> None:
    need = read(PROBLEMS / "finetune-9b-48h.yaml")[0].need
    found = tornado(need, load_catalog(), top=4)
    assert len(found.bars) == 4
    for bar in found.bars:
        rows = load_catalog().assumptions[bar.name]
        for end, cost in (("low", bar.cost_low), ("high", bar.cost_high)):
            moved = {key: replace(row, expected=getattr(row, end)) for key, row in rows.items()}
            plan = solve(need, with_assumptions(load_catalog(), bar.name, moved), explore=False)
            assert plan.total_cost == pytest.approx(cost)


def test_the_plan_solved_again_never_costs_more_than_the_plan_kept() -> None:
    for name in ("finetune-9b-48h", "rent-or-buy-chat-9b", "lesson-inference"):
        source = read(PROBLEMS / f"{name}.yaml")[0]
        for bar in tornado(source.need, load_catalog(), base=source.base, top=50).bars:
            for again, kept in ((bar.cost_low, bar.kept_low), (bar.cost_high, bar.kept_high)):
                if kept is not None:
                    assert again is not None, (name, bar.name)
                    assert again <= kept * (1 + 1e-6), (name, bar.name)


def test_a_bar_worked_out_by_hand() -> None:
    # Bought L4: electricity = 72 W x 1.5 (host) x 0.8 (load) x 1.4 (PUE) x 0.12 USD/kWh, linear in the price.
    text = """
name: bought
task: serve
model: {params: 1B}
traffic: {requests_per_second: 1}
duration: 8760h
limits: {purchase: [buy], gpus: [L4]}
assume: {replica_capacity: 100, memory_per_card: 10}
"""
    need = read_text(text, "bought.yaml")[0].need
    found = tornado(need, load_catalog(), top=50)
    (line,) = found.plan.cards
    assert (line.gpu, line.count) == ("L4", 1)
    bar = next(bar for bar in found.bars if bar.name == "pue")
    per_pue = 0.072 * 1.5 * 0.8 * 8760 * 0.12
    assert (bar.low, bar.expected, bar.high) == (1.15, 1.4, 1.6)
    assert bar.cost_low == pytest.approx(found.base_cost - 0.25 * per_pue)
    assert bar.cost_high == pytest.approx(found.base_cost + 0.2 * per_pue)
    assert (bar.kept_low, bar.kept_high) == (pytest.approx(bar.cost_low), pytest.approx(bar.cost_high))
    assert bar.swing == pytest.approx(0.45 * per_pue)


def test_what_the_user_fixed_is_not_varied() -> None:
    need = read(PROBLEMS / "lesson-finetune.yaml")[0].need
    names = {bar.name for bar in tornado(need, load_catalog(), top=50).bars}
    assert "efficiency" in names
    fixed = {bar.name for bar in tornado(need, load_catalog(), top=50, fixed={"efficiency": 0.5}).bars}
    assert "efficiency" not in fixed
    assumed = need.model_copy(update={"assume": {"efficiency": 0.5}})
    assert "efficiency" not in {bar.name for bar in tornado(assumed, load_catalog(), top=50).bars}


def test_an_end_without_a_plan_is_told_and_comes_first() -> None:
    need = read(PROBLEMS / "finetune-9b-48h.yaml")[0].need
    tight = solve(need, load_catalog(), explore=False).total_cost
    limits = need.limits.model_copy(update={"budget": places.market.need(
        task="finetune", model="9B", limits={"budget": f"{tight} USD"}
    ).limits.budget})  # fmt: skip
    found = tornado(need.model_copy(update={"limits": limits}), load_catalog())
    first = found.bars[0]
    assert None in (first.cost_low, first.cost_high)
    assert math.isinf(first.swing)
    assert found.json()["bars"][0]["swing"] is None
    assert first.breaks


def test_a_need_without_a_plan_has_no_bars() -> None:
    found = tornado(places.job(0, deadline="1s"), places.catalog())
    assert math.isnan(found.base_cost)
    assert found.bars == []
    assert found.json()["base_cost"] is None
    assert found.plan.reasons


def test_the_same_question_gets_the_same_bars() -> None:
    need = read(PROBLEMS / "lesson-finetune.yaml")[0].need
    first, second = (tornado(need, load_catalog()).json() for _ in range(2))
    assert first == second
