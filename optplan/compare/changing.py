"""Settings applied to a question: each changes the need, the catalog or a fixed quantity."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from optplan import units
from optplan.catalog import Assumption, Catalog
from optplan.compare import fields, prices
from optplan.compare.settings import PRICE, Setting, read_settings
from optplan.errors import BadInput, nearest
from optplan.inputs import INPUTS
from optplan.need import AnyNeed
from optplan.rules import pack as pack_of
from optplan.settle import settle
from optplan.units import number

READERS: Final = {
    "hour": units.hours,
    "s": units.seconds,
    "s/token": units.seconds,
    "byte": units.size_bytes,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """A need and what it is solved against."""

    need: AnyNeed
    catalog: Catalog
    fixed: dict[str, float] = field(default_factory=dict)
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One thing that was changed, as it was and as it is, in the units of its place; said: the same in words."""

    name: str
    from_: str
    to: str
    said: str

    def json(self) -> dict[str, str]:
        """{name, from, to}."""
        return {"name": self.name, "from": self.from_, "to": self.to}


def apply(texts: Sequence[str], asked: Asked) -> tuple[Asked, list[Changed]]:
    """The question with all settings in it, and what each changed.

    Raises BadInput with every setting that names nothing or whose value does not fit.
    """
    settings, faults = read_settings(texts)
    changes: list[Changed] = []
    for setting in settings:
        try:
            asked, changed = _one(setting, asked)
            changes.append(changed)
        except BadInput as error:
            faults += error.faults
    if faults:
        raise BadInput(faults)
    fields.check(asked.need, texts)
    return asked, changes


def _one(setting: Setting, asked: Asked) -> tuple[Asked, Changed]:
    if setting.name == PRICE:
        catalog, from_, to = prices.changed(setting, asked.catalog, _currency(asked))
        return replace(asked, catalog=catalog), Changed(setting.shown, from_, to, setting.said)
    path = fields.path_of(setting.name, asked.need)
    if path is not None:
        need, from_, to = fields.changed(setting, asked.need, path, asked.catalog)
        return replace(asked, need=need), Changed(".".join(path), from_, to, setting.said)
    return _quantity(setting, asked)


def _currency(asked: Asked) -> str:
    budget = asked.need.limits.budget
    return asked.need.currency or (budget.currency if budget else "USD")


def _quantity(setting: Setting, asked: Asked) -> tuple[Asked, Changed]:
    """A quantity or assumption of the rules, fixed or scaled."""
    name, rules = setting.name, pack_of(asked.need.rules, asked.need.task).rules
    table: Mapping[str, Assumption] = asked.catalog.assumptions.get(name, {})
    if name not in rules and name not in INPUTS and not table:
        raise _unknown(setting, asked)
    if setting.operator == "=":
        value = _number(setting, name)
        before = asked.fixed.get(name, asked.need.assume.get(name))
        from_ = _ends(table) if before is None else number(before)
        need = asked.need
        if name in need.assume:
            assume = {key: known for key, known in need.assume.items() if key != name}
            need = need.model_copy(update={"assume": assume})
        fixed = {**asked.fixed, name: value}
        return replace(asked, need=need, fixed=fixed), Changed(name, from_, number(value), setting.said)
    known = asked.fixed.get(name, asked.need.assume.get(name))
    if known is None and name not in rules and not table:
        known = _given(setting, asked)
    if known is not None:
        value = _moved(setting, known)
        fixed = {**asked.fixed, name: value}
        return replace(asked, fixed=fixed), Changed(name, number(known), number(value), setting.said)
    if name in rules:
        message = f"{name} is worked out by the rules for each candidate, so it cannot be multiplied"
        raise setting.fault(message, f"give it a value, as in {name}=1.5, or change what it rests on")
    return _scaled(setting, asked, table)


def _unknown(setting: Setting, asked: Asked) -> BadInput:
    names = {
        PRICE,
        *fields.names(asked.need),
        *pack_of(asked.need.rules, asked.need.task).rules,
        *INPUTS,
        *asked.catalog.assumptions,
    }
    close = nearest(setting.name, names)
    hint = (
        f"did you mean {', '.join(close)}?" if close else "see `optplan rules list` and `optplan schema need`"
    )
    message = "no field of this need, limit, quantity or assumption has this name"
    return setting.fault(message, hint, "unknown-name")


def _number(setting: Setting, name: str) -> float:
    reader = READERS.get(INPUTS[name].unit) if name in INPUTS else None
    try:
        if reader and units.split(setting.value, "a number", "24 or 24h")[1]:
            return float(reader(setting.value))
        return units.count(setting.value)
    except ValueError as error:
        raise setting.fault(str(error)) from None


def _moved(setting: Setting, value: float) -> float:
    try:
        by = units.count(setting.value)
    except ValueError as error:
        raise setting.fault(str(error)) from None
    return value * by if setting.operator == "*" else value + by


def _given(setting: Setting, asked: Asked) -> float:
    """What the need or its model says of an input."""
    value = np.asarray(settle(asked.need, asked.catalog, asked.base).quantities.get(setting.name, math.nan))
    if value.size != 1 or not math.isfinite(float(value.reshape(-1)[0])):
        message = f"{setting.name} is not one number of this need, so it cannot be multiplied or added to"
        raise setting.fault(message, "give it a value")
    return float(value.reshape(-1)[0])


def _scaled(setting: Setting, asked: Asked, table: Mapping[str, Assumption]) -> tuple[Asked, Changed]:
    """The catalog with every row of an assumption moved, both ends with it."""
    said = f"changed by {setting.shown}={setting.operator}{setting.value}"
    moved = {key: _row(setting, row, said) for key, row in table.items()}
    catalog = with_assumptions(asked.catalog, setting.name, moved)
    return replace(asked, catalog=catalog), Changed(setting.name, _ends(table), _ends(moved), setting.said)


def _row(setting: Setting, row: Assumption, said: str) -> Assumption:
    low, expected, high = sorted(_moved(setting, end) for end in (row.low, row.expected, row.high))
    return replace(
        row, low=low, expected=expected, high=high, source=f"{row.source}; {said}", status="assumed"
    )


def with_assumptions(catalog: Catalog, name: str, rows: Mapping[str, Assumption]) -> Catalog:
    """The catalog with other rows of one assumption."""
    other = copy.copy(catalog)
    other.assumptions = {**catalog.assumptions, name: dict(rows)}
    return other


def _ends(table: Mapping[str, Assumption]) -> str:
    """The expected values of an assumption's rows: one number, or the range over cards and tasks."""
    values: list[Any] = sorted({row.expected for row in table.values()})
    if not values:
        return "by the rules"
    return number(values[0]) if len(values) == 1 else f"{number(values[0])} to {number(values[-1])}"
