"""What of a need can be changed to make a plan possible: limits that are amounts, and switches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from optplan.candidates import LARGE_SIZES
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner.context import Context
from optplan.units import Money, amount, number

SPLITS, MOST_SPLIT = "framework_splits_model", "model_parallel_cards"
SPLITTING = "megatron"  # splits layers and tensors over any cards
COVERS_RANKS = "batch_covers_ranks"  # no more data parallel ranks than sequences of an optimizer step
LATENCIES = {"per_token": "per_token_time", "first_token": "first_token_time"}


@dataclass(frozen=True, slots=True)
class Told:
    """A change in the user's words."""

    what: str
    from_: str
    to: str


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that can be changed.

    free     takes the limit away, or turns the switch
    settle   puts the limit back as a plan uses it, and tells the change; a switch stays as it is
    whole    the limit counts cards
    """

    name: str
    free: Callable[[AnyNeed], AnyNeed]
    settle: Callable[[AnyNeed, float], tuple[AnyNeed, Told]]
    used: Callable[[Plan], float]
    amount: bool = True
    whole: bool = False


def with_limits(need: AnyNeed, **limits: Any) -> AnyNeed:
    """The need with some of its limits changed."""
    return need.model_copy(update={"limits": need.limits.model_copy(update=limits)})


def amounts(context: Context) -> list[Change]:
    """Limits of this need that are amounts: deadline, budget, cards, quotas, batch, latencies."""
    need, settled = context.settled.need, context.settled
    found: list[Change] = []
    if need.task != "serve" and math.isfinite(settled.hours):
        found.append(_deadline(context))
    if need.limits.budget is not None:
        found.append(_budget(context))
    if need.limits.carbon is not None:
        found.append(_carbon(need.limits.carbon))
    if need.limits.max_cards is not None:
        found.append(_max_cards(context))
    found += [_quota(context, quota.name, quota.cards) for quota in settled.quotas]
    if COVERS_RANKS in context.pack.rules:
        found.append(_batch(context))
    if need.task == "serve":
        found += [_latency(need, name) for name in LATENCIES if getattr(need.latency, name) is not None]
    return found


def _deadline(context: Context) -> Change:
    def settle(need: AnyNeed, value: float) -> tuple[AnyNeed, Told]:
        hours = math.ceil(value * 100 - 1e-6) / 100
        told = Told("deadline", f"{number(context.settled.hours)} h", f"{number(hours, 6)} h")
        return need.model_copy(update={"deadline": hours}), told

    return Change(
        "deadline", lambda n: n.model_copy(update={"deadline": None}), settle, lambda plan: plan.hours
    )


def _budget(context: Context) -> Change:
    limit, code = context.settled.need.limits.budget, context.settled.currency

    def settle(need: AnyNeed, value: float) -> tuple[AnyNeed, Told]:
        money = Money(math.ceil(value * 100 - 1e-6) / 100, code)
        return with_limits(need, budget=money), Told("budget", str(limit), amount(money.amount, code))

    return Change("budget", lambda n: with_limits(n, budget=None), settle, lambda plan: plan.total_cost)


def _carbon(limit: float) -> Change:
    def settle(need: AnyNeed, value: float) -> tuple[AnyNeed, Told]:
        kg = math.ceil(value * 100 - 1e-6) / 100
        return with_limits(need, carbon=kg), Told("carbon", f"{number(limit)} kg", f"{number(kg, 6)} kg")

    def used(plan: Plan) -> float:
        return plan.quantities["carbon_kg"].value

    return Change("carbon", lambda n: with_limits(n, carbon=None), settle, used)


def _max_cards(context: Context) -> Change:
    limit = context.settled.need.limits.max_cards

    def settle(need: AnyNeed, value: float) -> tuple[AnyNeed, Told]:
        return with_limits(need, max_cards=round(value)), Told(
            "max_cards", f"{limit} cards", f"{round(value)} cards"
        )

    def used(plan: Plan) -> float:
        return float(sum(line.count for line in plan.cards))

    return Change("max_cards", lambda n: with_limits(n, max_cards=None), settle, used, whole=True)


def _quota(context: Context, gpu: str, cards: tuple[str, ...]) -> Change:
    limit = context.settled.need.limits.quota[gpu]

    def free(need: AnyNeed) -> AnyNeed:
        return with_limits(need, quota={k: v for k, v in need.limits.quota.items() if k != gpu})

    def settle(need: AnyNeed, value: float) -> tuple[AnyNeed, Told]:
        told = Told(f"quota:{gpu}", f"{limit} cards", f"{round(value)} cards")
        return with_limits(need, quota={**need.limits.quota, gpu: round(value)}), told

    def used(plan: Plan) -> float:
        return float(sum(line.count for line in plan.cards if line.gpu in cards))

    return Change(f"quota:{gpu}", free, settle, used, whole=True)


def _batch(context: Context) -> Change:
    """A larger batch: more data parallel ranks have a sequence, and gradients are exchanged less often."""
    asked = int(context.settled.quantities["batch"])

    def put(need: AnyNeed, value: float) -> AnyNeed:
        result: AnyNeed = need.model_copy(update={"batch": max(asked, round(value))})
        return result

    def settle(need: AnyNeed, value: float) -> tuple[AnyNeed, Told]:
        sequences = f"{max(asked, round(value))} sequences"
        return put(need, value), Told("batch", f"{asked} sequences", sequences)

    def used(plan: Plan) -> float:
        return float(plan.settled.quantities["batch"])

    return Change("batch", lambda need: put(need, LARGE_SIZES[-1]), settle, used, whole=True)


def _latency(need: Any, name: str) -> Change:
    asked = getattr(need.latency, name)

    def put(changed: Any, value: float | None) -> AnyNeed:
        result: AnyNeed = changed.model_copy(
            update={"latency": changed.latency.model_copy(update={name: value})}
        )
        return result

    def settle(changed: AnyNeed, value: float) -> tuple[AnyNeed, Told]:
        seconds = math.ceil(value * 1e4 - 1e-6) / 1e4
        told = Told(f"latency {name}", f"{number(asked * 1e3)} ms", f"{number(seconds * 1e3)} ms")
        return put(changed, seconds), told

    def used(plan: Plan) -> float:
        return max(line.values[LATENCIES[name]] for line in plan.lines)

    return Change(f"latency {name}", lambda changed: put(changed, None), settle, used)


def switches(context: Context) -> Iterator[Change]:
    """Changes that are not amounts: kinds of purchase, names, mix, method, framework, precision."""
    need, limits = context.settled.need, context.settled.need.limits
    bought = list(limits.purchase or ["on_demand"])
    if "spot" not in bought:
        more = [*bought, "spot"]
        yield _switch(
            "allow spot", ", ".join(bought), ", ".join(more), lambda n: with_limits(n, purchase=more)
        )
    for name in ("gpus", "providers", "regions"):
        asked = getattr(limits, name)
        if asked is not None:
            yield _named(f"allow any {name}", ", ".join(asked), "any", name, None)
    for name in ("avoid_gpus", "avoid_providers"):
        asked = getattr(limits, name)
        if asked:
            yield _named(f"drop {name}", ", ".join(asked), "none", name, [])
    if context.settled.mix == "one_type":
        yield _named("mix", "one_type", "any", "mix", "any")
    if need.task == "finetune":
        yield from (*_methods(need), *_frameworks(need, context))
    else:
        yield from _precisions(context)


def _named(what: str, from_: str, to: str, limit: str, value: Any) -> Change:
    return _switch(what, from_, to, lambda need: with_limits(need, **{limit: value}))


def _switch(what: str, from_: str, to: str, turn: Callable[[AnyNeed], AnyNeed]) -> Change:
    return Change(
        what, turn, lambda need, _: (need, Told(what, from_, to)), lambda plan: plan.hours, amount=False
    )


def _methods(need: Any) -> Iterator[Change]:
    order = ("full", "lora", "qlora")
    for kind in order[order.index(need.method.kind) + 1 :]:
        method = need.method.model_copy(update={"kind": kind})

        def turn(changed: AnyNeed, method: Any = method) -> AnyNeed:
            return changed.model_copy(update={"method": method})

        yield _switch("method", need.method.kind, kind, turn)


def _frameworks(need: Any, context: Context) -> Iterator[Change]:
    """Software that splits the model itself, where the asked one does not; none does so with 4-bit weights."""
    now, whole = context.settled.selectors["framework"], context.scalar(MOST_SPLIT, math.inf) <= 1
    if SPLITS in context.pack.rules and whole and need.method.kind != "qlora":
        yield _switch("framework", now, SPLITTING, lambda n: n.model_copy(update={"framework": SPLITTING}))


def _precisions(context: Context) -> Iterator[Change]:
    now, taken = context.settled.selectors["precision"], context.settled.need.precision is None
    wide = now in ("fp32", "bf16", "fp16")  # else a default is that of the published weights
    for precision in ("fp8", "int4") if wide else ("bf16", "int4") if taken else ():

        def turn(changed: AnyNeed, precision: str = precision) -> AnyNeed:
            return changed.model_copy(update={"precision": precision})

        yield _switch("precision", now, precision, turn)
