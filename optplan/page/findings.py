"""A need -> all that its page tells: the plan, why, what else was possible, what would change it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from optplan.catalog import Catalog
from optplan.compare import Sweep, Tornado, diff_packs, sweep, tornado
from optplan.compare.packs import PackDiff
from optplan.errors import BadInput
from optplan.explain import Explanation, explain
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import solve
from optplan.rules import base_of
from optplan.rules.constants import MONTH
from optplan.units import HOUR
from optplan.ways import WAYS, WaysReport, compare_ways

if TYPE_CHECKING:
    from optplan.portfolio.plan import PortfolioPlan

STEPS: Final = 12  # points of a curve
BARS: Final = 8  # assumptions that are drawn
SHORTER, LONGER = 0.35, 3.0  # the curve of a job runs from and to these multiples of its own time
VOLUMES: Final = 16  # volumes at which ways are compared
QUIETEST: Final = 0.125  # from this multiple of the need's own volume
QUIETER, BUSIER = 0.25, 4.0  # the curve of a service runs from and to these multiples of its traffic
Found = TypeVar("Found")


@dataclass(slots=True)
class Findings:
    """What is known of one need. A part that cannot be had is None, and `absent` says why.

    place    where the need is from
    absent   part -> why it is not there
    """

    need: AnyNeed
    place: str
    plan: Plan
    explanation: Explanation | None = None
    curve: Sweep | None = None
    ways: WaysReport | None = None
    tornado: Tornado | None = None
    packs: PackDiff | None = None
    absent: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Together:
    """A portfolio's plan, and where it is from."""

    place: str
    plan: PortfolioPlan


def find(
    need: AnyNeed,
    catalog: Catalog,
    *,
    place: str = "",
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
    progress: Callable[[str, str], None] = lambda _, __: None,
) -> Findings:
    """Everything that the page of a need tells.

    progress: is told the need and the part that is being worked on.
    Raises BadInput as `solve` does for the need itself; what a further part cannot do is kept in `absent`.
    """
    name = need.name or need.task
    progress(name, "plan")
    found = Findings(need, place, solve(need, catalog, fixed=fixed, base=base))
    if not found.plan.feasible:
        return found
    found.explanation = explain(found.plan)
    progress(name, "ways")
    volume = _volumes(need, found.plan)
    found.ways = _part(
        found,
        "ways",
        lambda: compare_ways(
            need, catalog, ways=list(WAYS), over=volume, steps=VOLUMES, fixed=fixed, base=base
        ),
    )
    progress(name, "curve")
    over = _range(need, found.plan)
    if over:
        found.curve = _part(
            found, "curve", lambda: sweep(need, over, catalog, steps=STEPS, fixed=fixed, base=base)
        )
    if found.curve is not None and not any(point.plan.feasible for point in found.curve.points):
        found.curve, found.absent["curve"] = None, "no point of the curve has a plan"
    progress(name, "tornado")
    found.tornado = _part(found, "tornado", lambda: tornado(need, catalog, top=BARS, fixed=fixed, base=base))
    progress(name, "packs")
    other = "engineering" if base_of(need.rules) == "lesson" else "lesson"
    packs = (need.rules, other) if other == "engineering" else (other, need.rules)
    found.packs = _part(found, "packs", lambda: diff_packs(need, *packs, catalog, fixed=fixed, base=base))
    return found


def _part(found: Findings, name: str, call: Callable[[], Found]) -> Found | None:
    try:
        return call()
    except BadInput as error:
        found.absent[name] = error.faults[0].message
        return None


def _volumes(need: AnyNeed, plan: Plan) -> str | None:
    """The requests a month over which ways are compared, for a service; None for a job."""
    if need.task != "serve":
        return None
    volume = MONTH * HOUR * sum(float(one.requests_per_second) for one in plan.settled.classes)
    return _ends("volume", volume * QUIETEST, volume * BUSIER)


def _range(need: AnyNeed, plan: Plan) -> str:
    """What the cost is drawn over: the deadline of a job, the traffic or time of a service; "" for nothing."""
    if not math.isfinite(plan.hours):
        return ""
    if need.task != "serve":
        return _ends("deadline", plan.hours * SHORTER, max(plan.hours * LONGER, need.deadline or 0.0), "h")
    classes = plan.settled.classes
    if len(classes) == 1 and need.traffic is not None:
        rate = classes[0].requests_per_second
        return _ends("requests_per_second", rate * QUIETER, rate * BUSIER)
    return _ends("duration", plan.hours * QUIETER, plan.hours * BUSIER, "h")


def _ends(name: str, low: float, high: float, unit: str = "") -> str:
    """ "deadline=0.7..48h": three digits of both ends, so that the axis is round."""
    return f"{name}={float(f'{low:.3g}')!r}..{float(f'{high:.3g}')!r}{unit}"
