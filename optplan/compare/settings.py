"""What a question changes: "price[H100]=*0.7", "deadline=24h", "efficiency=0.5" -> text in parts.

A setting is NAME=VALUE (set), NAME=*FACTOR (multiply) or NAME=+DELTA (add; a negative number takes off). What a
name means is found out where it is applied (`changing`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from optplan.errors import BadInput, Fault

PLACE: Final = "--set"
EXAMPLE: Final = "write it like price[H100]=*0.7, deadline=24h, budget=+500 USD or efficiency=0.5"
PRICE: Final = "price"
Operator = Literal["=", "*", "+"]
_NAME = re.compile(r"\s*([A-Za-z_][\w.]*)\s*(?:\[([^\]]*)\])?\s*")


@dataclass(frozen=True, slots=True)
class Setting:
    """One change as it was written.

    name       a field of the need, a limit, a quantity, or price
    selectors  what stands in brackets after price, split at commas
    operator   = sets, * multiplies, + adds
    value      the rest, as text
    """

    name: str
    selectors: tuple[str, ...]
    operator: Operator
    value: str

    @property
    def shown(self) -> str:
        """The name with its brackets: price[H100,spot]."""
        return self.name + (f"[{','.join(self.selectors)}]" if self.selectors else "")

    @property
    def said(self) -> str:
        """The change in words: "price[H100] x 0.7", "deadline 24h"."""
        sign = {"=": "", "*": "x ", "+": "+ "}[self.operator]
        value = self.value.removeprefix("-")
        return f"{self.shown} {'- ' if value != self.value and self.operator == '+' else sign}{value}"

    @property
    def place(self) -> str:
        """Where a message about it points to."""
        return f"{PLACE} {self.shown}"

    def fault(self, message: str, hint: str = "", code: str = "setting") -> BadInput:
        """A fault of this setting, ready to be raised."""
        return BadInput(Fault(code, self.place, message, hint))


def read_settings(texts: Sequence[str]) -> tuple[list[Setting], list[Fault]]:
    """The settings that can be read, in the order given, and a fault for each that cannot."""
    found: list[Setting] = []
    faults: list[Fault] = []
    for text in texts:
        setting = _read(text)
        if setting is None:
            message = f"{text[:60]!r} is not NAME=VALUE, NAME=*FACTOR or NAME=+DELTA"
            faults.append(Fault("setting", PLACE, message, EXAMPLE))
        elif any(other.shown == setting.shown for other in found):
            faults.append(Fault("duplicate-setting", setting.place, "is given twice", "keep one of the two"))
        else:
            found.append(setting)
    if not texts:
        faults.append(Fault("setting", PLACE, "nothing is changed", EXAMPLE))
    return found, faults


def _read(text: str) -> Setting | None:
    left, equals, right = text.partition("=")
    match, value = _NAME.fullmatch(left), right.strip()
    if not equals or match is None or not value:
        return None
    operator: Operator = "="
    if value[0] in "*+":
        operator, value = ("*" if value[0] == "*" else "+"), value[1:].strip()
    inside = match[2]
    selectors = tuple(part.strip() for part in inside.split(",")) if inside is not None else ()
    if not value or any(not part for part in selectors) or (inside is not None and match[1] != PRICE):
        return None
    return Setting(match[1], selectors, operator, value)
