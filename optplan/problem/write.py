"""A need -> YAML text that people would write: only what was said, in human units."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from optplan import units
from optplan.need import AnyNeed, Data, Method, Part, Shapes
from optplan.units import Money

_KEYS = (
    "name task model precision kv_precision method data traffic gpu cards price requests requests_per_second"
    " prompt_tokens answer_tokens samples tokens bytes epochs sequence batch micro_batch recompute optimizer"
    " framework engine capacity slices latency first_token per_token deadline duration currency"
    " limits rules assume confidence"
)
_ORDER = _KEYS.split()
_PLAIN = re.compile(r"[^\W\d_]([\w ./+-]*[\w+])?|\d[\d.]*[A-Za-z%][\w-]*( tokens)?|\d[\d.e+-]* tokens")
_WORDS = ("null", "~", "true", "false", "yes", "no", "on", "off", "y", "n")


def _exact(value: float, steps: list[tuple[str, float]], read: Callable[[object], float]) -> str:
    """The first of value/step + unit that is short and reads back as the same number."""
    for word, step in steps:
        for digits in range(7):
            text = f"{value / step:.{digits}f}"
            if float(text) and len(text) <= 9 and read(f"{text}{word}") == value:
                return f"{text}{word}"
    return f"{value!r}{steps[-1][0]}"


def count(value: float) -> str:
    """5000 -> "5000", 9e9 -> "9B"."""
    if float(value).is_integer() and abs(value) < 1e5:
        return f"{value:.0f}"
    steps = [(w, s) for w, s in (("B", 1e9), ("M", 1e6), ("k", 1e3)) if abs(value) >= s]
    return _exact(value, [*steps, ("", 1.0)], units.count)


def hours(value: float) -> str:
    """48.0 -> "48h", 0.5 -> "30min"."""
    small = [("min", 1 / 60), ("s", 1 / 3600)] if value < 1 else []
    return _exact(value, [*small, ("h", 1.0)], units.hours)


def seconds(value: float) -> str:
    """0.03 -> "30ms", 1.0 -> "1s"."""
    small = [("ms", 1e-3)] if value < 1 else []
    return _exact(value, [*small, ("s", 1.0)], units.seconds)


def size(value: float) -> str:
    """1e9 -> "1GB"."""
    steps = [(w, s) for w, s in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)) if value >= s]
    return _exact(value, [*steps, ("B", 1.0)], units.size_bytes)


def money(value: Money) -> str:
    """Money(5000, "CNY") -> "5000 CNY"."""
    amount = (
        f"{value.amount:.0f}"
        if float(value.amount).is_integer() and value.amount < 1e15
        else repr(value.amount)
    )
    return f"{amount} {value.currency}"


def mass(value: float) -> str:
    """200.0 -> "200kg"."""
    return _exact(value, [("kg", 1.0)], units.kilograms)


_WRITERS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("deadline", "duration"), hours),
    **dict.fromkeys(("first_token", "per_token"), seconds),
    **dict.fromkeys(("params", "params_active", "requests", "requests_per_second", "tokens"), count),
    **dict.fromkeys(("prompt_tokens", "answer_tokens", "samples", "epochs"), count),
    "bytes": size,
    **dict.fromkeys(("budget", "price"), money),
    "carbon": mass,
}


def scalar(value: object) -> str:
    """A scalar as YAML: bare where nothing can misread it, else in double quotes."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = str(value)
    if isinstance(value, int) or (_PLAIN.fullmatch(text) and text.lower() not in _WORDS):
        return text
    return '"' + "".join(_ESCAPES.get(c, c if _printable(c) else _code(c)) for c in text) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def _printable(char: str) -> bool:
    return char.isprintable() and char not in "\ufeff\x85\u2028\u2029"


def _code(char: str) -> str:
    return f"\\U{ord(char):08x}"


def said(part: Part) -> dict[str, Any]:
    """The fields that were given and are not None, in natural order."""
    given = [
        n for n in type(part).model_fields if n in part.model_fields_set and getattr(part, n) is not None
    ]
    given.sort(key=lambda n: _ORDER.index(n) if n in _ORDER else len(_ORDER))
    return {name: getattr(part, name) for name in given}


def _short(value: object) -> object:
    """The short form of a part that has one."""
    if isinstance(value, Method) and "lora" not in value.model_fields_set:
        return value.kind
    if isinstance(value, Method) and value.kind != "full" and value.lora.model_fields_set:
        return {value.kind: value.lora}
    if isinstance(value, Shapes) and set(said(value)) == {"params"}:
        return units_text("params", value.params)
    if isinstance(value, Data) and value.samples is None:
        return size(value.bytes) if value.bytes is not None else f"{count(value.tokens or math.nan)} tokens"
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], Part):
        return value[0]
    return value


def units_text(name: str, value: Any) -> str:
    """A number of the field `name` with its unit, or any other scalar."""
    if name in _WRITERS and not isinstance(value, (str, Part)):
        return _WRITERS[name](value)
    return scalar(value)


def flow(name: str, value: object) -> str:
    """A value on one line: {a: 1, b: [x, y]}."""
    value = _short(value)
    if isinstance(value, Part):
        value = said(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(k)}: {flow(k, v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow("", item) for item in value) + "]"
    return units_text(name, value)


def dump(need: AnyNeed) -> str:
    """YAML of a need: only what was said, in natural order and human units; reads back as the same need."""
    lines = []
    for name, value in said(need).items():
        line = f"{name}: {flow(name, value)}"
        many = isinstance(value, list) and len(value) > 1 and isinstance(value[0], Part)
        if many and isinstance(value, list):
            lines += [f"{name}:", *(f"  - {flow('', item)}" for item in value)]
        elif len(line) > 100 and isinstance(value, Part) and line.endswith("}"):
            parts = said(value)
            lines += [f"{name}:", *(f"  {key}: {flow(key, item)}" for key, item in parts.items())]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n"
