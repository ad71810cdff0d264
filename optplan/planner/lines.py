"""The chosen units -> lines with every quantity behind them: rules, inputs, charges, in three scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from optplan.candidates import assumption_columns, columns
from optplan.evaluate import Scenario, Verdict, evaluate, pick
from optplan.plan import Line
from optplan.planner.context import Context, Pricing, assumption_names
from optplan.planner.found import Found, Pick


def line_of(context: Context, found: Found, chosen: Pick) -> Line:
    """Evaluate all rules once more for one line, at the expected, better and worse assumptions."""
    values, verdicts = _quantities(context, found, chosen, "expected")
    low, _ = _quantities(context, found, chosen, "better")
    high, _ = _quantities(context, found, chosen, "worse")
    return Line(
        offer=chosen.offer,
        units=chosen.units,
        unit_hours=values["unit_hours"],
        table_row=chosen.row,
        layout=found.table.describe(chosen.row),
        values=values,
        low=low,
        high=high,
        verdicts=verdicts,
    )


def _quantities(
    context: Context, found: Found, chosen: Pick, scenario: Scenario
) -> tuple[dict[str, float], dict[str, Verdict]]:
    pack, settled = context.pack, context.settled
    pricing = Pricing(context, scenario)
    given: dict[str, Any] = columns(
        found.table, settled, context.catalog, pack, context.targets, scenario, np.array([chosen.row])
    )
    offer = np.array([chosen.offer])
    given |= {"units": float(chosen.units), **pricing.offer_columns(offer)}
    fixed = dict(context.fixed)
    if chosen.job_hours is not None:
        fixed["job_hours"] = chosen.job_hours
    given |= _charge_assumptions(context, pricing, given, offer, scenario)
    hours = _hours(context, chosen, given, fixed)
    given |= hours
    targets = [
        *context.targets,
        *pricing.charges,
        *(t for t in ("elapsed_hours", "billed_hours") if _job(context)),
    ]
    assessment = evaluate(pack, given, targets, fixed)
    worst = _tightest_class(assessment.values, settled)
    numbers = {name: pick(value, 0, worst) for name, value in assessment.values.items()}
    verdicts = {
        name: Verdict(pick(v.left, 0, worst), pick(v.right, 0, worst), bool(np.all(v.holds)))
        for name, v in assessment.verdicts.items()
    }
    return numbers, verdicts


def _job(context: Context) -> bool:
    return context.settled.need.task == "finetune"


def _charge_assumptions(
    context: Context, pricing: Pricing, given: Mapping[str, Any], offer: np.ndarray, scenario: Scenario
) -> dict[str, Any]:
    """Assumptions that only charges read."""
    card = int(context.catalog.offers.card[offer[0]])
    targets = [*pricing.charges, *(["billed_hours"] if _job(context) else [])]
    names = [n for n in assumption_names(context.pack, targets, {}, context.catalog) if n not in given]
    found = assumption_columns(names, context.settled, context.catalog, scenario, context.used)
    return {name: value[card] if isinstance(value, np.ndarray) else value for name, value in found.items()}


def _hours(
    context: Context, chosen: Pick, given: Mapping[str, Any], fixed: Mapping[str, float]
) -> dict[str, Any]:
    """Billed hours over units, and hours of ownership: from the job's own time, the need, or the program."""
    if _job(context):
        times = evaluate(context.pack, given, ["elapsed_hours", "billed_hours"], fixed).values
        elapsed, billed = pick(times["elapsed_hours"], 0), pick(times["billed_hours"], 0)
        return {"unit_hours": billed * chosen.units, "owned_hours": elapsed}
    if chosen.unit_hours is not None:
        hours = context.settled.hours
        owned = hours if np.isfinite(hours) else chosen.unit_hours / chosen.units
        return {"unit_hours": chosen.unit_hours, "owned_hours": owned}
    return {"unit_hours": chosen.units * context.settled.hours, "owned_hours": context.settled.hours}


def _tightest_class(values: Mapping[str, Any], settled: Any) -> int:
    """The traffic class that loads the fleet most, whose quantities a line shows."""
    rate = np.asarray(settled.quantities.get("requests_per_second", 1.0), dtype=float).reshape(-1)
    capacity = np.asarray(values.get("replica_capacity", 1.0), dtype=float).reshape(-1)
    if len(rate) == 1:
        return 0
    return int(np.argmax(rate / np.maximum(capacity[: len(rate)] if len(capacity) > 1 else capacity, 1e-300)))
