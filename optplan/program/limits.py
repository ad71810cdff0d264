"""The limits over a whole plan, as the program needs them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from optplan.program.model import Program
from optplan.units import TOLERANCE

Limit = float | np.ndarray


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan must keep to.

    deadline   hours (infinite = none)
    budget     currency of the plan (infinite = none)
    max_cards  cards in all (infinite = none)
    quotas     name -> (mask over card types, most cards of them)
    carbon     kilograms of CO2 equivalent (infinite = none)
    kg_unit, kg_hour  kilograms of holding one unit and of one unit-hour, by position of the offer in the catalog
    pools      name -> (owned offers that share it, by position in the catalog, most cards of them)
    """

    deadline: float = math.inf
    budget: float = math.inf
    max_cards: float = math.inf
    min_replicas: int = 1
    quotas: tuple[tuple[str, np.ndarray, int], ...] = ()
    pools: tuple[tuple[str, frozenset[int], int], ...] = ()
    carbon: float = math.inf
    kg_unit: np.ndarray | None = None
    kg_hour: np.ndarray | None = None

    def quota_of(self, card: np.ndarray) -> np.ndarray:
        """The tightest quota of each card index (infinite = none)."""
        most = np.full(len(card), math.inf)
        for _, mask, cards in self.quotas:
            most = np.where(mask[card], np.minimum(most, cards), most)
        return most

    def pairs(
        self, card: np.ndarray, first: int, quota: np.ndarray, mix: str
    ) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """Whether so many cards of one column, and so many of each, fit together; False where that is not sure.

        first: the column; quota: of each column's card.
        """
        here = card == card[first]
        sure = here | (mix == "any" and not any(mask[card[first]] for _, mask, _ in self.quotas))

        def fits(taken: np.ndarray, more: np.ndarray) -> np.ndarray:
            if mix == "any" and not self.quotas and math.isinf(self.max_cards):
                return np.ones(np.broadcast_shapes(taken.shape, more.shape), dtype=bool)
            both = taken + more
            held = sure & (both <= self.max_cards) & (taken <= quota[first])
            return np.asarray(held & np.where(here, both <= quota[first], more <= quota))

        return fits

    def room(self, offer: np.ndarray) -> np.ndarray:
        """Cards in the pool of each offer (infinite = it has none)."""
        most = np.full(len(offer), math.inf)
        for _, offers, cards in self.pools:
            most[np.isin(offer, list(offers))] = cards
        return most

    def pooled(self, offer: int) -> bool:
        """Is there no more of the offer than its pool holds?"""
        return any(offer in offers for _, offers, _ in self.pools)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a need asks of its columns.

    hours  of a service, or of a unit's start for offline work
    alone  whether there is no other way to do the work, nor must whole slices of it be done
    """

    hours: float
    limits: Limits
    mix: str
    alone: bool = True

    @property
    def plain(self) -> bool:
        """Whether columns can be told apart by cost alone: no pool of owned cards, no limit on greenhouse gases."""
        return self.alone and not self.limits.pools and math.isinf(self.limits.carbon)


def carbon_row(
    program: Program,
    limits: Limits,
    offer_of: dict[int, int],
    units: dict[int, float],
    hours: dict[int, float],
) -> None:
    """The row on greenhouse gases. offer_of: variable -> offer; units, hours: variable -> nodes held, node-hours."""
    if math.isfinite(limits.carbon) and limits.kg_unit is not None and limits.kg_hour is not None:
        kg = {x: n * float(limits.kg_unit[offer_of[x]]) for x, n in units.items()}
        for x, n in hours.items():
            kg[x] = kg.get(x, 0.0) + n * float(limits.kg_hour[offer_of[x]])
        known = {x: amount for x, amount in kg.items() if math.isfinite(amount)}
        scaled_most(program, "carbon", known, limits.carbon)
        if len(known) < len(kg):  # cards whose power is not known keep to no limit
            program.row("carbon:unknown", {x: 1.0 for x in kg if x not in known}, high=0)


def pool_rows(program: Program, limits: Limits, cards: dict[int, float], offer_of: dict[int, int]) -> None:
    """A row for each pool that variables draw on. cards, offer_of: variable -> cards of one unit, its offer."""
    for name, offers, most in limits.pools:
        drawn = {x: n for x, n in cards.items() if offer_of[x] in offers}
        if drawn:
            scaled_most(program, f"owned:{name}", drawn, most)


def within(values: np.ndarray, limit: Limit) -> np.ndarray:
    """values <= limit within the one relative tolerance. limit: a number, or one for each value."""
    if isinstance(limit, np.ndarray):
        return np.where(np.isfinite(limit), values <= limit * (1 + TOLERANCE), np.isfinite(values))
    return np.asarray(values <= limit * (1 + TOLERANCE) if math.isfinite(limit) else np.isfinite(values))


def scaled_most(program: Program, name: str, coefficients: dict[int, float], limit: float) -> None:
    """Row sum <= limit, divided by the limit; a limit of 0 stays unscaled; none where infinite."""
    if math.isfinite(limit):
        scale = 1 / limit if limit > 0 else 1.0
        row = {i: c * scale for i, c in coefficients.items()}
        program.row(name, row, high=(1.0 + TOLERANCE) if limit > 0 else 0.0)
