"""The table that describes the tables: data/columns.csv as values."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
_TYPE = re.compile(r"(\w+)(?:\((.*)\))?(?:\s*(>=|>)\s*([\d.e+-]+))?$")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of one table.

    kind     text, int, number, flag, date, choice, gpu, gpus or currency
    choices  what a choice column may hold
    bound    (">" or ">=", limit) of a numeric column, or None
    default  what a blank cell means; "" is nan, 0, False or ""
    key      part of what makes a row unique
    """

    table: str
    name: str
    kind: str
    choices: tuple[str, ...]
    bound: tuple[str, float] | None
    unit: str
    default: str
    required: bool
    key: bool
    description: str

    @property
    def says(self) -> str:
        """What the column takes, in words: "number > 0 [GB/s]"."""
        words = " or ".join(self.choices) if self.choices else _WORDS[self.kind]
        if self.bound:
            words += f" {self.bound[0]} {self.bound[1]:g}"
        return f"{words} [{self.unit}]" if self.unit else words


_WORDS = {
    "text": "text",
    "int": "a whole number",
    "number": "a number",
    "flag": "yes or no",
    "date": "a date as YYYY-MM-DD",
    "choice": "a choice",
    "gpu": "one exact card of gpus.csv",
    "gpus": "cards or families of gpus.csv, joined by |",
    "currency": "a currency of fx.csv",
}


def _column(row: dict[str, str]) -> Column:
    match = _TYPE.match(row["type"])
    if match is None or match[1] not in _WORDS:
        raise ValueError(f"columns.csv: {row['table']}.{row['column']} has no such type: {row['type']!r}")
    return Column(
        table=row["table"],
        name=row["column"],
        kind=match[1],
        choices=tuple(match[2].split("|")) if match[2] else (),
        bound=(match[3], float(match[4])) if match[3] else None,
        unit=row["unit"],
        default=row["default"],
        required=row["required"] == "yes",
        key=row["key"] == "yes",
        description=row["description"],
    )


@cache
def schema() -> dict[str, tuple[Column, ...]]:
    """Table name -> its columns in order, as data/columns.csv says."""
    tables: dict[str, list[Column]] = {}
    with (DATA / "columns.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            tables.setdefault(row["table"], []).append(_column(row))
    return {name: tuple(columns) for name, columns in tables.items()}
