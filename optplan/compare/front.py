"""The exact front of cost against time, carbon or both: every plan that no other beats in all of them.

Epsilon-constraint: the need is solved for the least cost, then again with the other objective held below what that
plan has, and so on until there is no plan left. Each step is an integer program with its own proof.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault, nearest
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner import load_catalog, solve
from optplan.units import finite

OBJECTIVES: Final = ("cost", "time", "carbon")
PLACE: Final = "--pareto"
CUT: Final = (
    1e-5  # relative: objectives that differ by less count as equal; above every tolerance of the solver
)
STEP: Final = 0.05  # relative step along a part of the front where time and cost trade without a break
MOST_SOLVES: Final = 400
MOST_CARDS: Final = 64  # of the plans of a front over time, unless the need says max_cards


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """One plan of the front.

    hours      wall clock; of a service, how long it runs
    carbon_kg  nan where the rules count no carbon
    proven     no plan is better in one objective without being worse in another
    smooth     it uses all of the limit that it was searched under, so that the front may go on without a break
    """

    cost: float
    hours: float
    carbon_kg: float
    plan: Plan
    proven: bool
    smooth: bool = False

    def json(self) -> dict[str, Any]:
        """{cost, hours, carbon_kg, proven, smooth, plan}."""
        return {
            "cost": self.cost,
            "hours": finite(self.hours),
            "carbon_kg": finite(self.carbon_kg),
            "proven": self.proven,
            "smooth": self.smooth,
            "plan": self.plan.json(),
        }


@dataclass(frozen=True, slots=True)
class Front:
    """All points, the cheapest first.

    objectives  of cost, time, carbon
    exact       every plan that is not beaten is a point: proven, none left out. Where batches trade cost for time
                without a break (smooth points) there is no end of them, and exact is False: each point is proven,
                and a plan between two of them is between them in cost, too
    method      how that was proven, in words
    notes       what the front does not cover
    """

    name: str
    objectives: tuple[str, ...]
    currency: str
    points: list[FrontPoint]
    exact: bool
    method: str
    solves: int
    notes: list[str] = field(default_factory=list)
    none: Plan | None = None

    def json(self) -> dict[str, Any]:
        """{name, objectives, currency, exact, method, solves, notes, points}; no points: `none` is the answer."""
        found: dict[str, Any] = {
            "name": self.name,
            "objectives": list(self.objectives),
            "currency": self.currency,
            "exact": self.exact,
            "method": self.method,
            "solves": self.solves,
            "notes": self.notes,
            "points": [point.json() for point in self.points],
        }
        return found if self.none is None else found | {"none": self.none.json()}


def pareto(
    need: AnyNeed,
    objectives: str | Sequence[str] = "cost,time",
    catalog: Catalog | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> Front:
    """Every plan of a need that no other beats in all objectives.

    objectives: cost with time, carbon or both. Over time, plans of up to 64 cards are looked at unless the need
    says max_cards. Raises BadInput for objectives that this need does not have, and as `solve` does.
    """
    wanted = read_objectives(objectives, need)
    return _Search(need, wanted, catalog or load_catalog(), fixed, base).front()


def read_objectives(text: str | Sequence[str], need: AnyNeed) -> tuple[str, ...]:
    """The objectives in their fixed order. Raises BadInput for what is none, or has no meaning for the need."""
    words = [w.strip().lower() for w in (text.split(",") if isinstance(text, str) else text)]
    faults = []
    for word in words:
        if word not in OBJECTIVES:
            close = nearest(word, OBJECTIVES)
            hint = f"did you mean {close[0]}?" if close else f"objectives are {', '.join(OBJECTIVES)}"
            faults.append(Fault("objective", PLACE, f"{word[:40]!r} is no objective", hint))
    if not faults and ("cost" not in words or len(set(words)) < 2):
        faults.append(
            Fault(
                "objective", PLACE, "a front is of cost against something", "write cost,time or cost,carbon"
            )
        )
    if "time" in words and need.task == "serve":
        message = "a service runs for its whole duration, so no plan of it is faster than another"
        faults.append(Fault("objective", PLACE, message, "write cost,carbon"))
    if faults:
        raise BadInput(faults)
    return tuple(name for name in OBJECTIVES if name in words)


class _Search:
    """Solves one need under tighter and tighter limits."""

    def __init__(
        self,
        need: AnyNeed,
        objectives: tuple[str, ...],
        catalog: Catalog,
        fixed: Mapping[str, float] | None,
        base: Path | None,
    ) -> None:
        self.objectives, self.catalog, self.fixed, self.base = objectives, catalog, fixed, base
        self.solves, self.stopped, self.notes = 0, False, list[str]()
        self.none: Plan | None = None
        if "time" in objectives and need.limits.max_cards is None:
            limits = need.limits.model_copy(update={"max_cards": MOST_CARDS})
            need = need.model_copy(update={"limits": limits})
            self.notes.append(f"plans of up to {MOST_CARDS} cards; say max_cards for more or fewer")
        self.need = need

    def front(self) -> Front:
        """Search, and keep what nothing beats."""
        found = self._faster() if "time" in self.objectives else self._cleaner(self.need)
        points = unbeaten(found, self.objectives)
        if self.stopped:
            self.notes.append(f"stopped after {self.solves} solves: points past the last one are missing")
        if any(point.smooth for point in points):
            self.notes.append(
                f"* the front goes on without a break here, and a point is taken every {STEP:.0%}: each is proven, "
                "a plan between two of them is between them in cost, too"
            )
        exact = not self.stopped and all(point.proven and not point.smooth for point in points)
        plan = self.none if not points else points[0].plan
        method = f"epsilon-constraint: {self.solves} integer programs, each solved to a gap of 0"
        return Front(
            plan.name if plan else "", self.objectives, plan.currency if plan else "", points, exact, method,
            self.solves, self.notes, None if points else self.none,
        )  # fmt: skip

    def _faster(self) -> list[FrontPoint]:
        """The points with every deadline that makes a difference."""
        inner = self._cleaner if "carbon" in self.objectives else self._cheapest
        return self._tighter(self.need, _with_deadline, inner, lambda point: point.hours)

    def _cleaner(self, need: AnyNeed) -> list[FrontPoint]:
        """The points with every limit on carbon that makes a difference."""
        return self._tighter(need, _with_carbon, self._cheapest, lambda point: point.carbon_kg)

    def _cheapest(self, need: AnyNeed) -> list[FrontPoint]:
        """The cheapest plan, as a list of one; none where there is none."""
        if self.solves >= MOST_SOLVES:
            self.stopped = True
            return []
        self.solves += 1
        plan = solve(need, self.catalog, fixed=self.fixed, base=self.base, explore=False)
        if not plan.feasible:
            self.none = self.none or plan
            return []
        band = plan.quantities.get("carbon_kg")
        if band is None and "carbon" in self.objectives:
            message = f"the rules {plan.pack.name} count no carbon"
            raise BadInput(
                Fault("objective", PLACE, message, "take the engineering rules, or leave carbon out")
            )
        carbon = math.nan if band is None else band.value
        return [FrontPoint(plan.total_cost, plan.hours, carbon, plan, plan.status == "optimal")]

    def _tighter(
        self,
        need: AnyNeed,
        limited: Callable[[AnyNeed, float], AnyNeed],
        inner: Callable[[AnyNeed], list[FrontPoint]],
        measure: Callable[[FrontPoint], float],
    ) -> list[FrontPoint]:
        """All points of `inner` under ever tighter limits: below the largest value that the last ones have.

        Any unbeaten plan is among them: at the tightest limit that lets it in, it is not above any point's value.
        """
        found: list[FrontPoint] = []
        limit = math.inf
        while points := inner(need if math.isinf(limit) else limited(need, limit)):
            value = max(map(measure, points))
            if value <= 0 or self.stopped:
                return found + points
            smooth = need.task == "generate" and value >= limit * (1 - 10 * CUT)
            found += [_smooth(point) if smooth else point for point in points]
            limit = min(value, limit) * (1 - (STEP if smooth else CUT))
        return found


def unbeaten(points: Sequence[FrontPoint], objectives: Sequence[str]) -> list[FrontPoint]:
    """The points that no other is as good as in all objectives and better in one, the cheapest first.

    Of points that are equal in all, the first stays.
    """
    kept: list[FrontPoint] = []
    for point in sorted(points, key=lambda p: _values(p, objectives)):
        if not any(_as_good(other, point, objectives) for other in kept):
            kept = [other for other in kept if not _as_good(point, other, objectives)]
            kept.append(point)
    return kept


def _as_good(one: FrontPoint, other: FrontPoint, objectives: Sequence[str]) -> bool:
    """Whether one is at most the other in every objective, within the cut."""
    pairs = zip(_values(one, objectives), _values(other, objectives), strict=True)
    return all(a <= b * (1 + CUT / 10) for a, b in pairs)


def _values(point: FrontPoint, objectives: Sequence[str]) -> tuple[float, ...]:
    of = {"cost": point.cost, "time": point.hours, "carbon": point.carbon_kg}
    return tuple(of[name] for name in objectives)


def _smooth(point: FrontPoint) -> FrontPoint:
    return FrontPoint(point.cost, point.hours, point.carbon_kg, point.plan, point.proven, smooth=True)


def _with_deadline(need: AnyNeed, hours: float) -> AnyNeed:
    return need.model_copy(update={"deadline": hours})


def _with_carbon(need: AnyNeed, kg: float) -> AnyNeed:
    return need.model_copy(update={"limits": need.limits.model_copy(update={"carbon": kg})})
