"""What people write <-> numbers: "48h", "9B", "1GB", "28 CNY/h".

Each reader takes text (or a bare number, where that is clear) and returns a number in the unit that its
name says; it raises ValueError with a message fit for a user.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

GIB: Final = 2.0**30  # bytes per GiB
GB: Final = 1e9  # bytes per GB
HOUR: Final = 3600.0  # seconds per hour
TERA: Final = 1e12
GIGA: Final = 1e9
MILLI: Final = 1e-3

# Units of the constants above, for the check of units; a plain factor has none.
CONSTANT_UNITS: Final = {
    "GIB": "byte/GiB",
    "GB": "byte/GB",
    "HOUR": "s/hour",
    "TERA": "FLOP/TFLOP",
    "GIGA": "byte/GB",
    "MILLI": "s/ms",
}

# The one tolerance of "at most": relative, far above float noise, far below a second in a year.
TOLERANCE: Final = 1e-9

_COUNT: Final = {
    "": 1.0,
    "k": 1e3,
    "m": 1e6,
    "mn": 1e6,
    "million": 1e6,
    "b": 1e9,
    "bn": 1e9,
    "g": 1e9,
    "billion": 1e9,
    "t": 1e12,
    "trillion": 1e12,
    "thousand": 1e3,
    "千": 1e3,
    "万": 1e4,
    "亿": 1e8,
}
_TIME_S: Final = {
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "second": 1.0,
    "min": 60.0,
    "minute": 60.0,
    "h": 3600.0,
    "hr": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "w": 604800.0,
    "week": 604800.0,
    "month": 2592000.0,
    "mo": 2592000.0,
    "year": 31536000.0,
    "y": 31536000.0,
    "毫秒": 1e-3,
    "秒": 1.0,
    "分钟": 60.0,
    "小时": 3600.0,
    "天": 86400.0,
    "周": 604800.0,
    "个月": 2592000.0,
    "年": 31536000.0,
}
_BYTES: Final = {
    "b": 1.0,
    "byte": 1.0,
    "kb": 1e3,
    "mb": 1e6,
    "gb": 1e9,
    "tb": 1e12,
    "pb": 1e15,
    "kib": 2.0**10,
    "mib": 2.0**20,
    "gib": 2.0**30,
    "tib": 2.0**40,
}
_MASS_KG: Final = {
    "g": 1e-3,
    "kg": 1.0,
    "t": 1e3,
    "ton": 1e3,
    "tonne": 1e3,
    "克": 1e-3,
    "公斤": 1.0,
    "千克": 1.0,
    "吨": 1e3,
}
CURRENCY_SIGNS: Final = {"$": "USD", "us$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY"}
CURRENCY_WORDS: Final = {
    "usd": "USD",
    "dollar": "USD",
    "dollars": "USD",
    "bucks": "USD",
    "美元": "USD",
    "美金": "USD",
    "刀": "USD",
    "cny": "CNY",
    "rmb": "CNY",
    "yuan": "CNY",
    "元": "CNY",
    "块": "CNY",
    "人民币": "CNY",
    "eur": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "欧元": "EUR",
    "gbp": "GBP",
    "pounds": "GBP",
    "英镑": "GBP",
    "jpy": "JPY",
    "yen": "JPY",
    "日元": "JPY",
    "inr": "INR",
    "rupees": "INR",
}

NUMBER: Final = r"[-+]?(?:\d[\d,_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_QUANTITY = re.compile(rf"\s*({NUMBER})\s*([^\d\s](?:[^\d]*[^\d\s])?)?\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its currency (ISO 4217 code); unlike currencies do not add."""

    amount: float
    currency: str

    def __str__(self) -> str:
        return f"{number(self.amount)} {self.currency}"


_PLAIN: Final = 1e300  # what is beyond is left to be refused


def split(text: object, what: str, example: str) -> tuple[float, str]:
    """("48h") -> (48.0, "h"): a finite number and the word after it."""
    if isinstance(text, bool) or text is None:
        raise ValueError(f"{text!r} is not {what}; write it like {example}")
    match = _QUANTITY.fullmatch(str(text))
    if not match:
        raise ValueError(f"{str(text)[:60]!r} is not {what}; write it like {example}")
    value = float(match[1].replace(",", "").replace("_", ""))
    if not math.isfinite(value):
        raise ValueError(f"{str(text)[:60]!r} is not a finite number; write it like {example}")
    return value, (match[2] or "").strip()


def _scaled(text: object, table: dict[str, float], what: str, example: str, bare: float | None) -> float:
    value, word = split(text, what, example)
    key = word.lower()
    if not key and bare is None:
        raise ValueError(f"{str(text)[:60]!r} has no unit; write it like {example}")
    if not key and bare is not None:
        return value * bare
    for form in (key, key.removesuffix("s"), key.removesuffix(".")):
        if form in table:
            return value * table[form]
    raise ValueError(f"{word[:40]!r} is not a unit of {what.removeprefix('a ')}; write it like {example}")


# Whole multiples stay whole, so that "48h" is 48.0 and a written time reads back as the same number.
_TIME_H: Final = {word: s / HOUR for word, s in _TIME_S.items() if s >= HOUR}


def hours(text: object) -> float:
    """Hours from "48h", "3 days", "30 min"; a bare number is refused, since it could be either."""
    word = split(text, "a time", "48h, 3 days or 90 min")[1].lower()
    if word in _TIME_H or word.removesuffix("s") in _TIME_H:
        return _scaled(text, _TIME_H, "a time", "48h, 3 days or 90 min", None)
    return _scaled(text, _TIME_S, "a time", "48h, 3 days or 90 min", None) / HOUR


def seconds(text: object) -> float:
    """Seconds from "30ms", "1s"; a bare number is refused."""
    return _scaled(text, _TIME_S, "a time", "30ms or 1.5s", None)


def count(text: object) -> float:
    """A plain count from 5000, "200k", "9B" or "2 万"; no unit."""
    if isinstance(text, int | float) and not isinstance(text, bool) and abs(text) < _PLAIN:
        return float(text)  # as a program writes it: to read its text again gives the same
    return _scaled(text, _COUNT, "a number", "5000, 200k, 2M or 9B", 1.0)


def size_bytes(text: object) -> float:
    """Bytes from "1GB" (1e9) or "1GiB" (2**30)."""
    return _scaled(text, _BYTES, "a data size", "1GB, 300MB or 2TiB", None)


def kilograms(text: object) -> float:
    """Kilograms from "200 kg", "1.5 t"; a bare number is refused."""
    return _scaled(text, _MASS_KG, "a mass", "200 kg or 1.5 t", None)


def currency(text: object) -> str:
    """ISO 4217 code from "USD", "rmb", "¥"."""
    word = str(text).strip()
    found = CURRENCY_SIGNS.get(word.lower()) or CURRENCY_WORDS.get(word.lower())
    if found:
        return found
    if re.fullmatch(r"[A-Za-z]{3}", word):
        return word.upper()
    raise ValueError(f"{word[:40]!r} is not a currency; write it like USD, CNY or EUR")


def money(text: object) -> Money:
    """Money from "5000 CNY", "$5,000", "5k USD"; the currency is never guessed."""
    example = "5000 USD or 36,000 CNY"
    if isinstance(text, Money):
        return text
    body = str(text).strip()
    for sign in sorted(CURRENCY_SIGNS, key=len, reverse=True):
        if body.lower().startswith(sign):
            return Money(_scaled(body[len(sign) :], _COUNT, "money", example, 1.0), CURRENCY_SIGNS[sign])
    value, word = split(body, "money", example)
    match = re.fullmatch(r"(k|m|b|千|万|亿|million|billion)?\s*(\S+)", word, re.IGNORECASE)
    if not match:
        raise ValueError(f"{body[:60]!r} names no currency; write it like {example}")
    return Money(value * _COUNT[(match[1] or "").lower()], currency(match[2]))


def number(value: float, digits: int = 4) -> str:
    """A number as people read it: 1,234.5, 0.0123, 312; never in scientific notation below 1e15."""
    if value != value:
        return "unknown"
    if math.isinf(value):
        return "unlimited" if value > 0 else "-unlimited"
    if value == 0:
        return "0"
    if value == int(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{min(places, 12)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def amount(value: float, code: str) -> str:
    """Money for a table: two decimals, thousands grouped, the currency behind."""
    return f"{value:,.2f} {code}"


def finite(value: float) -> float | None:
    """The number, or None where it is infinite or none at all."""
    return value if math.isfinite(value) else None
