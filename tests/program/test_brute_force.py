"""The program finds what brute force finds: cost, ties, and that there is no plan."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction as F

import pytest
from cases import OneType, by_the_hour, columns_of, limits_of, random_fleet, random_job, solve_mix
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Fleet, Job, best_batch, best_gang, best_service

from optplan.program.fleet import FleetProgram, first_of_equals, generate_program, serve_program
from optplan.solve import Solution, solve_program

JOBS = MIXES = SERVICES = BATCHES = 500
GENERATED = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
HOURS = F(10)
MOST = 5  # units of a column of a service that brute force tries
FEW = 3  # of a batch


def check_job(job: Job) -> bool:
    """One type: cost, proof, and of equals fewer cards, then more memory."""
    best, (_, solution, cards, memory) = best_gang(job, mixed=False), OneType(job).solve()
    if best is None:
        assert solution.status == "infeasible"
        return False
    assert solution.status == "optimal"
    assert solution.cost == pytest.approx(float(best.cost), rel=1e-9)
    assert 0 <= solution.cost - solution.bound <= 1e-9 * solution.cost
    assert (cards, memory) == (best.cards, best.memory)
    return True


def check_mix(job: Job) -> bool:
    """Any types: cost and proof."""
    best, (cost, status, bound) = best_gang(job, mixed=True), solve_mix(job)
    if best is None:
        assert status == "infeasible"
        return False
    assert status == "optimal"
    assert cost == pytest.approx(float(best.cost), rel=1e-8)
    assert bound <= cost * (1 + 1e-12)
    assert cost - bound <= 1e-9 * cost
    alone = best_gang(job, mixed=False)
    return alone is None or best.cost < alone.cost


def solved(fleet: FleetProgram, setup: float) -> tuple[Solution, float]:
    """(solution, cards), ties broken, as the planner does it."""
    first = solve_program(fleet.program)
    if not first.values or first.cost <= 0:
        return first, 0.0
    first = replace(first, cost=fleet.program.cost(fleet.exact(first.values, setup)))
    again = solve_program(first_of_equals(fleet, first.cost, 100.0))
    assert fleet.program.cost(fleet.exact(again.values, setup)) == pytest.approx(first.cost, rel=1e-8)
    return first, sum(
        again.values.get(x, 0.0) * g for x, g in zip(fleet.units, fleet.columns.gpus, strict=True)
    )


def check_fleet(fleet: Fleet, batch: bool) -> bool:
    """Cost, proof, and of equals fewer cards."""
    mix, limits, columns = "one_type" if fleet.one_type else "any", limits_of(fleet), columns_of(fleet)
    use = float(fleet.utilisation)
    if batch:
        best = best_batch(fleet, FEW)
        program = generate_program("b", columns, float(fleet.demand[0]), use, float(fleet.setup), limits, mix)
    else:
        found = best_service(fleet, HOURS, MOST)
        best = None if found is None else found[:2]
        program = serve_program(
            "s", columns, [float(d) for d in fleet.demand], float(HOURS), use, limits, mix
        )
    solution, cards = solved(program, float(fleet.setup))
    if best is None:
        assert solution.status == "infeasible" or _beyond(solution, program, FEW if batch else MOST)
        return False
    assert solution.status == "optimal"
    if _beyond(solution, program, FEW if batch else MOST):
        return False
    assert solution.cost == pytest.approx(float(best[0]), rel=1e-8)
    assert solution.cost - solution.bound <= 4e-9 * solution.cost
    assert cards == best[1]
    return True


def _beyond(solution: Solution, program: FleetProgram, most: int) -> bool:
    """Does the plan use more units of a column than brute force tried?"""
    return any(solution.values.get(x, 0.0) > most for x in program.units)


def test_jobs_of_one_type_cost_what_brute_force_says() -> None:
    rng = random.Random(1)
    feasible = sum(check_job(random_job(rng, mixed=False)) for _ in range(JOBS))
    assert 0.5 * JOBS < feasible < 0.98 * JOBS


def test_jobs_of_any_mix_cost_what_brute_force_says() -> None:
    rng = random.Random(2)
    wins = sum(check_mix(random_job(rng, mixed=True)) for _ in range(MIXES))
    assert wins > 0.05 * MIXES


def test_services_cost_what_brute_force_says() -> None:
    rng = random.Random(3)
    feasible = sum(check_fleet(random_fleet(rng, batch=False), batch=False) for _ in range(SERVICES))
    assert feasible > 0.5 * SERVICES


def test_batches_cost_what_brute_force_says() -> None:
    rng = random.Random(4)
    feasible = sum(check_fleet(random_fleet(rng, batch=True), batch=True) for _ in range(BATCHES))
    assert feasible > 0.4 * BATCHES


@GENERATED
@given(st.integers(0, 2**32))
def test_any_job_of_one_type_costs_what_brute_force_says(seed: int) -> None:
    check_job(random_job(random.Random(seed), mixed=False))


@GENERATED
@given(st.integers(0, 2**32))
def test_any_mixed_job_costs_what_brute_force_says(seed: int) -> None:
    check_mix(random_job(random.Random(seed), mixed=True))


@GENERATED
@given(st.integers(0, 2**32), st.booleans())
def test_any_fleet_costs_what_brute_force_says(seed: int, batch: bool) -> None:
    check_fleet(random_fleet(random.Random(seed), batch), batch)


def test_the_oracle_agrees_with_sums_done_by_hand() -> None:
    fleet = by_the_hour(F(3), F(7200))
    # two hours of work, 90 minutes of time, two cards: an hour each
    assert best_batch(fleet, 3) == (F(6), 2)
    fleet.demand = [F(10800)]
    assert best_batch(fleet, 3) == (F(12), 2)  # both to the deadline: two hours billed each
    fleet.max_cards = None
    assert best_batch(fleet, 3) == (F(9), 3)
    fleet.demand = [F(2)]
    assert best_service(fleet, F(5), 3) == (F(30), 2, (2,))
