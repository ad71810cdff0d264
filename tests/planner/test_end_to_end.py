"""From a written need to the plan: brute force over a made-up market finds nothing cheaper."""

from __future__ import annotations

import random
from typing import Any

import pytest
from market import CARDS, MARKETS, catalog, fleet_of, job_of, need
from oracle import best_batch, best_gang, best_service

from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import solve

JOBS = 90
FLEETS = 120


def proven(plan: Plan) -> None:
    """What every plan promises, whatever found it."""
    assert plan.status == "optimal"
    assert plan.bound <= plan.total_cost
    assert plan.gap <= 2e-9
    assert sum(term.amount for term in plan.terms) == pytest.approx(plan.total_cost, rel=1e-12)
    for use in plan.limits:
        if use.name == "min_replicas":
            assert use.used >= use.allowed
        else:
            assert use.used <= use.allowed * (1 + 2e-9)


def random_limits(rng: random.Random, most: int) -> dict[str, Any]:
    """A market, a few cards, perhaps spot, a budget, a quota."""
    limits: dict[str, Any] = {"providers": [f"m{rng.randrange(MARKETS)}"], "max_cards": rng.randint(1, most)}
    if rng.random() < 0.4:
        limits["purchase"] = rng.choice([["spot"], ["spot", "on_demand"]])
    if rng.random() < 0.4:
        limits["quota"] = {rng.choice(CARDS): rng.randint(0, 3)}
    if rng.random() < 0.3:
        limits["budget"] = f"{rng.choice([1, 5, 20, 100])} USD"
    return limits


def random_job_need(rng: random.Random, mix: str) -> AnyNeed:
    """LoRA or QLoRA of a small model on a few million tokens."""
    limits = random_limits(rng, 6) | {"mix": mix}
    if mix == "any" and rng.random() < 0.7:
        limits["quota"] = {card: rng.randint(0, 3) for card in CARDS}
    parts: dict[str, Any] = {"task": "finetune", "model": rng.choice(["7B", "9B", "14B"]), "limits": limits}
    parts |= {"method": rng.choice(["lora", "qlora"]), "data": f"{rng.randint(1, 40)}M tokens"}
    if rng.random() < 0.6:
        parts["deadline"] = f"{rng.randint(1, 40)}h"
    return need(**parts, rules=rng.choice(["engineering", "engineering", "lesson"]))


@pytest.mark.parametrize("mix", ["one_type", "any"])
def test_a_job_costs_what_brute_force_over_its_market_says(mix: str) -> None:
    rng, feasible = random.Random(21), 0
    for _ in range(JOBS):
        asked = random_job_need(rng, mix)
        if asked.rules == "lesson":  # bills by time, whatever the provider says
            asked = asked.model_copy(update={"rules": "engineering"})
        plan, best = solve(asked, catalog(), explore=False), best_gang(job_of(asked), mixed=mix == "any")
        if best is None:
            assert plan.status == "infeasible"
            continue
        feasible += 1
        proven(plan)
        assert plan.total_cost == pytest.approx(float(best.cost), rel=1e-8)
        assert sum(line.count for line in plan.cards) == best.cards
    assert feasible > JOBS / 3


def test_a_service_costs_what_brute_force_over_its_market_says() -> None:
    rng, feasible = random.Random(22), 0
    for _ in range(FLEETS):
        limits = random_limits(rng, 5) | {"mix": rng.choice(["one_type", "any"])}
        if len(limits.get("purchase", [])) > 1:
            limits["max_cards"] = min(3, limits["max_cards"])
        if rng.random() < 0.3:
            limits["min_replicas"] = 2
        traffic = [
            {
                "requests_per_second": rng.randint(1, 60) / 20,
                "prompt_tokens": rng.choice([200, 2000]),
                "answer_tokens": 200,
            }
            for _ in range(rng.randint(1, 2))
        ]
        asked = need(
            task="serve", model=rng.choice(["7B", "14B"]), traffic=traffic, limits=limits, duration="100h"
        )
        plan, fleet = solve(asked, catalog(), explore=False), fleet_of(asked)
        best = best_service(fleet, 100, 4) if fleet.card else None
        if best is None:
            assert plan.status == "infeasible"
            continue
        feasible += 1
        proven(plan)
        assert plan.total_cost == pytest.approx(float(best[0]), rel=1e-8)
        assert sum(line.count for line in plan.cards) == best[1]
    assert feasible > FLEETS / 3


def test_a_batch_costs_what_brute_force_over_its_market_says() -> None:
    rng, feasible = random.Random(23), 0
    for _ in range(FLEETS):
        limits = random_limits(rng, 3) | {"purchase": [rng.choice(["spot", "on_demand"])]}
        limits |= {"mix": rng.choice(["one_type", "any"])}
        traffic = {"requests": rng.randint(1, 40) * 1000, "prompt_tokens": 500, "answer_tokens": 200}
        hours = rng.choice([1, 1.5, 2, 3])
        asked = need(
            task="generate",
            model=rng.choice(["7B", "14B"]),
            traffic=traffic,
            limits=limits,
            deadline=f"{hours}h",
        )
        plan, fleet = solve(asked, catalog(), explore=False), fleet_of(asked)
        for i, step in enumerate(fleet.step_s):
            fleet.step_s[i] = 1 if step == 60 else step  # by the minute: too many steps to try, see below
        best = best_batch(fleet, 3) if fleet.card else None
        if best is None:
            assert plan.status == "infeasible"
            continue
        feasible += 1
        proven(plan)
        by_minute = plan.total_cost != pytest.approx(float(best[0]), rel=1e-8)
        if by_minute:  # at most one more minute for each unit
            assert float(best[0]) <= plan.total_cost <= float(best[0]) * (1 + 0.1)
            assert catalog().provider_info(limits["providers"][0]).billing_s == 60
        else:
            assert sum(line.count for line in plan.cards) == best[1]
    assert feasible > FLEETS / 3
