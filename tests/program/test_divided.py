"""Services of many traffic classes: the search without the solver, and its test of units, against other ways."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from cases import _copy, columns_of, limits_of
from oracle import Fleet, carries, chance
from worths import service_worth

from optplan.program import divided
from optplan.program.divided import cheapest_divided
from optplan.program.fleet import FleetProgram, first_of_equals, serve_program
from optplan.program.limits import Limits
from optplan.program.ready import Searched, ready_service
from optplan.program.search import TooMany
from optplan.program.shortage import short_of_many
from optplan.program.worth import loads_of
from optplan.solve import Solution, solve_program

HOURS = 10.0
CASES = 200


def fleet_of_many_classes(rng: random.Random) -> Fleet:
    """2 to 5 columns, 5 to 12 traffic classes; half with small whole numbers, which have ties."""
    classes, whole = rng.randint(5, 12), chance(rng, 0.5)
    fleet = Fleet([], [], [], [], [], [], [], [], [], [], F(rng.choice([1, 3, 4]), 4 + rng.randrange(2)))
    for i in range(rng.randint(2, 5)):
        if i and chance(rng, 0.2):
            _copy(rng, fleet, i)
            continue
        gpus, most, part = rng.choice([1, 1, 2, 4]), 8 if whole else 40, 1 if whole else 10
        fleet.card.append(rng.randrange(3))
        fleet.gpus.append(gpus)
        fleet.replicas.append(rng.choice([1, gpus]))
        fleet.memory.append(rng.choice([24, 80]))
        rates = [F(rng.randint(1, most) * gpus, part) for _ in range(classes)]
        fleet.capacity.append([rate if chance(rng, 0.93) else F(0) for rate in rates])
        fleet.fixed.append(F(0))
        fleet.rate.append((F(rng.randint(1, 4)) if whole else F(rng.randint(20, 400), 10)) * gpus)
        fleet.step_s.append(1)
        fleet.minimum_s.append(0)
    fleet.demand = [F(rng.randint(1, 20), rng.choice([1, 2, 4])) for _ in range(classes)]
    fleet.one_type = chance(rng, 0.25)
    fleet.max_cards = rng.randint(3, 40) if chance(rng, 0.25) else None
    fleet.min_replicas = rng.randint(2, 30) if chance(rng, 0.25) else 1
    fleet.budget = F(rng.randint(100, 20000)) if chance(rng, 0.15) else None
    if chance(rng, 0.3):
        fleet.quotas.append(({rng.randrange(3)}, rng.randint(0, 12)))
    if chance(rng, 0.2):
        fleet.quotas.append(({0, 1}, rng.randint(0, 20)))
    return fleet


def loads(fleet: Fleet) -> np.ndarray:
    return loads_of(columns_of(fleet), [float(d) for d in fleet.demand], float(fleet.utilisation))


def asked(fleet: Fleet) -> tuple[list[float], float, str]:
    """(requests/s of each class, utilisation, mix)"""
    return (
        [float(d) for d in fleet.demand],
        float(fleet.utilisation),
        "one_type" if fleet.one_type else "any",
    )


def searched(fleet: Fleet) -> Searched:
    """The fleet through the search."""
    return ready_service(columns_of(fleet), loads(fleet), HOURS, limits_of(fleet), asked(fleet)[-1])


def solved(fleet: Fleet) -> tuple[FleetProgram, Solution]:
    """By the solver, of all columns: the cheapest, then the one of fewest cards."""
    rates, use, mix = asked(fleet)
    program = serve_program("s", columns_of(fleet), rates, HOURS, use, limits_of(fleet), mix, alone=False)
    return program, solve_program(program.program)


def test_the_cheapest_of_fewest_cards_is_found_wherever_the_solver_finds_one() -> None:
    rng, none = random.Random(3), 0
    for _ in range(CASES):
        fleet = fleet_of_many_classes(rng)
        ready, (program, solution) = searched(fleet), solved(fleet)
        assert ready.searched
        if ready.choice is None:
            none += 1
            assert solution.status == "infeasible"
            continue
        assert solution.status == "optimal"
        assert ready.choice.cost == pytest.approx(solution.cost, rel=1e-8)
        gpus = dict(zip(program.units, program.columns.gpus.tolist(), strict=True))
        most = sum(gpus[x] * solution.values.get(x, 0.0) for x in program.units)
        first = solve_program(first_of_equals(program, solution.cost, most)).values
        cards = sum(n * g for n, g in zip(ready.choice.units, ready.columns.gpus.tolist(), strict=True))
        assert cards == sum(gpus[x] * first.get(x, 0.0) for x in program.units)
    assert 0.1 * CASES < none < 0.5 * CASES


def test_units_carry_many_classes_where_exact_arithmetic_says_so() -> None:
    rng, answers = random.Random(4), []
    for _ in range(CASES):
        fleet = replace(fleet_of_many_classes(rng), utilisation=F(1))
        held = np.array([rng.randint(0, 8) for _ in fleet.card])
        if not held.any():
            continue
        load = loads(fleet)
        short = short_of_many(load, held)
        answers.append(short is None)
        assert answers[-1] == carries(fleet, held.tolist())
        if short is not None:
            assert short @ held < 1
    assert 0.2 < sum(answers) / len(answers) < 0.8


def test_units_that_are_just_enough_are_enough() -> None:
    """Six classes that each take half a unit of either column: three units do, and not less."""
    load = np.full((6, 2), 0.5)
    assert short_of_many(load, np.array([2, 1])) is None
    short = short_of_many(load, np.array([1, 1]))
    assert short is not None
    assert short == pytest.approx([1 / 3, 1 / 3])
    # the last class cannot go to the first column, the others take none of the second: 2.5 units and 0.5
    load[:, 1], load[5] = math.inf, [math.inf, 0.5]
    assert short_of_many(load, np.array([3, 1])) is None
    assert short_of_many(load, np.array([2, 4])) is not None
    assert short_of_many(load, np.array([9, 0])) == pytest.approx([0.0, 2.0])


def test_too_much_to_look_at_is_left_to_the_solver(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = next(f for f in map(fleet_of_many_classes, [random.Random(5)] * 50) if searched(f).choice)
    columns, load = columns_of(fleet), loads(fleet)
    worth = service_worth(columns, load, HOURS, Limits())
    assert cheapest_divided(columns, load, HOURS, worth, Limits(), "any") is not None
    for name in ("MOST_CELLS", "MOST_TESTS"):
        with monkeypatch.context() as patch:
            patch.setattr(divided, name, 0)
            with pytest.raises(TooMany):
                cheapest_divided(columns, load, HOURS, worth, Limits(), "any")


@pytest.mark.parametrize(("name", "value"), [("WIDTH", 1), ("GROWTH", 1000.0), ("MOST_STEPS", 0)])
def test_the_answer_does_not_rest_on_how_the_search_goes_about(
    name: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(8)
    fleets = [fleet_of_many_classes(rng) for _ in range(CASES // 4)]
    before = [searched(fleet) for fleet in fleets]
    monkeypatch.setattr(divided, name, value)
    for fleet, one in zip(fleets, before, strict=True):
        again = searched(fleet)
        assert again.searched
        assert again.choice == one.choice


def test_a_plan_that_is_known_does_not_change_what_the_solver_finds() -> None:
    rng, bettered = random.Random(6), 0
    for _ in range(CASES // 4):
        fleet = fleet_of_many_classes(rng)
        program, solution = solved(fleet)
        if not solution.values:
            continue
        units = {x: solution.values.get(x, 0.0) for x in program.units}
        dearer = {x: n + 1 for x, n in units.items()}
        nothing = dict.fromkeys(units, 0.0)
        for known in (units, dearer, nothing):
            again = solve_program(program.program, known=known)
            assert again.status == "optimal"
            assert again.cost == pytest.approx(solution.cost, rel=1e-9)
            assert again.bound == pytest.approx(solution.cost, rel=1e-8)
        bettered += 1
    assert bettered > CASES // 8
