"""A share of the traffic at an API beside whole cards: nothing that is tried by hand is cheaper."""

from __future__ import annotations

import math
import random
from typing import Any

import jsonschema
import pytest
from shop import MONTH, SELLERS, bought, money, service, shop

from optplan.catalog import Catalog
from optplan.explain import explain
from optplan.plan import Plan
from optplan.plan_schema import plan_schema
from optplan.planner import solve
from optplan.ways import compare_ways

CENT = 0.005
API = 140e-6  # a request at the API of the market: 0.10 x 1,000 + 0.40 x 100 USD for a million


def mixed(rate: float, capacity: float, **more: Any) -> Plan:
    need = bought(service(1, rate, **more), "on_demand", "api")
    return solve(need, shop(), fixed=money(replica_capacity=capacity))


def by_hand(rate: float, capacity: float) -> float:
    """Whole cards at 2 USD an hour, and the rest by the request."""
    most = math.ceil(rate / capacity) + 1
    return min(n * 2.00 * MONTH + max(0.0, rate - n * capacity) * MONTH * 3600 * API for n in range(most + 1))


@pytest.mark.parametrize("seed", range(12))
def test_cards_and_calls_together_cost_what_trying_all_says(seed: int) -> None:
    rng = random.Random(seed)
    rate, capacity = rng.uniform(0.1, 30), rng.uniform(2.0, 9.0)
    plan = mixed(rate, capacity)
    assert plan.status == "optimal"
    assert plan.total_cost == pytest.approx(by_hand(rate, capacity), abs=CENT)
    assert math.fsum(term.amount for term in plan.terms) == pytest.approx(plan.total_cost)


def test_the_base_runs_on_cards_and_the_tail_goes_to_the_api() -> None:
    plan = mixed(rate=15.0, capacity=7.0)
    assert sum(line.count for line in plan.cards) == 2
    assert plan.apis[0].share == pytest.approx(1 / 15)
    assert plan.apis[0].requests == pytest.approx(MONTH * 3600)


def test_a_free_choice_never_costs_more_than_one_way() -> None:
    for rate in (0.5, 3.0, 8.0, 21.0):
        alone = [
            solve(bought(service(1, rate), kind), shop(), fixed=money(replica_capacity=7.0)).total_cost
            for kind in ("on_demand", "api")
        ]
        assert mixed(rate, 7.0).total_cost <= min(alone) + CENT


def test_replicas_are_wanted_only_where_cards_answer_something() -> None:
    limits = {"providers": SELLERS, "min_replicas": 2}
    assert not mixed(0.5, 7.0, limits=limits).cards  # all by the API, no card is needed
    plan = mixed(15.0, 7.0, limits=limits)
    assert sum(line.count for line in plan.cards) >= 2


def test_a_budget_counts_calls_too() -> None:
    cost = mixed(15.0, 7.0).total_cost
    enough = {"providers": SELLERS, "budget": f"{cost + 1} USD"}
    assert mixed(15.0, 7.0, limits=enough).total_cost == pytest.approx(cost)
    short = {"providers": SELLERS, "budget": f"{cost - 1} USD", "purchase": ["on_demand", "api"]}
    need = service(1, 15.0, limits=short)
    assert not solve(need, shop(), fixed=money(replica_capacity=7.0), explore=False).feasible


def test_two_classes_may_go_different_ways() -> None:
    traffic = [
        {"name": "long", "requests_per_second": 7, "prompt_tokens": 1000, "answer_tokens": 100},
        {"name": "short", "requests_per_second": 0.5, "prompt_tokens": 10, "answer_tokens": 1},
    ]
    plan = mixed(1.0, 7.0, traffic=traffic)
    assert sum(line.count for line in plan.cards) == 1
    assert [(line.traffic, line.share) for line in plan.apis] == [("short", 1.0)]


def test_the_least_volume_is_the_same_by_its_program_and_by_solving() -> None:
    """With two classes and the cards of the shipped catalog."""
    traffic = [
        {"requests_per_second": 2, "prompt_tokens": 1000, "answer_tokens": 200},
        {"requests_per_second": 1, "prompt_tokens": 3000, "answer_tokens": 500},
    ]
    need = service(1, traffic=traffic, limits={"gpus": ["H100", "L40S", "A100"]})
    report = compare_ways(need, Catalog.load(), ways=["spot", "api"])
    even = report.volume_even[0]
    at = [compare_ways(need, Catalog.load(), ways=["spot", "api"], over=f"volume={v!r},{v * 2!r}").points[0] for v in
          (even.first, even.first * 0.98)]  # fmt: skip
    assert at[0].npv["spot"] == pytest.approx(at[0].npv["api"], rel=1e-6)
    assert at[1].npv["spot"] > at[1].npv["api"]


def test_every_number_of_an_api_plan_leads_to_a_source() -> None:
    plan = mixed(15.0, 7.0)
    graph = explain(plan)
    nodes = list(graph.nodes())
    assert {"api_input", "api_output", "rent"} <= {node.name for node in nodes}
    assert all(node.source for node in nodes if not node.parameters)
    price = next(node for node in nodes if node.name == "api_input_price")
    assert "tokens/plain" in price.source
    assert "2026-11-01" in price.source
    share = next(node for node in nodes if node.name == "api_share")
    assert share.status == "chosen"


def test_the_json_of_a_plan_with_calls_keeps_its_schema() -> None:
    found = mixed(15.0, 7.0).json()
    jsonschema.validate(found, plan_schema())
    assert found["apis"][0]["share"] == pytest.approx(1 / 15)


def test_the_report_of_ways_is_plain_json() -> None:
    import json

    report = compare_ways(service(36), shop(), fixed=money(), over="months=12,36")
    found = json.loads(json.dumps(report.json(), allow_nan=False))
    assert [way["way"] for way in found["ways"]] == ["rent", "reserved", "spot", "buy", "api"]
    assert [point["value"] for point in found["points"]] == [12, 36]
    rent = found["ways"][0]
    assert sum(flow["amount"] for flow in rent["flows"]) == pytest.approx(rent["total"])


def test_in_a_batch_cards_and_calls_share_the_requests() -> None:
    from shop import batch

    fixed = money(replica_capacity=20.0, setup_hours=0.0)
    cards = solve(bought(batch(1e6), "on_demand"), shop(), fixed=fixed)
    calls = solve(bought(batch(1e6), "api"), shop(), fixed=fixed)
    both = solve(bought(batch(1e6), "on_demand", "api"), shop(), fixed=fixed)
    assert both.total_cost <= min(cards.total_cost, calls.total_cost) + CENT
    limits = {"providers": SELLERS, "max_cards": 1, "purchase": ["on_demand", "api"]}
    tight = solve(
        batch(1e6, limits=limits, deadline="5h"), shop(), fixed=fixed
    )  # a card does 360,000 in time
    done = tight.cards[0].count * 5 * 3600 * 20.0
    assert tight.apis[0].requests == pytest.approx(1e6 - done)
    assert tight.total_cost == pytest.approx(5 * 2.00 + (1e6 - done) * API, abs=CENT)


def test_no_volume_below_the_least_is_as_cheap_on_cards() -> None:
    """All volumes of a fine grid below the break-even, two classes, cards mixed freely."""
    from optplan.planner import prepare
    from optplan.ways.stairs import Stairs
    from optplan.ways.trial import restricted

    traffic = [
        {"requests_per_second": 2, "prompt_tokens": 1000, "answer_tokens": 200},
        {"requests_per_second": 1, "prompt_tokens": 3000, "answer_tokens": 500},
    ]
    need = service(1, traffic=traffic, limits={"gpus": ["H100", "L40S", "A100", "A10"]})
    catalog = Catalog.load()
    line = solve(restricted(need, "api"), catalog).total_cost
    stairs = Stairs.of(prepare(restricted(need, "spot"), catalog))
    assert stairs is not None
    first = stairs.first(line)
    assert stairs.cost(first) == pytest.approx(line * first, rel=1e-6)
    for part in range(1, 30):
        below = first * part / 30
        assert stairs.cost(below) > line * below * (1 - 1e-9)
    beyond = stairs.last(line)
    for factor in (1.0, 1.3, 2.0, 5.0):
        assert stairs.cost(beyond * factor) <= line * beyond * factor * (1 + 1e-9)
