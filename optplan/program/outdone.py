"""Columns of offline work that no cheapest plan holds, for units of another would do the same work for less."""

from __future__ import annotations

import math

import numpy as np

from optplan.program.columns import SECOND, Columns
from optplan.program.limits import Limits
from optplan.program.spans import Spans
from optplan.program.worth import Worth
from optplan.units import TOLERANCE

MARGIN = 4 * TOLERANCE  # of the cost: plans nearer than this are equal
FIRST = 12  # columns that are looked at first: they outdo most others


def standing(columns: Columns, spans: Spans, worth: Worth, limits: Limits, mix: str) -> np.ndarray:
    """Positions of the columns that no other one outdoes, of those that a plan as cheap as the one known could hold.

    Proof: such a plan leaves each unit an excess of `upper` - `lower` at most, so units of a column do between `low`
    and `high` of the work each, on average. Where as many units of another column do the same for less, the plan is
    not the cheapest. What units are billed at least is convex in their work, what others are billed at most is the
    higher of two lines: one is above the other everywhere if it is at the ends and where it bends.
    """
    if len(columns) < 2 or not math.isfinite(worth.upper):
        return np.arange(len(columns))
    rows = worth.kept
    best = rows[np.argsort(worth.excess[rows], kind="stable")[:FIRST]]
    outdone = _Outdone(columns, spans, worth, limits, mix)
    rows = rows[~outdone.by(best, rows)]
    return np.asarray(rows[~outdone.by(rows, rows)])


class _Outdone:
    """What units of each column cost at least, at the ends of what work they can do and where it bends."""

    def __init__(self, columns: Columns, spans: Spans, worth: Worth, limits: Limits, mix: str) -> None:
        self.columns, self.limits, self.mix = columns, limits, mix
        fixed, rate, setup, least = columns.fixed, columns.rate, spans.setup, spans.minimum
        held = fixed + worth.card * columns.gpus - (worth.upper * (1 + 2 * TOLERANCE) - worth.lower)
        with np.errstate(divide="ignore", invalid="ignore"):
            self.most = np.minimum((spans.longest - setup) / spans.alone, 1.0)
            slope = rate * spans.alone - worth.price
            high = np.where(slope > 0, np.minimum(-(held + rate * setup) / slope, self.most), self.most)
            low = np.minimum(np.maximum((held + rate * least) / worth.price, 0.0), high)
            bend = np.minimum(np.maximum((least - setup) / spans.alone, low), high)
        self.high, self.work = high, np.stack([low, bend, high])
        self.least = fixed + rate * np.maximum(least, setup + self.work * spans.alone)
        # of another column: at any work, and for each piece of it
        begun = fixed + rate * (setup + np.where(columns.step > SECOND, columns.step, 0.0))
        self.flat, self.begun, self.each = fixed + rate * least, begun, rate * spans.alone
        self.margin = MARGIN * worth.upper

    def by(self, some: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Which of the rows any of some outdoes."""
        columns, limits, one = self.columns, self.limits, some[:, None]
        least, work = self.least[:, rows] - self.margin, self.work[:, rows]
        out = (self.flat[one] <= least.min(axis=0)) & (self.high[rows] <= self.most[one])
        for k in range(len(work)):
            out &= self.begun[one] + work[k] * self.each[one] <= least[k]
        same = columns.card[one] == columns.card[rows]
        fewer = columns.gpus[one] <= columns.gpus[rows]
        if self.mix != "any":
            out &= same
        if limits.quotas:
            out &= np.isinf(limits.quota_of(columns.card[some]))[:, None] | (same & fewer)
        if math.isfinite(limits.max_cards):
            out &= fewer
        if limits.min_replicas > 1:
            out &= columns.replicas[one] >= columns.replicas[rows]
        return np.asarray(out.any(axis=0))
