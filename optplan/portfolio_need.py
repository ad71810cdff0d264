"""What a user wants done over many months: the pydantic models of a portfolio of needs.

An entry of `needs` is an ordinary need and says besides how much of it there is in each month.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Discriminator, Field, WithJsonSchema, model_validator

from optplan import units
from optplan.need import AnyNeed, Finetune, Generate, Part, Serve
from optplan.need.fields import Cards, Cash, Currency, Word, about, listed, whole

Way = Literal["on_demand", "spot", "reserved_1y", "reserved_3y", "buy", "api"]
WAYS: Final[tuple[Way, ...]] = ("on_demand", "reserved_1y", "reserved_3y", "buy", "api")
MOST_MONTHS: Final = 120
MONTHS_PER_YEAR: Final = 12
_RATE = re.compile(rf"\s*({units.NUMBER})\s*%\s*(?:(?:/|per|a|an)\s*(month|mo|year|y|yr))?\s*", re.IGNORECASE)
_YEARLY = ("year", "y", "yr")


def _percent(value: object, example: str) -> tuple[float, str]:
    """ "5% per month" -> (0.05, "month")."""
    match = None if isinstance(value, bool) else _RATE.fullmatch(str(value))
    if match is None:
        raise ValueError(f"{str(value)[:60]!r} is not a share in per cent; write it like {example}")
    return float(match[1].replace(",", "").replace("_", "")) / 100, (match[2] or "").lower()


def growth(value: object) -> float:
    """The factor from one month to the next: 1.05 for "5% per month"."""
    example = "5% per month or 40% per year"
    share, period = _percent(value, example)
    if not period:
        raise ValueError(f"{str(value)[:60]!r} does not say per month or per year; write it like {example}")
    if not -1 < share <= 10:
        raise ValueError(f"growth must be above -100 % and at most 1,000 %, not {100 * share:g} %")
    return float((1 + share) ** (1 / MONTHS_PER_YEAR) if period in _YEARLY else 1 + share)


def yearly_rate(value: object) -> float:
    """A share a year: 0.08 for "8%" or "8% per year"."""
    share, period = _percent(value, "8% per year")
    if period in ("month", "mo"):
        raise ValueError("a discount rate is by the year; write it like 8% per year")
    return share


def power(value: object) -> float:
    """Kilowatts from "40 kW", "0.5 MW" or "900 W"."""
    scale = {"w": 1e-3, "kw": 1.0, "mw": 1e3}
    number, word = units.split(value, "electric power", "40 kW or 0.5 MW")
    if word.lower() not in scale:
        raise ValueError(f"{str(value)[:60]!r} is not electric power; write it like 40 kW or 0.5 MW")
    return number * scale[word.lower()]


def _schema(kind: str | list[str], *examples: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": kind, "examples": list(examples)})


Month = Annotated[int, BeforeValidator(whole), Field(ge=1, le=MOST_MONTHS), _schema("integer", 36)]
Amount = Annotated[
    float, BeforeValidator(units.count), Field(ge=0, le=1e18), _schema(["number", "string"], 8, "2M")
]
Growth = Annotated[float, BeforeValidator(growth), _schema("string", "5% per month", "40% per year")]
Rate = Annotated[float, BeforeValidator(yearly_rate), Field(ge=0, le=1), _schema("string", "8%")]
Power = Annotated[float, BeforeValidator(power), Field(gt=0, le=1e9), _schema("string", "40 kW", "0.5 MW")]
Ways = Annotated[list[Way], BeforeValidator(listed), Field(min_length=1)]


class Demand(Part):
    """How much of a need there is in each month.

    `[3, 4, 6]` and `5% per month` are short forms. A list counts requests a second of a service, requests a
    month of a batch, runs a month of a training job; growth starts from the need's own traffic.
    """

    by_month: list[Amount] | None = about(
        "numbers",
        "an amount for each month: requests a second (serve), requests (generate) or runs (finetune)",
        None,
    )
    growth: Growth | None = about("share", "growth of the need's own traffic, as in 5% per month", None)
    start: Month = about("month", "the first month of the need; 1 if unsaid", 1)
    end: Month | None = about("month", "the last month of the need; the last of all if unsaid", None)

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        if isinstance(value, list):
            return {"by_month": value}
        if isinstance(value, str):
            return {"growth": value}
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Demand:
        if self.by_month is not None and self.growth is not None:
            raise ValueError("give an amount for each month, or growth, not both")
        if self.end is not None and self.end < self.start:
            raise ValueError(f"it ends in month {self.end}, before it starts in month {self.start}")
        return self


_DEMAND = "how much of it in each month: a list, or growth of the need's own traffic; steady if unsaid"
_WAYS = (
    "ways open to this need: on_demand, spot, reserved_1y, reserved_3y, buy, api; [buy] keeps data in house"
)


class ServeEntry(Serve):
    """A service as part of a portfolio."""

    demand: Demand = about("part", _DEMAND, Demand())
    purchase: Ways | None = about("names", _WAYS, None)


class GenerateEntry(Generate):
    """Offline inference, each month anew, as part of a portfolio."""

    demand: Demand = about("part", _DEMAND, Demand())
    purchase: Ways | None = about("names", _WAYS, None)


class FinetuneEntry(Finetune):
    """Training runs of one kind, so many each month, as part of a portfolio."""

    demand: Demand = about("part", "runs in each month, as a list; one run a month if unsaid", Demand())
    purchase: Ways | None = about("names", _WAYS, None)


Entry = ServeEntry | GenerateEntry | FinetuneEntry
ENTRIES: Final[dict[str, type[ServeEntry] | type[GenerateEntry] | type[FinetuneEntry]]] = {
    "finetune": FinetuneEntry,
    "generate": GenerateEntry,
    "serve": ServeEntry,
}


class SharedLimits(Part):
    """What all needs together must keep to."""

    budget: Cash | None = about("money", "the most that all months may cost together", None)
    monthly_budget: Cash | None = about("money", "the most that may be paid in any month", None)
    quota: dict[str, Annotated[int, Field(ge=0, le=10**6)]] = about(
        "cards", "the most cards held at a time, of a kind or from a provider, as in {H100: 16, aws: 32}", {}
    )
    max_cards: Cards | None = about("cards", "the most cards held at a time", None)
    power: Power | None = about("power", "the most that bought machines may draw, as in 40 kW", None)


class Frame(Part):
    """A portfolio without its needs."""

    task: Literal["portfolio"] = about("choice", "portfolio: many needs over many months, planned together")
    name: Word | None = about("name", "what the answer calls this portfolio", None)
    months: Month = about("month", "how many months are planned")
    currency: Currency | None = about("currency", "currency of the answer; USD if unsaid", None)
    country: Word | None = about(
        "name", "where bought cards stand: US, CN or EU; by the currency if unsaid", None
    )
    discount_rate: Rate | None = about(
        "share", "cost of money a year, as in 8%: the plan of lowest present value is then sought", None
    )
    limits: SharedLimits = about("part", "what all needs together must keep to", SharedLimits())
    purchase: Ways | None = about("names", "ways open to needs that name none; all but spot if unsaid", None)
    share_idle: bool = about(
        "yes or no", "training and batch jobs may use cards that services leave free; yes if unsaid", True
    )
    assume: dict[str, float] = about("numbers", "assumptions to fix for all needs and prices", {})
    rules: Word = about("name", "rule pack or Python file; engineering if unsaid", "engineering")


class Portfolio(Frame):
    """Many needs over many months on shared cards."""

    needs: list[Annotated[Entry, Discriminator("task")]] = Field(
        min_length=1, description="the needs, each with its demand", json_schema_extra={"unit": "part"}
    )

    def need(self, entry: Entry) -> AnyNeed:
        """An entry with what the portfolio says for all: currency, assumptions, rules."""
        update: dict[str, Any] = {"currency": self.currency or entry.currency, "country": self.country}
        if self.assume:
            update["assume"] = {**self.assume, **entry.assume}
        if "rules" not in entry.model_fields_set:
            update["rules"] = self.rules
        return entry.model_copy(update=update)
