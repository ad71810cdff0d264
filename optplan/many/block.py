"""A block of needs -> their plans, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from optplan.candidates import SIZES
from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.many.fleets import fleets
from optplan.many.jobs import jobs
from optplan.need import AnyNeed
from optplan.plan import Bands, Plan
from optplan.planner import prepare, solve
from optplan.planner.answer.assemble import plans_of
from optplan.planner.context import Context
from optplan.rules import PACKS

BLOCK = 512  # needs at once
counted: Counter[str] = Counter()  # needs by the way they went, for benchmarks


def solve_block(
    needs: Sequence[AnyNeed],
    catalog: Catalog,
    *,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
    today: date | None = None,
    quantities: Callable[[Bands], Any] = Bands.json,
) -> Iterator[dict[str, Any] | BadInput]:
    """The JSON of each need's plan, in order, or the fault that keeps it from one. quantities: how those are written.

    Equal to `solve(need, explore=False).json(quantities)` but for `solver`.
    """
    day = today or date.today()
    for start in range(0, len(needs), BLOCK):
        for plan in _block(needs[start : start + BLOCK], catalog, fixed, base, day):
            yield plan if isinstance(plan, BadInput) else plan.json(quantities)


def _block(
    needs: Sequence[AnyNeed],
    catalog: Catalog,
    fixed: Mapping[str, float] | None,
    base: Path | None,
    day: date,
) -> list[Plan | BadInput]:
    answers: list[Plan | BadInput | None] = [None] * len(needs)
    groups: dict[tuple[Any, ...], list[tuple[int, Context]]] = {}
    for i, need in enumerate(needs):
        try:
            context = prepare(need, catalog, fixed=fixed, base=base)
        except BadInput as error:
            answers[i] = error
            continue
        if _together(context, catalog):
            key = (need.task, need.rules, frozenset(context.fixed))
            groups.setdefault(key, []).append((i, context))
    for (task, *_), members in groups.items():
        contexts = [context for _, context in members]
        found = jobs(contexts) if task == "finetune" else fleets(contexts)
        kept = [
            (i, context, one) for (i, context), one in zip(members, found, strict=True) if one is not None
        ]
        counted[task] += len(kept)
        some, outcomes = [context for _, context, _ in kept], [one for *_, one in kept]
        for (i, *_), plan in zip(kept, plans_of(some, outcomes, day), strict=True):
            answers[i] = plan
    done: list[Plan | BadInput] = []
    for need, known in zip(needs, answers, strict=True):
        if known is None:
            counted[f"{need.task} alone"] += 1
        done.append(_alone(need, catalog, fixed, base, day) if known is None else known)
    return done


def _together(context: Context, catalog: Catalog) -> bool:
    """Whether a need can go through the rules with others: no rules, cards or capacities of its own."""
    settled = context.settled
    return (
        settled.need.rules in PACKS
        and context.catalog is catalog
        and not settled.capacities
        and "api" not in (settled.need.limits.purchase or ())
        and settled.need.limits.carbon is None
        and not context.limits.pools
        and (settled.need.task != "finetune" or _plain_job(context))
    )


def _plain_job(context: Context) -> bool:
    """Whether a training job is of one card type, and of sizes that are always tried."""
    most = context.settled.max_cards
    return context.settled.mix != "any" and (most is None or most in SIZES)


def _alone(
    need: AnyNeed, catalog: Catalog, fixed: Mapping[str, float] | None, base: Path | None, day: date
) -> Plan | BadInput:
    try:
        return solve(need, catalog, fixed=fixed, base=base, today=day, explore=False)
    except BadInput as error:
        return error
