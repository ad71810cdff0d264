"""The search without a solver finds what brute force finds, and its bounds are never above that."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from cases import columns_of, limits_of, random_fleet
from oracle import Fleet, best_batch, best_service, carries
from worths import batch_worth, service_worth

from optplan.program.carried import short_of, trees
from optplan.program.columns import Columns
from optplan.program.fleet import generate_program, serve_program
from optplan.program.hulls import finished, hulls_of, worth_of_each
from optplan.program.limits import Asked, Limits
from optplan.program.outdone import standing
from optplan.program.ready import Searched, ready_batch, ready_service
from optplan.program.spans import spans_of
from optplan.program.worth import loads_of, together
from optplan.solve import solve_program
from optplan.units import HOUR

CASES = 600
HOURS = F(10)
MOST, FEW = 5, 3  # units of a column that brute force tries: of a service, of a batch


def ready_of(fleet: Fleet, batch: bool) -> Searched:
    """The fleet through the search."""
    columns, limits, use = columns_of(fleet), limits_of(fleet), float(fleet.utilisation)
    mix = "one_type" if fleet.one_type else "any"
    if batch:
        work = float(fleet.demand[0]) / (use * HOUR)
        return ready_batch(columns, spans_of(columns, work, float(fleet.setup), limits), limits, mix)
    load = loads_of(columns, [float(d) for d in fleet.demand], use)
    return ready_service(columns, load, float(HOURS), limits, mix)


@pytest.mark.parametrize("batch", [False, True])
def test_a_search_that_looked_at_all_plans_has_the_cheapest_of_fewest_cards(batch: bool) -> None:
    rng, searched, none = random.Random(5 + batch), 0, 0
    for _ in range(CASES):
        fleet = random_fleet(rng, batch)
        ready = ready_of(fleet, batch)
        if not ready.searched:
            continue
        searched += 1
        found = best_batch(fleet, FEW) if batch else best_service(fleet, HOURS, MOST)
        if ready.choice is None:
            none += 1
            assert found is None
        elif max(ready.choice.units) <= (FEW if batch else MOST):
            assert found is not None
            cards = sum(n * g for n, g in zip(ready.choice.units, ready.columns.gpus.tolist(), strict=True))
            assert ready.choice.cost == pytest.approx(float(found[0]), rel=1e-9)
            assert cards == found[1]
    assert searched > 0.95 * CASES
    assert none > 0.02 * CASES


@pytest.mark.parametrize("batch", [False, True])
def test_bounds_are_not_above_the_cheapest_plan_nor_known_plans_below_it(batch: bool) -> None:
    rng = random.Random(7 + batch)
    for _ in range(CASES // 4):
        fleet = random_fleet(rng, batch)
        found = best_batch(fleet, FEW) if batch else best_service(fleet, HOURS, MOST)
        if found is None:
            continue
        columns, limits = columns_of(fleet), limits_of(fleet)
        mix = "one_type" if fleet.one_type else "any"
        if batch:
            work = float(fleet.demand[0] / fleet.utilisation / HOUR)
            spans = spans_of(columns, work, float(fleet.setup), limits)
            worth = batch_worth(columns, spans, limits)
            worths, size = worth_of_each(columns, spans, np.array([0]), [limits]), np.array([len(columns)])
            asked = [Asked(float(fleet.setup), limits, mix)]
            upper = min(worth.upper, float(finished(columns, spans, worths, size, asked, few=0)[0]))
            hulls = hulls_of(columns, spans, limits, worth)
            assert all(one.busy >= -1e-9 * worth.lower for one in hulls)
        else:
            load = loads_of(columns, [float(d) for d in fleet.demand], float(fleet.utilisation))
            worth = service_worth(columns, load, float(HOURS), limits)
            upper = min(worth.upper, together(columns, load, float(HOURS), limits, mix))
        assert worth.lower <= float(found[0]) * (1 + 1e-9)
        if cheapest(fleet, batch) < math.inf:
            assert upper >= cheapest(fleet, batch) * (1 - 1e-8)


def cheapest(fleet: Fleet, batch: bool) -> float:
    """By the solver, of all columns, and however much may be spent."""
    columns, limits, use = (
        columns_of(fleet),
        replace(limits_of(fleet), budget=math.inf),
        float(fleet.utilisation),
    )
    mix = "one_type" if fleet.one_type else "any"
    if batch:
        fleet_program = generate_program(
            "b", columns, float(fleet.demand[0]), use, float(fleet.setup), limits, mix, alone=False
        )
    else:
        rates = [float(d) for d in fleet.demand]
        fleet_program = serve_program("s", columns, rates, float(HOURS), use, limits, mix, alone=False)
    return solve_program(fleet_program.program).cost


def test_units_carry_classes_where_exact_arithmetic_says_so() -> None:
    rng, answers = random.Random(9), []
    for _ in range(2000):
        classes, count = rng.randint(1, 4), rng.randint(1, 4)
        fleet = replace(random_fleet(rng, batch=False), utilisation=F(1))
        fleet.capacity = [
            [F(rng.randint(1, 9)) if rng.random() < 0.8 else F(0) for _ in range(classes)]
            for _ in range(count)
        ]
        fleet.demand = [F(rng.randint(1, 12), 2) for _ in range(classes)]
        held = [rng.randint(0, 3) for _ in range(count)]
        if not any(held):
            continue
        capacity = np.array([[float(c) for c in column] for column in fleet.capacity]).T
        with np.errstate(divide="ignore"):
            load = np.array([float(d) for d in fleet.demand])[:, None] / capacity
        short = short_of(load, held)
        answers.append(short is None)
        assert answers[-1] == carries(fleet, held)
        if short is not None:
            assert short @ np.array(held) < 1
    assert 0.1 < sum(answers) / len(answers) < 0.9


def test_classes_are_spanned_by_as_many_trees_as_cayley_says() -> None:
    for classes in range(1, 6):
        every = [len(members) for members, _ in trees(classes)]
        for size in range(1, classes + 1):
            spanning = size ** (size - 2) if size > 1 else 1
            assert every.count(size) == math.comb(classes, size) * spanning


def columns(*rows: tuple[float, float, float, float]) -> Columns:
    """One-card columns. rows: (capacity in requests/s, price of an hour, step and minimum in seconds)."""
    capacity, rate, step, minimum = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    index, one = np.arange(len(rows)), np.ones(len(rows), dtype=int)
    return Columns(
        index, index, one, index, one, one, capacity[None, :], np.zeros(len(rows)), rate,
        np.full(len(rows), 80.0), step / HOUR, minimum / HOUR, str, str, index,
    )  # fmt: skip


def test_few_cards_at_a_high_price_are_told_by_the_bound_alone() -> None:
    """20 requests/s by at most 4 cards: the cheap card does 4 each, the dear one 8. Half and half is 1 too many."""
    some = columns((4.0, 1.0, 1, 0), (8.0, 6.0, 1, 0))
    load = loads_of(some, [20.0], 1.0)
    worth = service_worth(some, load, 1.0, Limits(max_cards=4))
    # 3 cheap and 1 dear card do 20: 3 x 1 + 6; with a price of 4 for each card both do 4 for 5 and 8 for 10
    assert worth.lower == pytest.approx(9.0)
    assert worth.card.tolist() == pytest.approx([4.0, 4.0])
    ready = ready_service(some, load, 1.0, Limits(max_cards=4), "any")
    assert ready.choice is not None
    assert ready.choice.cost == pytest.approx(9.0)
    none = ready_service(some, load, 1.0, Limits(max_cards=2), "any")
    assert (none.searched, none.choice) == (True, None)


def test_hours_are_bounded_by_whole_steps_and_not_by_the_deadline() -> None:
    """Cards by the hour until 1.5 h: the first hour is used whole, the second is not; the bound knows that."""
    some = columns((1.0, 3.0, 3600, 0))
    limits = Limits(deadline=1.5)
    spans = spans_of(some, 10.0, 0.0, limits)
    worth = batch_worth(some, spans, limits)
    assert worth.lower == pytest.approx(
        30.0
    )  # 10 h at 3 an hour; 1.5 h for 4.5 would be as cheap, but costs 6
    ready = ready_batch(some, spans, limits, "any")
    assert ready.choice is not None
    assert ready.choice.units == (10,)
    assert ready.choice.cost == pytest.approx(30.0)


def test_a_least_billing_counts_once_for_all_units_of_a_column() -> None:
    """Two units of 2 h at most, billed 1 h each at least: 2.5 h of work take both, and 2.5 h are billed."""
    some = columns((1.0, 4.0, 1, 3600))
    limits = Limits(deadline=2.0)
    ready = ready_batch(some, spans_of(some, 2.5, 0.0, limits), limits, "any")
    assert ready.choice is not None
    assert ready.choice.units == (2,)
    assert ready.choice.cost == pytest.approx(10.0)


def test_a_column_is_outdone_by_units_of_more_cards_that_do_its_work_for_less_if_cards_are_not_limited() -> (
    None
):
    """What full hours at 10 leave, one card at 1.3 an hour does slower than two together at 1.2, and for more."""
    some = replace(
        columns((10.0, 10.0, 3600, 0), (0.8, 1.3, 1, 0), (1.0, 1.2, 1, 0)), gpus=np.array([1, 1, 2])
    )
    left = {}
    for most in (math.inf, 20.0):
        limits = Limits(deadline=20.0, max_cards=most)
        spans = spans_of(some, 100.5, 0.25, limits)
        left[most] = standing(some, spans, batch_worth(some, spans, limits), limits, "any").tolist()
    assert left == {math.inf: [0, 2], 20.0: [0, 1, 2]}
