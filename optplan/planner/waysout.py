"""No plan: the cheapest single changes that make one possible, else pairs; each checked by solving again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from optplan.errors import BadInput
from optplan.need import AnyNeed
from optplan.plan import Plan, WayOut
from optplan.planner.context import Context
from optplan.planner.found import Found
from optplan.settle import settle
from optplan.units import Money, number

Solve = Callable[..., Plan]
MOST_WAYS = 6
ROUNDS = 40  # halvings of a deadline's interval
FINE = 1e-3  # relative width at which the search for a deadline stops


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a need: what is changed, from and to in the user's words, and the changed need."""

    what: str
    from_: str
    to: str
    need: AnyNeed


def ways_out(context: Context, found: Found, solve: Solve) -> list[WayOut]:
    """Single changes that help, cheapest first; pairs of limits where no single one does."""
    trial = _Trial(context, solve)
    ways = [way for change in [*_limits(context, trial), *_switches(context)] if (way := trial.way([change]))]
    if not ways:
        ways = list(_pairs(context, trial))
    del found
    return sorted(ways, key=lambda way: (way.cost, way.change))[:MOST_WAYS]


class _Trial:
    """Solves changed needs; remembers nothing but what it needs to convert costs."""

    def __init__(self, context: Context, solve: Solve) -> None:
        self.context, self._solve = context, solve

    def plan(self, need: AnyNeed) -> Plan | None:
        """The plan of a changed need, in the currency of the first, or None where there is none."""
        need = need.model_copy(update={"currency": self.context.settled.currency})
        fixed = {k: v for k, v in self.context.fixed.items() if k not in need.assume}
        try:
            plan = self._solve(
                need,
                self.context.catalog,
                fixed=fixed,
                base=self.context.base,
                time_limit=self.context.time_limit,
                explore=False,
            )
        except BadInput:
            return None  # the change does not apply to this need
        return plan if plan.feasible else None

    def way(self, changes: list[Change]) -> WayOut | None:
        """The changes as one way out, if the need that they make has a plan."""
        plan = self.plan(changes[-1].need)
        if plan is None:
            return None
        joined = [" and ".join(getattr(c, name) for c in changes) for name in ("what", "from_", "to")]
        return WayOut(*joined, cost=plan.total_cost)


def with_limits(need: AnyNeed, **limits: Any) -> AnyNeed:
    """The need with some of its limits changed."""
    return need.model_copy(update={"limits": need.limits.model_copy(update=limits)})


def _freed(need: AnyNeed, name: str) -> AnyNeed:
    """The need without one named limit."""
    if name == "deadline":
        return need.model_copy(update={"deadline": None})
    if name.startswith("quota:"):
        quota = {k: v for k, v in need.limits.quota.items() if k != name.removeprefix("quota:")}
        return with_limits(need, quota=quota)
    return with_limits(need, **{name: None})


def _amounts(context: Context) -> list[str]:
    """Names of the limits that are amounts and can be loosened."""
    need, settled = context.settled.need, context.settled
    names = ["deadline"] if need.task != "serve" and math.isfinite(settled.hours) else []
    names += [n for n in ("budget", "max_cards") if getattr(need.limits, n) is not None]
    return names + [f"quota:{quota.name}" for quota in settled.quotas]


def _limits(context: Context, trial: _Trial) -> Iterator[Change]:
    """Each limit alone, loosened by as little as will do."""
    need = context.settled.need
    for name in _amounts(context):
        free = trial.plan(_freed(need, name))
        if free is None:
            continue
        least = _least(context, trial, name, free)
        if least is not None:
            yield loosened(context, need, name, least)
    yield from _latency(context, trial)


def _least(context: Context, trial: _Trial, name: str, free: Plan) -> float | None:
    """The least value of one limit with which there is a plan; `free` is the cheapest plan without it."""
    if name == "budget":
        return free.total_cost
    used = _used(free, name, context)
    low = context.settled.hours if name == "deadline" else 0.0
    whole = name != "deadline"
    while (used - low > 1) if whole else (used - low > FINE * used):
        middle = (low + used) / 2
        middle = float(math.floor(middle)) if whole else middle
        plan = trial.plan(loosened(context, context.settled.need, name, middle).need)
        if plan is None:
            low = middle
        else:
            used = min(middle, _used(plan, name, context))
    return used


def _used(plan: Plan, name: str, context: Context) -> float:
    if name == "deadline":
        return plan.hours
    if name == "budget":
        return plan.total_cost
    cards = {c for q in context.settled.quotas if f"quota:{q.name}" == name for c in q.cards}
    return float(sum(line.count for line in plan.cards if name == "max_cards" or line.gpu in cards))


def loosened(context: Context, need: AnyNeed, name: str, value: float) -> Change:
    """The need with one limit set to a new amount, rounded up to what a person would write."""
    limits = need.limits
    if name == "deadline":
        hours = math.ceil(value * 100 - 1e-6) / 100
        return Change(name, f"{number(context.settled.hours)} h", f"{number(hours, 6)} h", need.model_copy(update={"deadline": hours}))
    if name == "budget":
        code = context.settled.currency
        rounded = math.ceil(value * 100 - 1e-6) / 100
        return Change(name, str(limits.budget), str(Money(rounded, code)), with_limits(need, budget=Money(rounded, code)))
    cards = round(value)
    if name == "max_cards":
        return Change(name, f"{limits.max_cards} cards", f"{cards} cards", with_limits(need, max_cards=cards))
    gpu = name.removeprefix("quota:")
    quota = {**limits.quota, gpu: cards}
    return Change(name, f"{limits.quota[gpu]} cards", f"{cards} cards", with_limits(need, quota=quota))


def _latency(context: Context, trial: _Trial) -> Iterator[Change]:
    """Latency limits of a service, loosened to what the fastest candidate reaches."""
    need = context.settled.need
    if need.task != "serve":
        return
    for field, quantity in (("per_token", "per_token_time"), ("first_token", "first_token_time")):
        asked = getattr(need.latency, field)
        if asked is None:
            continue
        free = trial.plan(_with_latency(need, field, None))
        if free is None:
            continue
        low, high = asked, max(line.values[quantity] for line in free.lines)
        for _ in range(ROUNDS):
            if high - low <= FINE * high:
                break
            middle = (low + high) / 2
            low, high = (low, middle) if trial.plan(_with_latency(need, field, middle)) else (middle, high)
        seconds = math.ceil(high * 1e4) / 1e4
        yield Change(
            f"latency {field}", f"{number(asked * 1e3)} ms", f"{number(seconds * 1e3)} ms", _with_latency(need, field, seconds)
        )


def _with_latency(need: Any, field: str, value: float | None) -> AnyNeed:
    changed: AnyNeed = need.model_copy(update={"latency": need.latency.model_copy(update={field: value})})
    return changed


def _switches(context: Context) -> Iterator[Change]:
    """Changes that are not amounts: kinds of purchase, names, method, precision."""
    need, limits = context.settled.need, context.settled.need.limits
    bought = limits.purchase or ["on_demand"]
    if "spot" not in bought:
        yield Change("allow spot", ", ".join(bought), ", ".join([*bought, "spot"]), with_limits(need, purchase=[*bought, "spot"]))
    for name in ("gpus", "providers", "regions"):
        asked = getattr(limits, name)
        if asked is not None:
            yield Change(f"allow any {name}", ", ".join(asked), "any", with_limits(need, **{name: None}))
    for name in ("avoid_gpus", "avoid_providers"):
        if getattr(limits, name):
            yield Change(f"drop {name}", ", ".join(getattr(limits, name)), "none", with_limits(need, **{name: []}))
    if context.settled.mix == "one_type":
        yield Change("mix", "one_type", "any", with_limits(need, mix="any"))
    if need.task == "finetune":
        yield from _methods(need)
    elif need.precision not in ("int4", "fp8", "int8"):
        for precision in ("fp8", "int4"):
            yield Change("precision", context.settled.selectors["precision"], precision, need.model_copy(update={"precision": precision}))


def _methods(need: Any) -> Iterator[Change]:
    order = ("full", "lora", "qlora")
    for kind in order[order.index(need.method.kind) + 1 :]:
        method = need.method.model_copy(update={"kind": kind})
        yield Change("method", need.method.kind, kind, need.model_copy(update={"method": method}))


def _pairs(context: Context, trial: _Trial) -> Iterator[WayOut]:
    """Two limits loosened together, to what the cheapest plan without both uses."""
    need = context.settled.need
    for one, other in itertools.combinations(_amounts(context), 2):
        free = trial.plan(_freed(_freed(need, one), other))
        if free is not None:
            first = loosened(context, need, one, _used(free, one, context))
            second = loosened(context, first.need, other, _used(free, other, context))
            if way := trial.way([first, second]):
                yield way
    for switch in _switches(context):
        changed = replace(context, settled=_settled(context, switch.need))
        for name in _amounts(context):
            free = trial.plan(_freed(switch.need, name))
            if free is not None:
                second = loosened(changed, switch.need, name, _used(free, name, context))
                if way := trial.way([switch, second]):
                    yield way


def _settled(context: Context, need: AnyNeed) -> Any:
    return settle(need.model_copy(update={"currency": context.settled.currency}), context.catalog, context.base)
