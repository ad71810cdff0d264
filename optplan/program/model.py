"""Variables, rows and objective of an integer program, with names that a person can read."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Variable:
    """A decision. cost: its coefficient in the objective; upper may be infinite; lower bound is 0."""

    name: str
    cost: float
    upper: float
    integer: bool


@dataclass(frozen=True, slots=True)
class Row:
    """low <= sum of coefficient * variable <= high, named after what the user said.

    Rows of amounts are scaled so that their limit is 1: a solver's tolerances are absolute.
    """

    name: str
    coefficients: Mapping[int, float]
    low: float = -math.inf
    high: float = math.inf


@dataclass(slots=True)
class Program:
    """Minimise the cost of the variables subject to the rows."""

    name: str
    variables: list[Variable] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    taken: set[tuple[str, str]] = field(default_factory=set, repr=False, compare=False)

    def variable(self, name: str, cost: float = 0.0, upper: float = math.inf, integer: bool = True) -> int:
        """Add a variable; returns its index. Names are made safe for LP files and unique."""
        if not math.isfinite(cost):
            raise ValueError(f"variable {name}: its cost is {cost}")
        self.variables.append(Variable(self._unique("variable", name), cost, upper, integer))
        return len(self.variables) - 1

    def row(
        self, name: str, coefficients: Mapping[int, float], low: float = -math.inf, high: float = math.inf
    ) -> None:
        """Add a row; zero coefficients are left out. Its name is made safe and unique: rows of one name would
        replace each other.
        """
        kept = {i: c for i, c in coefficients.items() if c}
        if not all(map(math.isfinite, kept.values())):
            raise ValueError(f"row {name}: a coefficient is not finite")
        self.rows.append(Row(self._unique("row", name), kept, low, high))

    def cost(self, values: Mapping[int, float]) -> float:
        """The objective at a solution."""
        return math.fsum(self.variables[i].cost * value for i, value in values.items())

    def activity(self, row: Row, values: Mapping[int, float]) -> float:
        """The left side of a row at a solution."""
        return math.fsum(c * values.get(i, 0.0) for i, c in row.coefficients.items())

    @property
    def scale(self) -> float:
        """What brings the objective's coefficients near 1, since the solver's tolerances are absolute."""
        costs = sorted(abs(v.cost) for v in self.variables if v.cost)
        return 2.0 ** -round(math.log2(costs[len(costs) // 2])) if costs else 1.0

    def broken(self, values: Mapping[int, float], tolerance: float) -> str | None:
        """A row that the values do not keep to, with both sides; None where all hold."""
        for row in self.rows:
            activity = self.activity(row, values)
            room = tolerance * (1.0 + max((abs(c) for c in row.coefficients.values()), default=0.0))
            if activity > row.high + room or activity < row.low - room:
                return f"{row.name}: {activity} not in {row.low}..{row.high}"
        return None

    def _unique(self, kind: str, name: str) -> str:
        safe = unique = lp_name(name)
        count = 1
        while (kind, unique) in self.taken:
            count += 1
            unique = f"{safe}_{count}"
        self.taken.add((kind, unique))
        return unique


def lp_name(text: str) -> str:
    """Letters, digits and _ . only, not starting with a digit: what every reader of LP files takes."""
    safe = re.sub(r"[^A-Za-z0-9_.]+", "_", text).strip("_")
    return safe if re.match(r"[A-Za-z_]", safe) else f"_{safe}"
