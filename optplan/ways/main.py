"""A need had in several ways: the cheapest plan of each, when one becomes cheaper than another, and the verdict."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.need import AnyNeed
from optplan.planner import load_catalog, prepare
from optplan.planner.context import Context
from optplan.rules.constants import MONTH
from optplan.units import HOUR, amount, number
from optplan.ways.even import months_even, runs_even, utilisation_even
from optplan.ways.flip import flips
from optplan.ways.flows import cumulative, hours_of
from optplan.ways.over import points
from optplan.ways.trial import Trials, known
from optplan.ways.values import WAYS, Way, WaysReport
from optplan.ways.volume import volumes_even

SPOKEN: Final = {"api": "API"}  # of the others the first letter is raised


def compare_ways(
    need: AnyNeed,
    catalog: Catalog | None = None,
    *,
    ways: Sequence[str] | None = None,
    over: str | None = None,
    steps: int = 8,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> WaysReport:
    """The cheapest plan of each way, side by side, with payments by month and every break-even.

    ways   of rent, reserved, spot, buy, api; unsaid: those that the need's `purchase` has, else all
    over   an axis to solve all ways along: "months=1..60", "volume=1e6..1e9", "price=0.5..2", "price.buy=.."
    Raises BadInput for an unknown way or axis, and as `solve` does.
    """
    catalog = catalog or load_catalog()
    names = _names(need, ways)
    context = prepare(need.model_copy(update={"limits": _open(need)}), catalog, fixed=fixed, base=base)
    trials = Trials(need, catalog, fixed or {}, base, _rate(context))
    found = [trials.way(name) for name in names]
    solved = [way for way in found if way.plan is not None]
    _add_up(solved, trials.rate)
    best = min(solved, key=lambda way: way.npv).way if solved else ""
    months = max((_months(way) for way in solved), default=0.0)
    settled = context.settled
    report = WaysReport(
        settled.need.name or settled.need.task, settled.need.task, settled.currency, months, trials.rate,
        found, best, "",
    )  # fmt: skip
    report.unit, report.volume = _volume(settled.quantities, settled.need.task)
    report.months_even = months_even(trials, solved)
    report.utilisation_even = utilisation_even(trials, solved)
    report.runs_even = runs_even(trials, solved)
    report.volume_even = volumes_even(trials, solved, report.volume)
    report.flips = flips(trials, solved, best)
    if over is not None:
        report.over, report.points = points(over, steps, trials, names, report)
    report.notes = _notes(report, catalog)
    report.verdict = verdict(report)
    return report


def _rate(context: Context) -> float:
    """Cost of capital, a year. Raises BadInput where it is no rate."""
    rate = context.scalar("discount_rate", 0.0)
    if not -1 < rate < math.inf:
        hint = "give a share of a year's value, such as 0.08"
        raise BadInput(Fault("out-of-range", "discount_rate", f"{rate:g} is no cost of capital", hint))
    return rate


def _add_up(ways: Sequence[Way], rate: float) -> None:
    """Payments by month, over the same months for all."""
    last = math.ceil(max((flow.month for way in ways for flow in way.flows), default=0.0))
    for way in ways:
        way.cumulative = cumulative(way.flows, last)
        way.cumulative_npv = cumulative(way.flows, last, rate)


def _names(need: AnyNeed, ways: Sequence[str] | None) -> list[str]:
    if ways is None:
        kinds = need.limits.purchase
        return [way for way, bought in WAYS.items() if kinds is None or set(bought) & set(kinds)]
    known(ways)
    return list(dict.fromkeys(ways))


def _open(need: AnyNeed) -> object:
    """Limits that let in every kind of card, for what does not depend on the way."""
    return need.limits.model_copy(update={"purchase": ["on_demand"]})


def _months(way: Way) -> float:
    assert way.plan is not None
    return max(hours_of(way.plan, part) for part in way.plan.parts) / MONTH


def _volume(quantities: Mapping[str, object], task: str) -> tuple[str, float]:
    if task == "serve":
        rate = float(np.sum(np.asarray(quantities["requests_per_second"], dtype=float)))
        return "requests a month", rate * MONTH * HOUR
    if task == "generate":
        return "requests", float(np.asarray(quantities["requests"], dtype=float))
    return "", math.nan


def _notes(report: WaysReport, catalog: Catalog) -> list[str]:
    notes = []
    for way in report.ways:
        notes += [f"{way.way}: {note}" for note in way.notes if "lesson" not in note]
        lines = way.plan.cards if way.plan is not None else []
        foreign = {line.currency for line in lines if line.currency != report.currency}
        foreign |= {
            line.currency for line in (way.plan.apis if way.plan else []) if line.currency != report.currency
        }
        for code in sorted(foreign):
            rate = f"{number(catalog.convert(1.0, code, report.currency), 5)} {report.currency}"
            kind = "bought" if way.way == "buy" else "priced"
            more = ": a price in that market can differ by more" if way.way == "buy" else ""
            notes.append(
                f"{way.way}: {kind} in {code}, taken at {rate} for one {code} of {catalog.rate_date.isoformat()}{more}"
            )
    return list(dict.fromkeys(notes))


def verdict(report: WaysReport) -> str:
    """The answer in a sentence: the way of least net present value, by how much, and from when it holds."""
    solved = sorted((way for way in report.ways if way.plan is not None), key=lambda way: way.npv)
    if not solved:
        return "No way has a plan"
    first = solved[0]
    spoken = SPOKEN.get(first.way, first.way.capitalize())
    text = f"{spoken}: {first.label} at {amount(first.npv, report.currency)} today's money"
    if len(solved) == 1:
        return text + "; no other way has a plan"
    second = solved[1]
    more = second.npv - first.npv
    text += f", {amount(more, report.currency)} less than {second.way} ({second.label})"
    cheapest = min(solved, key=lambda way: way.total)
    if cheapest.way != first.way:
        text += f"; undiscounted {cheapest.way} costs less, {amount(cheapest.total, report.currency)}"
    return text
