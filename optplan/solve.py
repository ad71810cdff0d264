"""Program -> solution with its proof, through PuLP and HiGHS.

PuLP's own status is not proof (a stop at a gap, a time limit and an interrupt can all read "Optimal"): status,
bound and gap come from HiGHS' own report, and the solution is rechecked against the rows outside the solver.
"""

from __future__ import annotations

import functools
import math
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import highspy
import numpy as np
import pulp

from optplan.program import Program
from optplan.program.model import lp_name

LONGEST_NAME = 255  # characters of a name in an LP file
FEASIBLE = 2  # HiGHS: kSolutionStatusFeasible
UNBOUNDED = (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible)
# The solver's own tolerances (absolute, of rows scaled to 1) would take a job that ends a second late, and call a
# plan optimal that is not.
USUAL: dict[str, Any] = {
    "mip_abs_gap": 0.0,
    "mip_rel_gap": 0.0,
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
}
# Whole numbers may be 1e-6 off in the usual search. A plan that leans on this is searched again without. That is
# not the usual way, since it can miss the optimum or every plan by itself: the better of two searches is taken.
TIGHT: tuple[dict[str, Any], ...] = (
    USUAL | {"mip_feasibility_tolerance": 1e-9},
    USUAL | {"mip_feasibility_tolerance": 1e-9, "presolve": "off"},
)
# With the cheapest plan known, nothing is left to do but prove it: on such programs, searches for better plans and what
# else prepares a long search take more time than the proof.
PROVING: dict[str, Any] = {
    "mip_allow_restart": False,
    "mip_allow_cut_separation_at_nodes": False,
    "mip_pscost_minreliable": 0,
    "mip_heuristic_run_feasibility_jump": False,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
}
LEANING = 3e-9  # a row broken by more, or a cost that rounding moves by more (relative)
PROVEN = 1e-8  # a gap of more (relative) is none of floats, and no proof
ROW_TOLERANCE = 1e-8  # of the scaled rows: integers are rounded after the search


@dataclass(frozen=True, slots=True)
class Solution:
    """What the solver found.

    values  variable index -> value; integers are whole
    bound   no solution costs less
    """

    status: Literal["optimal", "feasible", "infeasible", "unbounded", "unknown"]
    values: dict[int, float]
    cost: float
    bound: float
    seconds: float
    nodes: int

    @property
    def gap(self) -> float:
        """(cost - bound) / cost; 0 is proof."""
        return 0.0 if self.cost <= self.bound else (self.cost - self.bound) / abs(self.cost)


def to_pulp(program: Program, scale: float = 1.0) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    """The same program as PuLP objects, its objective times `scale`; names are already safe, so none is changed."""
    problem = pulp.LpProblem(lp_name(program.name), pulp.LpMinimize)
    kinds = {True: pulp.LpInteger, False: pulp.LpContinuous}
    variables = [
        problem.add_variable(v.name, 0, v.upper if math.isfinite(v.upper) else None, kinds[v.integer])
        for v in program.variables
    ]
    problem.setObjective(
        pulp.LpAffineExpression(
            [(x, v.cost * scale) for x, v in zip(variables, program.variables, strict=True)]
        )
    )
    for row in program.rows:
        expression = pulp.LpAffineExpression([(variables[i], c) for i, c in row.coefficients.items()])
        for suffix, sense, side in _sides(row.low, row.high):
            problem.addConstraint(pulp.LpConstraint(expression, sense, row.name + suffix, side))
    return problem, variables


def _sides(low: float, high: float) -> list[tuple[str, int, float]]:
    if low == high:
        return [("", pulp.LpConstraintEQ, low)]
    sides = []
    both = math.isfinite(low) and math.isfinite(high)
    if math.isfinite(low):
        sides.append(("_least" if both else "", pulp.LpConstraintGE, low))
    if math.isfinite(high):
        sides.append(("_most" if both else "", pulp.LpConstraintLE, high))
    return sides


def lp_text(program: Program) -> str:
    """The program in CPLEX LP format, as PuLP writes it."""
    problem, _ = to_pulp(program)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.lp"
        problem.writeLP(str(path), max_length=LONGEST_NAME)
        return path.read_text()


def _search(problem: pulp.LpProblem, begin: Mapping[pulp.LpVariable, float]) -> None:
    """PuLP's call of HiGHS, but Ctrl-C stops the search at once and keeps the best plan found so far.

    begin: values that the first plan has.
    """
    highs = problem.solverModel
    if begin:
        index = np.array([variable.index for variable in begin], dtype=np.int32)
        highs.setSolution(len(index), index, np.array(list(begin.values())))
    highs.HandleUserInterrupt = True
    finished = started = False
    while not finished:
        try:
            if not started:
                started = True
                highs.startSolve()
            finished, _ = highs.wait(0.05)
        except KeyboardInterrupt:
            highs.cancelSolve()


def solve_program(
    program: Program, time_limit: float | None = None, known: Mapping[int, float] | None = None
) -> Solution:
    """Solve to proven optimality (or until time_limit seconds), status and bound from HiGHS itself.

    known: whole numbers of a plan that is the cheapest, as far as is known: the search is then for a proof. Raises
    ArithmeticError when the solver's answer breaks a row: that is never passed on as a plan.
    """
    start = time.perf_counter()
    if not program.variables:  # PuLP has no answer for a program without any
        if program.broken({}, 0.0):
            return Solution("infeasible", {}, math.inf, math.inf, 0.0, 0)
        return Solution("optimal", {}, 0.0, 0.0, 0.0, 0)
    scale = program.scale
    first, begin = (USUAL | PROVING, known) if known else (USUAL, {})
    problem, variables = _run(program, scale, time_limit, first, begin)
    if _leans(program, problem, variables, scale):
        again = [_run(program, scale, time_limit, options, begin) for options in TIGHT]
        problem, variables = min(again, key=lambda run: _reached(run[0]))
    highs = problem.solverModel
    info, status = highs.getInfo(), highs.getModelStatus()
    seconds = time.perf_counter() - start
    if info.primal_solution_status != FEASIBLE or status in UNBOUNDED:
        kind = _no_solution(program, status)
        return Solution(kind, {}, math.inf, math.inf if kind == "infeasible" else -math.inf, seconds, 0)
    values = _rounded(program, variables)
    cost = program.cost(values)
    has_integers = any(v.integer for v in program.variables)
    proven = status == highspy.HighsModelStatus.kOptimal
    # of a program without integers HiGHS gives no bound but the objective, and that only once it is optimal
    bound = (info.mip_dual_bound if has_integers else info.objective_function_value) / scale
    if not proven and not has_integers:
        bound = -math.inf
    if broken := program.broken(values, ROW_TOLERANCE):
        if not proven:  # stopped before there was a plan that holds exactly
            return Solution("unknown", {}, math.inf, bound, seconds, 0)
        raise ArithmeticError(f"the solver's answer breaks row {broken}")
    nodes = max(0, int(info.mip_node_count))
    proven &= cost - bound <= PROVEN * _gross(program, values)
    return Solution("optimal" if proven else "feasible", values, cost, min(bound, cost), seconds, nodes)


def _run(
    program: Program,
    scale: float,
    time_limit: float | None,
    options: Mapping[str, Any],
    begin: Mapping[int, float],
) -> tuple[pulp.LpProblem, list[pulp.LpVariable]]:
    problem, variables = to_pulp(program, scale)
    solver = pulp.HiGHS(msg=False, timeLimit=time_limit, threads=1, **options)
    solver.callSolver = functools.partial(_search, begin={variables[i]: v for i, v in begin.items()})
    problem.solve(solver)
    return problem, variables


def _gross(program: Program, values: Mapping[int, float]) -> float:
    """What costs are measured against: all terms without their signs, since they may cancel."""
    return math.fsum(abs(program.variables[i].cost * value) for i, value in values.items())


def _reached(problem: pulp.LpProblem) -> float:
    """The cost found, as scaled; infinite where there is none."""
    info = problem.solverModel.getInfo()
    return float(info.objective_function_value) if info.primal_solution_status == FEASIBLE else math.inf


def _leans(program: Program, problem: pulp.LpProblem, variables: list[pulp.LpVariable], scale: float) -> bool:
    """Does the plan, or its proof, hold only by the solver's tolerance of whole numbers?"""
    info = problem.solverModel.getInfo()
    if problem.solverModel.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return False
    values, found = _rounded(program, variables), info.objective_function_value / scale
    least = LEANING * _gross(program, values)
    moved = abs(program.cost(values) - found) > least
    if any(v.integer for v in program.variables):
        moved |= found - info.mip_dual_bound / scale > least
    return moved or program.broken(values, LEANING) is not None


def _no_solution(program: Program, status: Any) -> Literal["infeasible", "unbounded", "unknown"]:
    """Why there is no solution; where HiGHS cannot tell which, a search without costs can."""
    if status == highspy.HighsModelStatus.kInfeasible:
        return "infeasible"
    if status not in UNBOUNDED:
        return "unknown"
    free = Program(program.name, [replace(v, cost=0.0) for v in program.variables], program.rows)
    return "infeasible" if solve_program(free).status == "infeasible" else "unbounded"


def _rounded(program: Program, variables: list[pulp.LpVariable]) -> dict[int, float]:
    values = {}
    for i, (spec, variable) in enumerate(zip(program.variables, variables, strict=True)):
        value = float(variable.varValue or 0.0)
        value = float(round(value)) if spec.integer else max(0.0, value)
        if value:
            values[i] = value
    return values
