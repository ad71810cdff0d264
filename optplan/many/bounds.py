"""What a training job costs at least on each card, whatever the gang and its layout: so that few cards are looked at.

The rules are evaluated on one dream card: it holds the whole batch at once and waits for no other. No gang needs fewer
card-hours: communication and the optimizer only add to a step, a smaller micro-batch or a split matrix saturates less,
and every card takes its time to start. Rent is at least that of the card-hours, and at least one billing step of one
node. Proven for the rules of `engineering` only, and checked on every gang that is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optplan.candidates import Table
from optplan.many.grids import Grid
from optplan.planner.context import Context

PROVEN_FOR = "engineering"


@dataclass(frozen=True, slots=True)
class Rents:
    """What rented lots of a need cost at least.

    card    of each lot; each: USD/h of one of its cards; first: USD of the first billing step of one node
    bought  cards that can be bought; had: cards that can be had at all
    """

    card: np.ndarray
    each: np.ndarray
    first: np.ndarray
    bought: np.ndarray
    had: np.ndarray


def least_costs(contexts: Sequence[Context], grid: Grid, rents: Sequence[Rents]) -> np.ndarray:
    """(needs, cards): no gang of rented cards costs less, in the need's currency.

    Infinite where a card is not to be had, -infinite where nothing is proven.
    """
    catalog, first = contexts[0].catalog, contexts[0]
    least = np.stack([np.where(one.had, -math.inf, math.inf) for one in rents])
    if first.settled.need.rules != PROVEN_FOR or any(name in first.pack.rules for name in first.fixed):
        return least
    cards = list(catalog.cards.values())
    one = np.ones(len(cards), dtype=np.int64)
    dream = Table(cards, np.arange(len(cards)), one, one, one, one, one, 0 * one, 0 * one)
    batch, asked = grid.need["batch"], grid.need["asked_micro_batch"]
    instead = {
        "largest_micro_batch": np.where(asked > 0, np.minimum(asked, batch), batch),
        "communication_time": 0.0,
        "optimizer_time": 0.0,
    }
    hours = np.asarray(grid.on(dream, instead=instead).values["job_hours"], dtype=float)
    hours = np.broadcast_to(hours, least.shape)
    for i, (context, own) in enumerate(zip(contexts, rents, strict=True)):
        known = np.full(len(cards), math.inf)
        rent = np.maximum(own.each * hours[i, own.card], own.first)
        np.minimum.at(known, own.card, np.where(np.isnan(rent), -math.inf, rent))
        known = known * catalog.convert(1.0, "USD", context.settled.currency)
        least[i] = np.where(
            own.bought | ~np.isfinite(hours[i]) & own.had, -math.inf, np.where(own.had, known, math.inf)
        )
    return least
