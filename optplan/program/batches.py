"""The cheapest units and hours of offline work without a solver, where few plans could be as cheap as one known."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import accumulate

import numpy as np

from optplan.program.columns import Columns
from optplan.program.hours import Hours
from optplan.program.hulls import Hull, hulls_of
from optplan.program.limits import Limits
from optplan.program.search import Best, Choice
from optplan.program.spans import Spans
from optplan.program.worth import Worth
from optplan.units import TOLERANCE


def cheapest_batch(columns: Columns, spans: Spans, worth: Worth, limits: Limits, mix: str) -> Choice | None:
    """The cheapest units and hours that do all the work; None where none do.

    Raises TooMany where only a solver helps.
    """
    if math.isinf(worth.lower):
        return None  # nothing does the work, or not on so few cards
    if len(columns) == 1:
        return _only(columns, spans, limits)
    best = Best(columns, limits, mix, worth.upper)
    hours = Hours(columns, spans, best)
    units = _Multisets(best, spans, worth, hulls_of(columns, spans, limits, worth), hours.settle)
    for _ in best.rounds(worth.lower):
        units.visit()
    return best.first()


def _only(columns: Columns, spans: Spans, limits: Limits) -> Choice | None:
    """The cheapest units of one column: as few as do, or a few more, so that fewer last steps are begun in vain."""
    few, each = float(spans.few[0]), float(spans.full[0] * columns.step[0]) - spans.setup
    many = max(few, math.ceil(float(spans.alone[0]) / each * (1 - TOLERANCE))) if each > 0 else few
    most = min(float(limits.quota_of(columns.card)[0]), limits.max_cards) // float(columns.gpus[0])
    if few > most:
        return None
    units = np.arange(few, min(many, most) + 1)
    hours = spans.hours if len(units) == 1 else spans.billed(columns, units)
    cost = columns.fixed * units + columns.rate * hours
    best = int(np.argmax(cost <= cost.min() * (1 + TOLERANCE)))
    busy = (float(spans.alone[0]),)
    return Choice(float(cost[best]), (int(units[best]),), (float(hours[best]),), busy)


class _Multisets:
    """Units of each column whose excess leaves a plan as cheap as the best known, and that can do all the work.

    First the units of the column of least excess, then others beside them, of the dearest work last. What is left of
    the work has an excess of its own, of so much a piece at least.
    """

    def __init__(
        self, best: Best, spans: Spans, worth: Worth, hulls: list[Hull], settle: Callable[[list[int]], None]
    ) -> None:
        self.best, self.lower, self.price, self.settle = best, worth.lower, worth.price, settle
        self.one, self.among = [max(h.one, 0.0) for h in hulls], [max(h.among, 0.0) for h in hulls]
        self.busy = [max(h.busy, 0.0) for h in hulls]
        self.unit, self.late, self.rate = (
            [h.steady for h in hulls],
            [h.late for h in hulls],
            [h.late_rate for h in hulls],
        )
        self.work, self.whole = [h.work for h in hulls], [h.at_work for h in hulls]
        self.shares = [h.shares for h in hulls]
        self.gpus, self.card = best.columns.gpus.tolist(), best.columns.card.tolist()
        self.most = spans.most.tolist()
        self.spares = [(_spares(h, *h.alone), _spares(h, *h.beside)) for h in hulls]
        least = [max(excess, 0.0) for excess in worth.excess.tolist()]
        piece = [max(excess, 0.0) for excess in worth.piece.tolist()]
        full = [max(h.full, 0.0) for h in hulls]
        first = least.index(min(least))
        others = sorted((i for i in range(len(least)) if i != first), key=lambda i: -full[i])
        self.order = [first, *others]
        # excess for all of the work by columns up to each one, at least, and for any of it: with a unit that works
        # less, and without
        more = [busy if h.shares else few for h, busy, few in zip(hulls, self.busy, least, strict=True)]
        self.piece, self.some, self.full, self.more = (
            [math.inf, *accumulate((column[i] for i in others), min)] for column in (piece, least, full, more)
        )
        self.held = [0] * len(least)
        self.used: list[int] = []
        self.top = math.inf

    def visit(self) -> None:
        """Settle all such units."""
        self.top = self.best.upper * (1 + 2 * TOLERANCE)
        held, best, first = self.held, self.best, self.order[0]
        unit, last = self.unit[first], len(self.order) - 1
        room = min(best.room(self.card[first], held) // self.gpus[first], int(self.most[first]))
        cheaper = self.busy[first] <= unit * min(self.full[last], self.piece[last], self.rate[first])
        enough = min(room, math.ceil((1 - TOLERANCE) / unit))
        self.used.append(first)
        few = -1
        for n in [*range(enough, -1, -1), *range(enough + 1, room + 1)]:
            if n < few:
                continue  # with fewer units, still more is left
            best.count()
            held[first] = n
            least, spared = self._with(first, n, self.lower, 0.0)
            left = 1 - n * unit
            late, rate = (n * self.late[first], self.rate[first]) if n else (0.0, math.inf)
            if self._fits(least, spared, left, late, rate, last):
                if self._settled(left - late, last):
                    self._beside(last, least, spared, left, late, rate)
            elif left > TOLERANCE and cheaper and n:
                few = n
        held[first] = 0
        self.used.pop()

    def _with(self, i: int, n: int, least: float, spared: float) -> tuple[float, float]:
        """(least, spared) with so many units of a column more."""
        if not n:
            return least, spared
        busy, partial = self.busy[i], self.one[i] if n == 1 else self.among[i]
        if self.shares[i]:
            return least + n * busy, max(spared, busy - partial)
        return least + (n - 1) * busy + partial, spared

    def _fits(self, least: float, spared: float, left: float, late: float, rate: float, k: int) -> bool:
        """Whether columns up to k can do what is left, at least.

        One unit that works less is held already, or to come. late: what those held could do of it in steps that they
        cannot use up, at the rate of excess for all of the work.
        """
        if left <= TOLERANCE:
            return least - spared <= self.top
        full, piece = left * min(self.full[k], rate), left * min(self.piece[k], rate)
        if left > late + TOLERANCE:
            full, piece = max(full, self.more[k]), max(piece, self.some[k])
        cost: float = least + min(full - spared, piece)
        return cost <= self.top

    def _settled(self, lacking: float, k: int) -> bool:
        """Settle the units held, if they can do all and may cost little enough; whether with columns up to k they may.

        Of what they do too much, dear work is spared first; once all of it is, less work by the others, or more work
        than was asked, only adds to the excess, whatever is beside them.
        """
        if lacking > TOLERANCE:
            return True
        held, whole, spare, rate, spares = self.held, self.lower, -1.0, self.price, []
        for i in self.used:
            if n := held[i]:
                whole, spare = whole + n * self.whole[i], spare + n * self.work[i]
                for price, once, each in self.spares[i][n > 1]:
                    if price > 0:
                        spares.append((price, once + (n - 1) * each))
                    elif -price < rate:
                        rate = -price
        spares.sort(reverse=True)
        for price, most in spares:
            done = min(most, spare)
            whole, spare = whole - done * price, spare - done
        others = spare <= TOLERANCE
        if not others:
            whole += spare * rate
        if whole > self.top:
            return others
        self.settle(held)
        self.top = self.best.upper * (1 + 2 * TOLERANCE)
        return others or whole + self.some[k] <= self.top

    def _beside(self, top: int, least: float, spared: float, left: float, late: float, rate: float) -> None:
        """Units of columns up to `top` beside those held, which leave so much of the work.

        least: cost, all units working to the end but the last of each column billed in steps; spared: what the one
        other that need not saves of it.
        """
        best, held = self.best, self.held
        for k in range(top, 0, -1):
            i = self.order[k]
            unit, late_each, dear = self.unit[i], self.late[i], min(rate, self.rate[i])
            room = min(best.room(self.card[i], held) // self.gpus[i], int(self.most[i]))
            self.used.append(i)
            for n in range(1, room + 1):
                best.count()
                more, saved = self._with(i, n, least, spared)
                rest, lates = left - n * unit, late + n * late_each
                if not self._fits(more, saved, rest, lates, dear, k):
                    break
                held[i] = n
                if self._settled(rest - lates, k - 1) and self._fits(more, saved, rest, lates, dear, k - 1):
                    self._beside(k - 1, more, saved, rest, lates, dear)
            held[i] = 0
            self.used.pop()


def _spares(hull: Hull, room: float, price: float) -> list[tuple[float, float, float]]:
    """Excess saved for all of the work by what is left of it to others, and how much may be: room and price of `Hull`.

    By one unit, and by every further one.
    """
    segments = [(hull.late_rate, hull.late, hull.late)] if hull.late else []
    if room > 0:
        each = min(room, max(0.0, (hull.at_steady - hull.busy) / price)) if price > 0 else 0.0
        segments.append((price, room, each))
    return segments
