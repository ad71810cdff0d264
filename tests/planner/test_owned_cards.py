"""Owned cards are used first, as many as there are; the rest is rented."""

from __future__ import annotations

from pathlib import Path

import pytest

from optplan import problem
from optplan.catalog import Catalog
from optplan.plan import Plan
from optplan.planner import solve

HEAD = "provider,region,instance,card,gpus,nodes,cost_per_hour,date,source\n"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("cluster")
    rows = "ours,fra,dgx,A100-SXM4-80GB,8,1,,2026-11-22,kubectl\nours,fra,single,L4,1,3,,2026-11-22,kubectl\n"
    (folder / "owned.csv").write_text(HEAD + rows)
    return Catalog.load([folder])


def planned(text: str, catalog: Catalog) -> Plan:
    (source,) = problem.read_text(text, "x.yaml")
    return solve(source.need, catalog)


def serve(rate: float, more: str = "") -> str:
    return (
        f"task: serve\nmodel: Llama-3.1-8B\ntraffic: {{requests_per_second: {rate}}}\nduration: 24h\n{more}"
    )


def owned(plan: Plan) -> int:
    return sum(card.count for card in plan.cards if card.purchase == "owned")


def test_a_small_service_fits_on_owned_cards_and_costs_nothing(cluster: Catalog) -> None:
    plan = planned(serve(1), cluster)
    assert plan.total_cost == 0.0
    assert plan.status == "optimal"
    assert owned(plan) == sum(card.count for card in plan.cards) == 1


def test_a_large_service_takes_the_owned_cards_and_rents_the_rest(cluster: Catalog) -> None:
    rate = 120
    plan, rented = (
        planned(serve(rate), cluster),
        planned(serve(rate, "limits: {avoid_providers: [ours]}\n"), cluster),
    )
    assert 8 <= owned(plan) <= 11
    assert 0 < plan.total_cost < rented.total_cost
    used = {use.name: (use.used, use.allowed) for use in plan.limits if use.name.startswith("owned:")}
    assert used["owned:dgx"] == (8, 8)


def test_no_more_cards_are_used_than_there_are_in_any_mix_of_units(cluster: Catalog) -> None:
    for rate in (20, 45, 60, 75):
        plan = planned(serve(rate, "limits: {purchase: [owned]}\n"), cluster)
        if not plan.feasible:
            continue
        held: dict[str, int] = {}
        for card in plan.cards:
            held[card.gpu] = held.get(card.gpu, 0) + card.count
        assert held.get("A100-SXM4-80GB", 0) <= 8
        assert held.get("L4", 0) <= 3


def test_owned_alone_is_infeasible_when_it_is_too_little(cluster: Catalog) -> None:
    plan = planned(serve(5000, "limits: {purchase: [owned]}\n"), cluster)
    assert plan.status == "infeasible"


def test_a_training_job_prefers_the_owned_node(cluster: Catalog) -> None:
    text = "task: finetune\nmodel: GLM-4-9B\ndata: 100M tokens\ndeadline: 48h\n"
    plan = planned(text, cluster)
    assert (plan.total_cost, plan.cards[0].provider) == (0.0, "ours")
    assert sum(card.count for card in plan.cards) <= 8
    soon = planned(text.replace("100M", "20B"), cluster)  # too much for eight cards in two days
    assert soon.total_cost > 0
    assert owned(soon) == 0


def test_a_batch_uses_owned_cards_for_as_long_as_they_are_enough(cluster: Catalog) -> None:
    text = "task: generate\nmodel: Llama-3.1-8B\ntraffic: {requests: 100k}\ndeadline: 24h\n"
    assert planned(text, cluster).total_cost == 0.0
    plan = planned(text.replace("100k", "20M"), cluster)
    assert plan.total_cost > 0
    assert owned(plan) >= 8


def test_an_internal_charge_is_paid_by_the_hour(tmp_path: Path) -> None:
    (tmp_path / "owned.csv").write_text(HEAD + "ours,fra,dgx,L4,4,1,0.4,2026-11-22,kubectl\n")
    plan = planned(serve(0.5), Catalog.load([tmp_path]))
    assert owned(plan) == 1
    assert plan.total_cost == pytest.approx(0.1 * 24)


@pytest.mark.parametrize(("count", "rate"), [(1, 10), (2, 10), (3, 25), (5, 40), (8, 40), (20, 25)])
def test_a_pool_of_single_cards_is_an_offer_at_no_price_under_a_quota(
    tmp_path: Path, count: int, rate: int
) -> None:
    owned_only, rented_only = tmp_path / "owned", tmp_path / "rented"
    for folder in (owned_only, rented_only):
        folder.mkdir()
    (owned_only / "owned.csv").write_text(HEAD + f"ours,fra,one,L4,1,{count},,2026-01-01,kubectl\n")
    head = "provider,region,instance,card,gpus,on_demand_per_hour,currency,date,source\n"
    (rented_only / "offers.csv").write_text(head + "ours,fra,one,L4,1,0.000001,USD,2026-01-01,test\n")
    limits = f"limits: {{providers: [ours, hyperbolic], quota: {{L4: {count}}}}}\n"
    plans = [planned(serve(rate, limits), Catalog.load([folder])) for folder in (owned_only, rented_only)]
    assert plans[0].total_cost == pytest.approx(plans[1].total_cost, abs=0.01)
    assert owned(plans[0]) <= count
