"""Fields of a need changed by name: deadline=24h, traffic.requests_per_second=*2, limits.budget=+500 USD."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from pydantic import BaseModel, TypeAdapter, ValidationError

from optplan import problem, units
from optplan.catalog import Catalog
from optplan.compare.settings import Setting
from optplan.errors import BadInput, Fault
from optplan.need import AnyNeed
from optplan.problem.judge import reason_of
from optplan.problem.write import flow, units_text
from optplan.settle.defaults import DEFAULTS
from optplan.units import Money

SHORT: Final = ("limits", "latency", "traffic")  # parts whose fields may be named alone
NOTHING: Final = ("none", "no")
SETTLED: Final = ("task", "name", "assume")  # what a change cannot be about
Path = tuple[str, ...]


def names(need: AnyNeed) -> Iterator[str]:
    """What may be changed of a need: its fields, and those of its parts with a dot and alone."""
    for name in type(need).model_fields:
        if name not in SETTLED:
            yield name
    for name in SHORT:
        for inner in _part_fields(need, name):
            yield f"{name}.{inner}"
            yield inner


def path_of(name: str, need: AnyNeed) -> Path | None:
    """Where a name stands in a need: ("limits", "budget") for "budget"; None if it is no field."""
    path = tuple(name.split("."))
    if path[0] in type(need).model_fields and path[0] not in SETTLED:
        inside = _part_fields(need, path[0])
        known = len(path) == 1 or (len(path) == 2 and path[1] in inside)
        return path if known or path[:2] == ("limits", "quota") else None
    if len(path) == 1:
        found = next((part for part in SHORT if name in _part_fields(need, part)), None)
        return None if found is None else (found, name)
    return ("limits", *path) if path[0] == "quota" else None


def changed(setting: Setting, need: AnyNeed, path: Path, catalog: Catalog) -> tuple[AnyNeed, str, str]:
    """The need with one field changed, and the field as text before and after."""
    if path[:2] == ("limits", "quota") and len(path) == 3:
        return _quota(setting, need, path[2])
    parts = _holders(need, path)
    before = [getattr(part, path[-1]) for part in parts]
    after = [_value(setting, part, path[-1], need, catalog) for part in parts]
    copies = [part.model_copy(update={path[-1]: value}) for part, value in zip(parts, after, strict=True)]
    return _put(need, path, copies), _texts(path[-1], before), _texts(path[-1], after)


def check(need: AnyNeed, texts: Sequence[str]) -> None:
    """Judge the changed need as if it had been written so. Raises BadInput that points at the settings."""
    try:
        problem.read_text(problem.dump(need), "the changed need")
    except BadInput as error:
        place = " ".join(f"--set {text}" for text in texts)
        raise BadInput([Fault(f.code, place, f.message, f.hint) for f in error.faults]) from None


def _part_fields(need: AnyNeed, name: str) -> list[str]:
    """Fields of a part of this need; [] where it has no such part."""
    if name not in type(need).model_fields:
        return []
    part = getattr(need, name)
    one = part[0] if isinstance(part, list) else part
    return [n for n in type(one).model_fields if n != "name"] if isinstance(one, BaseModel) else []


def _holders(need: AnyNeed, path: Path) -> list[Any]:
    """The parts that hold the field: the need itself, one part, or every class of its traffic."""
    if len(path) == 1:
        return [need]
    part = getattr(need, path[0])
    return list(part) if isinstance(part, list) else [part]


def _put(need: AnyNeed, path: Path, copies: list[Any]) -> AnyNeed:
    if len(path) == 1:
        whole: AnyNeed = copies[0]
        return whole
    many = isinstance(getattr(need, path[0]), list)
    return need.model_copy(update={path[0]: copies if many else copies[0]})


def _value(setting: Setting, part: BaseModel, name: str, need: AnyNeed, catalog: Catalog) -> Any:
    if setting.operator == "=":
        return None if _cleared(setting, part, name) else _judged(setting, part, name, setting.value)
    before = getattr(part, name)
    if before is None and name in DEFAULTS[need.task]:
        before = DEFAULTS[need.task][name][0]
    number = isinstance(before, (int, float, Money)) and not isinstance(before, bool)
    if not number or (isinstance(before, float) and not math.isfinite(before)):
        said = "is no number" if before is not None else "is not said in the need"
        raise setting.fault(f"{name} {said}, so it cannot be multiplied or added to", f"give it: {name}=..")
    after = (
        _product(setting, before) if setting.operator == "*" else _sum(setting, part, name, before, catalog)
    )
    amount = after.amount if isinstance(after, Money) else after
    if amount <= 0:
        raise setting.fault(f"{name} would be {amount:g}; it must be above 0")
    if isinstance(before, int) and amount != int(amount):
        raise setting.fault(f"{name} would be {amount:g}; it must be a whole number")
    return int(amount) if isinstance(before, int) else after


def _cleared(setting: Setting, part: BaseModel, name: str) -> bool:
    """Whether the value takes the field away, where it may be left out."""
    field = type(part).model_fields[name]
    return setting.value.lower() in NOTHING and field.default is None


def _judged(setting: Setting, part: BaseModel, name: str, text: str) -> Any:
    """The text as the field reads it."""
    adapter: TypeAdapter[Any] = TypeAdapter(type(part).model_fields[name].rebuild_annotation())
    try:
        return adapter.validate_python(text)
    except ValidationError as error:
        message = reason_of(error.errors()[0])
        raise setting.fault(f"{text[:60]!r} is no {name}: {message}") from None


def _product(setting: Setting, before: Any) -> Any:
    try:
        factor = units.count(setting.value)
    except ValueError as error:
        raise setting.fault(str(error)) from None
    return Money(before.amount * factor, before.currency) if isinstance(before, Money) else before * factor


def _sum(setting: Setting, part: BaseModel, name: str, before: Any, catalog: Catalog) -> Any:
    less = setting.value.startswith("-")
    more = _judged(setting, part, name, setting.value.lstrip("-").strip())
    sign = -1 if less else 1
    if isinstance(before, Money):
        return Money(
            before.amount + sign * catalog.convert(more.amount, more.currency, before.currency),
            before.currency,
        )
    return before + sign * more


def _quota(setting: Setting, need: AnyNeed, gpu: str) -> tuple[AnyNeed, str, str]:
    """One card's quota."""
    quota = dict(need.limits.quota)
    before = quota.pop(gpu, None)
    if setting.operator != "=" and before is None:
        raise setting.fault(f"the need has no quota of {gpu}", f"give it: quota.{gpu}=8")
    if not (setting.operator == "=" and setting.value.lower() in NOTHING):
        try:
            by = units.count(setting.value)
        except ValueError as error:
            raise setting.fault(str(error)) from None
        after = {"=": by, "*": (before or 0) * by, "+": (before or 0) + by}[setting.operator]
        if after < 0 or after != int(after):
            raise setting.fault(f"a quota of {after:g} cards is no whole number from 0 up")
        quota[gpu] = int(after)
    limits = need.limits.model_copy(update={"quota": quota})
    shown = ["none" if count is None else f"{count}" for count in (before, quota.get(gpu))]
    return need.model_copy(update={"limits": limits}), shown[0], shown[1]


def _texts(name: str, values: Sequence[Any]) -> str:
    return ", ".join(dict.fromkeys(_text(name, value) for value in values))


def _text(name: str, value: Any) -> str:
    """A field's value as the need would have it."""
    if value is None:
        return "not said"
    if isinstance(value, (list, dict, BaseModel)):
        return flow(name, value)
    return units_text(name, value)
