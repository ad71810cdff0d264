"""Cards are bought for no longer than they are planned to work."""

from __future__ import annotations

import math

import numpy as np

from optplan.errors import BadInput, Fault
from optplan.planner.context import Context
from optplan.planner.costs.pricing import BUY
from optplan.rules.constants import YEAR
from optplan.units import TOLERANCE, number


def within_life(context: Context) -> None:
    """Leave buying out of a need that lasts longer than a card's service life.

    Raises BadInput `longer-than-life` where buying is all that the need allows.
    """
    settled = context.settled
    if settled.need.task != "serve" or "buy" not in (settled.need.limits.purchase or ()):
        return
    bought = settled.allowed & (context.catalog.offers.purchase == BUY)
    if "life_used" not in context.pack.rules or not bought.any():
        return
    life = context.scalar("service_life", math.inf)
    years = settled.hours / YEAR
    if years <= life * (1 + TOLERANCE):
        return
    message = f"{number(years)} years are longer than the {number(life)} years that a bought card is planned to work"
    kinds = settled.need.limits.purchase or []
    if set(kinds) <= {"buy"}:
        hint = "shorten duration, plan the cards that follow as a need of their own, or set service_life"
        raise BadInput(Fault("longer-than-life", "duration", message, hint))
    settled.allowed = np.asarray(settled.allowed & ~bought)
    settled.assumed.append(f"nothing is bought: {message}")
