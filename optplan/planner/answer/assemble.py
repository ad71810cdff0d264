"""Search results -> plans: lines, terms, limits used, alternatives, warnings; numbers are read, not redone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date

from optplan.plan import (
    Alternative,
    ApiLine,
    LimitUse,
    Line,
    Plan,
    SolverReport,
    Status,
    Term,
)
from optplan.planner.answer.amounts import Amounts, Part, amounts_of
from optplan.planner.answer.lines import lines_of, lines_of_many
from optplan.planner.answer.notes import notes_of, reasons_of, refusals_of, warnings_of
from optplan.planner.answer.shown import card_line, shown
from optplan.planner.answer.warnings import worse_end
from optplan.planner.context import Context
from optplan.planner.costs.calls import api_lines, call_notes, call_reasons
from optplan.planner.costs.carbon import carbon_use, grids_assumed
from optplan.planner.found import SHOWN, Found
from optplan.units import TOLERANCE

BINDS = 1e-6  # of the limit: less spare than this binds


def plan_of(context: Context, found: Found, today: date) -> Plan:
    """The plan of a search, complete but for the ways out."""
    lines = lines_of(context, found.table, found.picks)
    return next(_plans([context], [found], [lines], [api_lines(context, found.calls)], today))


def plans_of(contexts: Sequence[Context], found: Sequence[Found], today: date) -> Iterator[Plan]:
    """The same of many; the contexts have one task and pack, fix the same names, and call no APIs."""
    lines = lines_of_many(contexts, found)
    return _plans(contexts, found, lines, [[] for _ in contexts], today)


def _plans(
    contexts: Sequence[Context],
    found: Sequence[Found],
    lines: Sequence[list[Line]],
    apis: Sequence[list[ApiLine]],
    today: date,
) -> Iterator[Plan]:
    parts: list[list[Part]] = [[*own, *called] for own, called in zip(lines, apis, strict=True)]
    amounts, notes = amounts_of(contexts, parts), notes_of(contexts, lines)
    every = zip(contexts, found, lines, apis, amounts, notes, strict=True)
    for context, one, own, called, amount, said in every:
        plan = _plan(context, one, own, called, amount)
        plan.limits = limits_used(context, plan)
        plan.alternatives = _alternatives(context, one, plan)
        if not plan.parts:
            plan.reasons = [*call_reasons(one.calls), *reasons_of(context, one)]
        else:
            plan.notes += call_notes(context, one.calls, called)
        plan.warnings = [*worse_end(context, plan), *warnings_of(context, plan, today)]
        plan.notes += said
        yield plan


def _plan(context: Context, found: Found, lines: list[Line], apis: list[ApiLine], amounts: Amounts) -> Plan:
    """The plan without what is told of it."""
    settled, total, some = context.settled, amounts.total, bool(lines or apis)
    bound = min(found.solution.bound, total) if some else math.inf
    return Plan(
        name=settled.need.name or settled.need.task,
        task=settled.need.task,
        status=_status(found, some),
        currency=settled.currency,
        total_cost=total,
        hourly_cost=_hourly(lines),
        hours=found.elapsed,
        gpu_hours=math.fsum(_gpu_hours(context, line) for line in lines),
        bound=bound,
        gap=max(0.0, (total - bound) / total) if some and total else 0.0,
        cards=[card_line(context.catalog, line) for line in lines],
        terms=[Term(name, amount) for name, amount in amounts.terms.items()],
        quantities=amounts.bands,
        assumed=[*settled.assumed, *grids_assumed(context, lines)],
        warnings=[],
        solver=SolverReport("HiGHS through PuLP", found.seconds, found.runs, found.solution.nodes),
        settled=settled,
        pack=context.pack,
        catalog=context.catalog,
        lines=lines,
        apis=apis,
        notes=list(found.notes),
        used={**found.table.used, **context.used},
        fixed=context.fixed,
        integer_program=found.program,
        look_for_refusals=lambda: refusals_of(context, found),
    )


def _status(found: Found, some: bool) -> Status:
    if some:
        return "optimal" if found.solution.status == "optimal" else "feasible"
    return "infeasible" if found.solution.status == "infeasible" else "unknown"


def _gpu_hours(context: Context, line: Line) -> float:
    return line.unit_hours * shown(context.catalog, line.offer).gpus


def _hourly(lines: list[Line]) -> float:
    """Rent of all units for one hour, in the plan's currency."""
    return math.fsum(line.values["price_per_unit_hour"] * line.units for line in lines)


def limits_used(context: Context, plan: Plan) -> list[LimitUse]:
    """Every limit that the need names, how much of it is used, and whether it binds."""
    if not plan.parts:
        return []
    settled, uses = context.settled, []
    if math.isfinite(settled.hours) and plan.task != "serve":
        uses.append(_use("deadline", plan.hours, settled.hours, "hour"))
    if math.isfinite(settled.budget):
        uses.append(_use("budget", plan.total_cost, settled.budget, plan.currency))
    if "carbon_kg" in plan.quantities:
        uses += carbon_use(context, plan.quantities["carbon_kg"].value)
    cards = sum(line.count for line in plan.cards)
    if settled.max_cards is not None:
        uses.append(_use("max_cards", cards, settled.max_cards, "cards"))
    for quota in settled.quotas:
        held = sum(line.count for line in plan.cards if line.gpu in quota.cards)
        uses.append(_use(f"quota:{quota.name}", held, quota.most, "cards"))
    for pool, offers, most in context.limits.pools:
        pairs = zip(plan.cards, plan.lines, strict=True)
        held = sum(card.count for card, line in pairs if line.offer in offers)
        uses += [_use(f"owned:{pool}", held, most, "cards")] if held else []
    if settled.need.limits.min_replicas and plan.lines:
        replicas = math.fsum(line.values["replicas"] for line in plan.lines)
        uses.append(_use("min_replicas", replicas, settled.min_replicas, "replicas"))
    return uses + _requirements(context, plan)


def _requirements(context: Context, plan: Plan) -> list[LimitUse]:
    found: dict[str, LimitUse] = {}
    for line in plan.lines:
        for name, verdict in line.verdicts.items():
            unit = context.pack.rules[name].unit
            if unit != "1" and math.isfinite(verdict.right) and math.isfinite(verdict.left):
                use = _use(name, verdict.left, verdict.right, unit)
                if name not in found or use.spare / (use.allowed or 1) < found[name].spare / (
                    found[name].allowed or 1
                ):
                    found[name] = use
    return list(found.values())


def _use(name: str, used: float, allowed: float, unit: str) -> LimitUse:
    return LimitUse(
        name, float(used), float(allowed), unit, abs(allowed - used) <= BINDS * max(abs(allowed), 1e-12)
    )


def _alternatives(context: Context, found: Found, plan: Plan) -> list[Alternative]:
    """The three cheapest other plans, each of another card or kind of purchase."""
    if not plan.lines:
        return []
    chosen = {(line.gpu, line.purchase) for line in plan.cards}
    others: list[Alternative] = []
    for option in found.options:
        if len(others) == SHOWN:
            break
        own = shown(context.catalog, option.offer)
        if len(chosen) == 1 and (own.gpu, own.purchase) in chosen:
            continue
        if option.cost < plan.total_cost * (1 - TOLERANCE):
            raise ArithmeticError(
                f"an alternative costs {option.cost}, less than the optimum {plan.total_cost}"
            )
        others.append(
            Alternative(
                f"{own.gpus * option.units} x {own.gpu}", own.provider, own.region, own.purchase,
                option.cost, option.cost - plan.total_cost, option.hours,
            )
        )  # fmt: skip
    return others
