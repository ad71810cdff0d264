"""Offline work: what one unit costs and does at its least, after its last whole billing step, and at its longest.

Between these ends cost grows at least in proportion to work, ever faster: a convex bound from below, exact at the ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optplan.program.cardprices import capped, card_prices
from optplan.program.columns import SECOND, Columns
from optplan.program.limits import Limits
from optplan.program.spans import Spans
from optplan.program.worth import Ends, Worth, Worths, nothing
from optplan.units import TOLERANCE

TRIED = 3  # how many units of the cheapest work are taken back before another column finishes


@dataclass(frozen=True, slots=True)
class Hulls:
    """Of one unit of each column; work in parts of all of it, excess beyond the worth of the work.

    alone    work in the hours between those that it is billed at least and whole steps, and excess that it saves for
             all of the work by what is left of it to others; beside: of one of several, which share those hours
    steady   work in whole steps, at_steady: excess then
    work     work at the longest, at_work: excess then
    late     work in the last step, which cannot be used up; late_rate: its excess for all of the work
    one      excess at least of a unit that is alone in its column; among: of one of several
    busy     excess of a unit that works on to its last whole step at least: see `shares`
    full     excess for all of the work, at least, by units of which at most one does not
    shares   All units of the plan but one in these columns work on to the end: work can be moved from the dearer of
             two idle ones to the other until one of them is full or gone. In the others all units of a column but one
             do: what fits into fewer units is done by fewer
    """

    alone: tuple[np.ndarray, np.ndarray]
    beside: tuple[np.ndarray, np.ndarray]
    steady: np.ndarray
    at_steady: np.ndarray
    work: np.ndarray
    at_work: np.ndarray
    late: np.ndarray
    late_rate: np.ndarray
    one: np.ndarray
    among: np.ndarray
    busy: np.ndarray
    full: np.ndarray
    shares: np.ndarray


REAL = [0, 2, 3]  # ends at which a unit can be that is alone in its column


def _ends(columns: Columns, spans: Spans, works: bool | np.ndarray) -> Ends:
    """works: whether every unit that is held works, of each column."""
    stepped, setup, step = columns.step > SECOND, spans.setup, columns.step
    with np.errstate(divide="ignore", invalid="ignore"):
        needed = spans.alone + setup  # no unit does more than all the work
        steps = np.minimum(spans.full, np.floor(needed / step * (1 + TOLERANCE)))
        whole = np.where(stepped, steps * step, np.minimum(spans.longest, needed))
        least = np.where(stepped & works, np.maximum(setup, step), setup)
        hours = np.stack([np.maximum(least, spans.minimum), least, whole, whole + step])
        work = np.minimum(np.maximum((np.minimum(hours, spans.longest) - setup) / spans.alone, 0.0), 1.0)
        # a last step that is not used up
        late = stepped & ((spans.rest > 0) | (steps < spans.full)) & (work[2] < 1)
    hours[3], work[3] = np.where(late, hours[3], whole), np.where(late, work[3], work[2])
    billed = np.maximum(hours, spans.minimum)
    billed[1] = least
    return Ends(work, columns.fixed + columns.rate * billed)


def batch_worth(columns: Columns, spans: Spans, limits: Limits) -> Worth:
    """What units of a batch cost beyond the worth of their work.

    Proof: no unit does more than all the work, so a piece of it costs at least what it does at the best of the ends;
    what a unit costs beyond that is linear between them. The price of a card pays for the limit on cards.
    """
    if not len(columns):
        return nothing(columns.fixed)
    worths = worth_of_each(columns, spans, np.array([0]), [limits])
    return worths.of(0, slice(0, len(columns)))


def worth_of_each(columns: Columns, spans: Spans, first: np.ndarray, limits: Sequence[Limits]) -> Worths:
    """As `batch_worth`, of needs that have columns. first: where the columns of each need begin."""
    sizes = np.diff(first, append=len(columns))
    works = np.array([one.min_replicas <= 1 for one in limits], dtype=bool)
    ends = _ends(columns, spans, np.repeat(works, sizes))
    cost, work, bare = ends.cost[REAL], ends.work[REAL], ends.cost[1]
    upper = columns.fixed * spans.few + columns.rate * spans.hours
    with np.errstate(divide="ignore", invalid="ignore"):
        once = np.where(work > 0, cost / work, math.inf)
        card, lower = np.zeros(len(columns)), np.minimum.reduceat(once.min(axis=0), first)
        price = lower.copy()
        for i, own in enumerate(limits):
            if capped(own):
                here = slice(int(first[i]), int(first[i] + sizes[i]))
                kind, gpus = columns.card[here], columns.gpus[here]
                taken = np.where(work[:, here] > 0, gpus / work[:, here], math.inf)
                paid, lower[i], price[i] = card_prices(
                    once[:, here].reshape(1, -1), taken.reshape(1, -1), np.tile(kind, len(REAL)), own
                )
                card[here] = paid[: len(kind)]
                fits = spans.few[here] * gpus <= np.minimum(own.quota_of(kind), own.max_cards)
                upper[here] = np.where(fits, upper[here], math.inf)
        dear, each_price = card * columns.gpus, np.repeat(price, sizes)
        cost, bare = cost + dear, bare + dear
        at = cost - each_price * work
        excess = at.min(axis=0)
        piece = np.where(work > 0, at / work, math.inf).min(axis=0)
        each = np.maximum(np.minimum(excess, bare - each_price * ends.work[1]), 0.0)
        least = np.fmin(np.fmin.reduceat(upper, first), math.inf)
    return Worths(excess, each, lower, least, piece, price, card, ends)


def hulls_of(columns: Columns, spans: Spans, limits: Limits, worth: Worth) -> Hulls:
    """What one unit of each column does and costs, as far as a search asks."""
    ends, shares = worth.ends, _shares(columns, spans)
    assert ends is not None  # of offline work
    does, at = ends.work, ends.cost + worth.card * columns.gpus - worth.price * ends.work
    halts = (columns.step <= SECOND) & ~shares  # hours as used, but a minimum: units stop there, too
    with np.errstate(divide="ignore", invalid="ignore"):
        bent = (does[2] > 0) & (does[3] > does[2])
        idle = np.where(bent, (at[3] - at[2]) / (does[3] - does[2]), -math.inf)
        # with whole steps only it does nothing, or at a higher price than in all
        worse = (does[2] <= 0) | (at[3] <= at[2])
        at[2], does[2] = np.where(worse, at[3], at[2]), np.where(worse, does[3], does[2])
        more = does[3] - does[2]
        late_rate = np.where(more > 0, (at[3] - at[2]) / more, math.inf)
        full = np.minimum(at[2] / does[2], at[3] / does[3])
        begun = [(does[0], at[0]), (np.where(halts, does[0], does[1]), np.where(halts, at[0], at[1]))]
        steep = [(does[2] - w, (at[2] - e) / (does[2] - w)) for w, e in begun]
        spares = [(w, np.where(worse, np.maximum(idle, price), price)) for w, price in steep]
    one, several, busy = np.minimum(at[0], at[2]), np.minimum(at[1], at[2]), at[2]
    several, busy = np.where(halts, one, several), np.where(halts, one, busy)
    if limits.min_replicas > 1:
        busy, shares = several, np.zeros(len(columns), dtype=bool)
    full = np.where(shares, full, worth.piece)
    return Hulls(
        spares[0],
        spares[1],
        does[2],
        at[2],
        does[3],
        at[3],
        more,
        late_rate,
        one,
        several,
        busy,
        full,
        shares,
    )


def _shares(columns: Columns, spans: Spans) -> np.ndarray:
    """As of `Hulls`: a unit without work is given up, and what takes over its work is billed less more than it was.

    So it is where hours are billed as used, or in steps that cost less than any unit without work.
    """
    free = float((columns.fixed + columns.rate * np.maximum(spans.setup, spans.minimum)).min())
    small = (columns.step <= SECOND) | (columns.rate * columns.step * (1 + TOLERANCE) < free)
    return np.asarray(small & (spans.minimum <= spans.setup * (1 + TOLERANCE)))


def finished(columns: Columns, spans: Spans, worth: Worth, limits: Limits, mix: str) -> float:
    """The cost of a plan: units of the cheapest work, with one other column to finish; infinite where none is known."""
    if limits.min_replicas > 1:
        return math.inf
    begun = _begun(worth)
    if not begun:
        return math.inf
    first, units, done, spent = (np.array(each)[:, None] for each in zip(*begun, strict=True))
    left = np.maximum(1.0 - done, 0.0)
    rest = finishing(columns, spans, left, 1)
    price = spent + _price(columns, spans, rest, left)
    if limits.quotas or math.isfinite(limits.max_cards) or mix != "any":
        quota = limits.quota_of(columns.card)
        for k, one in enumerate(first[:, 0].tolist()):
            fits = limits.pairs(columns.card, one, quota, mix)(
                units[k] * columns.gpus[one], rest[:, k] * columns.gpus
            )
            price[:, k][~fits] = math.inf
    return float(np.fmin.reduce(price, axis=None, initial=math.inf))


def _begun(worth: Worth) -> list[tuple[int, float, float, float]]:
    """Units of the cheapest work that begin a plan, in whole steps or at the longest: column, units, work, cost."""
    ends = worth.ends
    assert ends is not None  # of offline work
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(ends.work > 0, ends.cost / ends.work, math.inf)[2:].argmin(axis=1).tolist()
    found = list[tuple[int, float, float, float]]()
    for end, first in enumerate(rate, 2):
        once, cost = float(ends.work[end, first]), float(ends.cost[end, first])
        if once > 0 and not (end == 3 and once == ends.work[2, first]):
            most = math.floor(1 / once * (1 + TOLERANCE))
            found += [(first, n, n * once, n * cost) for n in range(most, max(most - TRIED, 0), -1)]
    return found


def finishing(columns: Columns, spans: Spans, share: np.ndarray | float, min_replicas: int) -> np.ndarray:
    """(2, .., columns) units that do a share of the work: as few as do, and with none beyond whole steps."""
    fewest = spans.fewest(columns, min_replicas, share)
    with np.errstate(divide="ignore", invalid="ignore"):
        each = spans.full * columns.step - spans.setup
        whole = np.ceil(share * spans.alone / each * (1 - TOLERANCE))
    return np.stack([fewest, np.where(np.isfinite(whole) & (whole > fewest), whole, fewest)])


def _price(columns: Columns, spans: Spans, units: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    price: np.ndarray = columns.fixed * units + columns.rate * spans.billed(columns, units, share)
    return price
