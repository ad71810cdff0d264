"""What the answer says besides numbers: how it counts, what could not be used, what to check, why there is no plan."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING

from optplan.catalog import Catalog
from optplan.plan import price_age
from optplan.portfolio.parts import Instance
from optplan.portfolio.plan import PortfolioPlan
from optplan.portfolio_need import Portfolio
from optplan.units import amount

if TYPE_CHECKING:
    from optplan.portfolio.find import Outcome

OLD = 180  # days after which a price is said to be old


def notes_of(portfolio: Portfolio, instance: Instance, plan: PortfolioPlan) -> list[str]:
    """How the plan counts."""
    notes: list[str] = []
    if not plan.feasible:
        return notes
    last = instance.months
    if any(one.kind == "buy" for one in plan.acquisitions):
        terms = [source.term for source in instance.sources if source.kind == "buy"]
        life = max(terms, default=0)
        until = (
            f"to the end of month {last}" if not 0 < life < last else f"{life} months, their life, at most"
        )
        notes.append(f"bought machines are kept {until}, and sold then")
    beyond = [one for one in plan.acquisitions if one.last > last]
    if beyond:
        notes.append(
            f"{len(beyond)} reservation{'s' if len(beyond) > 1 else ''} go on after month {last}: they are paid to the "
            "end of their term, and all of it is counted"
        )
    if any(need.task != "serve" for need in instance.needs):
        notes.append("cards kept for a job are counted as at work for the whole month")
    for need in instance.needs:
        notes += [f"{need.name}: {text}" for text in need.refused if need.task != "finetune"]
    limits = portfolio.limits
    for limit in (limits.budget, limits.monthly_budget):
        if limit is not None and limit.currency != instance.currency:
            notes.append(
                f"the limit of {limit} was converted to {instance.currency} at the newest dated rate"
            )
    return notes


def warnings_of(instance: Instance, plan: PortfolioPlan, catalog: Catalog, today: date) -> list[str]:
    """What to check before relying on the plan."""
    found = []
    if plan.stopped:
        found.append(
            f"the search ended by {plan.stopped}: a plan up to {plan.gap:.2%} cheaper may exist"
            if plan.feasible
            else f"the search ended by {plan.stopped} before any plan was found"
        )
    names = {one.offer for one in plan.holdings}
    days = [
        int(catalog.offers.price_day[source.offer]) for source in instance.sources if source.name in names
    ]
    if days and price_age(min(days), today) > OLD:
        age = price_age(min(days), today)
        found.append(f"the oldest price is {age} days old ({date.fromordinal(min(days)).isoformat()})")
    return found


def reasons_of(instance: Instance, found: Outcome) -> list[str]:
    """Why there is no plan, as far as single needs show it."""
    if found.status != "infeasible":
        return ["the search ended before a plan was found: allow it more time"]
    lost = stranded(instance)
    if lost:
        return [
            f"{instance.needs[n].name}: nothing that {', '.join(instance.needs[n].ways)} gives can carry it"
            + (f" in month {month + 1}" if month else "")
            + "".join(f"; {text}" for text in instance.needs[n].refused)
            for n, month in lost
        ]
    limits = [cap.name for cap in instance.caps]
    limits += ["power"] if math.isfinite(instance.power_kw) else []
    limits += (
        [f"budget of {amount(instance.budget, instance.currency)}"] if math.isfinite(instance.budget) else []
    )
    monthly = instance.monthly_budget
    limits += [f"monthly_budget of {amount(monthly, instance.currency)}"] if math.isfinite(monthly) else []
    text = " and ".join(limits) if len(limits) < 3 else ", ".join(limits[:-1]) + " and " + limits[-1]
    return [
        f"every need could be carried alone, but not all of them under {text or 'the limits of the needs'}"
    ]


def stranded(instance: Instance) -> list[tuple[int, int]]:
    """(need, first such month) of needs that nothing can carry, whatever the limits."""
    found: dict[int, int] = {}
    for block in instance.blocks:
        if not block.options:
            found.setdefault(block.need, block.month)
    return list(found.items())
