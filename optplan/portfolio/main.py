"""A portfolio and a catalog -> the plan: settle, search, read the solution."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from optplan.catalog import Catalog
from optplan.plan import SolverReport
from optplan.planner.main import load_catalog, solve
from optplan.portfolio.find import Outcome, find
from optplan.portfolio.notes import notes_of, reasons_of, stranded, warnings_of
from optplan.portfolio.parts import Instance
from optplan.portfolio.plan import PortfolioPlan
from optplan.portfolio.result import Reader
from optplan.portfolio.settle import discount_rate, instance_of, single_need
from optplan.portfolio.waysout import ways_out
from optplan.portfolio_need import Portfolio
from optplan.solve_long import Stop
from optplan.units import number

GAP = 0.004  # of the present value: a search of a large portfolio ends there
TIME_LIMIT = 60.0  # seconds, where none is said
OTHERWISE = ("currency =", "duration =", "purchase =")  # defaults that a portfolio does not take

Say = Callable[[str, float, float], None]  # what is being done, cost of the best plan (inf: none), bound


def solve_portfolio(
    portfolio: Portfolio,
    catalog: Catalog | None = None,
    *,
    base: Path | None = None,
    fixed: Mapping[str, float] | None = None,
    time_limit: float | None = TIME_LIMIT,
    gap: float = GAP,
    progress: Say | None = None,
    today: date | None = None,
    explore: bool = True,
) -> PortfolioPlan:
    """The cheapest plan for many needs over many months, with its proof; or why there is none, and ways out.

    time_limit  seconds for the search; the best plan by then is given with its gap. Ctrl-C ends it likewise.
    gap         a large portfolio is searched until this gap; a small one until its plan is proven
    explore     look for ways out where there is no plan
    Raises BadInput for names that mean nothing.
    """
    catalog, day = catalog or load_catalog(), today or date.today()
    stop = Stop.after(time_limit)
    with stop.on_interrupt():
        instance = instance_of(portfolio, catalog, base=base, fixed=fixed, today=day)
        rate = discount_rate(portfolio, instance.needs[0].context)
        found = find(instance, stop, gap, progress or _silent)
        plan = _plan(instance, found, catalog, rate)
        plan.assumed = _assumed(instance)
        if portfolio.discount_rate is None:
            plan.assumed.append(f"discount_rate = {number(100 * rate)} % a year (default: cost of capital)")
        if not plan.feasible:
            plan.reasons = reasons_of(instance, found)
            lost = [index for index, _ in stranded(instance)]
            if explore and found.status == "infeasible" and not lost:
                plan.ways_out = ways_out(instance, stop)
            alone = [n for n in lost if set(instance.needs[n].ways) != {"api"}]
            for index in alone if explore else ():
                _alone(portfolio, index, plan, catalog, base, fixed, day)
    plan.notes = notes_of(portfolio, instance, plan)
    plan.warnings = warnings_of(instance, plan, catalog, day)
    return plan


def _alone(
    portfolio: Portfolio,
    index: int,
    plan: PortfolioPlan,
    catalog: Catalog,
    base: Path | None,
    fixed: Mapping[str, float] | None,
    today: date,
) -> None:
    """Why a need cannot be carried even alone, and what would help: as its single plan says."""
    entry = portfolio.needs[index]
    name = entry.name or entry.task
    need = single_need(portfolio, entry)
    alone = solve(need, catalog, fixed=fixed, base=base, today=today)
    plan.reasons += [f"{name}: {reason}" for reason in alone.reasons]
    plan.reasons += [f"{name}: {refusal}" for refusal in alone.refusals[:3]]
    plan.ways_out += [replace(way, change=f"{name}: {way.change}") for way in alone.ways_out]


def _silent(text: str, cost: float, bound: float) -> None:
    """Progress that nobody reads."""


def _plan(instance: Instance, found: Outcome, catalog: Catalog, rate: float) -> PortfolioPlan:
    reader, total, npv = None, math.nan, math.nan
    if found.values and found.flat is not None:
        reader = Reader(found.flat, found.values, catalog)
        total, npv = reader.total, reader.present
    bound = min(found.bound, npv) if found.values else found.bound
    plan = PortfolioPlan(
        instance.name,
        found.status,
        instance.currency,
        instance.months,
        rate,
        total,
        npv,
        bound,
        max(0.0, (npv - bound) / abs(npv)) if found.values and npv else 0.0,
        found.method,
        found.stopped,
        SolverReport("HiGHS", found.seconds, found.runs, found.nodes),
        catalog_day=catalog.as_of.isoformat(),
        offers=len(catalog.offers),
        labels={rule.name: rule.label for rule in instance.needs[0].context.pack.of_kind("charge")},
        instance=instance,
    )
    if reader is not None:
        reader.write(plan)
    return plan


def _assumed(instance: Instance) -> list[str]:
    """Every default taken, each once, with the needs that took it where not all did."""
    takers: dict[str, list[str]] = {}
    for need in instance.needs:
        for text in need.context.settled.assumed:
            if not text.startswith(OTHERWISE):
                takers.setdefault(text, []).append(need.name)
    everyone = len(instance.needs)
    return [
        text if len(names) == everyone else f"{', '.join(names[:3])}{' ..' if len(names) > 3 else ''}: {text}"
        for text, names in takers.items()
    ]
