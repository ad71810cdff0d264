"""Every way out does what it says, at the cost it says, and asks for no more than it must."""

from __future__ import annotations

import math
import random
from typing import Any

import pytest
from market import CARDS, MARKETS, catalog, need

from optplan.need import AnyNeed
from optplan.plan import Plan, WayOut
from optplan.planner import solve
from optplan.units import Money, hours, money, seconds

CASES = 60
LIMIT_LISTS = ("gpus", "providers", "regions", "avoid_gpus", "avoid_providers")


def limited(asked: AnyNeed, **limits: Any) -> AnyNeed:
    """The need with other limits, checked as if a user had written it."""
    return type(asked).model_validate(
        asked.model_copy(update={"limits": asked.limits.model_copy(update=limits)})
    )


def count(text: str) -> int:
    """ "4 cards" -> 4."""
    return int(text.removesuffix(" cards").replace(",", ""))


def applied(asked: AnyNeed, change: str, to: str) -> AnyNeed:
    """What a user does who reads the way out."""
    word = change.rpartition(" ")[2]
    if change == "deadline":
        return asked.model_copy(update={"deadline": hours(to)})
    if change == "budget":
        return limited(asked, budget=money(to))
    if change == "max_cards":
        return limited(asked, max_cards=count(to))
    if change.startswith("quota:"):
        return limited(asked, quota={**asked.limits.quota, change.removeprefix("quota:"): count(to)})
    if change.startswith("latency"):
        return asked.model_copy(update={"latency": asked.latency.model_copy(update={word: seconds(to)})})
    if change == "batch":
        return asked.model_copy(update={"batch": int(to.removesuffix(" sequences"))})
    if change == "allow spot":
        return limited(asked, purchase=to.split(", "))
    if word in LIMIT_LISTS:
        return limited(asked, **{word: None if to == "any" else []})
    if change == "mix":
        return limited(asked, mix=to)
    if change == "method":
        return asked.model_copy(update={"method": asked.method.model_copy(update={"kind": to})})
    assert change in ("precision", "framework")
    return asked.model_copy(update={change: to})


def parts(way: WayOut) -> list[tuple[str, str]]:
    """The single changes of a way out."""
    return list(zip(way.change.split(" and "), way.to.split(" and "), strict=True))


def slightly_less(asked: AnyNeed, change: str, to: str) -> AnyNeed | None:
    """The same change, but a little smaller; None for a switch."""
    if change == "deadline":
        return asked.model_copy(update={"deadline": hours(to) * (1 - 2e-3) - 0.01})
    if change == "budget":
        return limited(asked, budget=Money(money(to).amount - 0.011, money(to).currency))
    if change == "max_cards":
        return limited(asked, max_cards=count(to) - 1) if count(to) > 1 else None
    if change.startswith("quota:"):
        return applied(asked, change, f"{count(to) - 1} cards")
    if change.startswith("latency"):
        return applied(asked, change, f"{seconds(to) * (1 - 2e-3) - 1e-4} s")
    return None


def random_need(rng: random.Random) -> AnyNeed:
    """A need with limits so tight that it often cannot be met."""
    limits: dict[str, Any] = {"providers": [f"m{rng.randrange(MARKETS)}"]}
    if rng.random() < 0.7:
        limits["max_cards"] = rng.randint(1, 6)
    if rng.random() < 0.5:
        limits["quota"] = {card: rng.randint(0, 2) for card in rng.sample(CARDS, 2)}
    if rng.random() < 0.5:
        limits["budget"] = f"{rng.choice([1, 3, 10, 40])} USD"
    made = {"model": rng.choice(["7B", "14B", "32B"]), "limits": limits}
    kind = rng.choice(["finetune", "finetune", "generate", "serve"])
    if kind == "finetune":
        made |= {"method": rng.choice(["full", "lora", "qlora"]), "data": f"{rng.randint(5, 60)}M tokens"}
    elif kind == "generate":
        made |= {
            "traffic": {"requests": rng.randint(5, 90) * 1000, "prompt_tokens": 500, "answer_tokens": 200}
        }
    else:
        made |= {
            "traffic": {
                "requests_per_second": rng.randint(1, 60) / 10,
                "prompt_tokens": 500,
                "answer_tokens": 200,
            }
        }
        made |= {"duration": "10h", "latency": {"per_token": f"{rng.choice([5, 10, 20, 50])}ms"}}
    if kind != "serve" and rng.random() < 0.8:
        made["deadline"] = f"{rng.choice([0.5, 1, 2, 5, 10])}h"
    return need(task=kind, **made)


def plan_of(asked: AnyNeed) -> Plan:
    return solve(asked, catalog(), explore=False)


def check(asked: AnyNeed, way: WayOut) -> None:
    """The way gives a plan at its cost; a single amount a little smaller gives none; no part of a pair would do."""
    changed = asked
    for change, to in parts(way):
        changed = applied(changed, change, to)
    plan = plan_of(changed)
    assert plan.feasible, way
    assert plan.total_cost == pytest.approx(way.cost, rel=1e-9), way
    if len(parts(way)) == 1:
        less = slightly_less(asked, *parts(way)[0])
        assert less is None or not plan_of(less).feasible, way
    else:
        for left_out in parts(way):
            fewer = asked
            for change, to in parts(way):
                fewer = fewer if (change, to) == left_out else applied(fewer, change, to)
            assert not plan_of(fewer).feasible, way


def test_each_way_out_gives_a_plan_at_its_cost_and_is_least() -> None:
    rng, cases, several, empty = random.Random(31), 0, 0, 0
    while cases < CASES:
        asked = random_need(rng)
        if plan_of(asked).feasible:
            continue
        cases += 1
        plan = solve(asked, catalog())
        assert plan.status == "infeasible"
        assert plan.reasons
        assert [way.cost for way in plan.ways_out] == sorted(way.cost for way in plan.ways_out)
        for way in plan.ways_out:
            check(asked, way)
        several += any(len(parts(way)) > 1 for way in plan.ways_out)
        empty += not plan.ways_out
    assert several >= 3  # no single change would do there
    assert empty <= CASES / 10


def test_a_pair_is_offered_where_no_single_limit_will_do() -> None:
    asked = need(
        task="finetune", model="7B", method="lora", data="50M tokens", deadline="2h",
        limits={"providers": ["m0", "m1", "m2"], "max_cards": 1, "budget": "1 USD", "purchase": ["spot", "on_demand"]},
    )  # fmt: skip
    plan = solve(asked, catalog())
    assert plan.status == "infeasible"
    assert any(len(parts(way)) > 1 for way in plan.ways_out)
    for way in plan.ways_out:
        check(asked, way)


def test_the_budget_asked_for_is_the_cost_of_the_plan_to_the_cent() -> None:
    free = solve(need(task="finetune", model="9B", deadline="48h"), explore=False)
    tight = need(task="finetune", model="9B", deadline="48h", limits={"budget": "1 USD"})
    way = next(w for w in solve(tight).ways_out if w.change == "budget")
    assert money(way.to).amount == pytest.approx(math.ceil(free.total_cost * 100 - 1e-6) / 100)
    assert way.cost == pytest.approx(free.total_cost)


def test_a_job_whose_batch_caps_its_cards_is_told_the_larger_batch_that_would_do() -> None:
    asked = need(
        task="finetune", model="9B", method="lora", framework="fsdp", data="2B tokens", deadline="30min"
    )
    plan = solve(asked)
    assert plan.status == "infeasible"
    way = next(way for way in plan.ways_out if way.change == "batch")
    assert (way.from_, int(way.to.removesuffix(" sequences")) > 64) == ("64 sequences", True)
    larger = solve(applied(asked, "batch", way.to), explore=False)
    assert larger.total_cost == pytest.approx(way.cost)
    assert sum(card.count for card in larger.cards) > 64
    less = int(way.to.removesuffix(" sequences")) - 1
    assert not solve(applied(asked, "batch", f"{less} sequences"), explore=False).feasible
