"""Traffic in whole slices: what a free split of the same program tells about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from optplan.program.fleet import FleetProgram
from optplan.program.model import Program


def free_split(fleet: FleetProgram) -> FleetProgram:
    """The same program with slices that may be divided: it never costs more."""
    counted = set(fleet.slices)
    variables = [
        replace(v, integer=v.integer and i not in counted) for i, v in enumerate(fleet.program.variables)
    ]
    return replace(fleet, program=replace(fleet.program, variables=variables, rows=list(fleet.program.rows)))


def with_units(fleet: FleetProgram, values: Mapping[int, float]) -> Program:
    """The program with the units of a solution held: do whole slices fit into them?"""
    program = replace(fleet.program, rows=list(fleet.program.rows), taken=set(fleet.program.taken))
    for x in fleet.units:
        units = values.get(x, 0.0)
        program.row(f"held:{program.variables[x].name}", {x: 1.0}, low=units, high=units)
    return program
