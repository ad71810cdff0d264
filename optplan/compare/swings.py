"""Which assumption moves the total most: each from its low to its high end, the plan solved again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from optplan.catalog import Assumption, Catalog
from optplan.compare.changing import with_assumptions
from optplan.compare.kept import Kept, kept
from optplan.compare.whatif import cards
from optplan.evaluate import CARD_SELECTORS, names_read
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import load_catalog, prepare, solve
from optplan.planner.answer.amounts import widest
from optplan.planner.context import Context
from optplan.planner.costs.carbon import weighed
from optplan.planner.costs.pricing import TIMES, Pricing, card_charges
from optplan.units import TOLERANCE, finite

End = Literal["low", "high"]
ENDS: Final[tuple[End, End]] = ("low", "high")
HOURS_OF_A_YEAR: Final = 8760.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One assumption and what its ends make of the total.

    low, expected, high   its values for the card with most units in the plan, in `unit`
    cost_low, cost_high   the total with the plan solved again at that end; None: there is no plan there
    kept_low, kept_high   the total of the unchanged plan; None: it no longer does what was asked, or the
                          plan is of a kind for which that cannot be told
    breaks                the ends at which the unchanged plan no longer does what was asked
    cards_low, cards_high the cards of the plans solved again, "" where there is none
    """

    name: str
    description: str
    unit: str
    low: float
    expected: float
    high: float
    cost_low: float | None
    cost_high: float | None
    kept_low: float | None
    kept_high: float | None
    cards_low: str
    cards_high: str
    source: str
    status: str
    breaks: tuple[End, ...] = ()

    @property
    def swing(self) -> float:
        """How far the total moves between the ends; infinite where an end has no plan."""
        if self.cost_low is None or self.cost_high is None:
            return math.inf
        return abs(self.cost_high - self.cost_low)


@dataclass(frozen=True, slots=True)
class Tornado:
    """The bars, the widest first; names break ties.

    base_cost  the total with every assumption as expected; nan where there is no plan
    plan       the plan of that total
    varied     assumptions that were varied
    moving     those of them that move the total, or break the plan as it is; `bars` are the first of these
    """

    base_cost: float
    currency: str
    bars: list[Bar]
    plan: Plan
    varied: int
    moving: int

    def json(self) -> dict[str, Any]:
        """{name, base_cost, currency, varied, moving, bars}; base_cost is null where there is no plan."""
        known = math.isfinite(self.base_cost)
        return {
            "name": self.plan.name,
            "base_cost": self.base_cost if known else None,
            "currency": self.currency,
            "varied": self.varied,
            "moving": self.moving,
            "bars": [asdict(bar) | {"swing": finite(bar.swing)} for bar in self.bars],
        }


def tornado(
    need: AnyNeed,
    catalog: Catalog | None = None,
    *,
    top: int = 10,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> Tornado:
    """Vary every assumption that the plan rests on, one at a time, from low to high.

    Rows of one assumption (for other cards, methods, engines) move together. Those that the user fixed, and
    those whose ends are equal, stay. top: how many bars to keep. Raises BadInput as `solve` does.
    """
    catalog = catalog or load_catalog()
    plan = solve(need, catalog, fixed=fixed, base=base, explore=False)
    if not plan.feasible:
        return Tornado(math.nan, plan.currency, [], plan, 0, 0)
    names = [name for name, rows in plan.used.items() if name not in plan.fixed and _uncertain(rows)]
    vary = _Vary(plan, need, catalog, fixed, base)
    bars = [vary.bar(name) for name in sorted(names)]
    moving = [bar for bar in bars if _moves(bar, plan.total_cost)]
    moving.sort(key=lambda bar: (-round(bar.swing, 9), bar.name))
    return Tornado(plan.total_cost, plan.currency, moving[:top], plan, len(bars), len(moving))


def _moves(bar: Bar, cost: float) -> bool:
    """Whether an end changes the total, of the plan solved again or as it is."""
    if bar.breaks or bar.cost_low is None or bar.cost_high is None:
        return True
    ends = (bar.cost_low, bar.cost_high, bar.kept_low, bar.kept_high)
    return any(not math.isclose(end, cost, rel_tol=1e3 * TOLERANCE) for end in ends if end is not None)


def _uncertain(rows: list[Assumption]) -> bool:
    return any(row.low < row.high for row in rows)


class _Vary:
    """Sets one assumption of a need to its ends, and solves again."""

    def __init__(
        self,
        plan: Plan,
        need: AnyNeed,
        catalog: Catalog,
        fixed: Mapping[str, float] | None,
        base: Path | None,
    ) -> None:
        self.plan, self.need, self.catalog, self.fixed, self.base = plan, need, catalog, fixed, base
        self.context = prepare(need, catalog, fixed=fixed, base=base)
        pack = self.context.pack
        others = [*self.context.targets, *TIMES, *(weighed(pack) if need.limits.carbon else ())]
        read = names_read(pack, [name for name in others if name in pack.rules])
        self.in_prices_only = names_read(pack, card_charges(pack)) - read

    def bar(self, name: str) -> Bar:
        """What both ends make of the total."""
        low, high = (self._end(name, end) for end in ENDS)
        row = row_of(self.plan, name)
        return Bar(
            name, row.description, row.unit, row.low, row.expected, row.high,
            low.cost, high.cost, low.kept.cost, high.kept.cost, low.cards, high.cards,
            f"{row.source}, {row.date}", row.status,
            tuple(end for end, found in zip(ENDS, (low, high), strict=True) if not found.kept.does),
        )  # fmt: skip

    def _end(self, name: str, end: End) -> _Found:
        moved = _at(self.catalog, name, end)
        context = prepare(self.need, moved, fixed=self.fixed, base=self.base)
        if name in self.in_prices_only and self._same_prices(context):
            return _Found(self.plan.total_cost, cards(self.plan), Kept(self.plan.total_cost, True))
        plan = solve(self.need, moved, fixed=self.fixed, base=self.base, explore=False)
        cost = plan.total_cost if plan.feasible else None
        return _Found(cost, cards(plan) if plan.feasible else "", kept(self.plan, context))

    def _same_prices(self, context: Context) -> bool:
        """Whether no allowed offer costs another amount to hold or to run: then it is the same program."""
        offers, hours = np.flatnonzero(context.settled.allowed), context.settled.hours
        owned = hours if math.isfinite(hours) else HOURS_OF_A_YEAR
        prices = (Pricing(one).of_units(offers, owned) for one in (self.context, context))
        return all(np.array_equal(one, other) for one, other in zip(*prices, strict=True))


@dataclass(frozen=True, slots=True)
class _Found:
    cost: float | None
    cards: str
    kept: Kept


def _at(catalog: Catalog, name: str, end: End) -> Catalog:
    """The catalog with every row of an assumption known to be at one of its ends."""
    return with_assumptions(
        catalog, name, {key: _known(row, getattr(row, end)) for key, row in catalog.assumptions[name].items()}
    )


def _known(row: Assumption, value: float) -> Assumption:
    return replace(row, low=value, expected=value, high=value)


def row_of(plan: Plan, name: str) -> Assumption:
    """The row of an assumption that the card of the plan's largest line reads: the most specific that fits."""
    if not plan.lines:
        return max(plan.used[name], key=lambda row: row.key.count("="))
    line = widest(plan.lines)
    offers = plan.catalog.offers
    card = plan.catalog.cards[offers.cards[offers.card[line.offer]]]
    said = {"architecture": card.architecture, "gpu": card.name.lower()}

    def fits(row: Assumption) -> bool:
        keys = dict(part.split("=", 1) for part in row.key.split(",") if part)
        return all(said[key] == value for key, value in keys.items() if key in CARD_SELECTORS)

    return max(filter(fits, plan.used[name]), key=lambda row: row.key.count("="))
