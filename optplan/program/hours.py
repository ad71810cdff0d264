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
        best, step = self.best, self.step
        used, need = [i for i, n in enumerate(units) if n], best.limits.min_replicas
        if need > 1 and sum(units[i] * self.replicas[i] for i in used) < need:
            return
        begun, paid = [units[i] * self.setup for i in used], sum(self.fixed[i] * units[i] for i in used)
        order = sorted(range(len(used)), key=lambda k: self.rank[used[k]])
        low = [units[i] * self.least[i] for i in used]
        free = [self._free(i, units[i], b) for i, b in zip(used, low, strict=True)]
        open_ = [([units[i] * self.longest[i] for i in used], low, free)]
        while open_:
            top, low, free = open_.pop()
            best.count()
            held = self._relaxed(used, order, begun, top, free)
            if held is None:
                continue
            cost, worst, steps, billed = self._rounded(used, units, held, low)
            if paid + cost > best.upper * (1 + TOLERANCE):
                continue
            self._offer(used, units, held, billed)
            if len(used) == 1:
                return  # a step less is too few, more are no better
            i, n = used[worst], steps[worst]
            if billed[worst] > max(low[worst], held[worst]) * (1 + TOLERANCE):
                fewer, more, freed = list(top), list(low), list(free)
                fewer[worst] = self._useful(i, units[i], n - 1)
                more[worst] = n * step[i]
                freed[worst] = self._free(i, units[i], more[worst])
                open_ += [(fewer, low, free), (top, more, freed)]

    def _rounded(
        self, used: list[int], units: list[int], held: list[float], low: list[float]
    ) -> tuple[float, int, list[int], list[float]]:
        """(cost of the hours were there no steps, position of the dearest rounding, steps, hours billed)."""
        cost, worst, most, steps, billed = 0.0, 0, -1.0, list[int](), list[float]()
        for k, i in enumerate(used):
            hours, step, rate = max(held[k], low[k]), self.step[i], self.rate[i]
            steps.append(self._steps(i, units[i], held[k]))
            billed.append(max(low[k], steps[k] * step) if step > SECOND else hours)
            cost += rate * hours
            lost = rate * (billed[k] - hours)
            if lost > most:
                worst, most = k, lost
        return cost, worst, steps, billed

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

    def _free(self, i: int, units: int, billed: float) -> float:
        """Hours that can be used of those that are billed anyhow."""
        steps = round(billed / self.step[i]) if self.step[i] > SECOND else 0
        return self._useful(i, units, steps) if steps else billed

    def _offer(self, used: list[int], units: list[int], held: list[float], billed: list[float]) -> None:
        cost = math.fsum(
            self.fixed[i] * units[i] + self.rate[i] * h for i, h in zip(used, billed, strict=True)
        )
        if cost <= self.best.upper * (1 + TOLERANCE):
            hours, busy = [0.0] * len(units), [0.0] * len(units)
            for k, i in enumerate(used):
                hours[i], busy[i] = billed[k], held[k] - units[i] * self.setup
            self.best.offer(Choice(cost, tuple(units), tuple(hours), tuple(busy)))

    def _relaxed(
        self, used: list[int], order: list[int], begun: list[float], top: list[float], free: list[float]
    ) -> list[float] | None:
        """Hours in use at least cost, were there no billing steps; None where they cannot do the work.

        First the hours that are billed anyhow, then those of the cheapest work. order: positions by that; begun: hours
        to start; top: most hours in use; free: those that are billed anyhow.
        """
        left, held, alone = 1.0, list(begun), self.alone
        for k, i in enumerate(used):
            more = min(free[k], top[k]) - held[k]
            if more > 0:
                more = min(more, left * alone[i])
                held[k] += more
                left = max(0.0, left - more / alone[i])
        for k in order:
            if left <= 0:
                break
            i = used[k]
            more = min(left * alone[i], top[k] - held[k])
            if more > 0:
                held[k] += more
                left = max(0.0, left - more / alone[i])
        return held if left <= TOLERANCE else None
