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

# of what the best plan known costs beyond the least that any could
ROUNDS = (1 / 32, 1 / 8, 1 / 4, 1 / 2, 1.0)


def cheapest_batch(columns: Columns, spans: Spans, worth: Worth, limits: Limits, mix: str) -> Choice | None:
    """The cheapest units and hours that do all the work; None where none do.

    First only plans that cost little more than the least bound are looked for: few choices lead to them, and where
    there is one, none of the others is as cheap. Raises TooMany where only a solver helps.
    """
    best = Best(columns, limits, mix, worth.upper)
    hours = _Hours(columns, spans, best)
    for units in _guesses(best, spans, worth):
        hours.settle(units)
    upper = best.upper
    for share in ROUNDS if math.isfinite(upper) else ROUNDS[-1:]:
        best.upper = worth.lower + share * (upper - worth.lower) if share < 1 else upper
        top = best.upper * (1 + TOLERANCE)
        for units in _Multisets(best, spans, worth) if len(columns) else ():
            hours.settle(units)
        if any(choice.cost <= top for choice in best.found):
            break
    return best.first()


class _Multisets:
    """Units of each column whose excess leaves a plan as cheap as the best known, and that can do all the work.

    First the units of the column of least excess, then others beside them, of the dearest work last. What is left of
    the work has an excess of its own, of so much a piece at least.
    """

    def __init__(self, best: Best, spans: Spans, worth: Worth) -> None:
        self.best, self.lower, self.free = best, worth.lower, best.free
        self.beyond = [max(e, 0.0) for e in worth.excess.tolist()]
        self.busy = [max(e, b) for e, b in zip(worth.busy.tolist(), self.beyond, strict=True)]
        self.whole = [max(e, w) for e, w in zip(worth.whole.tolist(), self.beyond, strict=True)]
        self.spares = worth.spares.tolist()
        # what a unit saves that works less than to the end, and what each more of its column does, dearest work first
        self.once = [w - b for w, b in zip(self.whole, self.beyond, strict=True)]
        self.again = [w - b for w, b in zip(self.whole, self.busy, strict=True)]
        self.savers = sorted((i for i, s in enumerate(self.spares) if s > 0), key=lambda i: -self.spares[i])
        self.stepped = [step > SECOND for step in best.columns.step.tolist()]
        self.unit = ((spans.longest - spans.setup) / spans.alone).tolist()  # of the work, by one unit
        self.most = spans.most.tolist()
        self.gpus, self.card = best.columns.gpus.tolist(), best.columns.card.tolist()
        piece = [max(e, 0.0) for e in worth.piece.tolist()]
        full = [
            p if s else b / u for p, s, b, u in zip(piece, self.stepped, self.busy, self.unit, strict=True)
        ]
        size = len(self.beyond)
        first = min(range(size), key=lambda i: (self.beyond[i], i))
        others = sorted((i for i in range(size) if i != first), key=lambda i: (-full[i], i))
        self.order = [first, *others]
        # excess for all of the work by columns up to each one, at least: with a unit that works less, and without
        self.piece, self.full = ([math.inf] * size for _ in range(2))
        for k in range(1, size):
            i = self.order[k]
            self.piece[k] = min(self.piece[k - 1], piece[i])
            self.full[k] = min(self.full[k - 1], full[i])
        self.held = [0] * size

    def __iter__(self) -> Iterator[list[int]]:
        held, best, first = self.held, self.best, self.order[0]
        unit, last = self.unit[first], len(self.order) - 1
        enough = math.ceil((1 - TOLERANCE) / unit * (1 - TOLERANCE))
        room = min(best.room(self.card[first], held) // self.gpus[first], int(self.most[first]))
        for n in [*range(min(enough, room), -1, -1), *range(enough + 1, room + 1)]:
            held[first] = n
            least, left = self.lower + n * self.beyond[first], 1 - n * unit
            whole = self.lower + n * self.whole[first]
            does, others = self._cheap(whole, -left) if left <= TOLERANCE else (False, True)
            if does:
                yield held
            if others and self._fits(least, 0.0, left, last):
                yield from self._beside(last, least, 0.0, whole, left, 0)
        held[first] = 0

    def _fits(self, least: float, spared: float, left: float, k: int) -> bool:
        """Whether columns up to k can do what is left: one unit that works less is held already, or to come."""
        if left > TOLERANCE:
            least += min(left * self.full[k] - spared, left * self.piece[k])
        else:
            least -= spared
        return least <= self.best.upper * (1 + 2 * TOLERANCE)

    def _cheap(self, whole: float, spare: float) -> tuple[bool, bool]:
        """Whether units that could do more than the work, by so much, may cost little enough; and with others beside.

        whole: cost if all work to the end. Of what they do too much, dear units are spared first; once all of them
        are, less work by the others, or more work than was asked, only adds to the excess, whatever is beside them.
        """
        top, held = self.best.upper * (1 + 2 * TOLERANCE), self.held
        for i in self.savers:
            if held[i]:
                less = self.once[i] + (held[i] - 1) * self.again[i]
                done = min(less, self.spares[i] * spare)
                whole, spare = whole - done, spare - done / self.spares[i]
        if spare <= TOLERANCE:
            return whole <= top, True
        rate = min((-s for s, n in zip(self.spares, held, strict=True) if n and s <= 0), default=self.lower)
        whole += spare * min(rate, self.lower)
        return whole <= top, whole <= top

    def _beside(
        self, top: int, least: float, spared: float, whole: float, left: float, depth: int
    ) -> Iterator[list[int]]:
        """Units of columns up to `top` beside those held, which leave so much of the work.

        least: cost, all units working to the end but the last of each column billed in steps; spared: what the one
        other that need not saves of it; whole: cost if all work to the end.
        """
        best, held = self.best, self.held
        best.count(depth)
        for k in range(top, 0, -1):
            i = self.order[k]
            busy, beyond = self.busy[i], self.beyond[i]
            if self.stepped[i]:
                more, saved = least + (busy if held[i] else beyond), spared
            else:
                more, saved = least + busy, max(spared, busy - beyond)
            rest = left - self.unit[i]
            if not self._fits(more, saved, rest, k):
                continue
            if held[i] < self.most[i] and (self.free or best.room(self.card[i], held) >= self.gpus[i]):
                held[i] += 1
                full = whole + self.whole[i]
                does, others = self._cheap(full, -rest) if rest <= TOLERANCE else (False, True)
                if does:
                    yield held
                if others:
                    yield from self._beside(k, more, saved, full, rest, depth + 1)
                held[i] -= 1


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
        for k in sorted(range(len(used)), key=lambda k: self.rank[used[k]]):
            i = used[k]
            more = max(0.0, min(left * self.alone[i], top[k] - held[k]))
            held[k] += more
            left = max(0.0, left - more / self.alone[i])
        return held if left <= TOLERANCE else None
