"""What a meaning is, how its value is read, and the fragments that patterns share.

Patterns are regular expressions over the lowered sentence, in which capital letters stand for values:
N a number (S one in billions: "9b"; # a number that is not), T a time, C money, Y bytes, W kilograms, L a model,
G a card, P a provider, R a region. A blank keeps words apart, ` ?` need not.
The longest match at a place wins.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

Values = list[Any]
Read = Callable[[Values, str], Any]


@dataclass(frozen=True, slots=True)
class Meaning:
    """A meaning, its value as a function of the values and the text found, and the ways to say it."""

    kind: str
    read: Read
    ways: tuple[str, ...]


def first(values: Values, _: str) -> Any:
    return values[0]


def last(values: Values, _: str) -> Any:
    return values[-1]


def every(values: Values, _: str) -> Any:
    return tuple(values)


def says(value: Any) -> Read:
    return lambda _values, _text: value


_PERIODS: Final = (
    ("quarter|季度", 7776000.0),
    ("month|mos?$|月", 2592000.0),
    ("week|周|星期", 604800.0),
    ("day|daily|天|日", 86400.0),
    ("min|分", 60.0),
    ("year|yr|annual|年", 31536000.0),
    ("hour|hr|h$|小时|时", 3600.0),
    ("sec|s$|秒|rps|qps|tps", 1.0),
    ("rpm|qpm", 60.0),
)


def period(text: str) -> float:
    """Seconds of the period that the end (or, in Chinese, the start) of the text names."""
    for words, length in _PERIODS:
        if re.search(words, text.strip()):
            return length
    raise AssertionError(f"no period in {text!r}")


def rate(values: Values, text: str) -> float:
    """Requests per second."""
    unit = re.findall(
        (
            r"rp[sm]|qp[sm]|(?:sec|min|hour|hr|day|month|week|daily)|(?<![a-z])[smhd](?![a-z])|秒|分|小时"
            r"|天|日|月"
        ),
        text,
    )
    names = {
        "s": "sec",
        "m": "min",
        "h": "hour",
        "d": "day",
        "rpm": "min",
        "qpm": "min",
        "rps": "sec",
        "qps": "sec",
    }
    return float(values[0]) / period(names.get(unit[-1], unit[-1]))


def money_rate(values: Values, text: str) -> tuple[Any, float]:
    """(money, seconds that it pays for)."""
    return values[0], period(text)


TOKENS_A_WORD = 4 / 3  # of English


def in_words(values: Values, _: str) -> float:
    """Tokens of so many words."""
    return float(round(values[0] * TOKENS_A_WORD))


def hour_half(values: Values, _: str) -> float:
    return 1.0 / float(values[0])


def counted(values: Values, _: str) -> tuple[float, str]:
    """(cards, GPU) from "8 H100" or "H100 x 8"."""
    number = next((v for v in values if isinstance(v, float)), 1.0)
    return number, next(v for v in values if isinstance(v, str))


CMP = (
    r"(?: (?:of|is|are|be|to|at|:|=)? (?:at most|no more than|not more than|less than"
    r"|lower than|below|under|within|in"
    r"|up to|max(?:imum)?(?: of)?|around|about|<=?|should be|must be)? (?:an? )?)"
)
CN_CMP = r"(?:为|是|要|在|约|大约|:|=)?(?:不超过|不高于|不大于|小于|低于|少于|控制在|最多|至多|<=?)? ?"
IN_END = r"(?:之内|以内|之下|以下|内|左右)?"
REQ = (
    r"(?:requests?|req|reqs|queries|query|calls?|prompts?|messages?|questions?|chats?"
    r"|conversations?|completions?)"
)
CN_REQ = r"(?:个|次|条|笔)?(?:的)?(?:并发)?(?:请求|调用|查询|访问|对话|问答)?(?:量)?"
SEC = r"(?:seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|months?|weeks?)"
PER = r"(?:/|per|an?|each|every|in a|in one) "
CN_PER = r"(?:秒钟?|分钟?|小时|天|日|个?月)"
NOT = (
    r"(?:(?:but )?not(?: on| from| in| with| using| use)?|no|nor|without(?: using)?"
    r"|except(?: for)?|excluding|exclude"
    r"|avoid(?:ing)?|other than|never(?: use| on)?|do(?: not|n't|nt) use|don't want"
    r"|anything but|skip|ban"
    r"|不用|不要用?|不想用|不使用|不能用|不可用|别用|除了|排除|避免|避开"
    r"|不考虑|不含|不在|禁用|除)(?: any| the)? "
)
AND = r" ?(?:,? ?(?:or|and|nor)|,|/|和|或者?|与|及|以及) ?(?:any |the )?"
CARD = r"(?: ?-? ?(?:gpus?|graphics cards?|cards?|accelerators?|nodes?|instances?|显卡|卡|gpu|机器))"

TOKENS = r"(?: ?-? ?(?:个)?(?:tokens?|toks?|词元|令牌))"
