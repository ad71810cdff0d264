"""Sums worked out by hand, as in a spreadsheet, to the cent."""

from __future__ import annotations

import math

import pytest
from shop import MONTH, WATTS, YEAR, batch, bought, job, money, service, shop

from optplan.plan import Plan
from optplan.planner import solve
from optplan.ways import WaysReport, compare_ways

CENT = 0.005


def worth(flows: list[tuple[float, float]], rate: float) -> float:
    """Net present value of (month, amount)."""
    return sum(amount / (1 + rate) ** (month / 12) for month, amount in flows)


def test_buying_against_renting_over_36_months_with_every_term() -> None:
    report = compare_ways(service(36), shop(), ways=["rent", "buy"], fixed=money())
    rent, buy = report.ways
    monthly = 2.00 * MONTH  # one card carries 2 requests a second, 1 is asked
    assert rent.total == pytest.approx(36 * monthly, abs=CENT)
    assert rent.npv == pytest.approx(worth([(m, monthly) for m in range(1, 37)], 0.10), abs=CENT)

    start = (
        20_000 + 3_000 + 20_000 * (0.05 + 0.03 + 0.02)
    )  # card, its share of a server, network, spares, set-up
    kilowatts = WATTS * 1.5 / 1000
    each_month = (
        kilowatts * 0.8 * MONTH * 1.3 * 0.10  # electricity
        + kilowatts * 150  # hosting
        + 20_000 * 0.04 / 12  # support
        + 0.01 * 100_000 / 12  # staff
        + 20_000 * 0.01 / 12  # insurance
    )
    end = -20_000 * 0.8 * 0.7**3
    assert buy.total == pytest.approx(start + 36 * each_month + end, abs=CENT)
    flows = [(0, start), *((m, each_month) for m in range(1, 37)), (36, end)]
    assert buy.npv == pytest.approx(worth(flows, 0.10), abs=CENT)
    assert report.best == ("rent" if rent.npv < buy.npv else "buy")


def test_payments_by_month_add_up_to_both_totals() -> None:
    report = compare_ways(service(36), shop(), ways=["buy"], fixed=money())
    buy = report.ways[0]
    assert len(buy.cumulative) == 37
    assert buy.cumulative[0] == pytest.approx(25_000, abs=CENT)
    assert buy.cumulative[-1] == pytest.approx(buy.total, abs=CENT)
    assert buy.cumulative_npv[-1] == pytest.approx(buy.npv, abs=CENT)
    assert {flow.term for flow in buy.flows if flow.month == 0} == {
        "purchase",
        "host",
        "network",
        "spares",
        "installation",
    }


@pytest.mark.parametrize("months", [1.0, 18.0, 30.5, 36.0])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.3])
def test_the_cheapest_total_is_the_least_present_value(months: float, rate: float) -> None:
    """Every way's total, with the cost of capital in it, is its present value over one common factor."""
    report = compare_ways(service(months), shop(), fixed=money(discount_rate=rate))
    factors = [way.npv / way.plan.total_cost for way in report.ways if way.plan is not None]
    assert len(factors) == 5
    assert factors == pytest.approx([factors[0]] * 5, rel=1e-9)
    assert (factors[0] == pytest.approx(1.0)) == (rate == 0)


def test_a_reservation_is_paid_for_whole_terms_used_or_not() -> None:
    one = solve(bought(service(18), "reserved_1y"), shop(), fixed=money())
    assert _term(one, "reservation") == pytest.approx(1.50 * 2 * YEAR, abs=CENT)
    three = solve(bought(service(18), "reserved_3y"), shop(), fixed=money())
    assert _term(three, "reservation") == pytest.approx(1.20 * 3 * YEAR, abs=CENT)
    assert _term(
        solve(bought(service(12), "reserved_1y"), shop(), fixed=money()), "reservation"
    ) == pytest.approx(1.50 * YEAR, abs=CENT)
    report = compare_ways(service(18), shop(), ways=["reserved"], fixed=money())
    assert report.ways[0].total == pytest.approx(1.50 * 2 * YEAR, abs=CENT)  # 26,280 against 31,536
    assert report.ways[0].flows[-1].month == 24


def _term(plan: Plan, name: str) -> float:
    return next(term.amount for term in plan.terms if term.name == name)


def test_a_service_on_spot_pays_on_demand_while_its_cards_are_taken() -> None:
    plan = solve(bought(service(1), "spot"), shop(), fixed=money())
    hours = MONTH
    lost = 0.05 * 0.25  # interruptions an hour x hours until there is a card again
    assert _term(plan, "rent") == pytest.approx(1.00 * hours, abs=CENT)
    assert _term(plan, "stand_ins") == pytest.approx(hours * lost * (2.00 - 1.00), abs=CENT)


def test_a_job_on_spot_does_lost_work_again_and_keeps_a_reserve_for_its_deadline() -> None:
    fixed = {**money(), "job_hours": 40.0}
    del fixed["replica_capacity"], fixed["utilisation"]
    free = solve(bought(job(), "spot"), shop(), fixed=fixed)
    expected = 40 * 0.05 * (0.25 + 0.25)  # interruptions x (lost work and restart)
    assert free.hours == pytest.approx(40 + expected)
    assert free.total_cost == pytest.approx(1.00 * (40 + expected), abs=CENT)
    kept = solve(bought(job(deadline="48h"), "spot"), shop(), fixed=fixed)
    hours = 40 + 2 * expected
    assert kept.hours == pytest.approx(hours)
    premium = hours * 0.05 * 0.5 * (2.00 - 1.00)  # on demand over spot for the share that is in reserve
    assert kept.total_cost == pytest.approx(1.00 * hours + premium, abs=CENT)


def test_a_deadline_that_leaves_no_reserve_shuts_spot_out() -> None:
    fixed = {**money(), "job_hours": 40.0}
    del fixed["replica_capacity"], fixed["utilisation"]
    plan = solve(bought(job(deadline="41h"), "spot"), shop(), fixed=fixed, explore=False)
    assert not plan.feasible


def test_an_api_is_paid_by_the_token_with_its_cached_share() -> None:
    plan = solve(bought(service(12), "api"), shop(), fixed=money(cached_share=0.6))
    requests = 1.0 * 12 * MONTH * 3600
    read, written = requests * 1000 / 1e6, requests * 100 / 1e6
    assert _term(plan, "api_input") == pytest.approx(read * 0.4 * 0.10, abs=CENT)
    assert _term(plan, "api_cached") == pytest.approx(read * 0.6 * 0.02, abs=CENT)
    assert _term(plan, "api_output") == pytest.approx(written * 0.40, abs=CENT)
    assert [term.name for term in plan.terms] == ["api_input", "api_cached", "api_output"]
    assert plan.apis[0].share == 1.0
    assert not plan.cards


def test_without_a_price_for_cached_tokens_they_cost_as_much_as_others() -> None:
    from shop import TABLES

    apis = TABLES["apis"].replace("0.10,0.02,", "0.10,,")
    plan = solve(bought(service(12), "api"), shop(apis=apis), fixed=money(cached_share=0.6))
    requests = 12 * MONTH * 3600
    assert plan.total_cost == pytest.approx(requests / 1e6 * (1000 * 0.10 + 100 * 0.40), abs=CENT)


def test_a_batch_that_may_wait_a_day_gets_the_price_of_batches() -> None:
    def cost(**more: object) -> float:
        return solve(bought(batch(1e6, **more), "api"), shop(), fixed=money()).total_cost

    assert cost() == pytest.approx(1000 * 0.05 + 100 * 0.20, abs=CENT)
    assert cost(deadline="24h") == cost()
    assert cost(deadline="12h") == pytest.approx(1000 * 0.10 + 100 * 0.40, abs=CENT)


def break_even(report: WaysReport, way: str) -> tuple[float, float]:
    even = next(even for even in report.volume_even if even.way == way)
    return even.first, even.always


def test_the_volume_at_which_whole_cards_match_the_api_is_a_step() -> None:
    """One card: 2 requests a second, 2 USD an hour. The API: 0.10 x 1,000 + 0.40 x 100 USD for a million requests."""
    report = compare_ways(service(12), shop(), ways=["rent", "api"], fixed=money())
    api = (0.10 * 1000 + 0.40 * 100) / 1e6  # a request
    rent = 2.00 * MONTH  # a card and month
    capacity = 2.0 * MONTH * 3600  # requests of a card and month
    cards = [math.ceil(v / capacity * (1 - 1e-12)) for v in (n * capacity for n in range(1, 50))]
    assert cards == list(range(1, 50))
    # one card costs the API's 2 USD x 730 h / 140e-6 = 10.43 million requests, but carries 5.26 million: never
    assert rent / capacity > api
    first, always = break_even(report, "rent")
    assert math.isnan(first)
    assert math.isnan(always)


def test_the_staircase_is_met_where_a_spreadsheet_meets_it() -> None:
    rate = 7.0  # requests a second of one card: 2 USD / 25,200 requests, 79 USD a million against 140
    report = compare_ways(service(12), shop(), ways=["rent", "api"], fixed=money(replica_capacity=rate))
    api, rent, capacity = 140e-6, 2.00 * MONTH, rate * MONTH * 3600
    first, always = break_even(report, "rent")
    # every volume on a fine grid, rounded up to whole cards
    cheaper = [
        v / 1000 * capacity
        for v in range(1, 6000)
        if math.ceil(v / 1000 - 1e-9) * rent <= v / 1000 * capacity * api
    ]
    assert first == pytest.approx(rent / api, abs=0.01)
    assert cheaper[0] == pytest.approx(first, abs=capacity / 1000)
    dearer = [
        v / 1000 * capacity
        for v in range(1, 6000)
        if math.ceil(v / 1000 - 1e-9) * rent > v / 1000 * capacity * api
    ]
    assert always == pytest.approx(max(dearer), abs=capacity / 1000)
    assert always == pytest.approx(
        2 * rent / api, abs=0.01
    )  # the second card pays off here, and all that follow


def test_months_at_which_buying_has_paid_off_are_those_of_a_month_by_month_table() -> None:
    report = compare_ways(service(36), shop(), ways=["rent", "buy"], fixed=money())
    even = next(e for e in report.months_even if {e.before, e.after} == {"rent", "buy"})
    kilowatts, start = WATTS * 1.5 / 1000, 25_000
    each = kilowatts * 0.8 * MONTH * 1.3 * 0.10 + kilowatts * 150 + 20_000 * 0.05 / 12 + 1000 / 12

    def gap(n: int) -> float:
        bought_ = [(0, start), *((m, each) for m in range(1, n + 1)), (n, -20_000 * 0.8 * 0.7 ** (n / 12))]
        return worth(bought_, 0.10) - worth([(m, 2.00 * MONTH) for m in range(1, n + 1)], 0.10)

    month = next(n for n in range(1, 60) if gap(n) <= 0)
    assert month - 1 < even.months <= month
    assert (even.before, even.after) == ("rent", "buy")


def test_the_price_at_which_the_verdict_flips_makes_both_equal() -> None:
    report = compare_ways(service(36), shop(), ways=["rent", "buy"], fixed=money())
    rent, buy = report.ways
    flip = next(flip for flip in report.flips if flip.way == "rent")
    assert flip.factor == pytest.approx(buy.npv / rent.npv, rel=1e-6)  # rent is nothing but its price
    assert flip.price == pytest.approx(2.00 * buy.npv / rent.npv, rel=1e-6)


def test_utilisation_at_which_buying_pays_off() -> None:
    report = compare_ways(service(36), shop(), ways=["rent", "buy"], fixed=money())
    rent, buy = report.ways
    assert rent.plan is not None
    assert buy.plan is not None
    energy = WATTS * 1.5 / 1000 * 0.8 * 1.3 * 0.10 * 36 * MONTH
    even = next(even for even in report.utilisation_even if even.against == "rent")
    share = (buy.plan.total_cost - energy) / (rent.plan.total_cost - energy)
    assert even.share == pytest.approx(share, rel=1e-9)


def test_how_often_a_job_must_be_done_for_buying_to_pay_off() -> None:
    fixed = {**money(), "job_hours": 40.0}
    del fixed["replica_capacity"], fixed["utilisation"]
    report = compare_ways(job(), shop(), ways=["rent", "reserved", "buy"], fixed=fixed)
    by_way = {even.way: even for even in report.runs_even if even.against == "rent"}
    kilowatts = WATTS * 1.5 / 1000
    each = kilowatts * 0.8 * 40 * 1.3 * 0.10  # electricity of one job
    years, months = 5, 60
    running = kilowatts * 150 * months + 20_000 * 0.05 * years + 0.01 * 100_000 * years
    month = 1.1 ** (1 / 12) - 1
    even = (1 - 1.1**-years) / month / months  # worth of one unit of money paid evenly over the life
    held = running + (25_000 - 20_000 * 0.8 * 0.7**years * 1.1**-years) / even
    assert by_way["buy"].runs == pytest.approx(held / (2.00 * 40 - each), rel=1e-9)
    assert by_way["buy"].most == pytest.approx(years * YEAR / 40)
    assert by_way["reserved"].runs == pytest.approx(1.50 * YEAR / (2.00 * 40), rel=1e-9)
    assert by_way["reserved"].most == pytest.approx(YEAR / 40)
