"""Why a card or an offer is not in the plan: refused by a requirement, dearer, or shut out by a limit."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from optplan.catalog import PURCHASE, Catalog
from optplan.errors import BadInput, Fault
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import load_catalog, solve
from optplan.settle import settle
from optplan.units import finite

Verdict = Literal["chosen", "dearer", "equal", "refused", "shut out", "not offered"]
# what each limit is when it lets everything in
FREE: Final[dict[str, dict[str, Any]]] = {
    "purchase": {"purchase": list(PURCHASE)},
    "providers": {"avoid_providers": []},
    "regions": {"regions": None},
    "gpus": {"gpus": None, "avoid_gpus": []},
}


@dataclass(frozen=True, slots=True)
class TermShift:
    """A term of the cost in both plans."""

    name: str
    best: float
    other: float


@dataclass(slots=True)
class WhyNot:
    """The answer.

    verdict  chosen: it is in the plan; dearer or equal: it could run, at `other`; refused: no candidate of
             it meets the requirements and limits (reasons, refusals, ways out: those of `other`); shut out:
             the limits named in `shut_out_by` let no offer of it in; not offered: the catalog has none of it
    meant    the cards, or the offer, that the name means
    """

    thing: str
    meant: list[str]
    verdict: Verdict
    best: Plan
    other: Plan | None = None
    shut_out_by: list[str] = field(default_factory=list)

    @property
    def extra_cost(self) -> float | None:
        """What it costs more than the plan; None unless both can be had."""
        if self.other is None or not (self.other.feasible and self.best.feasible):
            return None
        return self.other.total_cost - self.best.total_cost

    @property
    def shifts(self) -> list[TermShift]:
        """The terms of both plans, the one that moves most first."""
        if self.other is None or self.extra_cost is None:
            return []
        best = {term.name: term.amount for term in self.best.terms}
        other = {term.name: term.amount for term in self.other.terms}
        names = [*best, *(name for name in other if name not in best)]
        shifts = [TermShift(name, best.get(name, 0.0), other.get(name, 0.0)) for name in names]
        return sorted(shifts, key=lambda shift: -abs(shift.other - shift.best))

    def json(self) -> dict[str, Any]:
        """{thing, meant, verdict, extra_cost, shut_out_by, terms, refusals, plan, other}."""
        terms = [
            {"name": s.name, "best": s.best, "other": s.other, "more": s.other - s.best} for s in self.shifts
        ]
        found = self.other.refusals if self.other is not None else []
        refusals = [
            {"gpu": r.gpu, "requirement": r.requirement, "needs": finite(r.left), "has": finite(r.right),
             "unit": r.unit, "layout": r.layout, "label": r.label}
            for r in found
        ]  # fmt: skip
        return {
            "thing": self.thing,
            "meant": self.meant,
            "verdict": self.verdict,
            "extra_cost": self.extra_cost,
            "shut_out_by": self.shut_out_by,
            "terms": terms,
            "refusals": refusals,
            "plan": self.best.json(),
            "other": None if self.other is None else self.other.json(),
        }


def why_not(
    need: AnyNeed,
    thing: str,
    catalog: Catalog | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> WhyNot:
    """Why a GPU (or family) or an offer is not what the plan of a need takes: solved again with it alone.

    Raises BadInput when nothing in the catalog is called `thing`.
    """
    catalog = catalog or load_catalog()
    meant, rows = _meant(thing, catalog)
    best = solve(need, catalog, fixed=fixed, base=base)
    if set(rows.tolist()) & {line.offer for line in best.lines}:
        return WhyNot(thing, meant, "chosen", best, best)
    if not len(rows):
        return WhyNot(thing, meant, "not offered", best)
    allowed = settle(need, catalog, base).allowed
    rows = rows[allowed[rows]]
    if not len(rows):
        return WhyNot(
            thing, meant, "shut out", best, shut_out_by=_shut_out_by(need, meant, thing, catalog, base)
        )
    other = solve(need, _only(catalog, rows), fixed=fixed, base=base)
    if not other.feasible:
        return WhyNot(thing, meant, "refused", best, other)
    dearer = not best.feasible or other.total_cost > best.total_cost * (1 + 1e-9)
    return WhyNot(thing, meant, "dearer" if dearer else "equal", best, other)


def _meant(thing: str, catalog: Catalog) -> tuple[list[str], np.ndarray]:
    """The cards or offers of a name, and the rows of their offers."""
    offers = catalog.offers
    try:
        cards = catalog.gpus(thing)
    except BadInput as error:
        rows = offers.by_name(thing)
        if not rows:
            fault = error.faults[0]
            message = f"no card and no offer is called {thing[:60]!r}"
            hint = f"{fault.hint}; offers are named provider/instance/region/purchase"
            raise BadInput(Fault("unknown-thing", "why-not", message, hint)) from None
        return [offers.name(row) for row in rows], np.array(rows, dtype=int)
    codes = [i for i, name in enumerate(offers.cards) if name in cards]
    return cards, np.flatnonzero(np.isin(offers.card, codes))


def _shut_out_by(
    need: AnyNeed, meant: list[str], thing: str, catalog: Catalog, base: Path | None
) -> list[str]:
    """The limits that shut it out even if all others let everything in; all of them, if none does alone."""
    _, rows = _meant(thing, catalog)
    everyone = {"providers": {"providers": list(catalog.providers), **FREE["providers"]}}
    free = FREE | everyone
    found = []
    for name in free:
        update = {key: value for other in free if other != name for key, value in free[other].items()}
        changed = need.model_copy(update={"limits": need.limits.model_copy(update=update)})
        if not settle(changed, catalog, base).allowed[rows].any():
            found.append(name)
    return found or list(free)


def _only(catalog: Catalog, rows: np.ndarray) -> Catalog:
    """The catalog with these offers alone."""
    offers = catalog.offers
    columns = {f.name: getattr(offers, f.name) for f in fields(offers)}
    kept = {name: column[rows] for name, column in columns.items() if isinstance(column, np.ndarray)}
    other = copy.copy(catalog)
    other.offers = replace(offers, **kept)
    return other
