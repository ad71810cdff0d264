"""What cannot be compared says so, with its place and a cure."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from shop import SELLERS, TABLES, bought, job, money, service, shop

from optplan.catalog import Catalog, check
from optplan.errors import BadInput, Fault
from optplan.planner import solve
from optplan.ways import compare_ways


def fault_of(call: Callable[[], object]) -> Fault:
    with pytest.raises(BadInput) as caught:
        call()
    return caught.value.faults[0]


def test_an_unknown_way_names_the_nearest() -> None:
    fault = fault_of(lambda: compare_ways(service(), shop(), ways=["rental"]))
    assert (fault.code, fault.place) == ("unknown-way", "--ways")
    assert "rent" in fault.hint


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ("monhts=1..60", "unknown-axis"),
        ("deadline=1h..2h", "unknown-axis"),
        ("months=60..1", "range"),
        ("months=0..5", "range"),
    ],
)
def test_an_axis_that_is_none_is_refused(over: str, code: str) -> None:
    assert (
        fault_of(lambda: compare_ways(service(), shop(), ways=["rent"], over=over, fixed=money())).code
        == code
    )


def test_a_job_has_neither_months_nor_a_volume() -> None:
    for over in ("months=1..5", "volume=1e6..1e9"):
        fault = fault_of(lambda over=over: compare_ways(job(), shop(), ways=["rent"], over=over))
        assert fault.code in ("no-months", "no-volume")
        assert fault.hint


def test_no_api_trains_a_model() -> None:
    report = compare_ways(job(), shop(), ways=["rent", "api"])
    api = report.way("api")
    assert api is not None
    assert api.plan is None
    assert "no API" in api.reason
    fault = fault_of(lambda: solve(bought(job(), "api"), shop()))
    assert (fault.code, fault.place) == ("no-api", "limits.purchase")


def test_a_prompt_too_long_for_an_api_is_refused_with_both_lengths() -> None:
    traffic = {"requests_per_second": 1, "prompt_tokens": 9000, "answer_tokens": 100}
    report = compare_ways(service(traffic=traffic), shop(), ways=["api"], fixed=money())
    assert report.ways[0].plan is None
    assert "9,000" in report.ways[0].reason
    assert "8,192" in report.ways[0].reason
    assert report.best == ""
    assert report.verdict == "No way has a plan"


def test_an_answer_too_long_for_an_api_is_refused() -> None:
    traffic = {"requests_per_second": 1, "prompt_tokens": 100, "answer_tokens": 5000}
    report = compare_ways(service(traffic=traffic), shop(), ways=["api"], fixed=money())
    assert "4,096" in report.ways[0].reason


def test_an_api_that_has_ended_is_not_called() -> None:
    apis = TABLES["apis"].replace(",4096,,USD", ",4096,2026-01-31,USD")
    report = compare_ways(service(), shop(apis=apis), ways=["api"], fixed=money())
    assert "not sold since 2026-01-31" in report.ways[0].reason


def test_a_model_that_nobody_sells_is_stood_in_for_by_a_named_one() -> None:
    report = compare_ways(service(model="GLM-4-9B", limits={}), Catalog.load(), ways=["api"], fixed=money())
    way = report.ways[0]
    assert way.plan is not None
    assert way.plan.apis[0].model == "Qwen3-8B"
    assert any("no API sells GLM-4-9B: Qwen3-8B stands in" in note for note in report.notes)


def test_a_service_longer_than_a_cards_life_is_not_bought() -> None:
    long = service(72)
    fault = fault_of(lambda: solve(bought(long, "buy"), shop(), fixed=money()))
    assert (fault.code, fault.place) == ("longer-than-life", "duration")
    assert "6 years" in fault.message
    assert "5 years" in fault.message
    assert "service_life" in fault.hint
    report = compare_ways(long, shop(), ways=["rent", "buy"], fixed=money())
    assert report.best == "rent"
    assert "5 years" in report.ways[1].reason
    assert solve(bought(long, "buy"), shop(), fixed=money(service_life=6)).feasible
    both = solve(bought(long, "on_demand", "buy"), shop(), fixed=money())
    assert {line.purchase for line in both.cards} == {"on_demand"}
    assert any("nothing is bought" in text for text in both.assumed)


def test_a_currency_without_a_rate_is_told_before_anything_is_solved() -> None:
    fault = fault_of(lambda: compare_ways(service(currency="CHF"), shop(), fixed=money()))
    assert fault.code == "missing-rate"
    assert "CHF" in fault.message
    assert fault.hint


def test_prices_in_another_currency_are_converted_with_a_note() -> None:
    report = compare_ways(service(currency="CNY"), shop(), ways=["rent", "buy"], fixed=money())
    notes = " ".join(report.notes)
    day = shop().rate_date.isoformat()
    assert f"buy: bought in USD, taken at 6.6529 CNY for one USD of {day}" in notes
    assert "a price in that market can differ by more" in notes


def written(folder: Path, name: str, text: str) -> Path:
    (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("0.10,0.02", "-0.10,0.02", "price-not-positive"),
        ("0.10,0.02", "0,0.02", "price-not-positive"),
        ("0.10,0.02", ",0.02", "missing-value"),
        ("0.10,0.02", "0.10,0.20", "discount-above-price"),
        ("0.10,0.02", "ten,0.02", "wrong-type"),
        ("Llama-3.1-8B", "Lama-3.1-8B", "unknown-model"),
        (",USD,", ",CHF,", "unknown-currency"),
        ("2026-11-01", "2999-11-01", "future-date"),
        (",test", ",", "missing-source"),
    ],
)
def test_a_faulty_row_of_an_api_is_found_by_the_check(tmp_path: Path, old: str, new: str, code: str) -> None:
    faults = check(written(tmp_path, "apis", TABLES["apis"].replace(old, new)))
    assert code in {fault.code for fault in faults}
    assert all(fault.place.endswith("apis.csv:2") and fault.hint for fault in faults)


def test_a_country_that_nothing_is_known_of_is_refused() -> None:
    fault = fault_of(lambda: solve(service(country="Atlantis"), shop()))
    assert (fault.code, fault.place) == ("unknown-country", "country")
    assert "CN" in fault.hint


def test_providers_of_apis_can_be_named() -> None:
    need = service(limits={"providers": [*SELLERS], "purchase": ["api"]})
    assert solve(need, shop(), fixed=money()).apis[0].provider == "tokens"
    need = service(limits={"providers": ["cloud"], "purchase": ["api"]})
    assert not solve(need, shop(), fixed=money(), explore=False).feasible


@pytest.mark.parametrize("rate", [-1.0, -2.0, float("inf")])
def test_a_cost_of_capital_that_is_none_is_refused(rate: float) -> None:
    fault = fault_of(lambda: compare_ways(service(), shop(), ways=["rent"], fixed=money(discount_rate=rate)))
    assert (fault.code, fault.place) == ("out-of-range", "discount_rate")


@pytest.mark.parametrize("name", ["host_price", "electricity_price", "price_per_unit_hour", "staff_cost"])
def test_a_price_below_nothing_is_refused(name: str) -> None:
    fault = fault_of(lambda: solve(service(), shop(), fixed=money(**{name: -1.0})))
    assert fault.code == "negative-price"
    assert name in fault.place
    assert solve(service(), shop(), fixed=money(host_price=0.0)).feasible
