"""The cheapest units and hours of offline work without a solver, where few plans could be as cheap as one known."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from optplan.program.columns import SECOND, Columns
from optplan.program.limits import Limits
from optplan.program.search import Best, Choice
from optplan.program.spans import Spans
from optplan.program.worth import Worth, least_hours
from optplan.units import TOLERANCE


def cheapest_batch(columns: Columns, spans: Spans, worth: Worth, limits: Limits, mix: str) -> Choice | None:
    """The cheapest units and hours that do all the work; None where none do.

    Raises TooMany where only a solver helps.
    """
    best = Best(columns, limits, mix, worth.upper)
    hours = _Hours(columns, spans, best)
    for units in _guesses(best, spans, worth):
        hours.settle(units)
    for units in _multisets(best, spans, worth):
        hours.settle(units)
    return best.first()


def _multisets(best: Best, spans: Spans, worth: Worth) -> Iterator[list[int]]:
    """Units of each column whose excess leaves a plan as cheap as the best known, and that can do all the work.

    First the units of the column of least excess, then others beside them; of those billed as used all but one work to
    the end. What is left of the work has an excess of its own, of so much a piece at least.
    """
    beyond = [max(e, 0.0) for e in worth.excess.tolist()]
    busy = [max(e, b) for e, b in zip(worth.busy.tolist(), beyond, strict=True)]
    piece = [max(e, 0.0) for e in worth.piece.tolist()]
    unit = ((spans.longest - spans.setup) / spans.alone).tolist()  # of the work, by one unit
    order = sorted(range(len(beyond)), key=lambda i: (beyond[i], i))
    gpus, card, most = best.columns.gpus.tolist(), best.columns.card.tolist(), spans.most.tolist()
    held, size = [0] * len(order), len(order)
    first = order[0] if order else 0
    others = min((piece[i] for i in order[1:]), default=math.inf)

    def fits(least: float, left: float) -> bool:
        more = left * others if left > TOLERANCE else 0.0
        return least + more <= best.upper * (1 + 2 * TOLERANCE)

    def visit(top: int, least: float, spared: float, left: float, depth: int) -> Iterator[list[int]]:
        """least: cost at least, all units working to the end; spared: what the one that need not saves of it."""
        best.count(depth)
        if left <= TOLERANCE:
            yield held
        for k in range(1, top + 1):
            i = order[k]
            more, saved = least + busy[i], max(spared, busy[i] - beyond[i])
            if not fits(more - saved, left - unit[i]):
                continue
            if held[i] < most[i] and best.room(card[i], held) >= gpus[i]:
                held[i] += 1
                yield from visit(k, more, saved, left - unit[i], depth + 1)
                held[i] -= 1

    if not order:
        return
    enough = math.ceil((1 - TOLERANCE) / unit[first] * (1 - TOLERANCE))
    room = min(best.room(card[first], held) // gpus[first], int(most[first]))
    for n in [*range(min(enough, room), -1, -1), *range(enough + 1, room + 1)]:
        least, left = worth.lower + n * beyond[first], 1 - n * unit[first]
        if not fits(least, left):
            continue
        held[first] = n
        yield from visit(size - 1, least, 0.0, left, 0)
        held[first] = 0


def _guesses(best: Best, spans: Spans, worth: Worth) -> Iterator[list[int]]:
    """Units of the cheapest work, with a few others to finish: the better the plan known, the less is left."""
    if len(worth.excess) < 3 or not math.isfinite(worth.upper):
        return
    unit = ((spans.longest - spans.setup) / spans.alone).tolist()
    order = np.argsort(worth.excess, kind="stable").tolist()
    gpus, card = best.columns.gpus.tolist(), best.columns.card.tolist()
    for first in order[:2]:
        whole = math.floor(1 / unit[first])
        for n in sorted({whole + 1, max(0, whole), max(0, whole - 1)}):
            for other in order:
                held = [0] * len(order)
                held[first] = n
                if n * gpus[first] <= best.room(card[first], [0] * len(order)):
                    more = max(1, math.ceil((1 - n * unit[first]) / unit[other] * (1 - TOLERANCE)))
                    if more * gpus[other] <= best.room(card[other], held) and more <= 3:
                        held[other] += more
                        yield held


class _Hours:
    """Hours of units: which of them work, and what they are billed."""

    def __init__(self, columns: Columns, spans: Spans, best: Best) -> None:
        self.setup, self.best = spans.setup, best
        self.fixed, self.rate, self.alone, self.step, self.longest, self.full, self.rest = (
            column.tolist()
            for column in (
                columns.fixed, columns.rate, spans.alone, columns.step, spans.longest, spans.full, spans.rest,
            )
        )  # fmt: skip
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
            if held is None or self._cost(used, units, self._most(held, low)) > self.best.upper * (
                1 + TOLERANCE
            ):
                continue
            steps = [self._steps(i, units[i], u) for i, u in zip(used, held, strict=True)]
            billed = [
                max(b, s * self.step[i]) if self.step[i] > SECOND else max(b, u)
                for i, u, b, s in zip(used, held, low, steps, strict=True)
            ]
            self._offer(used, units, held, billed)
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
        for k in sorted(range(len(used)), key=lambda k: (self.rate[used[k]] * self.alone[used[k]], k)):
            i = used[k]
            more = max(0.0, min(left * self.alone[i], top[k] - held[k]))
            held[k] += more
            left = max(0.0, left - more / self.alone[i])
        return held if left <= TOLERANCE else None
