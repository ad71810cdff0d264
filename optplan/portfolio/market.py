"""Offers -> sources: the cheapest of those that are alike for every need and limit, with what a month of each costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from optplan.catalog import PURCHASE
from optplan.planner.costs.pricing import Pricing
from optplan.portfolio.parts import MONTH_HOURS, Cap, Source, Terms, Wanted
from optplan.portfolio_need import MONTHS_PER_YEAR
from optplan.rules.constants import YEAR
from optplan.units import TOLERANCE
from optplan.ways.flows import NO_PAYMENT

TERMS: Final = {"reserved_1y": 12, "reserved_3y": 36}


class Market:
    """Prices of all offers by the month, from the charges of the rules.

    pricing   of a need whose assumptions are those of the whole portfolio
    """

    def __init__(self, pricing: Pricing, months: int) -> None:
        self.pricing, self.months = pricing, months
        self.offers = pricing.context.catalog.offers

    def sources(self, needs: Sequence[Wanted], caps: Sequence[Cap]) -> list[Source]:
        """One source for each set of offers that no need and no limit tells apart: the cheapest of them."""
        chosen = self._cheapest(needs, caps)
        if not len(chosen):
            return []
        at_work = self._values(chosen, units=1.0, unit_hours=MONTH_HOURS, owned_hours=0.0)
        idle = self._values(chosen, units=1.0, unit_hours=0.0, owned_hours=0.0)
        terms = {
            term: self._values(
                chosen, units=1.0, unit_hours=term * MONTH_HOURS, owned_hours=term * MONTH_HOURS
            )
            for term in TERMS.values()
        }
        power, life = self._power(chosen), self._life()
        found = []
        for i, offer in enumerate(chosen.tolist()):
            kind = PURCHASE[self.offers.purchase[offer]]
            running = {name: float(at_work[name][i] - idle[name][i]) for name in at_work}
            running = {name: value for name, value in running.items() if value}
            term = TERMS.get(kind, 0)
            bought = kind == "buy"
            whole = terms[term] if term else {}
            monthly = {name: float(values[i] / term) for name, values in whole.items() if values[i]}
            found.append(
                Source(
                    i,
                    offer,
                    kind,
                    int(self.offers.card[offer]),
                    int(self.offers.gpus[offer]),
                    bool(self.offers.joins_nodes[offer]),
                    self.offers.name(offer),
                    {} if term else running,
                    monthly,
                    life if bought else term,
                    float(power[i]) if bought else 0.0,
                    pool=int(self.offers.pool[offer]),
                )
            )
        return found

    def owned(self, sources: Sequence[Source]) -> dict[int, dict[str, np.ndarray]]:
        """Of each source that is bought: charge -> what is paid in all by a unit sold after 0..months months."""
        bought = [s for s in sources if s.kind == "buy"]
        if not bought:
            return {}
        offers = np.array([s.offer for s in bought])
        columns = [
            self._values(offers, units=1.0, unit_hours=0.0, owned_hours=k * MONTH_HOURS)
            for k in range(self.months + 1)
        ]
        return {
            s.index: {
                name: np.array([column[name][i] for column in columns])
                for name in columns[0]
                if any(column[name][i] for column in columns)
            }
            for i, s in enumerate(bought)
        }

    def _cheapest(self, needs: Sequence[Wanted], caps: Sequence[Cap]) -> np.ndarray:
        offers = self.offers
        masks = np.array([need.context.settled.allowed for need in needs])
        masks = np.unique(masks, axis=0)
        used = np.flatnonzero(masks.any(axis=0))
        if not len(used):
            return used
        yearly = self._yearly(used)
        used, yearly = (
            used[np.isfinite(yearly)],
            yearly[np.isfinite(yearly)],
        )  # a card of unknown power has none
        counted = [
            np.isin(offers.provider[used], sorted(cap.providers)) for cap in caps if cap.providers is not None
        ]
        keys = [
            offers.card[used],
            offers.gpus[used],
            offers.purchase[used],
            offers.joins_nodes[used].astype(int),
            offers.pool[used],
            *(mask[used].astype(int) for mask in masks),
            *(column.astype(int) for column in counted),
        ]
        order = np.lexsort((used, np.round(yearly, 9), *keys[::-1]))
        first = np.ones(len(order), dtype=bool)
        first[1:] = np.any([key[order][1:] != key[order][:-1] for key in keys], axis=0)
        return np.sort(used[order[first]])

    def _yearly(self, offers: np.ndarray) -> np.ndarray:
        """What a unit costs that is held and works for a year: it ranks offers that are alike."""
        return self.pricing.total(offers, units=1.0, unit_hours=YEAR, owned_hours=YEAR)

    def _values(self, offers: np.ndarray, **given: float) -> dict[str, np.ndarray]:
        values = self.pricing.run(offers, self.pricing.charges, **given)
        names = [name for name in self.pricing.charges if name not in NO_PAYMENT]
        return {name: np.broadcast_to(values[name], offers.shape) for name in names}

    def _life(self) -> int:
        """Months that a bought unit works; 0 where the rules know of no end."""
        context = self.pricing.context
        if "life_used" not in context.pack.rules:
            return 0
        years = context.scalar("service_life", math.inf)
        return int(years * MONTHS_PER_YEAR * (1 + TOLERANCE)) if math.isfinite(years) else 0

    def _power(self, offers: np.ndarray) -> np.ndarray:
        """Kilowatts that a unit can draw; 0 where the rules do not know."""
        if "unit_power" not in self.pricing.context.pack.rules:
            return np.zeros(len(offers))
        found = self.pricing.run(offers, ["unit_power"])["unit_power"]
        return np.asarray(np.broadcast_to(found, offers.shape), dtype=float)


def paid(cumulative: dict[str, np.ndarray], kept: int) -> list[tuple[int, str, float]]:
    """(months after purchase, charge, amount) of a unit kept so many months.

    A charge that grows is paid as it grows; income (a negative charge) comes when the unit is sold.
    """
    found: list[tuple[int, str, float]] = []
    for name, sums in cumulative.items():
        if sums[: kept + 1].min() < 0:
            found.append((kept, name, float(sums[kept])))
            continue
        found.append((0, name, float(sums[0])))
        found += [(k, name, float(sums[k] - sums[k - 1])) for k in range(1, kept + 1)]
    return [(month, name, amount) for month, name, amount in found if amount]


def summed(parts: Sequence[Terms]) -> Terms:
    """Terms added up by name."""
    total: Terms = {}
    for terms in parts:
        for name, amount in terms.items():
            total[name] = total.get(name, 0.0) + amount
    return total
