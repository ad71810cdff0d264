"""Search result -> plan: lines, terms, limits used, alternatives, warnings; numbers are read, not redone."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import numpy as np

from optplan.catalog import PURCHASE
from optplan.plan import (
    Alternative,
    ApiLine,
    Bands,
    CardLine,
    LimitUse,
    Line,
    Plan,
    SolverReport,
    Status,
    Term,
)
from optplan.planner.calls import api_lines, call_notes, call_reasons
from optplan.planner.carbon import carbon_use, grids_assumed, totals
from optplan.planner.context import Context
from optplan.planner.found import SHOWN, Found, Option
from optplan.planner.lines import lines_of
from optplan.planner.notes import notes_of, reasons_of, refusals_of, warnings_of
from optplan.units import TOLERANCE

BINDS = 1e-6  # of the limit: less spare than this binds
SCENARIOS: dict[str, Callable[[Line | ApiLine], dict[str, float]]] = {
    "expected": lambda line: line.values,
    "low": lambda line: line.low,
    "high": lambda line: line.high,
}


def plan_of(context: Context, found: Found, today: date, lines: list[Line] | None = None) -> Plan:
    """The plan of a search, complete but for the ways out. lines: of its picks, where they are known."""
    settled = context.settled
    lines = lines_of(context, found.table, found.picks) if lines is None else lines
    apis = api_lines(context, found.calls)
    parts: list[Line | ApiLine] = [*lines, *apis]
    terms = [Term(name, amount) for name, amount in charges(context, parts, "expected").items()]
    total = math.fsum(term.amount for term in terms) if parts else math.nan
    bound = min(found.solution.bound, total) if parts else math.inf
    status: Status = _status(found, parts)
    plan = Plan(
        name=settled.need.name or settled.need.task,
        task=settled.need.task,
        status=status,
        currency=settled.currency,
        total_cost=total,
        hourly_cost=_hourly(context, lines),
        hours=found.elapsed,
        gpu_hours=math.fsum(_gpu_hours(context, line) for line in lines),
        bound=bound,
        gap=max(0.0, (total - bound) / total) if parts and total else 0.0,
        cards=[card_line(context, line) for line in lines],
        terms=terms,
        quantities=_bands(context, lines, apis),
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
    )
    plan.limits = limits_used(context, plan)
    plan.alternatives = _alternatives(context, found, plan)
    plan.look_for_refusals = lambda: refusals_of(context, found)
    if not parts:
        plan.reasons = [*call_reasons(found.calls), *reasons_of(context, found, plan.refusals)]
    else:
        plan.notes += call_notes(context, found.calls, apis)
    plan.warnings = warnings_of(context, plan, today)
    plan.notes += notes_of(context, plan)
    return plan


def _status(found: Found, parts: Sequence[Line | ApiLine]) -> Status:
    if parts:
        return "optimal" if found.solution.status == "optimal" else "feasible"
    return "infeasible" if found.solution.status == "infeasible" else "unknown"


def charges(context: Context, parts: Sequence[Line | ApiLine], scenario: str) -> dict[str, float]:
    """Cost term -> amount over all lines; terms that are nothing are left out."""
    names = [rule.name for rule in context.pack.of_kind("charge")]
    every = [SCENARIOS[scenario](part) for part in parts]
    kept = {name: amount for name in names if (amount := math.fsum([own.get(name, 0.0) for own in every]))}
    return kept or dict.fromkeys(names[:1], 0.0)  # what is free is said to be


def card_line(context: Context, line: Line) -> CardLine:
    """One line of the answer's table of cards."""
    offers = context.catalog.offers
    o = line.offer
    purchase = PURCHASE[offers.purchase[o]]
    bought = purchase == "buy"
    return CardLine(
        gpu=offers.cards[offers.card[o]],
        count=int(offers.gpus[o]) * line.units,
        provider=offers.providers[offers.provider[o]],
        offer=offers.name(o),
        instance=offers.instances[offers.instance[o]],
        region=offers.regions[offers.region[o]],
        purchase=purchase,
        units=line.units,
        price_per_unit_hour=0.0 if bought else float(offers.price[o]),
        price_per_unit=float(offers.price[o]) if bought else 0.0,
        currency=offers.currencies[offers.currency[o]],
        price_date=date.fromordinal(int(offers.price_day[o])).isoformat(),
        layout=line.layout,
    )


def _gpu_hours(context: Context, line: Line) -> float:
    return line.unit_hours * float(context.catalog.offers.gpus[line.offer])


def _hourly(context: Context, lines: list[Line]) -> float:
    """Rent of all units for one hour, in the plan's currency."""
    return math.fsum(line.values["price_per_unit_hour"] * line.units for line in lines)


def _bands(context: Context, lines: list[Line], apis: list[ApiLine]) -> Bands:
    """Derived quantities of the line with most cards, and the totals, at all three ends."""
    parts: list[Line | ApiLine] = [*lines, *apis]
    if not parts:
        return Bands([], [])
    costs = [charges(context, parts, name) for name in SCENARIOS]
    first = widest(lines) if lines else apis[0]
    found: dict[str, Sequence[float]] = {"total_cost": [math.fsum(cost.values()) for cost in costs]}
    shown = context.pack.kept(("shown", tuple(first.values)), lambda: _shown(context, first))
    found |= {name: (first.values[name], first.low[name], first.high[name]) for name, *_ in shown}
    found |= totals(context, lines)
    about = [("total_cost", context.settled.currency, "all terms"), *shown]
    return Bands(about, list(found.values()))


def _shown(context: Context, line: Line | ApiLine) -> list[tuple[str, str, str]]:
    """Name, unit and label of the derived quantities of a line."""
    rules = [context.pack.rules[name] for name in line.values if name in context.pack.rules]
    return [(rule.name, rule.unit, rule.label) for rule in rules if rule.kind == "derive"]


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
        card = _option_line(context, option)
        if len(chosen) == 1 and (card["gpu"], card["purchase"]) in chosen:
            continue
        if option.cost < plan.total_cost * (1 - TOLERANCE):
            raise ArithmeticError(
                f"an alternative costs {option.cost}, less than the optimum {plan.total_cost}"
            )
        others.append(
            Alternative(
                f"{card['count']} x {card['gpu']}", card["provider"], card["region"], card["purchase"],
                option.cost, option.cost - plan.total_cost, option.hours,
            )
        )  # fmt: skip
    return others


def _option_line(context: Context, option: Option) -> dict[str, Any]:
    offers = context.catalog.offers
    o = option.offer
    return {
        "gpu": offers.cards[offers.card[o]],
        "count": int(offers.gpus[o]) * option.units,
        "provider": offers.providers[offers.provider[o]],
        "region": offers.regions[offers.region[o]],
        "purchase": PURCHASE[offers.purchase[o]],
    }


def widest(lines: list[Line]) -> Line:
    """The line with most cards."""
    return lines[int(np.argmax([line.units * line.values["gpus_per_unit"] for line in lines]))]
