"""What a training job costs at least on each card and size of gang, whatever its layout: so that few are looked at.

The rules are evaluated on one dream card: it holds the whole batch at once and waits for no other. No gang is faster
than so many dream cards: communication and the optimizer only add to a step, and a smaller micro-batch or a split
matrix saturates less. Rent is at least that of all cards for that time, and at least one billing step of one node.
Proven for the rules of `engineering` only, and checked on every gang that is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from optplan.candidates import Table
from optplan.many.cards import Groups
from optplan.many.kinds import SPEED, Hours, Kinds
from optplan.many.lots import Rents
from optplan.planner.context import Context

PROVEN_FOR = "engineering"


def least_costs(
    contexts: Sequence[Context],
    groups: Groups,
    rents: Rents,
    hours: Hours,
    kinds: Kinds,
    pairs: tuple[np.ndarray, np.ndarray],
) -> np.ndarray:
    """No gang of rented cards costs less, in the need's currency. pairs: need and group of each.

    -infinite where nothing is proven, such as for cards that are bought.
    """
    (need, group), catalog, first = pairs, contexts[0].catalog, contexts[0]
    if first.settled.need.rules != PROVEN_FOR or any(name in first.pack.rules for name in first.fixed):
        return np.full(len(need), -math.inf)
    card, size = groups.card[group], groups.size[group]
    least_hours = hours(need, card, _dream_speed(kinds)[kinds.of[need], card] * size)
    usd = np.array([catalog.convert(1.0, "USD", context.settled.currency) for context in contexts])
    least = np.maximum(rents.each[need, card] * size * least_hours, rents.first[need, card]) * usd[need]
    return np.where(rents.bought[need, card] | ~np.isfinite(least), -math.inf, least)


def _dream_speed(kinds: Kinds) -> np.ndarray:
    """(kinds of need, cards): token/s of one card that holds all."""
    grid, cards = kinds.grid, list(kinds.first[0].catalog.cards.values())
    one = np.ones(len(cards), dtype=np.int64)
    dream = Table(cards, np.arange(len(cards)), one, one, one, one, one, 0 * one, 0 * one)
    batch, asked = grid.need["batch"], grid.need["asked_micro_batch"]
    instead = {
        "largest_micro_batch": np.where(asked > 0, np.minimum(asked, batch), batch),
        "communication_time": 0.0,
        "optimizer_time": 0.0,
    }
    speed = grid.on(dream, instead=instead, targets=[SPEED]).values[SPEED]
    return np.broadcast_to(np.asarray(speed, dtype=float), (len(kinds.first), len(cards)))
