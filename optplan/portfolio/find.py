"""The search: small portfolios as one program, exact; large ones by patterns, capital and months. The best of both."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from optplan.plan import Status
from optplan.portfolio.decompose import decompose
from optplan.portfolio.flat import Flat, flat_program
from optplan.portfolio.parts import Instance
from optplan.solve_long import ROW_TOLERANCE, Stop, fixed, search

PROVEN = 1e-7  # relative gap of floats
SMALL = 400  # options of all blocks up to which one program is proven soon
LARGE = 60_000  # options of all blocks beyond which one program is of no use
Say = Callable[[str, float, float], None]


@dataclass(slots=True)
class Outcome:
    """What was found. flat: the program that the plan is a solution of; values: {} where there is no plan."""

    flat: Flat | None = None
    status: Status = "unknown"
    values: dict[int, float] = field(default_factory=dict)
    cost: float = math.inf
    bound: float = -math.inf
    method: str = "flat"
    stopped: str = ""
    seconds: float = 0.0
    runs: int = 0
    nodes: int = 0

    @property
    def gap(self) -> float:
        """(cost - bound) / cost."""
        return (
            (self.cost - self.bound) / abs(self.cost) if math.isfinite(self.cost) and self.cost else math.inf
        )

    def take(self, flat: Flat, values: Mapping[int, float], cost: float) -> bool:
        """Keep a solution if it is the best so far, and holds."""
        if not values or cost >= self.cost or flat.program.broken(values, ROW_TOLERANCE) is not None:
            return False
        self.flat, self.values, self.cost = flat, dict(values), cost
        return True


def find(instance: Instance, stop: Stop, gap: float, say: Say) -> Outcome:
    """The best plan until it is proven, or good enough, or time is up."""
    begin = time.perf_counter()
    outcome = Outcome()
    if any(not block.options for block in instance.blocks):
        outcome.status = "infeasible"  # whatever the limits, nothing carries this need
        return outcome
    size = sum(len(block.options) for block in instance.blocks)
    if size > SMALL:
        _decomposed(instance, outcome, stop, gap, say)
    if outcome.gap > gap and not stop.now and (size <= LARGE or not outcome.values):
        _flat(instance, outcome, stop, 0.0 if size <= SMALL else gap, say)
    _corner(outcome)
    _judge(outcome, stop)
    outcome.seconds = time.perf_counter() - begin
    return outcome


def _decomposed(instance: Instance, outcome: Outcome, stop: Stop, gap: float, say: Say) -> None:
    """Patterns, capital, months."""
    outcome.method = "decomposed"

    def take(step: str, flat: Flat, values: dict[int, float], cost: float) -> None:
        if outcome.take(flat, values, cost):
            say(step, cost, outcome.bound)

    def tell(step: str, bound: float) -> None:
        outcome.bound = max(outcome.bound, bound)
        say(step, outcome.cost, outcome.bound)

    bound = decompose(instance, stop, gap, take, tell)
    outcome.bound = max(outcome.bound, bound)


def _flat(instance: Instance, outcome: Outcome, stop: Stop, gap: float, say: Say) -> None:
    """All in one program, until it is proven or time is up."""
    flat = flat_program(instance)
    number = {v.name: x for x, v in enumerate(flat.program.variables)}
    start: dict[int, float] = {}
    if outcome.flat is not None:
        names = outcome.flat.program.variables
        start = {
            number[names[x].name]: value for x, value in outcome.values.items() if names[x].name in number
        }
    outcome.flat = outcome.flat or flat
    found = search(
        flat.program,
        stop,
        gap=gap,
        start=start or None,
        progress=lambda cost, bound: say("one program", min(cost, outcome.cost), max(bound, outcome.bound)),
    )
    outcome.runs += 1
    outcome.nodes += found.nodes
    if outcome.take(flat, found.values, found.cost) or found.status == "optimal":
        outcome.method = "flat"
    outcome.bound = max(outcome.bound, found.bound)
    if found.status == "infeasible":
        outcome.status = "infeasible"


def _corner(outcome: Outcome) -> None:
    """The same whole numbers with flows at a corner, where they are whole too."""
    if outcome.values and outcome.flat is not None:
        found = fixed(outcome.flat.program, outcome.values)
        outcome.runs += 1
        if found.values and found.cost <= outcome.cost + PROVEN * abs(outcome.cost):
            outcome.values, outcome.cost = found.values, found.cost


def _judge(outcome: Outcome, stop: Stop) -> None:
    """Status and why the search ended."""
    if outcome.values:
        outcome.bound = min(outcome.bound, outcome.cost)
        outcome.status = "optimal" if outcome.gap <= PROVEN else "feasible"
    if stop.now and outcome.status in ("feasible", "unknown"):
        outcome.stopped = "interrupt" if stop.asked else "time limit"
