"""The answer for a portfolio: what to get when, who uses what, what it costs by month, need and term, and the proof."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from optplan.plan import SolverReport, Status, Term, WayOut
from optplan.portfolio.parts import Instance
from optplan.units import finite


@dataclass(frozen=True, slots=True)
class Acquisition:
    """Units bought or reserved at the start of a month.

    month, last  from which month to which they are held (a purchase: to the end of the plan)
    kind         buy, reserved_1y or reserved_3y
    cost         what they cost in all, by the end of the plan or of the term, income of resale taken off
    """

    month: int
    last: int
    kind: str
    gpu: str
    cards: int
    units: int
    provider: str
    region: str
    offer: str
    cost: float


@dataclass(frozen=True, slots=True)
class Holding:
    """Units of one offer in one month: how many are held and how many work."""

    month: int
    kind: str
    gpu: str
    offer: str
    units: int
    cards: int
    cards_used: int


@dataclass(frozen=True, slots=True)
class Carried:
    """How part of a need is carried in one month.

    how     owned, reserved, rented (for the month), queue (turns on cards kept for jobs), hired (by the hour), api
    what    cards and layout, or the API's name
    share   of the month's demand of the need
    cards   used (of a queue: while its turn lasts); hours: for which (of a queue or a hire)
    tokens  read and written by an API; cost: of api and hired, which are paid for each need alone
    """

    how: str
    what: str
    share: float
    cards: int = 0
    hours: float = 0.0
    tokens: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class NeedMonth:
    """One need in one month: its demand, and what carries it.

    cost  what it pays alone, and its part of shared cards: what they cost over the plan, by cards used and months
    """

    need: str
    month: int
    demand: float
    unit: str
    owned: int
    reserved: int
    rented: int
    hired: int
    api_tokens: float
    cost: float
    carried: list[Carried] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MonthTotal:
    """One month of the whole portfolio: cards held by kind, tokens sent to APIs, money paid (undiscounted)."""

    month: int
    owned: int
    reserved: int
    rented: int
    hired: int
    api_tokens: float
    idle: int
    cost: float
    terms: dict[str, float]


@dataclass(frozen=True, slots=True)
class NeedTotal:
    """One need over all months: demand in all, cost as in `NeedMonth`, share of its demand by how it is carried."""

    need: str
    task: str
    unit: str
    demand: float
    cost: float
    by: dict[str, float]


@dataclass(frozen=True, slots=True)
class SharedUse:
    """A limit of the portfolio in the month that uses most of it (month 0: over all months)."""

    name: str
    month: int
    used: float
    allowed: float
    unit: str
    binds: bool
    months_binding: int = 0


@dataclass(slots=True)
class PortfolioPlan:
    """The cheapest plan found for a portfolio, or why there is none. Money is in `currency`.

    total_cost  all payments, undiscounted; npv: their present value at discount_rate (what is made least)
    bound       no plan has a lower present value; gap: (npv - bound) / npv
    method      flat: one program; decomposed: patterns, then capital, then months
    stopped     why the search ended before its proof: "", time limit or interrupt
    instance    the problem in numbers; `program` is its LP text
    """

    name: str
    status: Status
    currency: str
    months: int
    discount_rate: float
    total_cost: float
    npv: float
    bound: float
    gap: float
    method: str
    stopped: str
    solver: SolverReport
    acquisitions: list[Acquisition] = field(default_factory=list)
    holdings: list[Holding] = field(default_factory=list)
    months_total: list[MonthTotal] = field(default_factory=list)
    needs_total: list[NeedTotal] = field(default_factory=list)
    needs: list[NeedMonth] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    npv_terms: list[Term] = field(default_factory=list)
    limits: list[SharedUse] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    ways_out: list[WayOut] = field(default_factory=list)
    catalog_day: str = ""
    offers: int = 0
    labels: dict[str, str] = field(default_factory=dict)
    instance: Instance | None = None

    @property
    def feasible(self) -> bool:
        """True where there is a plan."""
        return self.status in ("optimal", "feasible")

    @property
    def program(self) -> str:
        """All needs and months as one integer program, as LP text ("" where there was none)."""
        from optplan.portfolio.flat import flat_program
        from optplan.solve import lp_text  # the solver is loaded only where it is asked for

        return lp_text(flat_program(self.instance).program) if self.instance else ""

    def json(self) -> dict[str, Any]:
        """The documented JSON of a portfolio's plan (`optplan schema portfolio`)."""
        common: dict[str, Any] = {
            "name": self.name,
            "task": "portfolio",
            "status": self.status,
            "currency": self.currency,
            "months": self.months,
            "discount_rate": self.discount_rate,
        }
        if self.feasible:
            common |= {
                "total_cost": self.total_cost,
                "npv": self.npv,
                "bound": finite(self.bound),
                "gap": finite(self.gap),
                "terms": [term._asdict() for term in self.terms],
                "npv_terms": [term._asdict() for term in self.npv_terms],
                "acquisitions": [asdict(one) for one in self.acquisitions],
                "by_month": [asdict(one) for one in self.months_total],
                "by_need": [asdict(one) for one in self.needs_total],
                "by_month_and_need": [asdict(one) for one in self.needs],
                "holdings": [asdict(one) for one in self.holdings],
                "limits": [asdict(one) for one in self.limits],
            }
        else:
            common |= {"reasons": self.reasons, "ways_out": [way.json() for way in self.ways_out]}
        return common | {
            "method": self.method,
            "stopped": self.stopped,
            "notes": self.notes,
            "assumed": self.assumed,
            "warnings": self.warnings,
            "catalog": {"as_of": self.catalog_day, "offers": self.offers},
            "solver": self.solver._asdict(),
        }
