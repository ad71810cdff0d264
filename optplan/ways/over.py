"""All ways along an axis: months of a service, volume, or a factor on prices."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from optplan.compare.axis import axis
from optplan.errors import BadInput, Fault, nearest
from optplan.units import number
from optplan.ways.trial import Asked, Trials
from optplan.ways.values import WAYS, WayPoint, WaysReport

MOST_STEPS = 200
PRICE = "price"
AXES = ("months", "volume", PRICE, *(f"{PRICE}.{way}" for way in WAYS))


def points(
    over: str, steps: int, trials: Trials, names: Sequence[str], report: WaysReport
) -> tuple[str, list[WayPoint]]:
    """(name of the axis, a point for each step). Raises BadInput for an axis that this need does not have."""
    if not 2 <= steps <= MOST_STEPS:
        raise BadInput(Fault("steps", "--steps", f"{steps} steps make no range", f"give 2 to {MOST_STEPS}"))
    wanted = axis(over, steps, trials.need)
    change, text = _change(wanted.name, trials, report)
    values = wanted.values
    if wanted.name == "months":
        values = _months(values, ".." in over, steps)
    return wanted.name, [_point(value, text(value), change(value), trials, names) for value in values]


def _months(values: Sequence[float], between: bool, steps: int) -> list[float]:
    """Whole months, each once: those named, or evenly spread between the ends."""
    first, last = values[0], values[-1]
    if between:
        values = [first + (last - first) * i / (steps - 1) for i in range(steps)]
    return [float(month) for month in dict.fromkeys(max(1, round(value)) for value in values)]


def _change(
    name: str, trials: Trials, report: WaysReport
) -> tuple[Callable[[float], Asked], Callable[[float], str]]:
    if name not in AXES:
        close = nearest(name, AXES, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        hint += f"with --ways the axes are {', '.join(AXES)}"
        raise BadInput(
            Fault("unknown-axis", "--over", f"{name[:40]!r} is nothing to compare ways over", hint)
        )
    if name == "months":
        if trials.need.task != "serve":
            raise BadInput(
                Fault("no-months", "--over months", f"a {trials.need.task} need ends when its work is done",
                      "take volume=..")
            )  # fmt: skip
        return lambda months: Asked(months=months), lambda value: f"{number(value)}"
    if name == "volume":
        if math.isnan(report.volume):
            raise BadInput(
                Fault(
                    "no-volume",
                    "--over volume",
                    "a job to fine-tune has no volume of requests",
                    "take price=..",
                )
            )
        return lambda volume: Asked(
            scale=volume / report.volume
        ), lambda value: f"{number(value)} {report.unit}"
    scaled = [name.partition(".")[2]] if "." in name else list(WAYS)
    return (
        lambda factor: Asked(prices=tuple((way, factor) for way in scaled)),
        lambda value: f"{number(value)} x",
    )


def _point(value: float, text: str, asked: Asked, trials: Trials, names: Sequence[str]) -> WayPoint:
    found = {name: trials.way(name, asked) for name in names}
    solved = {name: way for name, way in found.items() if way.plan is not None}
    best = min(solved, key=lambda name: solved[name].npv) if solved else ""
    return WayPoint(
        value,
        text,
        {name: way.npv for name, way in solved.items()},
        {name: way.total for name, way in solved.items()},
        {name: way.label for name, way in solved.items()},
        best,
    )
