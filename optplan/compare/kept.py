"""What a plan costs when an assumption turns out otherwise and nothing is bought or rented anew."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optplan.compare.again import again
from optplan.plan import Line, Plan
from optplan.planner.context import Context
from optplan.planner.costs.carbon import CARBON
from optplan.planner.costs.pricing import card_charges
from optplan.units import TOLERANCE


@dataclass(frozen=True, slots=True)
class Kept:
    """The unchanged plan under other assumptions.

    cost  None where it cannot be told, or where the plan no longer does what was asked
    does  False where it no longer does: memory, deadline, traffic, budget, carbon
    """

    cost: float | None
    does: bool


def kept(plan: Plan, context: Context) -> Kept:
    """The same units and layouts under the context's assumptions.

    It cannot be told for a job on several types of card, whose speed no single line tells, for traffic of several
    classes, which are shared out anew, nor where an API answers a part of the requests.
    """
    mixed_job = plan.task == "finetune" and len(plan.lines) > 1
    if plan.apis or mixed_job or len(context.settled.classes) > 1:
        return Kept(None, True)
    lines = [again(context, line, plan.catalog) for line in plan.lines]
    charges = card_charges(context.pack)
    cost = math.fsum(line.values[name] for line in lines for name in charges)
    holds = all(verdict.holds for line in lines for verdict in line.verdicts.values())
    weight = math.fsum(line.values.get(CARBON, 0.0) for line in lines)
    limits, more = context.limits, 1 + TOLERANCE
    kept_to = cost <= limits.budget * more and (math.isinf(limits.carbon) or weight <= limits.carbon * more)
    does = holds and kept_to and _in_time(plan, lines, context)
    return Kept(cost if does else None, does)


def _in_time(plan: Plan, lines: list[Line], context: Context) -> bool:
    """Whether the units still meet the deadline, or carry the traffic."""
    if plan.task == "serve":
        return _load(lines, context) <= 1 + TOLERANCE
    hours = max(line.values["elapsed_hours"] for line in lines)
    return hours <= context.limits.deadline * (1 + TOLERANCE)


def _load(lines: list[Line], context: Context) -> float:
    """The share of what the units may carry that the traffic takes."""
    rate = float(np.asarray(context.settled.quantities["requests_per_second"], dtype=float).reshape(-1)[0])
    read = ("replicas", "replica_capacity", "utilisation")
    carried = math.fsum(math.prod(line.values[name] for name in read) for line in lines)
    return rate / carried if carried else math.inf
