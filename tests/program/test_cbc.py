"""Another solver, given the same programs through PuLP, finds the same costs."""

from __future__ import annotations

import random
import shutil

import pulp
import pytest
from cases import OneType, columns_of, limits_of, random_fleet, random_job

from optplan.program import Program
from optplan.program.fleet import generate_program, serve_program
from optplan.solve import solve_program, to_pulp

CASES = 60
CBC = getattr(getattr(pulp, "PULP_CBC_CMD", None), "pulp_cbc_path", None) or shutil.which("cbc")
pytestmark = pytest.mark.skipif(
    CBC is None or not pulp.COIN_CMD(path=CBC).available(), reason="PuLP brings no CBC for this platform"
)


def cbc(program: Program) -> float | None:
    """CBC's cost, or None where it finds no plan."""
    solver = pulp.COIN_CMD(
        path=CBC, msg=False, gapRel=0, gapAbs=0, threads=1, options=["primalT 1e-9", "integerT 1e-9"]
    )
    problem, variables = to_pulp(program)
    problem.solve(solver)
    if pulp.LpStatus[problem.status] != "Optimal":
        return None
    return sum(v.cost * (x.varValue or 0.0) for v, x in zip(program.variables, variables, strict=True))


def agree(program: Program) -> bool:
    """Both costs are the same; True where there is a plan."""
    ours, theirs = solve_program(program), cbc(program)
    if theirs is None:
        assert ours.status == "infeasible"
        return False
    assert ours.cost == pytest.approx(theirs, rel=1e-6)
    return True


def test_cbc_agrees_on_jobs() -> None:
    rng = random.Random(11)
    assert sum(agree(OneType(random_job(rng, mixed=False)).build().program) for _ in range(CASES)) > CASES / 2


@pytest.mark.parametrize("batch", [False, True])
def test_cbc_agrees_on_fleets(batch: bool) -> None:
    rng, feasible = random.Random(12), 0
    for _ in range(CASES):
        fleet = random_fleet(rng, batch)
        columns, limits, mix = columns_of(fleet), limits_of(fleet), "one_type" if fleet.one_type else "any"
        use, demand = float(fleet.utilisation), [float(d) for d in fleet.demand]
        if batch:
            built = generate_program("b", columns, demand[0], use, float(fleet.setup), limits, mix)
        else:
            built = serve_program("s", columns, demand, 10.0, use, limits, mix)
        feasible += agree(built.program)
    assert feasible > CASES / 3
