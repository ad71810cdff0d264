"""What holds of every plan: more freedom never costs more, prices scale, order of reading changes nothing."""

from __future__ import annotations

import csv
import dataclasses
import math
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from market import catalog, need, offer, provider, write

import optplan.catalog.load as loading
from optplan.catalog import Catalog
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import load_catalog, solve
from optplan.planner.main import prepare

CHAT = {"requests_per_second": 2, "prompt_tokens": 800, "answer_tokens": 300}
BATCH = {"requests": "500k", "prompt_tokens": 600, "answer_tokens": 150}
NEEDS: dict[str, dict[str, Any]] = {
    "finetune": {"task": "finetune", "model": "9B", "deadline": "48h"},
    "lora": {"task": "finetune", "model": "Qwen2.5-72B", "method": "lora", "data": "50M tokens", "deadline": "30h"},
    "mix": {
        "task": "finetune", "model": "9B", "method": "lora", "deadline": "20h",
        "limits": {"mix": "any", "quota": {"H100": 3, "A100": 3}, "purchase": ["spot", "on_demand"]},
    },
    "serve": {"task": "serve", "model": "Llama-3.1-8B", "traffic": [CHAT, CHAT | {"prompt_tokens": 4000}]},
    "generate": {"task": "generate", "model": "Qwen2.5-14B", "traffic": BATCH, "deadline": "12h"},
    "buy": {
        "task": "serve", "model": "Llama-3.1-8B", "traffic": CHAT, "duration": "8760h",
        "limits": {"purchase": ["buy", "on_demand"]},
    },
}  # fmt: skip

PROOF = 1e-8  # relative: what the tolerances of rows leave of a proof


def written(plan: Plan) -> tuple[Any, ...]:
    """What a user sees of a plan."""
    lines = [(line.offer, line.units, line.layout) for line in plan.cards]
    return plan.status, lines, plan.total_cost, plan.hours, plan.alternatives


def cost(asked: AnyNeed, prices: Catalog | None = None) -> float:
    """Infinite where there is no plan."""
    plan = solve(asked, prices or load_catalog(), explore=False)
    return plan.total_cost if plan.feasible else math.inf


def limited(name: str, **limits: Any) -> AnyNeed:
    """One of the needs with more limits."""
    parts = NEEDS[name]
    return need(**parts | {"limits": parts.get("limits", {}) | limits})


@pytest.mark.parametrize("name", NEEDS)
def test_bound_gap_and_status_belong_together(name: str) -> None:
    plan = solve(need(**NEEDS[name]), explore=False)
    assert plan.status == "optimal"
    assert plan.bound <= plan.total_cost
    assert plan.gap <= 2e-9


@pytest.mark.parametrize("name", NEEDS)
def test_printed_terms_sum_to_the_objective(name: str) -> None:
    plan = solve(need(**NEEDS[name]), explore=False)
    assert math.fsum(term.amount for term in plan.terms) == pytest.approx(plan.total_cost, rel=1e-12)
    assert plan.total_cost == pytest.approx(
        plan.bound, rel=2e-9
    )  # the bound is the program's, the terms the rules'


def test_a_buy_case_has_every_charge_of_owning() -> None:
    plan = solve(limited("buy", purchase=["buy"]), explore=False)
    once = {"purchase", "host", "network", "spares", "installation", "resale", "capital"}
    running = {"energy", "hosting", "support", "staff", "insurance"}
    assert {term.name for term in plan.terms} - {"host"} == (once | running) - {"host"}


@pytest.mark.parametrize("name", NEEDS)
def test_a_looser_budget_never_costs_more(name: str) -> None:
    free = cost(need(**NEEDS[name]))
    costs = [cost(limited(name, budget=f"{free * share:.6f} USD")) for share in (0.5, 1.0, 1.01, 2, 100)]
    assert costs[0] == math.inf
    assert all(one >= other * (1 - PROOF) for one, other in pairwise(costs))
    assert costs[-1] == pytest.approx(free, rel=PROOF)


@pytest.mark.parametrize("name", [n for n in NEEDS if NEEDS[n]["task"] != "serve"])
def test_a_looser_deadline_never_costs_more(name: str) -> None:
    hours = [0.01, 0.5, 1, 2, 5, 12, 24, 48, 200, 2000]
    costs = [cost(need(**NEEDS[name] | {"deadline": f"{h}h"})) for h in hours]
    assert costs[0] == math.inf
    assert costs[-1] < math.inf
    assert all(one >= other * (1 - PROOF) for one, other in pairwise(costs))


@pytest.mark.parametrize("name", [n for n in NEEDS if n != "mix"])
def test_more_cards_never_cost_more(name: str) -> None:
    costs = [cost(limited(name, max_cards=n)) for n in (1, 2, 3, 5, 8, 16)]
    assert all(one >= other * (1 - PROOF) for one, other in pairwise(costs))


@pytest.mark.parametrize("name", [n for n in NEEDS if n != "mix"])
def test_more_offers_never_cost_more(name: str) -> None:
    asked = need(**NEEDS[name])
    best = solve(asked, explore=False)
    names = sorted({line.provider for line in best.cards})
    without = cost(limited(name, avoid_providers=names))
    assert without >= best.total_cost * (1 - PROOF)
    assert cost(limited(name, providers=names)) == pytest.approx(best.total_cost, rel=PROOF)


@pytest.mark.parametrize("name", NEEDS)
def test_a_mix_never_costs_more_than_one_type(name: str) -> None:
    assert cost(limited(name, mix="any")) <= cost(limited(name, mix="one_type")) * (1 + PROOF)


@pytest.mark.parametrize("name", [n for n in NEEDS if n != "buy"])
def test_doubling_all_prices_doubles_the_cost_and_keeps_the_plan(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = need(**NEEDS[name])
    before = solve(asked, explore=False)
    double = Catalog.load()
    monkeypatch.setattr(double, "offers", dataclasses.replace(double.offers, price=double.offers.price * 2))
    after = solve(asked, double, explore=False)
    assert after.total_cost == pytest.approx(2 * before.total_cost, rel=PROOF)
    assert [(c.offer, c.units) for c in after.cards] == [(c.offer, c.units) for c in before.cards]


@pytest.mark.parametrize("name", [n for n in NEEDS if n not in ("mix", "buy")])
def test_every_candidate_is_chosen_dominated_or_refused_with_a_reason(name: str) -> None:
    asked = need(**NEEDS[name])
    plan = solve(asked, explore=False)
    context = prepare(asked, load_catalog())
    offers, allowed = context.catalog.offers, context.settled.allowed
    refused = {refusal.gpu: refusal for refusal in plan.refusals}
    chosen = {line.gpu for line in plan.cards}
    for card in sorted({offers.cards[c] for c in np.unique(offers.card[allowed])}):
        alone = solve(limited(name, gpus=[card]), explore=False)
        if card in chosen:
            assert alone.total_cost >= plan.total_cost * (1 - PROOF) if alone.feasible else len(chosen) > 1
        elif alone.feasible:
            assert alone.total_cost >= plan.total_cost * (1 - PROOF)
            assert card not in refused
        elif card in refused:
            assert refused[card].left > refused[card].right or math.isnan(refused[card].left)
        else:  # it holds the model, but no number of it meets the limits
            assert cost(need(**NEEDS[name] | {"limits": {"gpus": [card]}, "deadline": None})) < math.inf


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> list[Catalog]:
    """The shipped tables with the rows of each in other orders."""
    catalogs, source = [], loading.DATA
    with pytest.MonkeyPatch.context() as patch:
        for seed in (1, 2):
            folder = tmp_path_factory.mktemp("shuffled")
            for path in sorted(set(source.glob("*.csv")) - {source / "columns.csv"}):
                _shuffle(path, folder / path.name, random.Random(seed))
            patch.setattr(loading, "DATA", folder)
            catalogs.append(Catalog.load())
    return catalogs


def _shuffle(source: Path, target: Path, rng: random.Random) -> None:
    with source.open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    rng.shuffle(rows)
    with target.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])


@pytest.mark.parametrize("name", NEEDS)
def test_the_order_of_the_tables_changes_nothing(name: str, shuffled: list[Catalog]) -> None:
    asked = need(**NEEDS[name])
    first = written(solve(asked, load_catalog(), explore=False))
    assert written(solve(asked, load_catalog(), explore=False)) == first
    for other in shuffled:
        assert written(solve(asked, other, explore=False)) == first


TIED = ("tie-b", "tie-a", "tie-c")


@pytest.fixture(scope="module")
def tied(tmp_path_factory: pytest.TempPathFactory) -> list[Catalog]:
    """Three providers with the same offers at the same prices, written in different orders."""
    catalogs = []
    for seed in range(3):
        folder, rng = tmp_path_factory.mktemp("tied"), random.Random(seed)
        rows = [
            offer(p, card, n, 2.0 * n)
            for p in TIED
            for card in ("L40S", "RTX-A6000", "RTX-6000-Ada")
            for n in (1, 2, 4)
        ]
        providers = [provider(p, (3600, 3600)) for p in TIED]
        rng.shuffle(rows)
        rng.shuffle(providers)
        write(folder, "offers", rows)
        write(folder, "providers", providers)
        catalogs.append(Catalog.load([folder]))
    return catalogs


@pytest.mark.parametrize("name", [n for n in NEEDS if n not in ("buy", "lora")])
@pytest.mark.parametrize("mix", ["any", "one_type"])
def test_equal_prices_are_told_apart_by_cards_memory_and_name(
    name: str, mix: str, tied: list[Catalog]
) -> None:
    asked = limited(name, providers=list(TIED), purchase=["on_demand"], mix=mix, quota={})
    plans = [written(solve(asked, prices, explore=False)) for prices in tied]
    assert plans[0][0] == "optimal"
    assert plans[0] == plans[1] == plans[2]
    assert {line[0].split("/")[0] for line in plans[0][1]} == {"tie-a"}


def test_of_equal_plans_the_one_of_fewer_cards_then_more_memory_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "providers", [provider("even", (1, 1))])
    write(
        tmp_path, "offers", [offer("even", "A100-SXM4-80GB", 1, 2.0), offer("even", "A100-SXM4-40GB", 1, 2.0)]
    )
    prices = Catalog.load([tmp_path])
    parts = {"providers": ["even"]}
    served = solve(
        need(task="serve", model="1B", traffic=CHAT | {"requests_per_second": 0.01}, limits=parts), prices
    )
    assert [(line.gpu, line.count) for line in served.cards] == [("A100-SXM4-80GB", 1)]
    lesson = need(
        task="finetune", model="1B", rules="lesson", data="1GB", limits=parts, assume={"efficiency": 0.4}
    )
    trained = solve(lesson, prices)  # perfect scaling: any number of cards costs the same
    assert [(line.gpu, line.count) for line in trained.cards] == [("A100-SXM4-80GB", 1)]


def test_made_up_markets_do_not_change_the_answer_of_others() -> None:
    asked = need(**NEEDS["finetune"])
    assert written(solve(asked, catalog(), explore=False)) == written(
        solve(asked, load_catalog(), explore=False)
    )


def test_no_cards_without_end_meet_a_deadline_that_none_could() -> None:
    asked = need(task="finetune", model="70B", data="1TB", deadline="0.3h")
    assert solve(asked, explore=False).status == "infeasible"
