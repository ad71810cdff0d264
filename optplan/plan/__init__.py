"""The answer: which cards, what they cost by which terms, the proof, and what was tried beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from optplan.catalog import Assumption, Catalog
from optplan.plan.bands import Band, Bands
from optplan.plan.parts import (
    TIGHT,
    Alternative,
    ApiLine,
    CardLine,
    LimitUse,
    Line,
    Refusal,
    SolverReport,
    Term,
    WayOut,
    price_age,
)
from optplan.program import Program
from optplan.rule import Pack
from optplan.settle import Settled
from optplan.units import finite

__all__ = [
    "TIGHT",
    "Alternative",
    "ApiLine",
    "Band",
    "Bands",
    "CardLine",
    "LimitUse",
    "Line",
    "Plan",
    "Refusal",
    "SolverReport",
    "Status",
    "Term",
    "WayOut",
    "price_age",
]

Status = Literal["optimal", "feasible", "infeasible", "unknown"]


@dataclass(slots=True)
class Plan:
    """The cheapest plan for a need, or why there is none.

    bound   no plan of the catalog costs less than this (currency)
    gap     (total_cost - bound) / total_cost
    hours   wall-clock hours of a job; of a service, how long it runs
    integer_program  what was solved; `program` is its LP text
    """

    name: str
    task: str
    status: Status
    currency: str
    total_cost: float
    hourly_cost: float
    hours: float
    gpu_hours: float
    bound: float
    gap: float
    cards: list[CardLine]
    terms: list[Term]
    quantities: Bands
    assumed: list[str]
    warnings: list[str]
    solver: SolverReport
    settled: Settled
    pack: Pack
    catalog: Catalog
    lines: list[Line] = field(default_factory=list)
    apis: list[ApiLine] = field(default_factory=list)
    limits: list[LimitUse] = field(default_factory=list)
    alternatives: list[Alternative] = field(default_factory=list)
    ways_out: list[WayOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    used: dict[str, list[Assumption]] = field(default_factory=dict)
    fixed: dict[str, float] = field(default_factory=dict)
    integer_program: Program | None = None
    look_for_refusals: Callable[[], list[Refusal]] = field(default=list, repr=False, compare=False)
    _refusals: list[Refusal] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def refusals(self) -> list[Refusal]:
        """Cards of which no candidate does it, and why; looked for when first asked."""
        if self._refusals is None:
            self._refusals = self.look_for_refusals()
        return self._refusals

    @property
    def program(self) -> str:
        """The integer program that was solved, as LP text ("" where there was none)."""
        from optplan.solve import lp_text  # the solver is loaded only where it is asked for

        return lp_text(self.integer_program) if self.integer_program else ""

    @property
    def parts(self) -> list[Line | ApiLine]:
        """All that is paid for: the lines of cards, in the order of `cards`, then those of APIs."""
        return [*self.lines, *self.apis]

    @property
    def feasible(self) -> bool:
        """True where there is a plan."""
        return self.status in ("optimal", "feasible")

    def json(self, quantities: Callable[[Bands], Any] = Bands.json) -> dict[str, Any]:
        """The documented JSON of a plan (`optplan schema plan`). quantities: how those are written."""
        common: dict[str, Any] = {
            "name": self.name,
            "task": self.task,
            "status": self.status,
            "currency": self.currency,
            "rules": self.pack.name,
        }
        if self.feasible:
            common |= {
                "total_cost": self.total_cost,
                "hourly_cost": self.hourly_cost,
                "hours": finite(self.hours),
                "gpu_hours": self.gpu_hours,
                "bound": self.bound,
                "gap": self.gap,
                "cards": [line.json() for line in self.cards],
                "apis": [line.json() for line in self.apis],
                "terms": [term._asdict() for term in self.terms],
                "quantities": quantities(self.quantities),
                "limits": [use.json() for use in self.limits],
                "alternatives": [other._asdict() for other in self.alternatives],
            }
        else:
            common |= {"reasons": self.reasons, "ways_out": [way.json() for way in self.ways_out]}
        return common | {
            "notes": self.notes,
            "assumed": self.assumed,
            "warnings": self.warnings,
            "catalog": {"as_of": self.catalog.as_of.isoformat(), "offers": len(self.catalog.offers)},
            "solver": self.solver._asdict(),
        }
