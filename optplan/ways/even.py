"""When two ways cost the same: after how many months, and at which share of the hours."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from optplan.plan import Plan
from optplan.planner.context import Context
from optplan.planner.costs.pricing import Pricing
from optplan.rules.constants import MONTH, MONTHS, YEAR
from optplan.ways.trial import Trials
from optplan.ways.values import MonthsEven, RunsEven, UtilisationEven, Way

LONGEST = 120  # months that are looked at
HALVINGS = 50  # of a month: below a second
BY_USE = ("rent", "spot", "api")
COMMITTED = ("reserved", "buy")

Costs = Callable[[np.ndarray], np.ndarray]


def months_even(trials: Trials, ways: Sequence[Way]) -> list[MonthsEven]:
    """Where the net present values of two ways cross, if the service ended there; for services only."""
    if trials.need.task != "serve":
        return []
    curves = {way.way: stopped_after(trials.context(way.way), way) for way in ways}
    last = {way.way: _life(trials.context(way.way), way) for way in ways}
    found = []
    for a, b in itertools.combinations([way.way for way in ways], 2):
        found += _crossings(a, curves[a], b, curves[b], int(min(last[a], last[b], LONGEST)))
    return sorted(found, key=lambda even: even.months)


def _crossings(a: str, of_a: Costs, b: str, of_b: Costs, last: int) -> list[MonthsEven]:
    months = np.arange(1.0, last + 1.0)
    if not len(months):
        return []
    gap = of_a(months) - of_b(months)
    found = []
    for i in np.flatnonzero(np.sign(gap[1:]) != np.sign(gap[:-1])).tolist():
        low, high, before = months[i], months[i + 1], gap[i]
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            at = float((of_a(np.array([middle])) - of_b(np.array([middle])))[0])
            low, high = (middle, high) if np.sign(at) == np.sign(before) else (low, middle)
        first, second = (a, b) if before < 0 else (b, a)
        found.append(MonthsEven(float(high), first, second))
    return found


def stopped_after(context: Context, way: Way) -> Costs:
    """Net present value of a way's plan, were the service ended after so many months; its cards stay the same."""
    plan = way.plan
    assert plan is not None
    pricing = Pricing(context)

    def cost(months: np.ndarray) -> np.ndarray:
        total = np.zeros(len(months))
        for line in plan.lines:
            offers = np.full(len(months), line.offer)
            hours = months * MONTH
            total = total + pricing.total(
                offers, units=float(line.units), unit_hours=line.units * hours, owned_hours=hours
            )
        spent = sum(sum(part.values.get(n, 0.0) for n in _api_terms(part.values)) for part in plan.apis)
        total = total + spent * months * MONTH / plan.hours
        worth: np.ndarray = total * even_discount(context, months)
        return worth

    return cost


def _api_terms(values: dict[str, float]) -> list[str]:
    return [name for name in ("api_input", "api_cached", "api_output") if name in values]


def even_discount(context: Context, months: np.ndarray) -> np.ndarray:
    """What one unit of money paid evenly over so many months is worth at the start."""
    if "even_discount" not in context.pack.rules:
        return np.ones(len(months))
    none = np.zeros(len(months), dtype=int)
    found = Pricing(context).run(none, ["even_discount"], owned_hours=months * MONTH)["even_discount"]
    return np.asarray(np.broadcast_to(found, (len(months),)))


def _life(context: Context, way: Way) -> float:
    """Months after which a way's plan would have to be renewed: the service life of bought cards."""
    if way.way != "buy" or "life_used" not in context.pack.rules:
        return math.inf
    return context.scalar("service_life", math.inf) * MONTHS


def utilisation_even(trials: Trials, ways: Sequence[Way]) -> list[UtilisationEven]:
    """The share of the hours from which a way that is paid for anyway beats one paid by use; for services only.

    Paid by use means: cards are given back, or the API is not called, in the hours that the service is not wanted.
    """
    if trials.need.task != "serve":
        return []
    by_name = {way.way: way for way in ways}
    found = []
    for a, b in itertools.product(COMMITTED, BY_USE):
        if a in by_name and b in by_name:
            fixed_a, use_a = _parts(trials.context(a), by_name[a].plan)
            fixed_b, use_b = _parts(trials.context(b), by_name[b].plan)
            more = use_b - use_a
            found.append(UtilisationEven(a, b, (fixed_a - fixed_b) / more if more > 0 else math.inf))
    return found


def runs_even(trials: Trials, ways: Sequence[Way]) -> list[RunsEven]:
    """The number of jobs from which cards that are paid for anyway cost no more than paying each job."""
    if trials.need.task == "serve":
        return []
    by_name = {way.way: way for way in ways}
    found = []
    for a, b in itertools.product(COMMITTED, BY_USE):
        one, other = by_name.get(a), by_name.get(b)
        if one is None or other is None or one.plan is None or other.plan is None:
            continue
        context = trials.context(a)
        hours = _kept(context, one)
        if math.isfinite(hours) and math.isfinite(one.plan.hours):
            held, each = _per_run(context, one.plan, hours)
            more = other.plan.total_cost - each
            runs = held / more if more > 0 else math.inf
            found.append(RunsEven(a, b, runs, hours / one.plan.hours, hours / YEAR))
    return found


def _kept(context: Context, way: Way) -> float:
    """Hours over which cards that are paid for anyway are spread: their life, or the longest term."""
    assert way.plan is not None
    if way.way == "buy":
        return _life(context, way) * MONTH
    return max((line.values.get("reserved_hours", math.inf) for line in way.plan.lines), default=math.inf)


def _per_run(context: Context, plan: Plan, hours: float) -> tuple[float, float]:
    """(cost of holding the plan's cards for so long, cost of one job on them)."""
    pricing, held, full = Pricing(context), 0.0, 0.0
    for line in plan.lines:
        offer, units = np.array([line.offer]), float(line.units)
        held += float(pricing.total(offer, units=units, unit_hours=0.0, owned_hours=hours)[0])
        full += float(pricing.total(offer, units=units, unit_hours=line.unit_hours, owned_hours=hours)[0])
    return held, full - held


def _parts(context: Context, plan: Plan | None) -> tuple[float, float]:
    """(cost whatever the use, cost of full use) of a plan."""
    assert plan is not None
    pricing, idle = Pricing(context), 0.0
    for line in plan.lines:
        hours = line.values.get("owned_hours", plan.hours)
        idle += float(
            pricing.total(np.array([line.offer]), units=float(line.units), unit_hours=0.0, owned_hours=hours)[
                0
            ]
        )
    return idle, plan.total_cost - idle
