"""Portfolios on the shipped catalog: prices, sharing, limits, time limit and interrupt."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from optplan.catalog import Catalog
from optplan.planner import solve
from optplan.portfolio import PortfolioPlan, solve_portfolio
from optplan.portfolio.schema import portfolio_plan_schema
from optplan.portfolio_need import Portfolio
from optplan.problem import PortfolioSource, read_all
from optplan.rules.constants import HOURS_PER_MONTH

ROOT = Path(__file__).parents[2]
PROBLEMS = sorted((ROOT / "problems").glob("portfolio-*.yaml"))
CARDS = ["L40S", "RTX-6000-Ada"]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def chat(name: str = "chat", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "task": "serve", "model": "Llama-3.1-8B", "limits": {"gpus": CARDS},
        "traffic": {"requests_per_second": 4, "prompt_tokens": 1000, "answer_tokens": 250}, **more,
    }  # fmt: skip


def tune(**more: Any) -> dict[str, Any]:
    return {
        "name": "tune", "task": "finetune", "model": "Qwen2.5-7B", "method": "lora", "data": "100M tokens",
        "deadline": "72h", "limits": {"gpus": CARDS}, **more,
    }  # fmt: skip


def portfolio(*needs: dict[str, Any], months: int = 6, **more: Any) -> Portfolio:
    return Portfolio.model_validate(
        {
            "task": "portfolio",
            "months": months,
            "currency": "USD",
            "discount_rate": "0%",
            "needs": list(needs),
        }
        | more
    )


def checked(plan: PortfolioPlan) -> PortfolioPlan:
    """The parts of a plan agree with each other."""
    assert plan.feasible, plan.reasons
    assert math.fsum(t.amount for t in plan.terms) == pytest.approx(plan.total_cost)
    assert math.fsum(t.amount for t in plan.npv_terms) == pytest.approx(plan.npv)
    assert math.fsum(m.cost for m in plan.months_total) == pytest.approx(plan.total_cost)
    for month in plan.months_total:
        assert math.fsum(month.terms.values()) == pytest.approx(month.cost)
    for need in plan.needs:
        assert math.fsum(part.share for part in need.carried) >= 1 - 1e-6
    assert all(held.cards_used <= held.cards for held in plan.holdings)
    assert math.fsum(need.cost for need in plan.needs_total) <= plan.total_cost + 0.01
    assert plan.bound <= plan.npv * (1 + 1e-9)
    json.dumps(plan.json(), allow_nan=False)
    return plan


def single(catalog: Catalog, entry: dict[str, Any], months: int, purchase: list[str]) -> float:
    """Money paid by the single plan of one need that lasts so many months; cost of capital is no payment."""
    need = portfolio(entry, months=months).needs[0]
    body = need.model_dump(exclude={"demand", "purchase"}, exclude_unset=True)
    limits = {**body["limits"], "purchase": purchase}
    body |= {"limits": limits, "currency": "USD", "rules": "engineering"}
    if entry["task"] == "serve":
        body["duration"] = f"{months * HOURS_PER_MONTH} h"
    else:
        body |= {"deadline": "72h", "data": "100M tokens"}
    from pydantic import TypeAdapter

    from optplan.need import Need

    plan = solve(TypeAdapter(Need).validate_python(body), catalog)
    assert plan.feasible
    return math.fsum(term.amount for term in plan.terms if term.name != "capital")


@pytest.mark.parametrize("way", ["on_demand", "buy"])
def test_one_steady_service_costs_what_its_single_plan_costs(catalog: Catalog, way: str) -> None:
    """The same charges: rent by the month, or ownership with every term, to the cent."""
    plan = checked(solve_portfolio(portfolio(chat(purchase=[way]), months=12), catalog))
    assert plan.status == "optimal"
    assert plan.total_cost == pytest.approx(single(catalog, chat(), 12, [way]), abs=0.01)


def test_a_portfolio_is_never_dearer_than_the_sum_of_single_plans(catalog: Catalog) -> None:
    needs = [chat("one"), chat("two", demand={"growth": "0% per month"}), tune(demand=[1] * 6)]
    plan = checked(solve_portfolio(portfolio(*needs, purchase=["on_demand", "buy"]), catalog))
    for ways in (["on_demand"], ["on_demand", "buy"]):
        alone = 2 * single(catalog, chat(), 6, ways) + 6 * single(catalog, tune(), 6, ["on_demand"])
        assert plan.total_cost <= alone + 0.01


def test_a_need_that_may_only_buy_uses_nothing_else(catalog: Catalog) -> None:
    plan = checked(
        solve_portfolio(portfolio(chat("records", purchase=["buy"]), chat("site"), months=6), catalog)
    )
    for need in plan.needs:
        if need.need == "records":
            assert need.owned > 0
            assert need.reserved == need.rented == need.hired == need.api_tokens == 0


def test_jobs_use_cards_that_services_leave_free_only_where_allowed(catalog: Catalog) -> None:
    needs = (
        chat(demand=[8, 8, 0, 8, 8, 8], purchase=["buy"]),
        tune(demand=[0, 0, 2, 0, 0, 0], purchase=["buy"]),
    )
    together = checked(solve_portfolio(portfolio(*needs), catalog))
    apart = checked(solve_portfolio(portfolio(*needs, share_idle="no"), catalog))
    assert together.total_cost < apart.total_cost
    bought = [math.fsum(one.cards for one in plan.acquisitions) for plan in (together, apart)]
    assert bought[0] < bought[1]


def test_a_power_limit_holds_and_costs_something(catalog: Catalog) -> None:
    demand = [4, 8, 12, 12, 8, 4]
    ways = ["on_demand", "buy"]
    dear = {"assume": {"electricity_price": 0.0}}  # owning is at its best
    free = checked(solve_portfolio(portfolio(chat(demand=demand, purchase=["buy"]), **dear), catalog))
    wide = portfolio(chat(demand=demand, purchase=["buy"]), limits={"power": "1 MW"}, **dear)
    used = checked(solve_portfolio(wide, catalog)).limits[0].used
    tight = portfolio(chat(demand=demand, purchase=ways), limits={"power": f"{used / 2} kW"}, **dear)
    plan = checked(solve_portfolio(tight, catalog))
    assert plan.limits[0].used <= used / 2 * (1 + 1e-9)
    assert max(month.owned for month in free.months_total) > max(month.owned for month in plan.months_total)


def test_limits_that_demand_cannot_meet_get_ways_out_that_were_checked(catalog: Catalog) -> None:
    limits = {"max_cards": 1}
    plan = solve_portfolio(
        portfolio(chat(demand=[4, 8, 16, 16, 8, 4], purchase=["on_demand"]), limits=limits), catalog
    )
    assert plan.status == "infeasible"
    assert plan.reasons
    [way] = plan.ways_out
    assert (way.change, way.from_) == ("max_cards", "1 cards")
    cards = int(way.to.split()[0])
    looser = portfolio(chat(demand=[4, 8, 16, 16, 8, 4], purchase=["on_demand"]), limits={"max_cards": cards})
    assert checked(solve_portfolio(looser, catalog)).total_cost == pytest.approx(way.cost, rel=0.02)
    tighter = portfolio(
        chat(demand=[4, 8, 16, 16, 8, 4], purchase=["on_demand"]), limits={"max_cards": cards - 1}
    )
    assert not solve_portfolio(tighter, catalog, explore=False).feasible


def test_a_rate_of_interest_is_shown_beside_the_undiscounted_total(catalog: Catalog) -> None:
    plain = checked(solve_portfolio(portfolio(chat(purchase=["on_demand"])), catalog))
    plan = checked(solve_portfolio(portfolio(chat(purchase=["on_demand"]), discount_rate="8%"), catalog))
    month = plain.total_cost / 6
    assert plain.npv == plain.total_cost == pytest.approx(plan.total_cost)
    assert plan.npv == pytest.approx(sum(month * 1.08 ** (-t / 12) for t in range(1, 7)))


@pytest.mark.parametrize("path", PROBLEMS, ids=lambda path: path.stem)
def test_every_portfolio_problem_has_a_plan(path: Path, catalog: Catalog) -> None:
    for source in read_all(path):
        assert isinstance(source, PortfolioSource)
        checked(solve_portfolio(source.portfolio, catalog, base=source.base))


def long_portfolio(tmp_path: Path) -> Path:
    needs = [
        {**chat(f"chat-{n}"), "traffic": {"requests_per_second": 1 + 0.37 * n, "prompt_tokens": 500 + 150 * n},
         "demand": f"{n % 5}% per month"}
        for n in range(20)
    ]  # fmt: skip
    path = tmp_path / "many.yaml"
    ways = "on_demand, reserved_1y, reserved_3y, buy"
    text = {"task": "portfolio", "months": 36, "currency": "USD", "purchase": ways, "needs": needs}
    path.write_text(json.dumps(text), encoding="utf-8")
    return path


def test_a_time_limit_returns_the_best_plan_and_its_gap(tmp_path: Path, catalog: Catalog) -> None:
    [source] = read_all(long_portfolio(tmp_path))
    assert isinstance(source, PortfolioSource)
    plan = checked(solve_portfolio(source.portfolio, catalog, time_limit=1.0, gap=0.0))
    assert plan.status == "feasible"
    assert plan.stopped == "time limit"
    assert any("time limit" in warning for warning in plan.warnings)


def test_an_interrupt_prints_the_best_plan_found_so_far(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "optplan",
        "solve",
        str(long_portfolio(tmp_path)),
        "--json",
        "--time-limit",
        "300",
        "--gap",
        "0",
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as run:
        assert run.stderr is not None
        run.stderr.readline()  # the first line of progress: a search is under way
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)
        out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    told = json.loads(out)
    assert told["status"] in ("feasible", "optimal")
    assert told["total_cost"] > 0


def test_the_json_has_the_keys_that_its_schema_documents(catalog: Catalog) -> None:
    schema = portfolio_plan_schema()
    plan = solve_portfolio(portfolio(chat(purchase=["on_demand"])), catalog)
    assert set(schema["then"]["required"]) | set(schema["required"]) == set(plan.json())
    none = solve_portfolio(
        portfolio(chat(purchase=["on_demand"]), limits={"max_cards": 1, "quota": {"L40S": 0}}), catalog
    )
    told = none.json()
    assert set(told) <= set(schema["properties"])
    for name, part in (("acquisitions", "Acquisition"), ("by_month", "MonthTotal"), ("limits", "SharedUse")):
        for row in plan.json()[name]:
            assert set(row) == set(schema["$defs"][part]["properties"])
