"""A fleet's columns made ready: the beaten and the hopeless set aside, the answer known where few are left."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from optplan.program.batches import cheapest_batch
from optplan.program.columns import Columns, first_rows, fitting, usable
from optplan.program.divided import cheapest_divided
from optplan.program.hulls import batch_worth, finished
from optplan.program.limits import Limits
from optplan.program.outdone import standing
from optplan.program.search import MOST_CLASSES, Choice, TooMany, cheapest_service
from optplan.program.spans import Spans
from optplan.program.worth import Worth, service_worth
from optplan.units import TOLERANCE

MOST_CARDS = 10**7  # of a plan: more than anybody rents, and few enough for a solver to tell costs apart
NONE: Final = np.zeros(0, dtype=int)
FEW = 3  # columns: then a better plan to begin with saves less than it takes


@dataclass(frozen=True, slots=True)
class Wide:
    """Columns that the bounds let in, before any other beats them: a program is written on those that none beats.

    most, spans, worth  of the columns
    sieve  positions of those that none beats; rows: of those that were searched
    """

    columns: Columns
    most: np.ndarray
    spans: Spans | None
    worth: Worth
    sieve: Callable[[Columns], np.ndarray]
    rows: np.ndarray


@dataclass(frozen=True, slots=True)
class Ready:
    """Columns that a cheapest plan could hold.

    most      units of each column that it could hold at most
    searched  whether all plans were looked at: then `choice` is the cheapest, or None where there is none
    spans     hours of offline work
    wide      the columns before the search set some aside, None where there was none
    """

    columns: Columns
    most: np.ndarray
    searched: bool
    choice: Choice | None
    spans: Spans | None = None
    wide: Wide | None = None

    def narrowed(self) -> Ready:
        """As for a program: with the cost of a plan known, fewer columns and units of each could be in one as cheap."""
        wide = self.wide
        if wide is None:
            return self
        worth, choice, spans = wide.worth, self.choice, wide.spans
        room = worth.upper * (1 + 2 * TOLERANCE) - worth.lower
        with np.errstate(divide="ignore", invalid="ignore"):
            fewer = np.floor(room / np.maximum(worth.each, 0.0) * (1 + TOLERANCE))
        most = np.where(np.isfinite(fewer), np.minimum(wide.most, fewer), wide.most)
        held, wanted = np.zeros(len(most)), np.zeros(len(most), dtype=bool)
        if choice is not None:
            held[wide.rows] = choice.units
        wanted[worth.kept] = True
        first = wide.sieve(wide.columns)
        kept = first[(wanted | (held > 0))[first]]
        if choice is not None:
            place = {row: k for k, row in enumerate(wide.rows.tolist())}
            choice = choice.take([place.get(row) for row in kept.tolist()])
        return Ready(
            wide.columns.take(kept), np.maximum(most, held)[kept], self.searched, choice,
            None if spans is None else spans.take(kept),
        )  # fmt: skip


def ready_service(
    columns: Columns, load: np.ndarray, hours: float, limits: Limits, mix: str, plain: bool = True
) -> Ready:
    """The columns of a service, whose units are held for so many hours. load: as of `loads_of`."""
    if _too_many(columns, load):
        columns, load = columns.take(NONE), load[:, NONE]
    if not _plain(limits, plain):
        rows = first_rows(columns, hours, limits, mix, np.flatnonzero(usable(columns, hours)))
        columns, load = columns.take(rows), load[:, rows]
        most = np.minimum(_most(load, limits), np.floor(limits.max_cards / columns.gpus))
        return Ready(columns, most, False, None)
    good = usable(columns, hours) & fitting(columns, limits)
    if not good.all():
        columns, load = columns.take(np.flatnonzero(good)), load[:, good]
    worth = service_worth(columns, load, hours, limits, mix)
    rows = worth.kept
    columns, load, worth = columns.take(rows), load[:, rows], worth.take(rows)
    own = first_rows(columns, hours, limits, mix) if len(rows) and math.isfinite(worth.lower) else NONE
    wide = Wide(columns, _most(load, limits), None, worth, lambda c: first_rows(c, hours, limits, mix), own)
    some, carried, value = columns.take(own), load[:, own], worth.take(own)
    cheapest = cheapest_service if len(load) <= MOST_CLASSES else cheapest_divided
    return _searched(wide, some, None, limits, lambda: cheapest(some, carried, hours, value, limits, mix))


def ready_batch(columns: Columns, spans: Spans, limits: Limits, mix: str, plain: bool = True) -> Ready:
    """The columns of offline work. spans: their hours; plain: as of `_plain`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        load = spans.alone[None, :] / max(limits.deadline - spans.setup, 0.0)
    if limits.deadline <= spans.setup or _too_many(columns, load):
        columns, spans = columns.take(NONE), spans.take(NONE)
    if not _plain(limits, plain):
        rows = first_rows(columns, math.inf, limits, mix, np.flatnonzero(usable(columns, math.inf)))
        columns, spans = columns.take(rows), spans.take(rows)
        return Ready(columns, spans.most, False, None, spans)
    good = usable(columns, math.inf) & fitting(columns, limits)
    if not good.all():
        rows = np.flatnonzero(good)
        columns, spans = columns.take(rows), spans.take(rows)
    worth = batch_worth(columns, spans, limits)
    rows = worth.kept
    columns, spans, worth = columns.take(rows), spans.take(rows), worth.take(rows)
    if len(rows) > FEW:
        worth = replace(worth, upper=min(worth.upper, finished(columns, spans, worth, limits, mix)))
    own = standing(columns, spans, worth, limits, mix) if math.isfinite(worth.lower) else NONE
    if len(own) > 1:
        own = first_rows(columns, math.inf, limits, mix, own)
    wide = Wide(columns, spans.most, spans, worth, lambda c: first_rows(c, math.inf, limits, mix), own)
    some, times, value = columns.take(own), spans.take(own), worth.take(own)
    return _searched(wide, some, times, limits, lambda: cheapest_batch(some, times, value, limits, mix))


def _too_many(columns: Columns, load: np.ndarray) -> bool:
    """Whether every plan has more than MOST_CARDS. load: (classes, columns) units that carry a class alone."""
    cards = np.where(np.isnan(load), math.inf, load * columns.gpus)
    return float(cards.min(axis=1, initial=math.inf).sum()) > MOST_CARDS


def _most(load: np.ndarray, limits: Limits) -> np.ndarray:
    """Units of each column that a plan needs at most: no more than would carry everything alone."""
    alone = np.where(np.isfinite(load), load, 0.0).sum(axis=0)
    most: np.ndarray = np.ceil(alone + len(load)) + limits.min_replicas
    return most


def _plain(limits: Limits, plain: bool) -> bool:
    """Whether columns can be told apart by cost alone: no pool of owned cards, no limit on greenhouse gases.

    plain: nor is there another way to do the work, nor whole slices of it.
    """
    return plain and not limits.pools and math.isinf(limits.carbon)


def _searched(
    wide: Wide, some: Columns, spans: Spans | None, limits: Limits, search: Callable[[], Choice | None]
) -> Ready:
    """What a search of some columns finds: it has looked at all plans only if it met one where there is one."""
    worth = wide.worth
    try:
        choice, searched = search(), True
    except TooMany:
        choice, searched = None, False
    if choice is not None:
        worth = replace(worth, upper=min(worth.upper, choice.cost))
        if choice.cost > limits.budget * (1 + TOLERANCE):
            choice = None  # nothing is cheaper
    elif math.isfinite(worth.upper):
        searched = False
    most = np.minimum(wide.most, np.floor(limits.max_cards / wide.columns.gpus))
    wide = replace(wide, most=most, worth=worth)
    return Ready(some, most[wide.rows], searched, choice, spans, wide)
