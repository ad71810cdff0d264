"""Variables with what they cost and when: the objective, the budgets and the answer's terms read the same entries."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from optplan.program import Program


class Payment(NamedTuple):
    """So much for one charge. when: start of month 0, 1 .. (end of month t = t + 1); month: whose budget it is."""

    when: int
    month: int
    charge: str
    amount: float


@dataclass(slots=True)
class Ledger:
    """A program whose variables are paid for at given times."""

    program: Program
    discount: np.ndarray
    made: list[tuple[Payment, ...] | Callable[[], list[Payment]]] = field(default_factory=list)

    def variable(
        self, name: str, payments: Sequence[Payment] = (), upper: float = math.inf, integer: bool = True
    ) -> int:
        """Add a variable whose cost is the present value of its payments."""
        self.made.append(tuple(payments))
        return self.program.variable(name, self.present(payments), upper, integer)

    def acquisition(self, name: str, cost: float, make: Callable[[], list[Payment]]) -> int:
        """Add a whole-number variable of many payments, which are listed only when asked for. cost: present value."""
        self.made.append(make)
        return self.program.variable(name, cost)

    def payments(self, i: int) -> Sequence[Payment]:
        """The payments of a variable."""
        made = self.made[i]
        return made if isinstance(made, tuple) else made()

    def present(self, payments: Sequence[Payment]) -> float:
        """The present value of payments."""
        return math.fsum(p.amount * float(self.discount[p.when]) for p in payments)

    def spent(self, month: int | None = None) -> dict[int, float]:
        """Variable -> what one of it costs undiscounted, in all or in one month (there without income)."""
        found = {}
        for i in range(len(self.made)):
            payments = self.payments(i)
            amount = math.fsum(
                p.amount for p in payments if month is None or (p.month == month and p.amount > 0)
            )
            if amount:
                found[i] = amount
        return found

    def paid(self, values: Mapping[int, float]) -> list[Payment]:
        """Every payment of a solution."""
        return [
            Payment(p.when, p.month, p.charge, p.amount * value)
            for i, value in values.items()
            for p in self.payments(i)
        ]
