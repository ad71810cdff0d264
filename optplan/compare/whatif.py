"""What if a price, a limit or an assumption were another: both plans, and the terms that moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optplan.catalog import Catalog
from optplan.compare.changing import Asked, Changed, apply
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import load_catalog, solve
from optplan.units import amount, number


@dataclass(frozen=True, slots=True)
class Shift:
    """One amount in both plans, in `unit`: a term of the cost, hours, kilograms. more: after - before."""

    name: str
    before: float
    after: float
    unit: str

    @property
    def more(self) -> float:
        """What it grew by; below 0 where it shrank."""
        return self.after - self.before

    def json(self) -> dict[str, Any]:
        """{name, before, after, more, unit}."""
        return {
            "name": self.name,
            "before": self.before,
            "after": self.after,
            "more": self.more,
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The answer.

    changes  what was changed, as it was and as it is
    before, after   the plans; after is solved again, proven as before is
    """

    changes: list[Changed]
    before: Plan
    after: Plan

    @property
    def both(self) -> bool:
        """Whether there is a plan before and after."""
        return self.before.feasible and self.after.feasible

    @property
    def terms(self) -> list[Shift]:
        """Every term of either plan; the one that moves most first; their `more` sum to that of the total.

        Empty unless there are both plans and they are in one currency.
        """
        if not self.both or self.before.currency != self.after.currency:
            return []
        before = {term.name: term.amount for term in self.before.terms}
        after = {term.name: term.amount for term in self.after.terms}
        unit = self.before.currency
        found = [Shift(n, before.get(n, 0.0), after.get(n, 0.0), unit) for n in {**before, **after}]
        return sorted(found, key=lambda shift: (-abs(shift.more), shift.name))

    @property
    def totals(self) -> list[Shift]:
        """Cost, hours, GPU-hours and, where the rules give them, energy and carbon; [] unless both are plans."""
        if not self.both:
            return []
        pairs = [
            ("total_cost", self.before.currency, self.before.total_cost, self.after.total_cost),
            ("hours", "hour", self.before.hours, self.after.hours),
            ("gpu_hours", "1", self.before.gpu_hours, self.after.gpu_hours),
        ]
        known = self.before.quantities.keys() & self.after.quantities.keys()
        for name in ("energy_kwh", "carbon_kg"):
            if name in known:
                one, other = self.before.quantities[name], self.after.quantities[name]
                pairs.append((name, one.unit, one.value, other.value))
        if self.before.currency != self.after.currency:
            pairs = pairs[1:]
        return [Shift(name, before, after, unit) for name, unit, before, after in pairs]

    @property
    def moved(self) -> list[str]:
        """What of the plan itself is another: cards, provider, region, purchase, layout; [] if nothing."""
        if not self.both:
            return []
        sides = [_parts(plan) for plan in (self.before, self.after)]
        return [name for name in sides[0] if sides[0][name] != sides[1][name]]

    @property
    def sentence(self) -> str:
        """The answer in one sentence."""
        what = " and ".join(change.said for change in self.changes)
        before, after = self.before, self.after
        if not after.feasible:
            had = f" ({described(before)} before)" if before.feasible else ", as before"
            return f"With {what} there is no plan{had}: {after.reasons[0]}"
        if not before.feasible:
            return f"With {what} there is a plan, where there was none: {described(after)}"
        kept = "the plan stays" if not self.moved else f"{cards(before)} gives way to {cards(after)}"
        if self.moved and "cards" not in self.moved:
            kept = f"{cards(after)} stays, but another {_list(self.moved)}"
        return f"With {what}, {kept}, and {self._cost()}"

    def _cost(self) -> str:
        before, after = self.before, self.after
        old, new = amount(before.total_cost, before.currency), amount(after.total_cost, after.currency)
        if before.currency != after.currency:
            return f"it costs {new} instead of {old}"
        more = after.total_cost - before.total_cost
        if abs(more) < 0.005:
            return f"it costs {new} as before"
        share = f" ({more / before.total_cost:+.1%})" if before.total_cost else ""
        top = self.terms[0]
        which = f"; most of it is {top.name} ({top.more:+,.2f})" if len(self.terms) > 1 else ""
        word = "more" if more > 0 else "less"
        return f"it costs {new} instead of {old}, {number(abs(round(more, 2)))} {word}{share}{which}"

    def json(self) -> dict[str, Any]:
        """{sentence, changes, moved, totals, terms, before, after}; before and after are whole plans."""
        return {
            "sentence": self.sentence,
            "changes": [change.json() for change in self.changes],
            "moved": self.moved,
            "totals": [shift.json() for shift in self.totals],
            "terms": [shift.json() for shift in self.terms],
            "before": self.before.json(),
            "after": self.after.json(),
        }


def what_if(
    need: AnyNeed,
    changes: Sequence[str],
    catalog: Catalog | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> WhatIf:
    """Solve a need as it is and with changes: ["price[H100]=*0.7", "deadline=24h", "efficiency=*0.9"].

    A change sets (=X), multiplies (=*X) or adds (=+X). It names a field of the need (with a dot into its parts:
    traffic.requests_per_second; limits, latency and traffic may be left out), a quantity or assumption of the
    rules, or price with what it is the price of: cards, providers, regions, kinds of purchase or whole offers,
    joined by commas. Amounts of a price are of one card, and hour unless bought.
    fixed: quantities that are set in both. Raises BadInput with every change that cannot be read.
    """
    asked = Asked(need, catalog or load_catalog(), dict(fixed or {}), base)
    other, told = apply(changes, asked)
    before, after = (solve(one.need, one.catalog, fixed=one.fixed, base=base) for one in (asked, other))
    return WhatIf(told, before, after)


def cards(plan: Plan) -> str:
    """The cards of a plan: 8 x H100-SXM5-80GB + 1 x L4."""
    counts: dict[str, int] = {}
    for line in plan.cards:
        counts[line.gpu] = counts.get(line.gpu, 0) + line.count
    return " + ".join(f"{count} x {gpu}" for gpu, count in counts.items())


def described(plan: Plan) -> str:
    """A plan in a few words: cards, time, cost."""
    return f"{cards(plan)} for {number(plan.hours, 3)} h, {amount(plan.total_cost, plan.currency)}"


def _parts(plan: Plan) -> dict[str, list[Any]]:
    lines = plan.cards
    return {
        "cards": [(line.gpu, line.count) for line in lines],
        "provider": [line.provider for line in lines],
        "region": [line.region for line in lines],
        "purchase": [line.purchase for line in lines],
        "layout": [(line.layout, line.units) for line in lines],
    }


def _list(words: Sequence[str]) -> str:
    return " and ".join((", ".join(words[:-1]), words[-1])) if len(words) > 1 else words[0]
