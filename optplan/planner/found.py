"""What a search hands on to the plan: the proven choice, and what it was chosen from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from optplan.candidates import Table
from optplan.evaluate import Assessment
from optplan.planner.costs.calls import Calls
from optplan.program import Program
from optplan.solve import Solution


@dataclass(frozen=True, slots=True)
class Pick:
    """Units of one offer in one role: the row of the table, and hours where the program chose them.

    job_hours   of the gang, where types are mixed and no single row tells it
    unit_hours  billed, summed over units, where the program chose them (offline inference)
    requests    that the units answer offline
    """

    offer: int
    units: int
    row: int
    job_hours: float | None = None
    unit_hours: float | None = None
    requests: float | None = None


class Option(NamedTuple):
    """A plan that was not chosen: units of one offer alone."""

    offer: int
    units: int
    cost: float
    hours: float


class Tally(NamedTuple):
    """Candidates of a need that has no plan.

    held    those that meet every requirement
    missed  requirements that the nearest candidate of each card misses, in alphabetical order
    """

    candidates: int
    held: int
    missed: tuple[str, ...]


SHOWN: Final = 3  # alternatives of a plan
UNSEARCHED: Final = Solution("unknown", {}, math.inf, -math.inf, 0.0, 0)


@dataclass(slots=True)
class Found:
    """The outcome of a search over one need's candidates.

    tally  of a search without a plan, where the candidates themselves are not handed on
    """

    table: Table
    assessment: Assessment
    holds: np.ndarray
    program: Program | None = None
    solution: Solution = UNSEARCHED
    picks: list[Pick] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    elapsed: float = 0.0
    runs: int = 1
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    calls: Calls | None = None
    tally: Tally | None = None
