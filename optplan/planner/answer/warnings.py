"""What becomes of a plan at the worse end of the assumptions: deadline, budget, memory, latencies, traffic.

A plan is made at what is expected, so its ends may miss what was asked. With `confidence: high` it holds there too.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from optplan.plan import Line, Plan
from optplan.planner.context import Context
from optplan.units import HOUR, TOLERANCE, amount, number

AT_WORST: Final = "at the worse end of the assumptions"
ASK: Final = "`confidence: high` asks for a plan that keeps to it even there"
CARRY: Final = "`confidence: high` asks for a plan that carries all of it even there"
LATENCIES: Final = {
    "per_token_time": ("per_token_limit", "time between two tokens"),
    "first_token_time": ("first_token_limit", "time to the first token"),
}
EXPECTED, WORST = 0, 2  # positions in SCENARIOS
MOST: Final = 3.0  # times the cards of a line: more of them are no advice


def worse_end(context: Context, plan: Plan) -> list[str]:
    """One sentence for each limit that the plan keeps as expected and misses at the worse end."""
    if not plan.lines or context.judged == "worse":
        return []
    missed: dict[str, None] = {}
    fit = []
    for line, card in zip(plan.lines, plan.cards, strict=True):
        own = [*_memory(line, card.gpu), *_latencies(line, card.gpu)]
        missed |= dict.fromkeys(own)
        fit.append(not own)
    return [*_deadline(context, plan), *_budget(context, plan), *missed, *_traffic(context, plan, fit)]


def _over(value: float, limit: float) -> bool:
    return value > limit * (1 + TOLERANCE)


def _deadline(context: Context, plan: Plan) -> Iterator[str]:
    limit = context.limits.deadline
    if math.isinf(limit):
        return
    hours = max(line.high.get("elapsed_hours", 0.0) for line in plan.lines)
    if _over(hours, limit):
        yield f"{AT_WORST} the work takes {number(hours)} h, over the deadline of {number(limit)} h: {ASK}"


def _budget(context: Context, plan: Plan) -> Iterator[str]:
    limit = context.limits.budget
    if math.isfinite(limit) and _over(worst := plan.quantities["total_cost"].high, limit):
        costs, most = amount(worst, plan.currency), amount(limit, plan.currency)
        yield f"{AT_WORST} the plan costs {costs}, over the budget of {most}: {ASK}"


def _memory(line: Line, gpu: str) -> Iterator[str]:
    """A card that does not hold the smallest batch."""
    needed, room = line.high.get("least_memory", 0.0), line.high.get("fillable_memory", math.inf)
    if _over(needed, room):
        yield (
            f"{AT_WORST} {gpu} needs {number(needed)} GiB at the smallest batch, over the {number(room)} GiB "
            f"that may be filled: {ASK}"
        )


def _latencies(line: Line, gpu: str) -> Iterator[str]:
    """Limits that are missed with one request at a time: more replicas do not help."""
    for name, (limit, words) in LATENCIES.items():
        worst, most = line.high.get(name, 0.0), line.high.get(limit, math.inf)
        if _over(worst, most):
            yield (
                f"{AT_WORST} the {words} on {gpu} is {number(worst * 1e3)} ms, over the limit of "
                f"{number(most * 1e3)} ms: {ASK}"
            )


def _traffic(context: Context, plan: Plan, fit: list[bool]) -> Iterator[str]:
    """What the cards of a service carry, and what the rest would cost. fit: which lines work there at all.

    A service pays for its cards whatever they carry, so its cost has no band: this is where its spread is seen.
    """
    lines = plan.lines
    kept = [i for i, fits in enumerate(fit) if fits]
    if not kept or not all(line.load for line in lines):
        return
    rate = float(context.settled.quantities["requests_per_second"].sum())
    asked = rate - math.fsum(api.requests for api in plan.apis) / (context.settled.hours * HOUR)
    # where each line keeps to the classes that it is best at, they carry more than with a part of every class
    alike = min(_share(lines, EXPECTED), asked / rate)
    carried = _share([lines[i] for i in kept], WORST) / alike
    if carried < 1 - TOLERANCE:
        widest = max(kept, key=lambda i: plan.cards[i].count)
        more = _more(context, plan, widest, (1 - carried) * alike)
        yield f"{AT_WORST} these cards carry {number(asked * carried, 3)} of {number(asked)} requests/s: {more}{CARRY}"


def _share(lines: list[Line], end: int) -> float:
    """How much of all traffic the lines carry, each taking the same part of every class."""
    return math.fsum(line.values["replicas"] / line.load[end] for line in lines if line.load[end])


def _more(context: Context, plan: Plan, i: int, missing: float) -> str:
    """What line i costs more if it carries the missing share of all traffic too; "" past MOST or a limit on cards."""
    line, card, limits = plan.lines[i], plan.cards[i], context.limits
    group = line.values["nodes"]  # units that are one replica together
    times = (
        math.ceil(missing * line.load[WORST] / line.values["replicas"] * line.units / group)
        * group
        / line.units
    )
    if times > MOST:
        return ""
    cards = times * card.count
    quotas = [most for _, mask, most in limits.quotas if mask[context.catalog.offers.card[line.offer]]]
    pools = [most for _, offers, most in limits.pools if line.offer in offers]
    room = min(limits.max_cards, *quotas, *pools, math.inf)
    if sum(one.count for one in plan.cards) + cards > room:
        return ""
    paid = math.fsum(line.values.get(rule.name, 0.0) for rule in context.pack.of_kind("charge"))
    return f"{number(cards)} more {card.gpu} would carry the rest for {amount(paid * times, plan.currency)}; "
