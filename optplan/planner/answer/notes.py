"""What a plan says beside its numbers: refusals with both sides, warnings, and where the lesson differs."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from optplan.distinct import distinct
from optplan.evaluate import Verdict, evaluate, pick
from optplan.plan import TIGHT, Line, Plan, Refusal, price_age
from optplan.plan.numbers import Alike, Stack
from optplan.planner.answer.shown import shown
from optplan.planner.context import Context
from optplan.planner.costs.pricing import assumption_names
from optplan.planner.found import Found, Tally
from optplan.planner.grid import assumed
from optplan.rules import base_of
from optplan.rules import pack as pack_of
from optplan.units import GB, GIB, number

OLD_DAYS = 180
JUDGED: Final = ("memory_per_card", "job_hours")  # by the lesson's rules, beside the plan's own


def refusals_of(context: Context, found: Found) -> list[Refusal]:
    """For every card of which no candidate holds: the requirement missed least by its nearest candidate."""
    table, misses = found.table, _misses(found.assessment.verdicts, len(found.table))
    if not misses:
        return []
    worst = np.max(list(misses.values()), axis=0)
    possible = distinct(table.card[found.holds])
    near = _nearest(table.card, worst, np.flatnonzero(~np.isin(table.card, possible)))
    refusals = [_refusal(context, found, int(row), misses, float(worst[row])) for row in near]
    return sorted(refusals, key=lambda r: (r.requirement, r.gpu))


def _nearest(card: np.ndarray, worst: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Of each card the row that misses least, among these; card, worst: of all rows."""
    rows = rows[np.lexsort((worst[rows], card[rows]))]
    return rows[np.flatnonzero(np.diff(card[rows], prepend=-1))]


def tally_of(card: np.ndarray, holds: np.ndarray, verdicts: Mapping[str, Verdict]) -> Tally:
    """Candidates of a need without a plan. card, holds, verdicts: of its candidates."""
    held = int(np.count_nonzero(holds))
    if held or not len(card) or not verdicts:
        return Tally(len(card), held, ())
    misses = np.stack([*_misses(verdicts, len(card)).values()])
    worst = misses.max(axis=0)
    near = _nearest(card, worst, np.arange(len(card)))
    first, names = np.argmax(misses[:, near] >= worst[near], axis=0), list(verdicts)
    return Tally(len(card), 0, tuple(sorted({names[i] for i in first.tolist()})))


def reasons_of(context: Context, found: Found) -> list[str]:
    """Why there is no plan, in words: no offers, no candidate that holds, or limits that shut all out."""
    settled, rules = context.settled, context.pack.rules
    if not settled.allowed.any():
        return [
            "no offer of the catalog is left by the limits on GPUs, providers, regions and kinds of purchase"
        ]
    tally = found.tally or tally_of(found.table.card, found.holds, found.assessment.verdicts)
    if not tally.held:
        causes = ", ".join(rules[name].label for name in tally.missed)
        return [f"none of {tally.candidates:,} candidates meets every requirement: {causes}"]
    limits = [name for name, on in _limits_named(context) if on]
    kept = " and ".join(limits) or "the number of cards that was tried"
    return [
        f"{tally.held:,} of {tally.candidates:,} candidates meet every requirement of the rules, but "
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


def missed_by(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The factor by which candidates miss a requirement, from its sides; 1 where it holds."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(left <= right, 1.0, np.where(right > 0, left / right, math.inf))
    ratio[np.isinf(ratio)] = 1e300
    ratio[np.isnan(ratio)] = math.inf
    return ratio


def _misses(verdicts: Mapping[str, Verdict], rows: int) -> dict[str, np.ndarray]:
    """Requirement -> the factor by which each row misses it, in its worst traffic class."""
    return {name: missed_by(*_sides(verdict, rows)).max(axis=0) for name, verdict in verdicts.items()}


def _refusal(
    context: Context, found: Found, row: int, misses: dict[str, np.ndarray], worst: float
) -> Refusal:
    """The first of the requirements that a row misses most, with both sides."""
    name = next(name for name, missed in misses.items() if missed[row] >= worst)
    verdict, rule = found.assessment.verdicts[name], context.pack.rules[name]
    of_class = int(np.argmax(missed_by(*(side[:, row] for side in _sides(verdict, len(found.table))))))
    needs, has = pick(verdict.left, row, of_class), pick(verdict.right, row, of_class)
    gpu = found.table.cards[found.table.card[row]].name
    return Refusal(gpu, name, needs, has, rule.unit, found.table.describe(row), rule.label)


def _sides(verdict: Verdict, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Both sides of a requirement: (classes, rows)."""
    left, right = (np.atleast_2d(np.asarray(side, dtype=float)) for side in (verdict.left, verdict.right))
    shape = (max(len(left), len(right)), rows)
    return np.broadcast_to(left, shape), np.broadcast_to(right, shape)


def warnings_of(context: Context, plan: Plan, today: datetime.date) -> list[str]:
    """Old prices, tight memory, spot, purchases priced in another currency."""
    found = _old_prices(context, plan, today)
    for line, card in zip(plan.lines, plan.cards, strict=True):
        if line.fill >= TIGHT:
            found.append(
                f"{card.gpu} just fits: it needs {line.fill:.0%} of its memory, however small the batch"
            )
        if card.purchase == "spot":
            found.append(f"{card.offer} is spot: it can be taken away, and its price moves")
        if card.purchase == "buy" and card.currency != plan.currency:
            found.append(
                f"the purchase price of {card.gpu} is known in {card.currency} only; "
                f"prices in {plan.currency} can differ by more than the exchange rate"
            )
    if any(card.currency != plan.currency for card in plan.cards):
        found.append(f"exchange rates are those of {context.catalog.rate_date.isoformat()}")
    return list(dict.fromkeys(found))


def _old_prices(context: Context, plan: Plan, today: datetime.date) -> list[str]:
    """One warning for each age of prices past the limit, naming the offers."""
    by_day: dict[tuple[int, str], dict[str, None]] = {}
    for own in (shown(context.catalog, line.offer) for line in plan.lines):
        by_day.setdefault((own.day, own.price_date), {})[own.offer] = None
    ages = [(price_age(day, today), date, names) for (day, date), names in sorted(by_day.items())]
    return [
        f"prices of {date} are {age} days old, check them before you rely on them: {', '.join(names)}"
        for age, date, names in ages
        if age > OLD_DAYS
    ]


def notes_of(contexts: Sequence[Context], lines: Sequence[Sequence[Line]]) -> list[list[str]]:
    """For each plan a line for each quantity in which the lesson's simple rules differ by more than a factor of two.

    contexts: of one task and pack, and of the same fixed names; lines: of each plan.
    """
    found: list[list[str]] = [[] for _ in contexts]
    some = [i for i, own in enumerate(lines) if own]
    if not some or base_of(contexts[0].settled.need.rules) == "lesson":
        return found
    for one in Stack([lines[i][0] for i in some]).groups:
        here = [some[place] for place in one.places.tolist()]
        notes = _unlike([contexts[i] for i in here], [lines[i][0] for i in here], one)
        for i, own in zip(here, notes, strict=True):
            found[i] = own
    return found


def _unlike(contexts: Sequence[Context], lines: Sequence[Line], same: Alike) -> list[list[str]]:
    """The notes on lines that have the same names."""
    notes = [list[str]() for _ in lines]
    judged = [name for name in JUDGED if name in same.at]
    if not judged:  # where capacity was measured
        return notes
    lesson, rules = pack_of("lesson", contexts[0].settled.need.task), contexts[0].pack.rules
    read = [name for name in lesson.read_by(judged) - lesson.rules.keys() if name in same.at]
    inputs: dict[str, Any] = dict(zip(read, same.of(read)[:, 0].T, strict=True))
    inputs |= _lesson_assumptions(contexts, lines, inputs, judged)
    values = evaluate(lesson, inputs, judged).values
    for name, ours in zip(judged, same.of(judged)[:, 0].T, strict=True):
        scale = GB / GIB if lesson.rules[name].unit == "GB" else 1.0
        theirs = np.broadcast_to(values[name], ours.shape) * scale
        with np.errstate(divide="ignore", invalid="ignore"):
            unlike = (theirs > 0) & ~((ours / theirs >= 0.5) & (ours / theirs <= 2))
        for i in np.flatnonzero(unlike).tolist():
            notes[i].append(
                f"the lesson's simple rule gives {name.replace('_', ' ')} = {number(float(theirs[i]), 3)} "
                f"{rules[name].unit}, these rules {number(float(ours[i]), 3)}: see `optplan rules diff lesson "
                "engineering`"
            )
    return notes


def _lesson_assumptions(
    contexts: Sequence[Context], lines: Sequence[Line], inputs: Mapping[str, Any], targets: Sequence[str]
) -> dict[str, np.ndarray]:
    """The lesson's own assumptions for the same needs and cards, as expected."""
    catalog, lesson = contexts[0].catalog, pack_of("lesson", contexts[0].settled.need.task)
    names = tuple(n for n in assumption_names(lesson, targets, {}, catalog) if n not in inputs)
    card = catalog.offers.card[[line.offer for line in lines]]
    need = np.arange(len(lines))
    return assumed(contexts, names, need, np.zeros_like(need), card, {"rules": "lesson"})
