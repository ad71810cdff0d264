"""What a solver can get wrong in silence; each test fails if the trap bites."""

from __future__ import annotations

import math
import os
import random
import signal
import subprocess
import sys
import time
from fractions import Fraction as F

import highspy
import numpy as np
import pulp
import pytest
from cases import OneType, by_the_hour, columns_of, limits_of, random_fleet, random_job, solve_mix
from oracle import Fleet, Job, Offer, best_batch, best_gang, gangs

from optplan.program import Program
from optplan.program.fleet import generate_program, serve_program
from optplan.program.limits import scaled_most
from optplan.program.model import lp_name
from optplan.solve import lp_text, solve_program, to_pulp

PROOF = 1e-7  # relative: what the solver's tolerances leave of a proof


def covering(seed: int, columns: int = 30) -> tuple[Program, int]:
    """A program of nodes that must reach a demand, and its exact optimum by dynamic programming."""
    rng = random.Random(seed)
    gpus = [rng.randint(37, 97) for _ in range(columns)]
    price = [g * 100_000 + rng.randint(0, 90) for g in gpus]
    demand = 1009
    best = [0] + [10**18] * demand
    for total in range(1, demand + 1):
        best[total] = min(best[max(0, total - g)] + p for g, p in zip(gpus, price, strict=True))
    program = Program("covering")
    units = [program.variable(f"units_{i}", p) for i, p in enumerate(price)]
    program.row("demand", {x: g / demand for x, g in zip(units, gpus, strict=True)}, low=1)
    return program, best[demand]


def market_split(rows: int = 5, columns: int = 40, seed: int = 1, slack: bool = False) -> Program:
    """Equalities in 0-1 variables that no solver settles in seconds; with slack there is always a dear plan."""
    rng = random.Random(seed)
    program = Program("market_split")
    x = [program.variable(f"x{i}", 0.0, 1) for i in range(columns)]
    for k in range(rows):
        weights = [rng.randint(0, 99) for _ in range(columns)]
        row = {v: w / 100 for v, w in zip(x, weights, strict=True)}
        if slack:
            row[program.variable(f"over_{k}", 1.0, integer=False)] = 1.0
            row[program.variable(f"under_{k}", 1.0, integer=False)] = -1.0
        half = sum(weights) // 2 / 100
        program.row(f"market_{k}", row, low=half, high=half)
    return program


@pytest.mark.parametrize("seed", range(8))
def test_a_plan_a_millionth_dearer_is_not_called_optimal(seed: int) -> None:
    program, exact = covering(seed)
    solution = solve_program(program)
    assert solution.status == "optimal"
    assert solution.cost == pytest.approx(exact, rel=PROOF)
    assert solution.bound == pytest.approx(exact, rel=PROOF)


def test_a_plan_found_at_the_time_limit_is_feasible_and_not_optimal() -> None:
    solution = solve_program(market_split(slack=True), time_limit=0.5)
    assert solution.status == "feasible"
    assert solution.bound < solution.cost
    assert solution.gap > 0


def test_a_time_limit_without_a_plan_is_unknown() -> None:
    solution = solve_program(market_split(), time_limit=0.3)
    assert (solution.status, solution.values, solution.cost) == ("unknown", {}, math.inf)
    assert solution.bound == -math.inf


@pytest.mark.skipif(os.name == "nt", reason="no SIGINT to one process there")
@pytest.mark.parametrize(("slack", "status"), [(False, "unknown"), (True, "feasible")])
def test_ctrl_c_stops_at_once_and_keeps_the_best_plan(slack: bool, status: str) -> None:
    code = f"""
import sys, time
sys.path.insert(0, {os.path.dirname(__file__)!r})
from test_traps import market_split
from optplan.solve import solve_program
program = market_split(slack={slack})
print("ready", flush=True)
s = solve_program(program, time_limit=60)
print(s.status, len(s.values), s.cost, s.bound, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        time.sleep(1.0)
        sent = time.monotonic()
        child.send_signal(signal.SIGINT)
        got, values, cost, bound = child.stdout.read().split()
        assert child.wait(30) == 0
    assert time.monotonic() - sent < 10
    assert got == status
    assert (int(values) > 0) == slack
    assert float(bound) < float(cost)


def test_the_objective_has_no_constant_that_bound_and_gap_would_lack() -> None:
    program, exact = covering(3)
    problem, _ = to_pulp(program)
    assert problem.objective.constant == 0
    assert solve_program(program).bound == pytest.approx(exact, rel=PROOF)


def test_a_program_without_integers_has_its_objective_as_bound() -> None:
    program = Program("lp")
    y = program.variable("hours", 2.0, integer=False)
    program.row("work", {y: 1.0}, low=2.5)
    solution = solve_program(program)
    assert (solution.status, solution.cost, solution.bound, solution.gap) == ("optimal", 5.0, 5.0, 0.0)


def test_infeasible_and_unbounded_are_told_apart() -> None:
    program = Program("none")
    x = program.variable("units", 1.0, 3)
    program.row("demand", {x: 1.0}, low=5)
    nothing = solve_program(program)
    assert (nothing.status, nothing.values, nothing.cost, nothing.bound) == (
        "infeasible",
        {},
        math.inf,
        math.inf,
    )
    free = Program("free")
    y = free.variable("hours", -1.0, integer=False)
    free.row("some", {y: 1.0}, low=0)
    assert solve_program(free).status == "unbounded"
    both = Program("both")
    x, y = both.variable("units", -1.0), both.variable("more", -1.0)
    both.row("apart", {x: 1.0, y: -1.0}, low=0.25, high=0.75)
    assert solve_program(both).status == "infeasible"


def test_a_program_without_variables_is_solved_and_printed() -> None:
    program = Program("nothing")
    program.row("one_gang", {}, low=1, high=1)
    assert solve_program(program).status == "infeasible"
    assert "one_gang" in lp_text(program)


def test_other_threads_in_the_same_process_do_not_stop_the_solver() -> None:
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    problem, _ = to_pulp(covering(5)[0])
    problem.solve(pulp.HiGHS(msg=False, threads=2, timeLimit=5))
    program, exact = covering(6)
    assert solve_program(program).cost == exact


def test_rows_of_tiny_and_huge_amounts_are_scaled() -> None:
    for size in (1e-9, 1e-7, 1.0, 1e7, 1e9):
        program = Program("scaled")
        x, y = program.variable("units", -1.0, 10), program.variable("more", -0.9, 10)
        scaled_most(program, "budget", {x: 0.75 * size, y: 0.5 * size}, size)
        assert solve_program(program).cost == pytest.approx(-1.8)


@pytest.mark.parametrize("requests", [1e-6, 1.0, 1e12])
def test_the_work_of_a_batch_is_scaled(requests: float) -> None:
    fleet = Fleet([0], [1], [1], [80], [[F(1)]], [F(5)], [F(1)], [1], [0], [F(1)], F(1), deadline=F(1))
    columns = columns_of(fleet)
    columns.capacity[:] = requests / 3600 / 2.5  # two and a half hours of work
    program = generate_program("b", columns, requests, 1.0, 0.0, limits_of(fleet), "any")
    assert solve_program(program.program).cost == pytest.approx(3 * 5 + 2.5)


def test_tiny_prices_are_as_exact_as_big_ones() -> None:
    for scale in (1e-12, 1e-6, 1e3):
        program, exact = covering(7)
        cheap = Program("cheap")
        for v in program.variables:
            cheap.variable(v.name, v.cost * scale, v.upper, v.integer)
        cheap.rows = program.rows
        assert solve_program(cheap).cost == pytest.approx(exact * scale, rel=PROOF)


def test_names_with_spaces_and_brackets_or_twice_the_same_stay_apart() -> None:
    program = Program("my need [1]")
    names = ["units 1x (A100)", "units_1x_A100", "units-1x-[A100]", "units 1x (A100)", "1x", "日本"]
    x = [program.variable(name, 1.0 + i, 5) for i, name in enumerate(names)]
    for least, name in enumerate(["quota:H100 SXM", "quota:H100-SXM", "quota:H100 SXM"]):
        program.row(name, {x[least]: 1.0}, low=least + 1)
    assert len({v.name for v in program.variables}) == len(names)
    assert [r.name for r in program.rows] == ["quota_H100_SXM", "quota_H100_SXM_2", "quota_H100_SXM_3"]
    assert solve_program(program).cost == 1 * 1 + 2 * 2 + 3 * 3
    text = lp_text(program)
    assert all(f"{row.name}:" in text for row in program.rows)
    assert all(lp_name(v.name) == v.name for v in program.variables)


def test_a_cost_that_is_no_number_is_refused() -> None:
    for cost in (math.nan, math.inf):
        with pytest.raises(ValueError, match="units"):
            Program("bad").variable("units", cost)


def test_an_answer_that_breaks_a_row_is_never_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    program, _ = covering(1)
    monkeypatch.setattr(sys.modules["optplan.solve"], "_rounded", lambda program, variables: {0: 1.0})
    with pytest.raises(ArithmeticError, match="demand"):
        solve_program(program)


def _one_offer(hours: F, step_s: int = 3600, minimum_s: int = 0) -> Job:
    return Job([Offer("a", 0, 0, 1, F(3), step_s, minimum_s, F(0))], {(0, 1, 1, 0): hours}, [80])


@pytest.mark.parametrize("thirds", range(1, 200))
def test_a_job_that_ends_on_the_hour_is_not_billed_one_more(thirds: int) -> None:
    job = _one_offer(F(thirds, 3))
    job.deadline = F(thirds, 3)
    _, solution, _, _ = OneType(job).solve()
    assert solution.status == "optimal"
    assert solution.cost == pytest.approx(3 * -(-thirds // 3))


@pytest.mark.parametrize("late_s", [0.01, 0.1, 1, 60])
def test_a_job_that_ends_late_is_refused_however_little(late_s: float) -> None:
    job = _one_offer(F(48))
    assert OneType(job, deadline=48.0).solve()[1].status == "optimal"
    assert OneType(job, deadline=48.0 - late_s / 3600).solve()[1].status == "infeasible"


@pytest.mark.parametrize("late_s", [0.01, 1])
def test_a_mix_that_ends_late_is_refused_however_little(late_s: float) -> None:
    offers = [Offer(f"o{card}", 0, card, 1, F(3 + card), 1, 0, F(0)) for card in range(2)]
    job = Job(offers, {(card, 2, 1, 0): F(48) for card in range(2)}, [80, 80], quotas=[({0}, 1), ({1}, 1)])
    job.deadline = F(48)
    assert solve_mix(job)[0] == pytest.approx(7 * 48)
    job.deadline = F(48) - F(str(late_s)) / 3600
    assert solve_mix(job)[1] == "infeasible"


def test_each_card_of_a_mix_must_hold_its_share_at_the_very_size() -> None:
    offers = [Offer(f"o{card}", 0, card, 1, F(10 - 9 * card), 1, 0, F(0)) for card in range(2)]
    hours = {(0, size, 1, 0): F(8, size) for size in (1, 2, 3)} | {(1, 3, 1, 0): F(8, 3)}
    job = Job(offers, hours, [80, 24], quotas=[({1}, 1)])
    # the small card holds its share in gangs of three only: with one of it, two big ones are needed
    assert solve_mix(job)[0] == pytest.approx(float(F(21) * F(8, 3)))
    job.max_cards = 2
    assert solve_mix(job)[0] == pytest.approx(80.0)  # no mix of two, though it would be cheaper


def test_hours_are_rounded_before_gangs_are_compared() -> None:
    rng, wrong = random.Random(5), 0
    for _ in range(150):
        job = random_job(rng, mixed=True)
        job.offers = [Offer(o.name, o.site, o.card, o.gpus, o.price, 3600, 3600, o.slow) for o in job.offers]
        job.budget = None
        best = best_gang(job, mixed=True)
        if best is None:
            continue
        naive = min(
            gangs(job, True), key=lambda g: sum(job.offers[k].price * n for k, n in g.units) * g.elapsed
        )
        wrong += naive.cost > best.cost
        assert solve_mix(job)[0] == pytest.approx(float(best.cost), rel=1e-9)
    assert wrong > 10  # the trap was there


def test_a_unit_at_work_to_the_deadline_pays_its_last_step_whole() -> None:
    fleet = by_the_hour(F(1), F(10800))
    program = generate_program("b", columns_of(fleet), 10800.0, 1.0, 0.0, limits_of(fleet), "any")
    assert solve_program(program.program).cost == 4
    fleet.max_cards = 3
    program = generate_program("b", columns_of(fleet), 10800.0, 1.0, 0.0, limits_of(fleet), "any")
    assert solve_program(program.program).cost == 3


def test_equal_columns_are_merged_and_do_not_slow_the_search() -> None:
    rng = np.random.default_rng(1)
    many = 300
    fleet = Fleet(
        [0] * many, [1] * many, [1] * many, [80] * many, [[F(3)]] * many, [F(0)] * many, [F(7)] * many, [1] * many,
        [0] * many, [F(100)], F(1),
    )  # fmt: skip
    program = serve_program(
        "s", columns_of(fleet), [float(rng.uniform(90, 100))], 1.0, 1.0, limits_of(fleet), "any"
    )
    assert len(program.columns) == 1
    assert program.columns.ident.tolist() == [0]


@pytest.mark.parametrize("seed", [102539, 300001, 300002])
def test_of_equal_costs_nodes_of_two_sizes_win_with_fewer_cards(seed: int) -> None:
    job = random_job(random.Random(seed), mixed=False)
    best, (_, _, cards, memory) = best_gang(job, mixed=False), OneType(job).solve()
    assert best is None or (cards, memory) == (best.cards, best.memory)


@pytest.mark.parametrize("seed", [400275, 400582, 401366, 402794, 403202, 403508, 403517, 601190, 501375])
def test_programs_that_the_solver_once_got_wrong_stay_right(seed: int) -> None:
    fleet = random_fleet(random.Random(seed), batch=True)
    limits, mix = limits_of(fleet), "one_type" if fleet.one_type else "any"
    built = generate_program(
        "b",
        columns_of(fleet),
        float(fleet.demand[0]),
        float(fleet.utilisation),
        float(fleet.setup),
        limits,
        mix,
    )
    solution, best = solve_program(built.program), best_batch(fleet, 3)
    assert best is not None
    assert solution.status == "optimal"
    cost = built.program.cost(built.exact(solution.values, float(fleet.setup)))
    assert cost == pytest.approx(float(best[0]), rel=1e-8)
