"""What a comparison of ways holds: plans, monthly flows, break-evens; plain fields that tables and pages read."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from optplan.plan import Plan

WAYS: Final[dict[str, tuple[str, ...]]] = {
    "rent": ("on_demand",),
    "reserved": ("reserved_1y", "reserved_3y"),
    "spot": ("spot",),
    "buy": ("buy",),
    "api": ("api",),
}
"""Way -> the kinds of purchase of a need's limits that it allows."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Money paid (or, below 0, got back) at the end of a month, in the report's currency.

    month  months from the start, 0 at the start; the last one of a time that is no whole month is broken
    term   name of the charge
    """

    month: float
    term: str
    amount: float


@dataclass(slots=True)
class Way:
    """The cheapest plan of one way, and its payments.

    plan        None where there is none; then reason says why
    total       sum of the flows, not discounted
    npv         sum of the flows discounted at the report's rate: what the verdict follows
    cumulative  paid until the end of month 0, 1, 2 ..; same length for all ways of a report
    cumulative_npv  the same, each payment discounted
    """

    way: str
    plan: Plan | None
    reason: str = ""
    flows: list[Flow] = field(default_factory=list)
    total: float = math.nan
    npv: float = math.nan
    cumulative: list[float] = field(default_factory=list)
    cumulative_npv: list[float] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """What is got, in a few words: "2 x L40S" or "Qwen3-8B at novita"."""
        if self.plan is None:
            return "no plan"
        counts: dict[str, int] = {}
        for line in self.plan.cards:
            counts[line.gpu] = counts.get(line.gpu, 0) + line.count
        apis = dict.fromkeys(f"{line.model or line.offer} at {line.provider}" for line in self.plan.apis)
        return " + ".join([*(f"{count} x {gpu}" for gpu, count in counts.items()), *apis])

    def json(self) -> dict[str, Any]:
        """All fields; the plan as the schema of plans has it, null where there is none."""
        if self.plan is None:
            return {"way": self.way, "plan": None, "reason": self.reason, "notes": self.notes}
        return {
            "way": self.way,
            "what": self.label,
            "total": self.total,
            "npv": self.npv,
            "flows": [asdict(flow) for flow in self.flows],
            "cumulative": self.cumulative,
            "cumulative_npv": self.cumulative_npv,
            "notes": self.notes,
            "plan": self.plan.json(),
        }


@dataclass(frozen=True, slots=True)
class MonthsEven:
    """After so many months two ways have cost the same, were the service ended there; resale is counted.

    before, after  the way that is cheaper until then, and from then on
    """

    months: float
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class UtilisationEven:
    """Share of the hours from which a way that is paid for whether used or not beats one paid by use.

    share  above 1: not even when used all the time; 0 or below: always
    """

    way: str
    against: str
    share: float


@dataclass(frozen=True, slots=True)
class RunsEven:
    """How often a job must be done for cards that are paid for anyway to cost no more than paying each time.

    runs   jobs over `years`, spread evenly: the service life of bought cards, or the term of a reservation
    most   jobs that these cards can do in that time; below `runs`, they never pay off
    """

    way: str
    against: str
    runs: float
    most: float
    years: float


@dataclass(frozen=True, slots=True)
class VolumeEven:
    """Requests a month (of an offline need: in all) from which cards of a way are as cheap as the API.

    first   the least volume at which whole cards cost no more than the API (nan: none, see reason)
    always  from here on they never cost more again (nan: none)
    what    the cards at `first`
    steps   (volume, cost of the cards, cost of the API) at each volume that was solved, rising
    """

    way: str
    first: float
    always: float
    what: str = ""
    reason: str = ""
    steps: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PriceFlip:
    """The price at which the verdict changes, all others left as they are.

    way     whose prices are multiplied by factor (its cards, or its API)
    price   what that makes of its present price (unit: "USD/h a unit", "USD a unit", "USD per million tokens written")
    winner  the cheapest way beyond it; factor nan: no price of this way changes the verdict
    """

    way: str
    factor: float
    price: float
    now: float
    unit: str
    winner: str


@dataclass(frozen=True, slots=True)
class WayPoint:
    """One value of `over`: NPV and undiscounted total of each way that has a plan there, and the cheapest."""

    value: float
    text: str
    npv: dict[str, float]
    total: dict[str, float]
    what: dict[str, str]
    best: str


@dataclass(slots=True)
class WaysReport:
    """A need had in several ways, side by side.

    months   how long it lasts, in months of 730 hours
    rate     cost of capital, a year
    best     the way of least net present value; "" where none has a plan
    unit     what a volume counts: "requests a month" or "requests"
    volume   the need's own volume in that unit
    over     name of the axis of `points` ("" where none was asked)
    """

    name: str
    task: str
    currency: str
    months: float
    rate: float
    ways: list[Way]
    best: str
    verdict: str
    unit: str = ""
    volume: float = math.nan
    months_even: list[MonthsEven] = field(default_factory=list)
    utilisation_even: list[UtilisationEven] = field(default_factory=list)
    runs_even: list[RunsEven] = field(default_factory=list)
    volume_even: list[VolumeEven] = field(default_factory=list)
    flips: list[PriceFlip] = field(default_factory=list)
    over: str = ""
    points: list[WayPoint] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def way(self, name: str) -> Way | None:
        """The way of this name, if it was asked for."""
        return next((way for way in self.ways if way.way == name), None)

    def json(self) -> dict[str, Any]:
        """All fields; numbers that are not finite are null."""
        parts = ("months_even", "utilisation_even", "runs_even", "volume_even", "flips", "points")
        plain = ("name", "task", "currency", "months", "rate", "best", "verdict", "unit", "volume", "over")
        found = {name: getattr(self, name) for name in plain}
        found["ways"] = [way.json() for way in self.ways]
        found |= {name: [asdict(one) for one in getattr(self, name)] for name in parts}
        cleaned: dict[str, Any] = _finite(found | {"notes": self.notes})
        return cleaned


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, (list, tuple)) else value
