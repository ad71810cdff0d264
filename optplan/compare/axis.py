"""What is varied and over which values: "deadline=12h..96h", "budget=100..500 USD", "max_cards=1,2,4,8"."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from optplan import units
from optplan.errors import BadInput, Fault
from optplan.inputs import INPUTS
from optplan.need import AnyNeed
from optplan.units import Money, number

PLACE: Final = "--over"
TIMES: Final = ("deadline", "duration")
WHOLE: Final = ("max_cards", "min_replicas", "sequence", "batch", "micro_batch")
GEOMETRIC_FROM: Final = 20.0  # ends further apart than this are stepped by a factor, not by a difference
T = TypeVar("T", float, Money)
EXAMPLE: Final = "write it like deadline=12h..96h, budget=100..500 USD or max_cards=1,2,4,8"


@dataclass(frozen=True, slots=True)
class Axis:
    """A name, its values in order, and their unit ("hour", a currency, or the quantity's own)."""

    name: str
    values: list[float]
    unit: str
    whole: bool

    def text(self, value: float) -> str:
        """A value with its unit, as the need would have it."""
        if self.unit == "hour":
            return f"{number(value)} h"
        return f"{number(value)} {self.unit}" if self.unit not in ("", "1") else number(value)


def axis(over: str, steps: int, need: AnyNeed) -> Axis:
    """Read "NAME=FROM..TO" or "NAME=A,B,C". Raises BadInput that says what is wrong with it."""
    name, equals, rest = (part.strip() for part in over.partition("="))
    if not (name and equals and rest):
        raise BadInput(Fault("range", PLACE, f"{over[:60]!r} is not NAME=FROM..TO", EXAMPLE))
    is_range = ".." in rest
    parts = [part.strip() for part in (rest.split("..") if is_range else rest.split(","))]
    if is_range and len(parts) != 2:
        raise BadInput(Fault("range", PLACE, f"{rest[:60]!r} is not FROM..TO", EXAMPLE))
    try:
        values, unit = _numbers(name, parts, need)
    except ValueError as error:
        raise BadInput(Fault("range", f"{PLACE} {name}", str(error), EXAMPLE)) from None
    whole = name in WHOLE
    if any(value <= 0 for value in values):
        raise BadInput(Fault("range", f"{PLACE} {name}", "every value must be above 0"))
    if whole and any(value != int(value) for value in values):
        raise BadInput(Fault("range", f"{PLACE} {name}", "the values must be whole numbers"))
    if is_range and values[0] >= values[1]:
        raise BadInput(Fault("range", f"{PLACE} {name}", "the first end must be below the second", EXAMPLE))
    if is_range:
        values = _between(values[0], values[1], steps, whole)
    return Axis(name, values, unit, whole)


def _numbers(name: str, parts: list[str], need: AnyNeed) -> tuple[list[float], str]:
    """The parts as numbers; a part without a unit takes that of the last."""
    if name in TIMES:
        return _with_unit(parts, units.hours), "hour"
    if name == "budget":
        budget = need.limits.budget
        code = need.currency or (budget.currency if budget else "USD")
        cash = _with_unit(parts, units.money, code)
        currencies = {money.currency for money in cash}
        if len(currencies) > 1:
            raise ValueError(f"one currency, please, not {' and '.join(sorted(currencies))}")
        return [money.amount for money in cash], currencies.pop()
    return [units.count(part) for part in parts], INPUTS[name].unit if name in INPUTS else ""


def _with_unit(parts: list[str], read: Callable[[object], T], default: str = "") -> list[T]:
    word = _unit(parts[-1]) or default
    return [read(f"{part} {word}" if _unit(part) == "" else part) for part in parts]


def _unit(part: str) -> str | None:
    """The word after a number, "" if there is none; None for what is no plain number, such as $100."""
    try:
        return units.split(part, "a number", "5")[1]
    except ValueError:
        return None


def _between(low: float, high: float, steps: int, whole: bool) -> list[float]:
    """Both ends and round values between them: by differences, or by factors where the ends are far apart."""
    if whole and high - low < steps:
        return [float(n) for n in range(int(low), int(high) + 1)]
    shares = [i / (steps - 1) for i in range(steps)]
    if high / low > GEOMETRIC_FROM or (whole and high / low >= steps):
        inner = [low * (high / low) ** share for share in shares]
    else:
        inner = [low + (high - low) * share for share in shares]
    rounded = {_round(value, whole) for value in inner[1:-1]}
    return [low, *sorted(value for value in rounded if low < value < high), high]


def _round(value: float, whole: bool) -> float:
    """Three significant digits, or a whole number."""
    if whole:
        return float(round(value))
    return round(value, 2 - math.floor(math.log10(value)))
