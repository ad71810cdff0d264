"""Tiny portfolios against every plan there is; and cases whose answer can be worked out by hand."""

from __future__ import annotations

import math

import pytest

from optplan.portfolio import decompose as parts_of
from optplan.portfolio.decompose import decompose
from optplan.portfolio.find import Outcome, find
from optplan.portfolio.flat import Flat, flat_program
from optplan.portfolio.parts import Instance
from optplan.solve_long import ROW_TOLERANCE, Stop, search
from tests.portfolio.cases import api, brute_force, held, instance, owning, random_case, source, wanted


def solved(case: Instance) -> Outcome:
    return find(case, Stop.after(30), 0.0, lambda step, cost, bound: None)


@pytest.mark.parametrize("seed", range(14))
def test_one_program_finds_what_trying_everything_finds(seed: int) -> None:
    case = random_case(seed)
    found, best = solved(case), brute_force(case)
    if math.isinf(best):
        assert found.status == "infeasible"
        return
    assert found.status == "optimal"
    assert found.cost == pytest.approx(best, rel=1e-6)
    assert found.flat is not None
    assert found.flat.program.broken(found.values, ROW_TOLERANCE) is None


@pytest.mark.parametrize("seed", range(14))
def test_patterns_never_claim_a_bound_above_the_truth(seed: int) -> None:
    case = random_case(seed)
    best = brute_force(case)
    plans: list[float] = []

    def take(step: str, flat: Flat, values: dict[int, float], cost: float) -> None:
        assert flat.program.broken(values, ROW_TOLERANCE) is None
        plans.append(cost)

    bound = decompose(case, Stop.after(30), 0.0, take, lambda step, bound: None)
    if math.isfinite(best):
        assert bound <= best * (1 + 1e-6) + 1e-6
        assert all(cost >= best * (1 - 1e-6) - 1e-6 for cost in plans)
    else:
        assert not plans


def test_owning_the_base_renting_the_peak_and_calling_an_api_for_the_tail_is_found() -> None:
    """Twelve months of 2 units, a third one for two months, and 0.1 more in one of them.

    By hand: owning 600 + 12 x 10 = 720 a unit against 12 x 100 of rent; a unit for two months 200 of rent against
    720; 0.1 of a unit at an API 0.1 x 300 = 30 against 100 of rent. In all 2 x 720 + 200 + 30 = 1,670.
    """
    demand = [2.0] * 12
    demand[4], demand[5] = 3.0, 3.1
    sources = [source(0, "buy", running=10.0), source(1, "on_demand", running=100.0)]
    case = instance(
        sources, [wanted("chat", demand)], [(held(1.0), api(300.0))], {0: owning(600.0, 0.0, 0.0, 12)}
    )
    found = solved(case)
    assert found.status == "optimal"
    assert found.cost == pytest.approx(1670.0)


def test_reserved_units_are_paid_to_the_end_of_their_term() -> None:
    """One month of demand: a month of rent costs 100, a reservation two months of 60."""
    sources = [
        source(0, "buy"),
        source(1, "reserved_1y", monthly=60.0),
        source(2, "on_demand", running=100.0),
    ]
    dear = {0: owning(1e6, 0.0, 0.0, 1)}
    case = instance(sources, [wanted("short", [1.0])], [(held(1.0),)], dear)
    assert solved(case).cost == pytest.approx(100.0)
    two = {0: owning(1e6, 0.0, 0.0, 2)}
    case = instance(sources, [wanted("long", [1.0, 1.0])], [(held(1.0),)], two)
    assert solved(case).cost == pytest.approx(120.0)


def test_discounting_moves_the_verdict_from_buying_to_renting() -> None:
    """Twelve months: rent 12 x 100 at the end of each month, or 1,180 at once. At 8 % a year renting is worth less."""
    sources = [source(0, "buy"), source(1, "on_demand", running=100.0)]
    owned = {0: owning(1180.0, 0.0, 0.0, 12)}
    plain = instance(sources, [wanted("chat", [1.0] * 12)], [(held(1.0),)], owned)
    assert solved(plain).cost == pytest.approx(1180.0)
    discounted = instance(sources, [wanted("chat", [1.0] * 12)], [(held(1.0),)], owned, rate=0.08)
    present = sum(100 * 1.08 ** (-month / 12) for month in range(1, 13))
    assert solved(discounted).cost == pytest.approx(present)
    assert present < 1180.0


def test_data_that_stay_in_house_use_bought_units_only() -> None:
    sources = [source(0, "buy"), source(1, "on_demand", running=1.0)]
    owned = {0: owning(1000.0, 0.0, 0.0, 2)}
    house = instance(sources, [wanted("records", [1.0, 2.0])], [(held(1.0, group=1),)], owned)
    assert solved(house).cost == pytest.approx(2000.0)
    free = instance(sources, [wanted("records", [1.0, 2.0])], [(held(1.0),)], owned)
    assert solved(free).cost == pytest.approx(3.0)


def test_needs_share_cards_that_each_alone_would_need() -> None:
    """Two needs that never meet use the one unit bought for both."""
    sources = [source(0, "buy"), source(1, "on_demand", running=500.0)]
    owned = {0: owning(600.0, 0.0, 0.0, 4)}
    needs = [wanted("first", [1.0, 1.0, 0.0, 0.0]), wanted("second", [0.0, 0.0, 1.0, 1.0])]
    case = instance(sources, needs, [(held(1.0),), (held(1.0),)], owned)
    assert solved(case).cost == pytest.approx(600.0)


@pytest.mark.parametrize("seed", range(6))
def test_the_relaxed_flat_program_never_beats_the_bound_of_patterns(seed: int) -> None:
    """Patterns are whole: their bound is at least that of fractions."""
    case = random_case(100 + seed)
    flat = flat_program(case)
    variables = [type(v)(v.name, v.cost, v.upper, False) for v in flat.program.variables]
    flat.program.variables = variables
    relaxed = search(flat.program, Stop())
    bound = decompose(case, Stop.after(30), 0.0, lambda *told: None, lambda *told: None)
    if relaxed.values and math.isfinite(bound):
        assert bound >= relaxed.cost - 3 * parts_of.CAPITAL_GAP * abs(relaxed.cost) - 1e-6
