"""What a training job costs at least on each card and size of gang, whatever its layout: so that few are looked at.

The rules are evaluated on one dream card: it holds the whole batch at once and waits for no other. No gang is faster
than so many dream cards: communication and the optimizer only add to a step, and a smaller micro-batch or a split
matrix saturates less. Rent is at least that of all cards for that time, and at least one billing step of one node.
Proven for the rules of `engineering` only, and checked on every gang that is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from optplan.candidates import Table
from optplan.many.cards import Groups
from optplan.many.kinds import SPEED, Hours, Kinds
from optplan.many.lots import Rents
from optplan.planner.context import Context

PROVEN_FOR = "engineering"


SLACK: Final = 1e-6  # of a bound: float noise of another order of sums


@dataclass(frozen=True, slots=True)
class Least:
    """Bounds on gangs of rented cards, and on the hours of any; -infinite where nothing is proven.

    cost in the need's currency
    """

    cost: np.ndarray
    hours: np.ndarray

    def take(self, rows: np.ndarray) -> Least:
        """Some of them."""
        return Least(self.cost[rows], self.hours[rows])


def least_of(
    contexts: Sequence[Context],
    groups: Groups,
    rents: Rents,
    hours: Hours,
    fastest: np.ndarray,
    pairs: tuple[np.ndarray, np.ndarray],
) -> Least:
    """What gangs cost and last at least. pairs: need and group of each; fastest: token/s that none of each exceeds.

    No cost is known of cards that are bought.
    """
    (need, group), catalog = pairs, contexts[0].catalog
    if not proven(contexts):
        nothing = np.full(len(need), -math.inf)
        return Least(nothing, nothing)
    card, size = groups.card.take(group), groups.size.take(group)
    least = hours(need, card, fastest)
    usd = np.array([catalog.convert(1.0, "USD", context.settled.currency) for context in contexts])[:, None]
    each, first = (np.where(rents.bought, np.nan, one * usd) for one in (rents.each, rents.first))
    at = need * each.shape[1] + card
    cost = np.maximum(each.take(at) * size * least, first.take(at))
    return Least(*(np.where(np.isfinite(one), one, -math.inf) for one in (cost, least)))


def proven(contexts: Sequence[Context]) -> bool:
    """Whether bounds are proven for these needs, which have one pack and set of fixed names."""
    first = contexts[0]
    return first.settled.need.rules == PROVEN_FOR and not any(
        name in first.pack.rules for name in first.fixed
    )


def dream_speed(kinds: Kinds) -> np.ndarray:
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
