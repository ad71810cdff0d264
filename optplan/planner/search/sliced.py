"""Services whose traffic comes in whole slices: a free split is searched first, since it is quick and never dearer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from optplan.program.fleet import FleetProgram
from optplan.program.search import Choice
from optplan.program.slices import free_split, with_units
from optplan.solve import PROVEN, Solution, solve_program

Ties = Callable[[FleetProgram, Solution], Solution]


def solve_sliced(
    fleet: FleetProgram, choice: Choice | None, time_limit: float | None, ties: Ties
) -> Solution | None:
    """The cheapest units, where whole slices fit into those of the cheapest free split.

    No plan in slices costs less than the free split, which is the proof. None where they do not fit, or where traffic
    divides freely. choice: the cheapest free split, where a search found it; ties: the first of plans that cost as
    little as the one given.
    """
    if not fleet.slices:
        return None
    free = free_split(fleet)
    units = {} if choice is None else dict(zip(fleet.units, map(float, choice.units), strict=True))
    lower = solve_program(free.program, time_limit, units)
    if lower.status != "optimal":
        return None
    seconds = lower.seconds
    if choice is None or abs(choice.cost - lower.cost) > PROVEN * lower.cost:
        first = ties(free, lower)
        units, seconds = first.values or lower.values, seconds + first.seconds
    held = solve_program(with_units(fleet, units), time_limit)
    if not held.values:
        return None
    cost = fleet.program.cost(held.values)
    nodes, seconds = lower.nodes + held.nodes, seconds + held.seconds
    return replace(held, cost=cost, bound=min(lower.bound, cost), seconds=seconds, nodes=nodes)
