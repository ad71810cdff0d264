"""A solution of the flat program -> the answer: who uses which cards in which month, and what is paid when."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from optplan.catalog import Catalog
from optplan.plan import Term
from optplan.portfolio.capital import acquisition, kept
from optplan.portfolio.flat import Flat
from optplan.portfolio.ledger import Payment
from optplan.portfolio.parts import MONTH_HOURS, Block, Instance, Option, Source
from optplan.portfolio.plan import (
    Acquisition,
    Carried,
    Holding,
    MonthTotal,
    NeedMonth,
    NeedTotal,
    SharedUse,
)
from optplan.units import HOUR

HOW = {
    "buy": "owned",
    "reserved_1y": "reserved",
    "reserved_3y": "reserved",
    "on_demand": "rented",
    "spot": "rented",
    "owned": "owned",
}
FIRST_USED = (
    "owned",
    "buy",
    "reserved_3y",
    "reserved_1y",
    "on_demand",
    "spot",
)  # whose cards a need is said to use
SMALL = 1e-9
BINDS = 1e-6
UNITS_OF = {"owned": "cards", "quota": "cards", "max_cards": "cards", "power": "kW"}


@dataclass(slots=True)
class Answer:
    """All parts of the answer that follow from a solution."""

    acquisitions: list[Acquisition] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    months: list[MonthTotal] = field(default_factory=list)
    needs_total: list[NeedTotal] = field(default_factory=list)
    needs: list[NeedMonth] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    npv_terms: list[Term] = field(default_factory=list)
    limits: list[SharedUse] = field(default_factory=list)


class Reader:
    """Reads a solution of the flat program."""

    def __init__(self, flat: Flat, values: Mapping[int, float], catalog: Catalog) -> None:
        self.flat, self.values, self.catalog = flat, values, catalog
        self.instance: Instance = flat.capital.instance
        self.flow: dict[tuple[int, int], dict[int, int]] = defaultdict(
            dict
        )  # (class, month) -> source -> units
        for (group, s, t), x in flat.capital.flow.items():
            units = round(values.get(x, 0.0))
            if units:
                self.flow[group, t][s] = units
        self.payments = flat.ledger.paid(values)

    def answer(self) -> Answer:
        """Everything."""
        answer = Answer()
        answer.acquisitions = self._acquisitions()
        answer.holdings = self._holdings()
        answer.terms = self._terms(False)
        answer.npv_terms = self._terms(True)
        answer.needs = self._needs()
        answer.months = self._months(answer)
        answer.needs_total = self._totals(answer.needs)
        answer.limits = self._limits()
        return answer

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

    def _used(self) -> dict[tuple[int, int], int]:
        """(source, month) -> units at work."""
        used: dict[tuple[int, int], int] = defaultdict(int)
        for (_, t), flows in self.flow.items():
            for s, units in flows.items():
                used[s, t] += units
        return used

    def _holdings(self) -> list[Holding]:
        used, found = self._used(), []
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

    def _needs(self) -> list[NeedMonth]:
        """Who uses which cards: owned ones first, need by need in the order of the document, then the queues."""
        left = {key: dict(flows) for key, flows in self.flow.items()}
        shared = self._cost_of_use()
        turns = self._cost_of_turns(shared)
        found = []
        for made in self.flat.blocks:
            block = made.block
            need = self.instance.needs[block.need]
            carried: list[Carried] = []
            counts: dict[str, int] = defaultdict(int)
            cost, tokens = 0.0, 0.0
            chosen = [
                (option, self.values[x])
                for x, option in zip(made.units, block.options, strict=True)
                if self.values.get(x, 0.0) > SMALL
            ]
            carries = math.fsum(_covers(block, option, amount) for option, amount in chosen)
            for option, amount in chosen:
                share = _covers(block, option, amount) / carries if carries else 0.0
                for part, paid in self._parts(block, option, amount, share, left, shared, turns):
                    carried.append(part)
                    counts[part.how] += part.cards
                    cost += paid
                    tokens += part.tokens
            found.append(
                NeedMonth(
                    need.name, block.month + 1, math.fsum(block.demand), need.unit, counts["owned"],
                    counts["reserved"], counts["rented"], counts["hired"], tokens, cost, carried,
                )
            )  # fmt: skip
        return found

    def _parts(
        self,
        block: Block,
        option: Option,
        amount: float,
        share: float,
        left: dict[tuple[int, int], dict[int, int]],
        shared: dict[int, float],
        turns: dict[tuple[int, int], float],
    ) -> list[tuple[Carried, float]]:
        """What an option does for its block, and what it costs; units of a class are told by whose they are."""
        t, way = block.month, option.way
        alone = amount * option.cost
        if way.kind == "api":
            return [
                (
                    Carried("api", way.label, share, tokens=self._tokens(block, option, amount), cost=alone),
                    alone,
                )
            ]
        if way.kind == "hire":
            cards = round(amount) * sum(count for _, _, count in option.hired)
            return [(Carried("hired", way.label, share, cards, way.hours, cost=alone), alone)]
        if way.kind == "queue":
            gpus = self.instance.groups[option.group].gpus
            paid = amount * option.units * option.width * turns[option.group, t]
            hours = amount * option.units * MONTH_HOURS
            return [(Carried("queue", way.label, share, option.width * gpus, hours), paid)]
        units = round(amount * option.units)
        found = []
        flows = left.get((option.group, t), {})
        for s in self._order(flows):
            taken = min(units, flows[s])
            if taken:
                flows[s] -= taken
                units -= taken
                source = self.instance.sources[s]
                part = share * taken / round(amount * option.units)
                found.append(
                    (Carried(HOW[source.kind], way.label, part, taken * source.gpus), taken * shared[s])
                )
        return found

    def _order(self, flows: Mapping[int, int]) -> list[int]:
        """Sources in the order in which needs are said to use them."""
        return sorted(flows, key=lambda s: (FIRST_USED.index(self.instance.sources[s].kind), s))

    def _cost_of_turns(self, shared: dict[int, float]) -> dict[tuple[int, int], float]:
        """(class, month) -> cost of the units that queues have there, over the unit-months that their jobs take."""
        left = {key: dict(flows) for key, flows in self.flow.items()}
        busy: dict[tuple[int, int], float] = defaultdict(float)
        for made in self.flat.blocks:
            for x, option in zip(made.units, made.block.options, strict=True):
                key, amount = (option.group, made.block.month), self.values.get(x, 0.0)
                if amount > SMALL and option.width:
                    busy[key] += amount * option.units * option.width
                elif amount > SMALL and option.group >= 0:
                    units = round(amount * option.units)
                    for s in self._order(left.get(key, {})):
                        taken = min(units, left[key][s])
                        left[key][s] -= taken
                        units -= taken
        return {
            key: math.fsum(units * shared[s] for s, units in left.get(key, {}).items()) / share
            for key, share in busy.items()
        }

    def _tokens(self, block: Block, option: Option, amount: float) -> float:
        """Tokens read and written in the month."""
        need = self.instance.needs[block.need]
        j = int(np.argmax(option.cover))
        lengths = 0.0
        for name in ("prompt_tokens", "answer_tokens"):
            values = np.asarray(need.context.settled.quantities[name], dtype=float).reshape(-1)
            lengths += float(values[j if len(values) > 1 else 0])
        requests = amount * (MONTH_HOURS * HOUR if need.task == "serve" else 1.0)
        return requests * lengths

    def _cost_of_use(self) -> dict[int, float]:
        """Source -> what a unit at work for a month costs: all that the source costs over all units at work."""
        spent: dict[int, float] = defaultdict(float)
        used: dict[int, int] = defaultdict(int)
        capital = self.flat.capital
        for key, x in [*capital.acquired.items(), *((k[1:], x) for k, x in capital.flow.items())]:
            value = self.values.get(x, 0.0)
            if value > SMALL:
                spent[key[0]] += value * math.fsum(p.amount for p in self.flat.ledger.payments(x))
        for (s, _), units in self._used().items():
            used[s] += units
        return {s: spent[s] / used[s] if used[s] else 0.0 for s in {*spent, *used}}

    def _months(self, answer: Answer) -> list[MonthTotal]:
        by_month: dict[int, list[Payment]] = defaultdict(list)
        for p in self.payments:
            by_month[min(p.month, self.instance.months - 1)].append(p)
        found = []
        for t in range(self.instance.months):
            held: dict[str, int] = defaultdict(int)
            for one in answer.holdings:
                if one.month == t + 1:
                    held[HOW[one.kind]] += one.cards
                    held["idle"] += one.cards - one.cards_used
            terms: dict[str, float] = defaultdict(float)
            for p in by_month[t]:
                terms[p.charge] += p.amount
            here = [need for need in answer.needs if need.month == t + 1]
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
        return [
            SharedUse(use.name, use.month, use.used, use.allowed, use.unit, use.binds, binding[name])
            for name, use in found.items()
        ]


def _covers(block: Block, option: Option, amount: float) -> float:
    """Share of the block's demand that so many of an option could carry."""
    parts = [c / d for c, d in zip(option.cover, block.demand, strict=True) if d > 0]
    return min(1.0, amount * sum(parts) / len(parts)) if parts else 0.0
