"""What a worker does: raw needs -> the bytes of their rows, all but name and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import orjson

from optplan.batch.rows import need_of
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.many import solve_block
from optplan.need import AnyNeed
from optplan.plan import Bands

Detail = Literal["plan", "brief"]
BRIEF: Final = (
    "task", "currency", "total_cost", "hourly_cost", "hours", "gpu_hours", "bound", "gap", "cards", "apis",
    "reasons",
)  # fmt: skip
BRIEF_PARTS: Final = {
    "cards": ("gpu", "count", "provider", "region", "purchase", "offer", "units"),
    "apis": ("offer", "provider", "model", "traffic", "share"),
}
TIMES: Final = ("deadline", "duration")  # fields of a need that a setting changes by name, hours
_NUMPY: Final = orjson.OPT_SERIALIZE_NUMPY


@dataclass(frozen=True, slots=True)
class Settings:
    """What is the same for all needs.

    rules, confidence  instead of the needs' own
    times              deadline or duration (hours), instead of the needs' own
    fixed              quantities and assumptions by name
    today              the day from which the age of prices counts
    detail             plan: the whole JSON of a plan; brief: totals, cards and status
    """

    rules: str | None = None
    confidence: str | None = None
    times: Mapping[str, float] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    today: date = field(default_factory=date.today)
    detail: Detail = "plan"


class Asked(NamedTuple):  # as a tuple it travels to and from workers three times as fast
    """One need to solve, without its name. base: the folder of its relative paths, None where it has none."""

    raw: Mapping[str, Any]
    base: str | None = None


class Answer(NamedTuple):
    """status: optimal, feasible, infeasible, unknown, bad or failed; rest: the row's JSON after its name."""

    status: str
    rest: bytes


def answers(asked: Sequence[Asked], catalog: Catalog, settings: Settings) -> list[Answer]:
    """The answers to a block of needs, in order. What goes wrong with one need is that need's answer."""
    found: list[Answer | None] = [None] * len(asked)
    by_base: dict[str | None, list[tuple[int, AnyNeed]]] = {}
    for i, one in enumerate(asked):
        try:
            by_base.setdefault(one.base, []).append((i, changed(need_of(one.raw), settings)))
        except BadInput as error:
            found[i] = bad(error.faults)
    for base, needs in by_base.items():
        folder = None if base is None else Path(base)
        solved = _solved([need for _, need in needs], catalog, settings, folder)
        for (i, _), answer in zip(needs, solved, strict=True):
            found[i] = answer
    return [answer for answer in found if answer is not None]


def changed(need: AnyNeed, settings: Settings) -> AnyNeed:
    """The need with what the settings say instead."""
    update: dict[str, Any] = {}
    if settings.rules is not None:
        update["rules"] = settings.rules
    if settings.confidence is not None:
        update["confidence"] = settings.confidence
    for name, hours in settings.times.items():
        if name not in type(need).model_fields:
            other = next(other for other in TIMES if other != name)
            message = f"a {need.task} need has no {name}"
            raise BadInput(Fault("setting", f"--set {name}", message, f"did you mean {other}?"))
        update[name] = hours
    return need.model_copy(update=update) if update else need


def _solved(
    needs: Sequence[AnyNeed], catalog: Catalog, settings: Settings, base: Path | None
) -> list[Answer]:
    """Solve together; where that breaks, one by one, so that one need's trouble stays its own."""
    written = _no_quantities if settings.detail == "brief" else _quantities
    given: dict[str, Any] = {
        "fixed": dict(settings.fixed), "base": base, "today": settings.today, "quantities": written
    }  # fmt: skip
    try:
        return [answer_of(plan, settings.detail) for plan in solve_block(needs, catalog, **given)]
    except BadInput as error:
        if len(needs) == 1:
            return [bad(error.faults)]
    except Exception as error:
        if len(needs) == 1:
            return [_failed(error)]
    return [answer for need in needs for answer in _solved([need], catalog, settings, base)]


def _quantities(bands: Bands) -> orjson.Fragment:
    """As text: a hundred small mappings would take longer than all else of a plan."""
    return orjson.Fragment(bands.text())


def _no_quantities(_: Bands) -> None:
    """For rows that do not have them."""


def answer_of(plan: dict[str, Any] | BadInput, detail: Detail) -> Answer:
    """The JSON of a plan, or a fault -> what a row says."""
    if isinstance(plan, BadInput):
        return bad(plan.faults)
    status = str(plan["status"])
    rest = {key: value for key, value in plan.items() if key not in ("name", "status")}
    if detail == "brief":
        rest = {key: rest[key] for key in BRIEF if key in rest}
        for part, keys in BRIEF_PARTS.items():
            if part in rest:
                rest[part] = [{key: line[key] for key in keys} for line in rest[part]]
    else:  # a row that is solved again must be the same to the byte
        rest["solver"] = {key: value for key, value in rest["solver"].items() if key != "seconds"}
    return Answer(status, orjson.dumps(rest, option=_NUMPY)[1:])


def bad(faults: Sequence[Fault]) -> Answer:
    """The answer to a need that cannot be read or means nothing."""
    shown = [{"code": f.code, "place": f.place, "message": f.message, "hint": f.hint} for f in faults]
    return Answer("bad", orjson.dumps({"faults": shown})[1:])


def _failed(error: Exception) -> Answer:
    message = f"optplan itself failed: {type(error).__name__}: {error}"
    fault = Fault("failed", "", message, "please report this need; the others are not touched by it")
    return Answer("failed", bad([fault]).rest)
