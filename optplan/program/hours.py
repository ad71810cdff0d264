"""Hours of units that are held: which of them work, and what they are billed, at least cost."""

from __future__ import annotations

import math

from optplan.program.columns import SECOND, Columns
from optplan.program.search import Best, Choice
from optplan.program.spans import Spans, least_hours
from optplan.units import TOLERANCE


class Hours:
    """Hours of units: which of them work, and what they are billed."""

    def __init__(self, columns: Columns, spans: Spans, best: Best) -> None:
        self.setup, self.best = spans.setup, best
        self.fixed, self.rate, self.alone, self.step, self.longest, self.full, self.rest = (
            column.tolist()
            for column in (
                columns.fixed, columns.rate, spans.alone, columns.step, spans.longest, spans.full, spans.rest,
            )
        )  # fmt: skip
        cheapest = sorted(range(len(self.rate)), key=lambda i: (self.rate[i] * self.alone[i], i))
        self.rank = {i: k for k, i in enumerate(cheapest)}
        self.least = least_hours(columns, spans, best.limits).tolist()
        self.replicas = columns.replicas.tolist()

    def settle(self, units: list[int]) -> None:
        """Offer these units at the least cost of their hours, if they can do the work.

        Without billing steps the hours follow from what work costs; a column whose steps that breaks is billed a
        step less or more, and so on.
        """
        used, need = [i for i, n in enumerate(units) if n], self.best.limits.min_replicas
        if need > 1 and sum(units[i] * self.replicas[i] for i in used) < need:
            return
        open_ = [([units[i] * self.longest[i] for i in used], [units[i] * self.least[i] for i in used])]
        while open_:
            top, low = open_.pop()
            self.best.count()
            held = self._relaxed(used, units, top, low)
            top_cost = self.best.upper * (1 + TOLERANCE)
            if held is None or self._cost(used, units, self._most(held, low)) > top_cost:
                continue
            steps = [self._steps(i, units[i], u) for i, u in zip(used, held, strict=True)]
            billed = [
                max(b, s * self.step[i]) if self.step[i] > SECOND else max(b, u)
                for i, u, b, s in zip(used, held, low, steps, strict=True)
            ]
            self._offer(used, units, held, billed)
            if len(used) == 1:
                return  # a step less is too few, more are no better
            worst = max(
                range(len(used)), key=lambda k: self.rate[used[k]] * (billed[k] - max(low[k], held[k]))
            )
            i = used[worst]
            if billed[worst] > max(low[worst], held[worst]) * (1 + TOLERANCE):
                fewer, more = list(top), list(low)
                fewer[worst] = self._useful(i, units[i], steps[worst] - 1)
                more[worst] = steps[worst] * self.step[i]
                open_ += [(fewer, low), (top, more)]

    def _steps(self, i: int, units: int, hours: float) -> int:
        """Billing steps of so many hours in use, as of `Spans.billed`; 0 where billing is continuous."""
        if self.step[i] <= SECOND:
            return 0
        inside = units * self.full[i]
        steps = math.ceil(hours / self.step[i] * (1 - TOLERANCE))
        if steps <= inside:
            return int(steps)
        rest = max(self.rest[i], TOLERANCE * self.step[i])
        return int(inside + math.ceil((hours - inside * self.step[i]) / rest * (1 - TOLERANCE)))

    def _useful(self, i: int, units: int, steps: int) -> float:
        """Hours that can be used of so many billing steps."""
        inside = min(float(steps), units * self.full[i])
        return float(inside * self.step[i] + (steps - inside) * self.rest[i])

    @staticmethod
    def _most(held: list[float], low: list[float]) -> list[float]:
        return [max(u, b) for u, b in zip(held, low, strict=True)]

    def _cost(self, used: list[int], units: list[int], hours: list[float]) -> float:
        return math.fsum(
            self.fixed[i] * units[i] + self.rate[i] * h for i, h in zip(used, hours, strict=True)
        )

    def _offer(self, used: list[int], units: list[int], held: list[float], billed: list[float]) -> None:
        hours, busy = [0.0] * len(units), [0.0] * len(units)
        for k, i in enumerate(used):
            hours[i], busy[i] = billed[k], held[k] - units[i] * self.setup
        self.best.offer(Choice(self._cost(used, units, billed), tuple(units), tuple(hours), tuple(busy)))

    def _relaxed(
        self, used: list[int], units: list[int], top: list[float], low: list[float]
    ) -> list[float] | None:
        """Hours in use at least cost, were there no billing steps; None where they cannot do the work.

        First the hours that are billed anyhow, then those of the cheapest work. top, low: most hours in use, least
        hours billed.
        """
        left, held = 1.0, [units[i] * self.setup for i in used]
        for k, i in enumerate(used):
            steps = round(low[k] / self.step[i]) if self.step[i] > SECOND else 0
            free = self._useful(i, units[i], steps) if steps else low[k]
            more = max(0.0, min(free, top[k]) - held[k])
            more = min(more, left * self.alone[i])
            held[k] += more
            left = max(0.0, left - more / self.alone[i])
        for k in sorted(range(len(used)), key=lambda k: self.rank[used[k]]):
            i = used[k]
            more = max(0.0, min(left * self.alone[i], top[k] - held[k]))
            held[k] += more
            left = max(0.0, left - more / self.alone[i])
        return held if left <= TOLERANCE else None
