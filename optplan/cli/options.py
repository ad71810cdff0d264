"""Options that several commands share, each written once; and the reading of `--set`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final

import typer

from optplan.errors import BadInput, Fault

Rules = Annotated[
    str | None,
    typer.Option(
        "--rules", metavar="PACK|FILE.py", help="Rule pack, or a Python file of rules, to solve with."
    ),
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="N=V", help="Fix a quantity or assumption: efficiency=0.4, deadline=24h."),
]
Catalogs = Annotated[
    list[str] | None,
    typer.Option("--catalog", metavar="DIR", help="Directory of tables that add or replace catalog rows."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Confidence = Annotated[
    str | None,
    typer.Option(
        "--confidence", metavar="LEVEL", help="high: hold at the worse end of each assumption; or expected."
    ),
]


NEED_TIMES: Final = ("deadline", "duration")  # fields of a need, so that --set can change them by name
_READERS: Final = {"hour": "hours", "s": "seconds", "s/token": "seconds", "byte": "size_bytes"}


@dataclass(frozen=True, slots=True)
class Changes:
    """What the command line changes: rule pack, fixed numbers, catalog directories, level of confidence."""

    rules: str | None = None
    sets: list[str] | None = None
    catalogs: list[str] | None = None
    confidence: str | None = None


def settings(given: Iterable[str] | None) -> dict[str, float]:
    """["efficiency=0.4", "deadline=24h"] -> numbers; times in the unit of the quantity (hours for a need's).

    Raises BadInput with every setting that cannot be read.
    """
    values: dict[str, float] = {}
    faults = []
    for text in given or ():
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            hint = "write a name, = and a number, as in --set efficiency=0.4"
            faults.append(Fault("setting", "--set", f"{text[:60]!r} is not NAME=VALUE", hint))
            continue
        if name in values:
            faults.append(
                Fault("duplicate-setting", f"--set {name}", "is given twice", "keep one of the two")
            )
            continue
        try:
            values[name] = _number(name, value)
        except ValueError as error:
            faults.append(Fault("setting", f"--set {name}", str(error)))
    if faults:
        raise BadInput(faults)
    return values


def _number(name: str, text: str) -> float:
    """A number, with a unit where the quantity has one ("30ms" for seconds), k, M or B where it counts."""
    from optplan import units
    from optplan.inputs import INPUTS

    if name in NEED_TIMES:
        return units.hours(text)
    reader = _READERS.get(INPUTS[name].unit) if name in INPUTS else None
    if reader and units.split(text, "a number", "24 or 24h")[1]:
        return float(getattr(units, reader)(text))
    return units.count(text)
