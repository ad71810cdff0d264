"""A solution of the flat program -> the answer: what is had and paid in which month."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from optplan.catalog import Catalog
from optplan.plan import Term
from optplan.portfolio.capital import acquisition, kept
from optplan.portfolio.flat import Flat
from optplan.portfolio.ledger import Payment
from optplan.portfolio.parts import Instance, Source
from optplan.portfolio.plan import (
    Acquisition,
    Holding,
    MonthTotal,
    NeedMonth,
    NeedTotal,
    PortfolioPlan,
    SharedUse,
)
from optplan.portfolio.use import HOW, Use

BINDS = 1e-6
UNITS_OF = {"owned": "cards", "quota": "cards", "max_cards": "cards", "power": "kW"}


class Reader:
    """Reads a solution of the flat program."""

    def __init__(self, flat: Flat, values: Mapping[int, float], catalog: Catalog) -> None:
        self.flat, self.values, self.catalog = flat, values, catalog
        self.instance: Instance = flat.capital.instance
        self.use = Use(flat, values)
        self.payments = flat.ledger.paid(values)

    def write(self, plan: PortfolioPlan) -> None:
        """Enter all that follows from the solution into the plan."""
        plan.acquisitions = self._acquisitions()
        plan.holdings = self._holdings()
        plan.terms = self._terms(False)
        plan.npv_terms = self._terms(True)
        plan.needs = self.use.needs()
        plan.months_total = self._months(plan)
        plan.needs_total = self._totals(plan.needs)
        plan.limits = self._limits()

    @property
    def total(self) -> float:
        """All payments, undiscounted."""
        return math.fsum(p.amount for p in self.payments)

    @property
    def present(self) -> float:
        """Their present value."""
        return math.fsum(p.amount * float(self.instance.discount[p.when]) for p in self.payments)

    def _terms(self, discounted: bool) -> list[Term]:
        sums: dict[str, list[float]] = defaultdict(list)
        for p in self.payments:
            factor = float(self.instance.discount[p.when]) if discounted else 1.0
            sums[p.charge].append(p.amount * factor)
        return [Term(name, math.fsum(parts)) for name, parts in sums.items()]

    def _gpu(self, source: Source) -> str:
        return self.catalog.offers.cards[source.card]

    def _acquisitions(self) -> list[Acquisition]:
        instance, offers, found = self.instance, self.catalog.offers, []
        for (s, t), x in sorted(
            self.flat.capital.acquired.items(), key=lambda item: (item[0][1], item[0][0])
        ):
            units = round(self.values.get(x, 0.0))
            if not units:
                continue
            source = instance.sources[s]
            last = t + (kept(instance, source, t) if source.kind == "buy" else source.term)
            each = math.fsum(p.amount for p in acquisition(instance, source, t))
            found.append(
                Acquisition(
                    t + 1, last, source.kind, self._gpu(source), units * source.gpus, units,
                    offers.providers[offers.provider[source.offer]], offers.regions[offers.region[source.offer]],
                    source.name, units * each,
                )
            )  # fmt: skip
        return found

    def _holdings(self) -> list[Holding]:
        used, found = self.use.at_work, []
        held = {
            key: round(self.values.get(x, 0.0))
            for key, x in self.flat.capital.held.items()
            if round(self.values.get(x, 0.0))
        }
        hourly = {key: units for key, units in used.items() if self.instance.sources[key[0]].hourly}
        for (s, t), units in sorted((held | hourly).items(), key=lambda item: (item[0][1], item[0][0])):
            source = self.instance.sources[s]
            work = used.get((s, t), 0)
            cards = (units * source.gpus, work * source.gpus)
            found.append(Holding(t + 1, source.kind, self._gpu(source), source.name, units, *cards))
        return found

    def _months(self, plan: PortfolioPlan) -> list[MonthTotal]:
        by_month: dict[int, list[Payment]] = defaultdict(list)
        for p in self.payments:
            by_month[min(p.month, self.instance.months - 1)].append(p)
        found = []
        for t in range(self.instance.months):
            held: dict[str, int] = defaultdict(int)
            for one in plan.holdings:
                if one.month == t + 1:
                    held[HOW[one.kind]] += one.cards
                    held["idle"] += one.cards - one.cards_used
            terms: dict[str, float] = defaultdict(float)
            for p in by_month[t]:
                terms[p.charge] += p.amount
            here = [need for need in plan.needs if need.month == t + 1]
            found.append(
                MonthTotal(
                    t + 1, held["owned"], held["reserved"], held["rented"], sum(n.hired for n in here),
                    math.fsum(n.api_tokens for n in here), held["idle"], math.fsum(terms.values()), dict(terms),
                )
            )  # fmt: skip
        return found

    def _totals(self, needs: list[NeedMonth]) -> list[NeedTotal]:
        found = []
        for need in self.instance.needs:
            own = [one for one in needs if one.need == need.name]
            demand = math.fsum(one.demand for one in own)
            by: dict[str, float] = defaultdict(float)
            for one in own:
                for part in one.carried:
                    by[part.how] += part.share * one.demand / demand
            cost = math.fsum(one.cost for one in own)
            found.append(NeedTotal(need.name, need.task, need.unit, demand, cost, dict(by)))
        return found

    def _limits(self) -> list[SharedUse]:
        """Each limit in the month that uses most of it."""
        found: dict[str, SharedUse] = {}
        binding: dict[str, int] = defaultdict(int)
        rows = self.flat.capital.rows
        for name, (coefficients, most) in rows.items():
            what = name.rpartition(":m")[0] if ":m" in name else name
            kind = what.split(":")[0]
            if kind not in ("quota", "max_cards", "owned", "power", "budget", "monthly_budget"):
                continue
            used = math.fsum(c * self.values.get(i, 0.0) for i, c in coefficients.items())
            binds = used >= most * (1 - BINDS)
            binding[what] += binds
            month = int(name.rpartition(":m")[2]) if ":m" in name else 0
            if what not in found or used > found[what].used:
                unit = UNITS_OF.get(kind, self.instance.currency)
                found[what] = SharedUse(what, month, used, most, unit, binds)
        return [replace(use, months_binding=binding[name]) for name, use in found.items()]
