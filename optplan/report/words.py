"""Quantities as people read them: hours, GPU-hours and cards are never written alike."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

from optplan.plan import CardLine
from optplan.units import amount, number

PURCHASE: Final = {
    "on_demand": "on demand",
    "spot": "spot",
    "reserved_1y": "reserved 1 year",
    "reserved_3y": "reserved 3 years",
    "buy": "bought",
    "owned": "owned",
}
UNITS: Final = {
    "1": "",
    "hour": "h",
    "token": "tokens",
    "request": "requests",
    "token/s": "tokens/s",
    "request/s": "requests/s",
}
PLURALS: Final = ("cards", "replicas", "tokens", "requests")
SMALL: Final = 0.01


def money(value: float, currency: str) -> str:
    """412.30 USD; four digits of what is below a cent."""
    if 0 < abs(value) < SMALL:
        return f"{number(value)} {currency}"
    return amount(value, currency)


def cash(value: float) -> str:
    """The same without the currency, for a column that names it."""
    return money(value, "").strip()


def hours(value: float, days: bool = True) -> str:
    """40 s, 12 min, 21.3 h, 720 h (30 days)."""
    if not math.isfinite(value):
        return "unlimited"
    if value < 1 / 60:
        return f"{number(value * 3600, 3)} s"
    if value < 1:
        return f"{number(value * 60, 3)} min"
    text = f"{number(value, 3)} h"
    return f"{text} ({number(value / 24, 3)} days)" if days and value >= 72 else text


def seconds(value: float) -> str:
    """12 ms or 1.52 s, of a clock."""
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.0f} ms"


def cards(line: CardLine) -> str:
    """8 x H100-SXM5-80GB."""
    return f"{line.count} x {line.gpu}"


def fleet(lines: Iterable[CardLine]) -> list[str]:
    """[8 x H100-SXM5-80GB, 1 x L4]: the cards of all lines, equal ones together."""
    counts: dict[str, int] = {}
    for line in lines:
        counts[line.gpu] = counts.get(line.gpu, 0) + line.count
    return [f"{count} x {gpu}" for gpu, count in counts.items()]


def unit(text: str, currency: str) -> str:
    """A unit for a table: nothing for a plain count, the currency's own code."""
    return UNITS.get(text, text.replace("currency", currency))


def value(amount_: float, text: str, currency: str, digits: int = 4) -> str:
    """A number with its unit; money with two decimals, less than a second in ms."""
    if text in ("currency", currency):
        return money(amount_, currency)
    factor, text = scale(amount_, text)
    word = unit(text, currency)
    if amount_ == 1 and word in PLURALS:
        word = word.removesuffix("s")
    return f"{figure(factor * amount_, digits)} {word}".strip()


def scale(amount_: float, text: str) -> tuple[float, str]:
    """(factor, unit) in which an amount reads well: 0.03 s/token is 30 ms/token."""
    if text in ("s", "s/token") and 0 < abs(amount_) < 1:
        return 1000.0, f"m{text}"
    return 1.0, text


def figure(amount_: float, digits: int = 4) -> str:
    """A number alone; 6.74e9 where it is too long to read."""
    if math.isfinite(amount_) and (abs(amount_) >= 1e9 or 0 < abs(amount_) < 1e-4):
        mantissa, _, exponent = f"{amount_:.{digits - 1}e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return number(amount_, digits)


def percent(share: float) -> str:
    """97.1 %, rounded down, so that 89.97 % is not called 90; 0.03 % stays visible."""
    return f"{number(math.floor(1000 * share) / 10 if share >= 0.01 else 100 * share, 3)} %"


def shortfall(needs: float, has: float, unit: str, currency: str) -> str:
    """What is missing: "needs 34.3 GiB, has 22.3 GiB"; a card that lacks what others have simply cannot."""
    if (needs, has, unit) == (1, 0, "1"):
        return "it cannot"
    return f"needs {value(needs, unit, currency)}, has {value(has, unit, currency)}"
