"""Numbers, times, money and data sizes as people write them, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from optplan.units import CURRENCY_SIGNS, CURRENCY_WORDS, Money

_TEEN_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen"
)
_TEN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ONES: Final = _TEEN_WORDS.split()
_TENS: Final = _TEN_WORDS.split()
_WORDS: Final = {word: float(i) for i, word in enumerate(_ONES)} | {
    word: 10.0 * i for i, word in enumerate(_TENS, start=2)
}
_SCALES: Final = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "dozen": 12.0,
}
_SUFFIX: Final = {
    "k": 1e3,
    **dict.fromkeys(("m", "mn", "mil", "mln", "mio"), 1e6),
    **dict.fromkeys(("b", "bn", "bln"), 1e9),
    **{f"{word}s": scale for word, scale in _SCALES.items()},
    **_SCALES,
}
_CN_DIGITS: Final = {c: float(i) for i, c in enumerate("零一二三四五六七八九")} | {"两": 2.0, "〇": 0.0}
_CN_SCALES: Final = {"十": 1e1, "百": 1e2, "千": 1e3, "万": 1e4, "亿": 1e8}

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?(?:e[+-]?\d+)?"
_ONE_WORD = "|".join([*_WORDS, *_SCALES])
_ENGLISH = (
    rf"(?:(?:a )?half (?:an? )?(?:million|billion|thousand|dozen)|a couple(?: of)?"
    rf"|(?:an? )(?:{'|'.join(_SCALES)})(?: (?:{'|'.join(_SCALES)}))*"
    rf"|(?:{'|'.join(_WORDS)})(?:[ -](?:and )?(?:{_ONE_WORD}))*(?![a-z-]?[a-z]))"
)
_CHINESE = (
    r"(?<![统第唯万单同])[一二两三四五六七八九十百千零〇](?![下些种般样起共定直套站问川键样体夜旦])"
    r"[零〇一二两三四五六七八九十百千万亿]*(?:点[零一二三四五六七八九]+)?[万亿]*"
)
_FIGURES = (
    rf"{_DIGITS}(?:\s*(?:(?:(?:thousand|million|billion|trillion|hundred|dozen)s?|mio|mn|mil|mln|bn|bln|k|m|b)"
    r"(?![a-z])|[十百千万亿]+))?"
)
NUMBER: Final = rf"(?:{_FIGURES}|{_ENGLISH}|{_CHINESE})"
_ENGLISH_BEGINS = (
    *_WORDS,
    "half",
    "a couple",
    *(f"{article} {word}" for article in ("a", "an") for word in (*_SCALES, "half")),
)

_TIME_UNITS: Final = (
    (r"ms|milli-?seconds?|msecs?|毫秒", 1e-3),
    (r"seconds?|secs?|s|秒钟|秒", 1.0),
    (r"minutes?|mins?|分钟", 60.0),
    (r"hours?|hrs?|h|个?小时|个?钟头", 3600.0),
    (r"days?|d|天|日", 86400.0),
    (r"weeks?|wks?|w|个?星期|个?礼拜|周", 604800.0),
    (r"months?|mos?|个?月", 2592000.0),
    (r"quarters?|个?季度", 7776000.0),
    (r"years?|yrs?|y|年", 31536000.0),
)
_MONEY_WORDS = "|".join(sorted((re.escape(w) for w in CURRENCY_WORDS), key=len, reverse=True))
_MONEY_SIGNS = "|".join(sorted((re.escape(w) for w in CURRENCY_SIGNS), key=len, reverse=True))


def read_number(text: str) -> float:
    """The value of text that `NUMBER` matches."""
    match = re.match(_DIGITS, text)
    if match:
        value = float(match[0].replace(",", ""))
        rest = text[match.end() :].strip()
        return value * (_chinese_scale(rest) if rest and rest[0] in _CN_SCALES else _SUFFIX.get(rest, 1.0))
    return _chinese(text) if text[0] in _CN_DIGITS or text[0] in _CN_SCALES else _english(text)


def _chinese_scale(text: str) -> float:
    value = 1.0
    for char in text:
        value *= _CN_SCALES[char]
    return value


def _chinese(text: str) -> float:
    whole, _, part = text.partition("点")
    tail = part.rstrip("万亿")
    if part:
        return (
            _chinese(whole) + float("0." + "".join(f"{_CN_DIGITS[c]:.0f}" for c in tail))
        ) * _chinese_scale(part[len(tail) :])
    for big in ("亿", "万"):
        if big in whole:
            left, _, right = whole.rpartition(big)
            return (_chinese(left) if left else 1.0) * _CN_SCALES[big] + (_chinese(right) if right else 0.0)
    total, digit = 0.0, 0.0
    for char in whole:
        if char in _CN_DIGITS:
            digit = _CN_DIGITS[char]
        else:
            total, digit = total + (digit or 1.0) * _CN_SCALES[char], 0.0
    return total + digit


def _english(text: str) -> float:
    total, part = 0.0, 0.0
    for word in re.split(r"[\s-]+", text):
        if word in ("a", "an", "and", "of"):
            continue
        if word == "half":
            part = 0.5
        elif word == "couple":
            part = 2.0
        elif word in _WORDS:
            part += _WORDS[word]
        elif word in ("hundred", "dozen"):
            part = (part or 1.0) * _SCALES[word]
        else:
            total, part = total + (part or 1.0) * _SCALES[word], 0.0
    return total + part


@dataclass(frozen=True, slots=True)
class Token:
    """A value found in the sentence. mark is the capital letter that stands for it in a pattern."""

    mark: str
    value: Any
    start: int
    end: int


_THEN = re.compile(r"\s*(?:and\s+|零|又)?(?=\d|半|[一二两三四五六七八九十])")
_HALF = re.compile(r"(?:half an? |半个?)(hour|day|year|小时|天|日|年|月)")
_HALVES: Final = {"hour": 1800.0, "小时": 1800.0, "day": 43200.0, "天": 43200.0, "日": 43200.0}
_HALVES_LONG: Final = {"year": 15768000.0, "年": 15768000.0, "月": 1296000.0}
_UNIT_RANGES = "|".join(f"(?P<u{i}>{words})" for i, (words, _) in enumerate(_TIME_UNITS))
_CODES = "usd|cny|rmb|eur|gbp|jpy|inr"
_SIGNED_BEGINS = (*CURRENCY_SIGNS, *_CODES.split("|"))


def _time(match: re.Match[str]) -> float:
    for i, (_, factor) in enumerate(_TIME_UNITS):
        if match[f"u{i}"]:
            return read_number(match["n"]) * factor
    raise AssertionError("a time has a unit")


def _half(match: re.Match[str]) -> float:
    return {**_HALVES, **_HALVES_LONG}[match[1]]


def _mass(match: re.Match[str]) -> float:
    """Kilograms."""
    return read_number(match["n"]) * (1000.0 if match["u"][0] in "t吨" else 1.0)


def _bytes(match: re.Match[str]) -> float:
    power = "kmgt".index(match["u"][0]) + 1
    return read_number(match["n"]) * (1024.0**power if match["i"] else 1000.0**power)


def _money(match: re.Match[str]) -> Money:
    sign = match["c"]
    return Money(read_number(match["n"]), CURRENCY_SIGNS.get(sign) or CURRENCY_WORDS[sign])


def _number(match: re.Match[str]) -> float:
    return read_number(match["n"])


def _billions(match: re.Match[str]) -> float:
    return read_number(match["n"]) * 1e9


Line = tuple[str, re.Pattern[str], Callable[[re.Match[str]], Any]]


@cache
def _begun_by(number: str) -> tuple[Line, ...]:
    """What a number in this form can begin: mark, pattern, reader; the earlier wins among equally long matches."""
    n = rf"(?P<n>{number})"
    lines = (
        ("C", rf"{n}\s*(?:us )?(?P<c>{_MONEY_WORDS}|{_MONEY_SIGNS})(?:钱|整)?(?![a-z])", _money),
        ("T", rf"{n}\s*-?\s*(?:{_UNIT_RANGES})(?![a-z])", _time),
        ("W", rf"{n}\s*-?\s*(?P<u>kg|kilograms?|kilos?|tonnes?|tons?|公斤|千克|吨)(?![a-z])", _mass),
        ("Y", rf"{n}\s*-?\s*(?P<u>[kmgt])(?P<i>i?)(?P<b>b|bytes?)(?![a-z])", _bytes),
        ("Y", rf"{n}\s*-?\s*(?P<u>kilo|mega|giga|tera)(?P<i>)(?P<b>bytes?)(?![a-z])", _bytes),
        ("Y", rf"{n}\s*(?P<u>[gt])(?P<i>)(?P<b>)(?![a-z])", _bytes),
        ("S", rf"(?P<n>{_DIGITS})[\s-]*b(?:n|illion)?(?![a-z])", _billions),
        ("S", rf"{n}(?<=billion)" if number == _ENGLISH else None, _number),
        ("N", n, _number),
    )
    return tuple((mark, re.compile(pattern), read) for mark, pattern, read in lines if pattern)


@cache
def _signed() -> Line:
    pattern = rf"(?P<c>{_MONEY_SIGNS}|(?:{_CODES})(?= ?\d))\s*(?P<n>{NUMBER})"
    return "C", re.compile(pattern), _money


def _lines(text: str, at: int) -> Sequence[Line]:
    """What can begin at this place. Patterns are compiled for the forms of numbers that a sentence has."""
    if text[at].isdecimal():
        return _begun_by(_FIGURES)
    if text[at] in _CN_DIGITS or text[at] in _CN_SCALES:
        return _begun_by(_CHINESE)
    lines: list[Line] = [("T", _HALF, _half)]
    if text.startswith(_SIGNED_BEGINS, at):
        lines.append(_signed())
    if text.startswith(_ENGLISH_BEGINS, at):
        lines += _begun_by(_ENGLISH)
    return lines


def whole(text: str, start: int, end: int, ends: bool = True) -> bool:
    """Whether text[start:end] cuts no word or number in two; with ends=False only its start counts."""
    before, first = text[start - 1 : start], text[start : start + 1]
    last, after = text[end - 1 : end], text[end : end + 1]
    if _latin(before) and _latin(first):
        return False
    if ends and _latin(last) and _latin(after):
        return False
    if ends and last.isdigit() and after in ".," and text[end + 1 : end + 2].isdigit():
        return False
    return not (first.isdigit() and before == "." and text[start - 2 : start - 1].isdigit())


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()


_COUNTED = re.compile(
    r"(?:tokens?|toks?|samples?|examples?|reqs?|requests?|rp[sm]|qp[sm]|tps|epochs?|gpus?|cards?|params?"
    r"|rows?|docs?"
    r"|replicas?|in|out)(?![a-z])"
)
# Digits that are part of a word, not an amount.
_NO_NUMBER = re.compile(
    r"\d+[- ]?bits?(?![a-z])|\d+比特|[48四八]位(?!用户|员工|同)|24[/x*]7|zero[- ]?[123]|(?<=zero[- ])[123](?!\d)"
)
_PIECES = re.compile(r"\s*(?:显卡|卡|gpu|nvidia|rtx|英伟达|[abhlvt]-?\d|mi\d|g[bh]\d|\d0[5-9]0|\d+\s?g)")
_TRILLIONS = re.compile(rf"(?P<n>{_DIGITS})t(?=\s*(?:tokens?|词元))")


def lex(text: str, at: int) -> Token | None:
    """The longest value that starts at a place of the lowered sentence, or None."""
    if _NO_NUMBER.match(text, at):
        return None
    trillions = _TRILLIONS.match(text, at)
    if trillions:
        return Token("N", read_number(trillions["n"]) * 1e12, at, trillions.end())
    best: Token | None = None
    for mark, pattern, read in _lines(text, at):
        match = pattern.match(text, at)
        if match and text[match.end() - 1] == "块" and _PIECES.match(text, match.end()):
            continue  # "8块A100" counts cards, it is no money
        counted = mark in "NS" and match and _COUNTED.match(text, match.end())
        if (
            match
            and (counted or whole(text, at, match.end()))
            and whole(text, at, at + 1, ends=False)
            and (best is None or match.end() > best.end)
        ):
            best = Token(mark, read(match), at, match.end())
    return _longer(text, best) if best is not None and best.mark == "T" else best


def _longer(text: str, time: Token) -> Token:
    """A time with the parts of a smaller unit behind it: "1 day 12 hours"; days of a month make a date, no time."""
    gap = _THEN.match(text, time.end)
    match = _timed(text, gap.end()) if gap else None
    if match is None or not whole(text, match.start(), match.end()) or not 3600 <= time.value < 2592000:
        return time
    rest = _time(match)
    unit = rest / read_number(match["n"]) if read_number(match["n"]) else rest
    return (
        time
        if unit >= 86400 or rest >= time.value
        else Token("T", time.value + rest, time.start, match.end())
    )


def _timed(text: str, at: int) -> re.Match[str] | None:
    """An amount of time that starts at a place."""
    if at == len(text):
        return None
    found = (pattern.match(text, at) for _, pattern, read in _lines(text, at) if read is _time)
    return next((match for match in found if match), None)
