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
from optplan.program.limits import Asked, Limits
from optplan.program.spans import Spans
from optplan.program.worth import Ends, Worth, Worths
from optplan.units import TOLERANCE

FEW = 3  # columns: then a better plan to begin with saves less than it takes
TRIED = 3  # how many units of the cheapest work are taken back before another column finishes


@dataclass(slots=True)
class Hull:
    """Of one unit of a column; work in parts of all of it, excess beyond the worth of the work.

    alone    work in the hours between those that it is billed at least and whole steps, and excess that it saves for
             all of the work by what is left of it to others; beside: of one of several, which share those hours
    steady   work in whole steps, at_steady: excess then
    work     work at the longest, at_work: excess then
    late     work in the last step, which cannot be used up; late_rate: its excess for all of the work
    one      excess at least of a unit that is alone in its column; among: of one of several
    busy     excess of a unit that works on to its last whole step at least: see `shares`
    full     excess for all of the work, at least, by units of which at most one does not
    shares   All units of the plan but one in such columns work on to the end: work can be moved from the dearer of
             two idle ones to the other until one of them is full or gone. In the others all units of a column but one
             do: what fits into fewer units is done by fewer
    """

    alone: tuple[float, float]
    beside: tuple[float, float]
    steady: float
    at_steady: float
    work: float
    at_work: float
    late: float
    late_rate: float
    one: float
    among: float
    busy: float
    full: float
    shares: bool


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


def worth_of_each(columns: Columns, spans: Spans, first: np.ndarray, limits: Sequence[Limits]) -> Worths:
    """What units of offline work cost beyond the worth of it, of needs that have columns.

    Proof: no unit does more than all the work, so a piece of it costs at least what it does at the best of the ends;
    what a unit costs beyond that is linear between them. The price of a card pays for the limit on cards. first: where
    the columns of each need begin.
    """
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


def hulls_of(columns: Columns, spans: Spans, limits: Limits, worth: Worth) -> list[Hull]:
    """What one unit of each column does and costs, as far as a search asks: plain numbers, for columns are few then."""
    ends, shares = worth.ends, _shares(columns, spans)
    assert ends is not None  # of offline work
    at = ends.cost + worth.card * columns.gpus - worth.price * ends.work
    idle = limits.min_replicas > 1  # then a unit may be held without work
    return [
        _hull(does, costs, halts=step <= SECOND and not share, shares=None if idle else share, piece=piece)
        for does, costs, step, share, piece in zip(
            ends.work.T.tolist(),
            at.T.tolist(),
            columns.step.tolist(),
            shares,
            worth.piece.tolist(),
            strict=True,
        )
    ]


def _hull(does: list[float], at: list[float], halts: bool, shares: bool | None, piece: float) -> Hull:
    """Of work and excess at its ends.

    halts: hours as used, but a minimum: units stop there, too; shares: None = units may be held without work; piece:
    as of `Worth`.
    """
    idle = (at[3] - at[2]) / (does[3] - does[2]) if does[3] > does[2] > 0 else -math.inf
    # with whole steps only it does nothing, or at a higher price than in all
    worse = does[2] <= 0 or at[3] <= at[2]
    steady, at_steady = (does[3], at[3]) if worse else (does[2], at[2])
    late = does[3] - steady
    spares = []
    for work, cost in ((does[0], at[0]), (does[0], at[0]) if halts else (does[1], at[1])):
        price = _over(at_steady - cost, steady - work)
        spares.append((steady - work, max(idle, price) if worse else price))
    one = min(at[0], at_steady)
    among = one if halts else min(at[1], at_steady)
    return Hull(
        alone=spares[0],
        beside=spares[1],
        steady=steady,
        at_steady=at_steady,
        work=does[3],
        at_work=at[3],
        late=late,
        late_rate=(at[3] - at_steady) / late if late > 0 else math.inf,
        one=one,
        among=among,
        busy=among if halts or shares is None else at_steady,
        full=min(_over(at_steady, steady), _over(at[3], does[3])) if shares else piece,
        shares=bool(shares),
    )


def _over(cost: float, work: float) -> float:
    """Cost of all the work; infinite where none is done."""
    return cost / work if work else math.inf


def _shares(columns: Columns, spans: Spans) -> list[bool]:
    """As of `Hull`: a unit without work is given up, and what takes over its work is billed less more than it was.

    So it is where hours are billed as used, or in steps that cost less than any unit without work.
    """
    free = float((columns.fixed + columns.rate * np.maximum(spans.setup, spans.minimum)).min())
    small = (columns.step <= SECOND) | (columns.rate * columns.step * (1 + TOLERANCE) < free)
    found: list[bool] = (small & (spans.minimum <= spans.setup * (1 + TOLERANCE))).tolist()
    return found


def finished(
    columns: Columns, spans: Spans, worths: Worths, sizes: np.ndarray, asked: Sequence[Asked], few: int = FEW
) -> np.ndarray:
    """The cost of a plan of each need: units of the cheapest work, with one other column to finish.

    Infinite where none is known. sizes: columns of each need; few: of needs with no more columns none is told.
    """
    ends, firsts = worths.ends, np.cumsum(sizes) - sizes
    assert ends is not None  # of offline work
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = np.where(ends.work > 0, ends.cost / ends.work, math.inf)
    done, spent = np.zeros((2 * TRIED, len(sizes))), np.full((2 * TRIED, len(sizes)), math.inf)
    here = [slice(a, a + n) for a, n in zip(firsts.tolist(), sizes.tolist(), strict=True)]
    begun = list[list[_Begun]]()
    for k, (rows, one) in enumerate(zip(here, asked, strict=True)):
        some = (
            rows.stop - rows.start > few and one.limits.min_replicas <= 1 and math.isfinite(worths.lower[k])
        )
        begun.append(_begun(ends.take(rows), rate[:, rows]) if some else [])
        for r, (_, _, work, cost) in enumerate(begun[k]):
            done[r, k], spent[r, k] = work, cost
    left = np.repeat(np.maximum(1.0 - done, 0.0), sizes, axis=1)
    rest = finishing(columns, spans, left, 1)
    price = np.repeat(spent, sizes, axis=1) + _price(columns, spans, rest, left)
    for rows, one, ways in zip(here, asked, begun, strict=True):
        if ways and (capped(one.limits) or one.mix != "any"):
            card, gpus = columns.card[rows], columns.gpus[rows]
            quota = one.limits.quota_of(card)
            for r, (first, units, _, _) in enumerate(ways):
                fits = one.limits.pairs(card, first, quota, one.mix)
                held = fits(np.asarray(units * gpus[first]), rest[:, r, rows] * gpus)
                price[:, r, rows] = np.where(held, price[:, r, rows], math.inf)
    least = np.fmin.reduce(np.fmin.reduce(price, axis=0), axis=0)
    return np.array([np.fmin.reduce(least[rows], initial=math.inf) for rows in here])


_Begun = tuple[int, float, float, float]


def _begun(ends: Ends, rate: np.ndarray) -> list[_Begun]:
    """Units of the cheapest work that begin a plan, in whole steps or at the longest: column, units, work, cost.

    rate: cost of all the work at each of the ends.
    """
    found = list[_Begun]()
    for end, first in enumerate(rate[2:].argmin(axis=1).tolist(), 2):
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
