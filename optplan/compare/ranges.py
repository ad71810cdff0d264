"""One need over a range of one of its numbers, or several needs: a plan for each."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optplan.catalog import Catalog
from optplan.compare.axis import Axis, axis
from optplan.errors import BadInput, Fault, nearest
from optplan.need import AnyNeed, Generate, Serve
from optplan.plan import Plan
from optplan.planner import load_catalog, solve
from optplan.rules import pack
from optplan.units import Money

MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Point:
    """One value of what is varied, as text and number, and the plan there."""

    text: str
    value: float
    plan: Plan


@dataclass(frozen=True, slots=True)
class Sweep:
    """A need solved at each value of `over`, in order; unit is that of the values."""

    over: str
    unit: str
    points: list[Point]

    def json(self) -> dict[str, Any]:
        """{over, unit, points: [{value, text, ...the plan}]}."""
        points = [{"value": p.value, "text": p.text, "plan": p.plan.json()} for p in self.points]
        return {"over": self.over, "unit": self.unit, "points": points}


def compare(
    needs: Sequence[AnyNeed],
    catalog: Catalog | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> list[Plan]:
    """The plan of each need, in order. Raises BadInput as `solve` does."""
    catalog = catalog or load_catalog()
    return [solve(need, catalog, fixed=fixed, base=base) for need in needs]


def sweep(
    need: AnyNeed,
    over: str,
    catalog: Catalog | None = None,
    *,
    steps: int = 8,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> Sweep:
    """Solve a need at each step of a range: "deadline=12h..96h", "efficiency=0.3,0.4,0.5".

    over: a field of the need or its limits, `price` (a factor on all prices), or any quantity of the rules.
    Raises BadInput for a range that cannot be read, or of something that this need does not have.
    """
    catalog = catalog or load_catalog()
    if not 2 <= steps <= MOST_STEPS:
        message = f"{steps} steps make no range"
        raise BadInput(Fault("steps", "--steps", message, f"give 2 to {MOST_STEPS}"))
    wanted = axis(over, steps, need)
    change = _change(need, wanted, catalog)
    points = []
    for value in wanted.values:
        changed, offers, settings = change(value)
        plan = solve(changed, offers, fixed={**(fixed or {}), **settings}, base=base, explore=False)
        points.append(Point(wanted.text(value), value, plan))
    return Sweep(wanted.name, wanted.unit, points)


Change = Callable[[float], tuple[AnyNeed, Catalog, dict[str, float]]]


def _change(need: AnyNeed, wanted: Axis, catalog: Catalog) -> Change:
    """What a value of the axis changes: need, catalog or a fixed quantity."""
    name = wanted.name
    if name == "price":
        return lambda factor: (need, _priced(catalog, factor), {})
    if name == "budget":
        return lambda amount: (_limited(need, "budget", Money(amount, wanted.unit)), catalog, {})
    if name in ("max_cards", "min_replicas"):
        return lambda count: (_limited(need, name, int(count)), catalog, {})
    if name in type(need).model_fields:
        whole = wanted.whole
        return lambda value: (need.model_copy(update={name: int(value) if whole else value}), catalog, {})
    if isinstance(need, (Serve, Generate)) and name in _traffic_fields(need):
        return lambda value: (_trafficked(need, name, value), catalog, {})
    _check(name, need, catalog)
    return lambda value: (need, catalog, {name: value})


def _limited(need: AnyNeed, name: str, value: Any) -> AnyNeed:
    return need.model_copy(update={"limits": need.limits.model_copy(update={name: value})})


def _traffic_fields(need: Serve | Generate) -> list[str]:
    if need.traffic is None:
        return []
    first = need.traffic[0] if isinstance(need.traffic, list) else need.traffic
    return [name for name in type(first).model_fields if name != "name"]


def _trafficked(need: Serve | Generate, name: str, value: float) -> AnyNeed:
    """The need with one number of its traffic changed, in every class."""
    if isinstance(need.traffic, list):
        changed: Any = [part.model_copy(update={name: value}) for part in need.traffic]
    else:
        changed = need.traffic.model_copy(update={name: value}) if need.traffic else None
    return need.model_copy(update={"traffic": changed})


def _priced(catalog: Catalog, factor: float) -> Catalog:
    """The catalog with every price multiplied."""
    other = copy.copy(catalog)
    other.offers = replace(catalog.offers, price=catalog.offers.price * factor)
    return other


def _check(name: str, need: AnyNeed, catalog: Catalog) -> None:
    from optplan.evaluate import check_names

    fields = [n for n in (*type(need).model_fields, *type(need.limits).model_fields) if n in VARIED]
    try:
        check_names([name], pack(need.rules, need.task), catalog.assumptions, "--over")
    except BadInput as error:
        close = nearest(name, [*fields, "price"])
        if not close:
            raise
        fault = error.faults[0]
        raise BadInput(
            Fault(fault.code, "--over", fault.message, f"did you mean {', '.join(close)}?")
        ) from None


VARIED = (
    "deadline",
    "duration",
    "epochs",
    "sequence",
    "batch",
    "micro_batch",
    "budget",
    "max_cards",
    "min_replicas",
)
