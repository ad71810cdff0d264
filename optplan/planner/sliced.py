"""Services whose traffic comes in whole slices: a free split is searched first, since it is quick and never dearer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from optplan.program.fleet import FleetProgram
from optplan.program.slices import free_split, with_units
from optplan.solve import Solution, solve_program

Ties = Callable[[FleetProgram, Solution], Solution]


def solve_sliced(fleet: FleetProgram, time_limit: float | None, ties: Ties) -> Solution | None:
    """The cheapest units, where whole slices fit into those of the cheapest free split.

    No plan in slices costs less than the free split, which is the proof. None where they do not fit, or where traffic
    divides freely. ties: the first of plans that cost as little as the one given.
    """
    if not fleet.slices:
        return None
    free = free_split(fleet)
    lower = solve_program(free.program, time_limit)
    if lower.status != "optimal":
        return None
    first = ties(free, lower)
    held = solve_program(with_units(fleet, first.values or lower.values), time_limit)
    if not held.values:
        return None
    cost = fleet.program.cost(held.values)
    seconds, nodes = lower.seconds + first.seconds + held.seconds, lower.nodes + held.nodes
    return replace(held, cost=cost, bound=min(lower.bound, cost), seconds=seconds, nodes=nodes)
