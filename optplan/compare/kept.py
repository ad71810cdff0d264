"""What a plan costs when an assumption turns out otherwise and nothing is bought or rented anew."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optplan.compare.again import again
from optplan.plan import Line, Plan
from optplan.planner.carbon import CARBON
from optplan.planner.context import Context
from optplan.planner.pricing import card_charges
from optplan.units import HOUR, TOLERANCE


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
    lines = [_again(plan, line, context) for line in plan.lines]
    charges = card_charges(context.pack)
    cost = math.fsum(line.values[name] for line in lines for name in charges)
    holds = all(verdict.holds for line in lines for verdict in line.verdicts.values())
    weight = math.fsum(line.values.get(CARBON, 0.0) for line in lines)
    limits, more = context.limits, 1 + TOLERANCE
    kept_to = cost <= limits.budget * more and (math.isinf(limits.carbon) or weight <= limits.carbon * more)
    does = holds and kept_to and _in_time(plan, lines, context)
    return Kept(cost if does else None, does)


def _again(plan: Plan, line: Line, context: Context) -> Line:
    if plan.task != "generate":
        return again(context, line, plan.catalog)
    return again(context, line, plan.catalog, unit_hours=_unit_hours(plan, line, context))


def _unit_hours(plan: Plan, line: Line, context: Context) -> float:
    """Billed hours of a batch on the same units, which do the same share of the work."""
    first = again(context, line, plan.catalog, unit_hours=line.unit_hours)
    speed = first.values["replica_capacity"] / line.values["replica_capacity"]
    speed *= context.utilisation / _before(plan, "utilisation", context.utilisation)
    setup = context.scalar("setup_hours", 0.0)
    busy = line.unit_hours - line.units * _before(plan, "setup_hours", setup)
    total = busy / speed + line.units * setup
    step = float(plan.catalog.offers.billing_s[line.offer]) / HOUR
    if "billing_step" in context.pack.rules["billed_hours"].parameters and step > 1 / HOUR:
        total = math.ceil(total / step * (1 - TOLERANCE)) * step
    return total


def _before(plan: Plan, name: str, absent: float) -> float:
    """An assumption as the plan had it."""
    if name in plan.fixed:
        return plan.fixed[name]
    rows = plan.used.get(name)
    return max(rows, key=lambda row: row.key.count("=")).expected if rows else absent


def _in_time(plan: Plan, lines: list[Line], context: Context) -> bool:
    """Whether the units still meet the deadline, or carry the traffic."""
    if plan.task == "serve":
        return _load(lines, context) <= 1 + TOLERANCE
    hours = max(_hours(plan, line) for line in lines)
    return hours <= context.limits.deadline * (1 + TOLERANCE)


def _hours(plan: Plan, line: Line) -> float:
    return line.values["elapsed_hours"] if plan.task == "finetune" else line.unit_hours / line.units


def _load(lines: list[Line], context: Context) -> float:
    """The share of what the units may carry that the traffic takes."""
    rate = float(np.asarray(context.settled.quantities["requests_per_second"], dtype=float).reshape(-1)[0])
    carried = math.fsum(_replicas(line) * line.values["replica_capacity"] for line in lines)
    return rate / (carried * context.utilisation) if carried else math.inf


def _replicas(line: Line) -> float:
    return line.units * line.values["gpus_per_unit"] // (line.values["tp"] * line.values["pp"])
