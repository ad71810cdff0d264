"""When a plan's charges are paid: monthly flows, and what they are worth today."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from optplan.plan import ApiLine, Line, Plan
from optplan.rules.constants import MONTH, MONTHS
from optplan.units import TOLERANCE
from optplan.ways.values import Flow

AT_START: Final = ("purchase", "host", "network", "spares", "installation")
AT_END: Final = ("resale",)
OVER_TERMS: Final = ("reservation",)
NO_PAYMENT: Final = ("capital",)  # puts early and late payments on one footing; discounting does that here
BATCH_HOURS: Final = 24.0  # how long an offline need that an API answers may take, where nothing else says it


def flows_of(plan: Plan) -> list[Flow]:
    """Every payment of a plan, by month, then in the order of its terms.

    Prices and set-up are paid at the start, resale comes back at the end, reservations are paid evenly over
    whole terms, all else evenly over the time, each month at its end.
    """
    names = [rule.name for rule in plan.pack.of_kind("charge") if rule.name not in NO_PAYMENT]
    paid: dict[tuple[float, str], float] = {}
    for part in plan.parts:
        hours = hours_of(plan, part)
        for name in names:
            for month, amount in _paid(name, part, hours):
                paid[month, name] = paid.get((month, name), 0.0) + amount
    order = {name: i for i, name in enumerate(names)}
    found = [Flow(month, name, amount) for (month, name), amount in paid.items() if amount]
    return sorted(found, key=lambda flow: (flow.month, order[flow.term]))


def hours_of(plan: Plan, part: Line | ApiLine) -> float:
    """How long a line of a plan is paid for."""
    hours = part.values.get("owned_hours", plan.hours)
    return hours if math.isfinite(hours) else BATCH_HOURS


def _paid(name: str, part: Line | ApiLine, hours: float) -> Iterator[tuple[float, float]]:
    amount = part.values.get(name, 0.0)
    if not amount:
        return
    if name in AT_START:
        yield 0.0, amount
    elif name in AT_END:
        yield _month(hours / MONTH), amount
    elif name in OVER_TERMS:
        yield from _evenly(amount, max(part.values["reserved_hours"], hours) / MONTH)
    else:
        yield from _evenly(amount, hours / MONTH)


def _evenly(amount: float, months: float) -> Iterator[tuple[float, float]]:
    """Equal parts at the end of every month, and what is left at the end of a broken one."""
    whole = math.floor(months * (1 + TOLERANCE))
    for month in range(1, whole + 1):
        yield float(month), amount / months
    rest = months - whole
    if rest > TOLERANCE * months:
        yield months, amount * rest / months


def _month(months: float) -> float:
    """A whole month where it is one within rounding."""
    near = round(months)
    return float(near) if abs(months - near) <= TOLERANCE * months else months


def undiscounted(flows: Iterable[Flow]) -> float:
    """The plain sum."""
    return math.fsum(flow.amount for flow in flows)


def present_value(flows: Iterable[Flow], rate: float) -> float:
    """The sum, each flow discounted from its month to the start. rate: cost of capital a year (above -1)."""
    return math.fsum(flow.amount * (1 + rate) ** (-flow.month / MONTHS) for flow in flows)


def cumulative(flows: Sequence[Flow], months: int, rate: float = 0.0) -> list[float]:
    """Paid until the end of month 0, 1, .. months; the last holds all that is paid later, too."""
    sums = [0.0] * (months + 1)
    for flow in flows:
        at = min(math.ceil(flow.month * (1 - TOLERANCE)), months)
        sums[at] += flow.amount * (1 + rate) ** (-flow.month / MONTHS)
    total, found = 0.0, []
    for amount in sums:
        total += amount
        found.append(total)
    return found
