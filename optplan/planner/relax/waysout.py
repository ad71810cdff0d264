"""No plan: the cheapest changes that make one possible, each checked by solving again.

Single changes first, limits loosened by as little as will do; then pairs; then larger sets of which
nothing can be left out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

from optplan.errors import BadInput
from optplan.need import AnyNeed
from optplan.plan import Plan, WayOut
from optplan.planner.context import Context
from optplan.planner.relax.changes import Change, amounts, switches

Solve = Callable[..., Plan]
MOST_WAYS = 6
FINE = 1e-3  # relative width at which the search for the least loosening stops


def ways_out(context: Context, solve: Solve) -> list[WayOut]:
    """The cheapest ways out: single changes where there are any, else pairs, else larger sets."""
    trial = _Trial(context, solve)
    limits, others = amounts(context), list(switches(context))
    for search in (_singles, _pairs, _sets):
        ways = [way for way in search(trial, limits, others) if way is not None]
        if ways:
            unique = {(way.change, way.to): way for way in ways}
            return sorted(unique.values(), key=lambda way: (way.cost, way.change))[:MOST_WAYS]
    return []


class _Trial:
    """Solves changed needs, each once."""

    def __init__(self, context: Context, solve: Solve) -> None:
        self.context, self._solve = context, solve
        self.need = context.settled.need
        self._known: dict[str, Plan | None] = {}

    def plan(self, need: AnyNeed) -> Plan | None:
        """The plan of a changed need, in the currency of the first, or None where there is none."""
        need = need.model_copy(update={"currency": self.context.settled.currency})
        key = need.model_dump_json()
        if key not in self._known:
            self._known[key] = self._solved(need)
        return self._known[key]

    def _solved(self, need: AnyNeed) -> Plan | None:
        context = self.context
        fixed = {k: v for k, v in context.fixed.items() if k not in need.assume}
        try:
            plan = self._solve(
                need,
                context.catalog,
                fixed=fixed,
                base=context.base,
                time_limit=context.time_limit,
                explore=False,
            )
        except BadInput:
            return None  # the change does not apply to this need
        return plan if plan.feasible else None

    def freed(self, changes: Sequence[Change]) -> Plan | None:
        """The cheapest plan with all these changes, limits taken away."""
        need = self.need
        for change in changes:
            need = change.free(need)
        return self.plan(need)

    def way(self, changes: Sequence[Change], values: Sequence[float]) -> WayOut | None:
        """The changes, limits set to these values, as one way out: if the need that they make has a plan."""
        need, told = self.need, []
        for change in changes:
            if not change.amount:
                need = change.free(need)
        for change, value in zip(changes, values, strict=True):
            need, words = change.settle(need, value)
            told.append(words)
        plan = self.plan(need)
        if plan is None:
            return None
        what, from_, to = (
            " and ".join(getattr(words, name) for words in told) for name in ("what", "from_", "to")
        )
        return WayOut(what, from_, to, plan.total_cost)


def _singles(trial: _Trial, limits: list[Change], others: list[Change]) -> Iterator[WayOut | None]:
    for change in limits:
        free = trial.freed([change])
        if free is not None:
            yield trial.way([change], [_least(trial, change, free)])
    for change in others:
        yield trial.way([change], [0.0])


def _least(trial: _Trial, change: Change, free: Plan) -> float:
    """The least value of one limit with which there is a plan; `free` is the cheapest plan without it."""
    if change.name == "budget":
        return free.total_cost
    used, low = change.used(free), 0.0
    if not change.whole:
        low, used = _around(trial, change, used)
    while used - low > (1 if change.whole else FINE * used):
        middle = math.floor((low + used) / 2) if change.whole else (low + used) / 2
        plan = trial.plan(change.settle(trial.need, middle)[0])
        if plan is None:
            low = middle
        else:
            used = min(middle, change.used(plan))
    return used


def _around(trial: _Trial, change: Change, used: float) -> tuple[float, float]:
    """An interval below `used` that holds the least value: halved down while there still is a plan."""
    low = used / 2
    while (plan := trial.plan(change.settle(trial.need, low)[0])) is not None:
        used = min(low, change.used(plan))
        low = used / 2
    return low, used


def _pairs(trial: _Trial, limits: list[Change], others: list[Change]) -> Iterator[WayOut | None]:
    """Two changes together, limits set to what the cheapest plan without them uses."""
    both = [*itertools.combinations(limits, 2), *itertools.product(others, limits)]
    for pair in [*both, *itertools.combinations(others, 2)]:
        yield _together(trial, list(pair))


def _together(trial: _Trial, changes: list[Change]) -> WayOut | None:
    free = trial.freed(changes)
    return None if free is None else trial.way(changes, [change.used(free) for change in changes])


def _sets(trial: _Trial, limits: list[Change], others: list[Change]) -> Iterator[WayOut | None]:
    """All limits taken away, alone or with one switch; then put back one by one while there is a plan.

    A mix of types is not tried here: without limits one type is as good.
    """
    known: list[list[Change]] = []
    for switch in [[], *([change] for change in others if change.name != "mix")]:
        if trial.freed([*limits, *switch]) is None:
            continue
        for first in range(len(limits)):
            order = [*limits[first:], *limits[:first]]
            kept = list(order)
            for change in order:
                fewer = [one for one in kept if one is not change]
                if trial.freed([*fewer, *switch]) is not None:
                    kept = fewer
            chosen = [*switch, *(change for change in limits if change in kept)]
            if not any(all(change in chosen for change in fewer) for fewer in known):
                known.append(chosen)
                yield _together(trial, chosen)
