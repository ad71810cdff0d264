"""The text of one cell -> its value; ValueError if it is not of its kind. Blank is the zero of the kind."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from typing import Any

_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def _number(cell: str) -> float:
    value = float(cell)
    if not math.isfinite(value) or "_" in cell:
        raise ValueError(cell)
    return value


def _flag(cell: str) -> bool:
    if not cell:
        return False
    if cell.strip().lower() not in _FLAGS:
        raise ValueError(cell)
    return _FLAGS[cell.strip().lower()]


def _int(cell: str) -> int:
    if cell.isdecimal() and cell.isascii():
        return int(cell)
    if not cell:
        return 0
    value = _number(cell)
    if value != int(value):
        raise ValueError(cell)
    return int(value)


class _Days(dict[str, int]):
    """Date text -> day number; many rows share few dates."""

    def __missing__(self, cell: str) -> int:
        if not cell:
            return 0
        day = datetime.date.fromisoformat(cell)
        if len(cell) != 10:
            raise ValueError(cell)
        self[cell] = day.toordinal()
        return self[cell]


_DAYS = _Days()


def choice(choices: tuple[str, ...]) -> Callable[[str], str]:
    known = {c: c for c in ("", *choices)}

    def read(cell: str) -> str:
        if cell not in known:
            raise ValueError(cell)
        return known[cell]

    return read


READERS: dict[str, tuple[Callable[[str], Any], Any]] = {
    "text": (str.strip, ""),
    "choice": (str.strip, ""),
    "gpu": (str.strip, ""),
    "gpus": (str.strip, ""),
    "currency": (str.strip, ""),
    "int": (_int, 0),
    "number": (_number, math.nan),
    "flag": (_flag, False),
    "date": (_DAYS.__getitem__, 0),
}
