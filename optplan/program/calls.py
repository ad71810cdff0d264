"""Requests that an API answers, as continuous columns of a fleet's program: a share of each traffic class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from optplan.program.fleet import FleetProgram
from optplan.program.limits import Limits
from optplan.program.model import Row, lp_name


def add_calls(fleet: FleetProgram, costs: Sequence[float], limits: Limits, offline: bool) -> list[int]:
    """Let an API answer any share of each class; returns the variable of each class.

    costs: of a whole class by its cheapest API (infinite: none takes it), in the order of the classes; an
    offline program has one. The wished number of replicas holds unless the API answers everything.
    """
    program = fleet.program
    calls: list[int] = []
    for j, cost in enumerate(costs):
        known = math.isfinite(cost)
        upper = 1.0 if known else 0.0
        calls.append(program.variable(f"api_{j}", cost if known else 0.0, upper, integer=False))
    answered = {("work" if offline else lp_name(f"class:{j}")): (call, 1.0) for j, call in enumerate(calls)}
    everything = program.variable("api_answers_all", upper=1)
    rows = []
    for row in program.rows:
        more: dict[int, float] = {}
        if row.name in answered:
            call, share = answered[row.name]
            more = {call: share}
        elif row.name == "min_replicas":
            more = {everything: 1.0}
        elif row.name == "budget":
            scale = 1 / limits.budget
            more = {
                call: cost * scale for call, cost in zip(calls, costs, strict=True) if math.isfinite(cost)
            }
        rows.append(replace(row, coefficients={**row.coefficients, **more}) if more else row)
    program.rows[:] = rows
    for j, call in enumerate(calls):
        program.rows.append(Row(f"api_answers_all_{j}", {everything: 1.0, call: -1.0}, high=0.0))
    return calls
