"""What a plan is made of: lines of cards and APIs, terms, limits, alternatives, ways out, refusals.

A plan keeps the quantities of each line, so that table, JSON, page and explanation read the same numbers.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, Final, NamedTuple

from optplan.evaluate import Verdict
from optplan.units import number

TIGHT = 0.9  # of a card's memory: from here on it "just fits"


@dataclass(frozen=True, slots=True)
class CardLine:
    """One line of what to get: `count` cards in `units` nodes of one offer.

    price_per_unit_hour is in the offer's own currency (0 for a purchase, whose price is price_per_unit).
    """

    gpu: str
    count: int
    provider: str
    offer: str
    instance: str
    region: str
    purchase: str
    units: int
    price_per_unit_hour: float
    price_per_unit: float
    currency: str
    price_date: str
    layout: str

    def json(self) -> dict[str, Any]:
        """All fields."""
        return dict(zip(_OF_CARDS, _read_cards(self), strict=True))


_OF_CARDS: Final = tuple(field.name for field in fields(CardLine))
_read_cards: Final = operator.attrgetter(*_OF_CARDS)  # asdict would copy each of them


@dataclass(slots=True)
class Line:
    """One line of the plan with every quantity behind it, which is what the explanation walks.

    offer       index into the catalog's offers
    unit_hours  billed hours summed over units
    values      quantity -> number, charges included (for this line's units)
    low, high   the same at the better and worse ends of the assumptions
    verdicts    requirement -> both sides
    load        replicas that all traffic takes on this line alone, in these three scenarios; () for jobs
    """

    offer: int
    units: int
    unit_hours: float
    table_row: int
    layout: str
    values: Mapping[str, float]
    low: Mapping[str, float] = field(default_factory=dict)
    high: Mapping[str, float] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    load: tuple[float, ...] = ()

    @property
    def fill(self) -> float:
        """Share of the card's memory that must be filled, at the smallest batch; from TIGHT on it just fits."""
        if "least_memory" in self.values:
            return self.values["least_memory"] / self.values["usable_memory"]
        return self.values.get("memory_fill", 0.0)


@dataclass(slots=True)
class ApiLine:
    """Requests that an API answers: a share of one traffic class.

    model    the open model that it is ("" where the weights are closed)
    traffic  name of the class ("" where it has none)
    prices   per million tokens in the API's own currency; cached is the input price where none is known
    batch    the prices are those of a batch that may wait a day
    values, low, high   as of `Line`
    """

    offer: str
    provider: str
    model: str
    traffic: str
    share: float
    requests: float
    input_per_mtok: float
    cached_per_mtok: float
    output_per_mtok: float
    batch: bool
    currency: str
    price_date: str
    source: str
    values: dict[str, float] = field(default_factory=dict)
    low: dict[str, float] = field(default_factory=dict)
    high: dict[str, float] = field(default_factory=dict)

    def json(self) -> dict[str, Any]:
        """All fields but the quantities behind them."""
        return {k: v for k, v in asdict(self).items() if k not in ("values", "low", "high")}


class Term(NamedTuple):
    """One term of the cost, in the plan's currency; the terms sum to the total."""

    name: str
    amount: float


class LimitUse(NamedTuple):
    """How much of a limit the plan uses. binds: nothing of it is spare within the tolerance."""

    name: str
    used: float
    allowed: float
    unit: str
    binds: bool

    @property
    def spare(self) -> float:
        """What is left of the limit, in its unit; for a minimum, what is above it."""
        return abs(self.allowed - self.used)

    def json(self) -> dict[str, Any]:
        """All fields, and what is spare."""
        return self._asdict() | {"spare": self.spare}


class Alternative(NamedTuple):
    """Another plan that would do, and what it costs more."""

    cards: str
    provider: str
    region: str
    purchase: str
    total_cost: float
    extra_cost: float
    hours: float


@dataclass(frozen=True, slots=True)
class WayOut:
    """A change of what was asked that makes a plan possible, checked by solving again.

    from_ and to are in the user's units; cost is that of the plan after the change.
    """

    change: str
    from_: str
    to: str
    cost: float

    def json(self) -> dict[str, Any]:
        """Keys as documented: change, from, to, cost."""
        return {"change": self.change, "from": self.from_, "to": self.to, "cost": self.cost}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a card cannot do it: the requirement that its best candidate misses least, with both sides."""

    gpu: str
    requirement: str
    left: float
    right: float
    unit: str
    layout: str
    label: str

    def __str__(self) -> str:
        return f"{self.gpu}: {self.label}: needs {number(self.left)} {self.unit}, has {number(self.right)}"


class SolverReport(NamedTuple):
    """Which solver proved it, in how many seconds, in how many runs and branch-and-bound nodes."""

    name: str
    seconds: float
    runs: int
    nodes: int


def price_age(day: int, today: date) -> int:
    """Days since a price was read. day: proleptic ordinal."""
    return today.toordinal() - day
