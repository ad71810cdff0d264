"""What a plan says beside its numbers: refusals with both sides, warnings, and where the lesson differs."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np

from optplan.candidates import assumption_columns
from optplan.distinct import distinct
from optplan.evaluate import evaluate, pick
from optplan.plan import TIGHT, Plan, Refusal, price_age
from optplan.planner.context import Context
from optplan.planner.found import Found
from optplan.planner.pricing import BUY, assumption_names
from optplan.rules import base_of
from optplan.rules import pack as pack_of
from optplan.units import GB, GIB, number

OLD_DAYS = 180


def refusals_of(context: Context, found: Found) -> list[Refusal]:
    """For every card of which no candidate holds: the requirement missed least by its nearest candidate."""
    table, misses = found.table, _misses(found)
    possible = {int(c) for c in distinct(table.card[found.holds])}
    refusals = []
    for code, card in enumerate(table.cards):
        rows = np.flatnonzero(table.card == code)
        if code not in possible and len(rows) and misses:
            refusals.append(_nearest_miss(context, found, card.name, rows, misses))
    return sorted(refusals, key=lambda r: (r.requirement, r.gpu))


def reasons_of(context: Context, found: Found, refusals: list[Refusal]) -> list[str]:
    """Why there is no plan, in words: no offers, no candidate that holds, or limits that shut all out."""
    settled, table = context.settled, found.table
    if not settled.allowed.any():
        return [
            "no offer of the catalog is left by the limits on GPUs, providers, regions and kinds of purchase"
        ]
    if not found.holds.any():
        causes = {r.requirement: r.label for r in refusals}
        return [f"none of {len(table):,} candidates meets every requirement: {', '.join(causes.values())}"]
    limits = [name for name, on in _limits_named(context) if on]
    kept = " and ".join(limits) or "the number of cards that was tried"
    return [
        f"{int(found.holds.sum()):,} of {len(table):,} candidates meet every requirement of the rules, but "
        f"none of them keeps to {kept}" + " together" * (len(limits) > 1)
    ]


def _limits_named(context: Context) -> list[tuple[str, bool]]:
    settled, limits = context.settled, context.settled.need.limits
    shown = [
        (
            f"the deadline of {number(settled.hours)} h",
            settled.need.task != "serve" and math.isfinite(settled.hours),
        ),
        (f"the budget of {limits.budget}", limits.budget is not None),
        (f"the limit of {number(limits.carbon or 0.0)} kg of CO2e", limits.carbon is not None),
        (f"max_cards {settled.max_cards}", settled.max_cards is not None),
    ]
    return shown + [(f"the quota of {q.most} {q.name}", True) for q in settled.quotas]


def _misses(found: Found) -> dict[str, np.ndarray]:
    """Requirement -> (classes, rows): the factor by which each candidate misses it; 1 where it holds."""
    misses: dict[str, np.ndarray] = {}
    for name, verdict in found.assessment.verdicts.items():
        left, right = _full(verdict.left, len(found.table)), _full(verdict.right, len(found.table))
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(left <= right, 1.0, np.where(right > 0, left / right, math.inf))
        misses[name] = np.nan_to_num(ratio, nan=math.inf, posinf=1e300)
    return misses


def _nearest_miss(
    context: Context, found: Found, gpu: str, rows: np.ndarray, misses: dict[str, np.ndarray]
) -> Refusal:
    """The candidate whose worst requirement is missed by the smallest factor, and that requirement."""
    tops = {name: ratio[:, rows].max(axis=0) for name, ratio in misses.items()}
    worst = np.max(list(tops.values()), axis=0)
    at = int(np.argmin(worst))
    name = next(n for n, top in tops.items() if top[at] >= worst[at])
    row = int(rows[at])
    of_class = int(np.argmax(misses[name][:, row]))
    verdict, rule = found.assessment.verdicts[name], context.pack.rules[name]
    needs, has = pick(verdict.left, row, of_class), pick(verdict.right, row, of_class)
    return Refusal(gpu, name, needs, has, rule.unit, found.table.describe(row), rule.label)


def _full(side: object, rows: int) -> np.ndarray:
    array = np.atleast_2d(np.asarray(side, dtype=float))
    return np.broadcast_to(array, (array.shape[0], rows))


def warnings_of(context: Context, plan: Plan, today: date) -> list[str]:
    """Old prices, tight memory, spot, purchases priced in another currency."""
    found = _old_prices(context, plan, today)
    for line, card in zip(plan.lines, plan.cards, strict=True):
        if line.fill >= TIGHT:
            found.append(
                f"{card.gpu} just fits: it needs {line.fill:.0%} of its memory, however small the batch"
            )
        if card.purchase == "spot":
            found.append(f"{card.offer} is spot: it can be taken away, and its price moves")
        if context.catalog.offers.purchase[line.offer] == BUY and card.currency != plan.currency:
            found.append(
                f"the purchase price of {card.gpu} is known in {card.currency} only; "
                f"prices in {plan.currency} can differ by more than the exchange rate"
            )
    if any(card.currency != plan.currency for card in plan.cards):
        found.append(f"exchange rates are those of {context.catalog.rate_date.isoformat()}")
    return list(dict.fromkeys(found))


def _old_prices(context: Context, plan: Plan, today: date) -> list[str]:
    """One warning for each age of prices past the limit, naming the offers."""
    by_day: dict[int, list[str]] = {}
    for line, card in zip(plan.lines, plan.cards, strict=True):
        by_day.setdefault(int(context.catalog.offers.price_day[line.offer]), []).append(card.offer)
    return [
        f"prices of {date.fromordinal(day).isoformat()} are {price_age(day, today)} days old, check them before "
        f"you rely on them: {', '.join(dict.fromkeys(names))}"
        for day, names in sorted(by_day.items())
        if price_age(day, today) > OLD_DAYS
    ]


def notes_of(context: Context, plan: Plan) -> list[str]:
    """One line for each quantity in which the lesson's simple rules differ by more than a factor of two."""
    if not plan.lines or base_of(context.settled.need.rules) == "lesson":
        return []
    line = plan.lines[0]
    lesson = pack_of("lesson", plan.task)
    judged = ["memory_per_card", "job_hours"]
    names = [name for name in judged if name in line.values]  # none where capacity was measured
    if not names:
        return []
    read = lesson.read_by(names) - lesson.rules.keys()
    inputs = {name: line.values[name] for name in read if name in line.values}
    inputs |= lesson_assumptions(context, inputs, names)
    values = evaluate(lesson, inputs, names).values
    notes = []
    for name in names:
        ours, theirs = line.values[name], pick(values[name], 0)
        if lesson.rules[name].unit == "GB":
            theirs *= GB / GIB
        if theirs > 0 and not 0.5 <= ours / theirs <= 2:
            rule = context.pack.rules[name]
            notes.append(
                f"the lesson's simple rule gives {name.replace('_', ' ')} = {number(theirs, 3)} {rule.unit}, "
                f"these rules {number(ours, 3)}: see `optplan rules diff lesson engineering`"
            )
    return notes


def lesson_assumptions(context: Context, inputs: dict[str, float], targets: list[str]) -> dict[str, float]:
    """The lesson's own assumptions for the same need."""
    lesson = pack_of("lesson", context.settled.need.task)
    names = [n for n in assumption_names(lesson, targets, {}, context.catalog) if n not in inputs]
    settled = replace(context.settled, selectors={**context.settled.selectors, "rules": "lesson"})
    found = assumption_columns(names, settled, context.catalog, "expected", {})
    return {name: float(np.asarray(value)) for name, value in found.items()}
