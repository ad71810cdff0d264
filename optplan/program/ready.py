"""A fleet's columns made ready: the beaten and the hopeless set aside, the answer known where few are left."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeVar

import numpy as np

from optplan.program.batches import cheapest_batch
from optplan.program.cardprices import capped
from optplan.program.columns import Columns, first_rows, fitting, usable
from optplan.program.divided import cheapest_divided
from optplan.program.hulls import finished, worth_of_each
from optplan.program.limits import Asked, Limits
from optplan.program.outdone import standing
from optplan.program.search import MOST_CLASSES, Choice, TooMany, cheapest_service
from optplan.program.spans import Spans
from optplan.program.worth import Loads, Worth, Worths, nothing, service_worths, together
from optplan.units import TOLERANCE

MOST_CARDS = 10**7  # of a plan: more than anybody rents, and few enough for a solver to tell costs apart
NONE: Final = np.zeros(0, dtype=int)


@dataclass(frozen=True, slots=True)
class Ready:
    """Columns that a cheapest plan could hold, for a program.

    most   units of each column that it could hold at most
    spans  hours of offline work
    """

    columns: Columns
    most: np.ndarray
    spans: Spans | None = None


@dataclass(frozen=True, slots=True)
class Searched:
    """What a search found among columns of which most are set aside.

    searched  whether all plans were looked at: then `choice` is the cheapest, or None where there is none
    narrowed  the columns as a program needs them, and the choice among those
    """

    columns: Columns
    searched: bool
    choice: Choice | None
    narrowed: Callable[[], tuple[Ready, Choice | None]]


@dataclass(frozen=True, slots=True)
class Wide:
    """Columns that the bounds let in.

    first  positions of those that no other beats, as a program has them; own: of those that were searched
    """

    columns: Columns
    most: np.ndarray
    spans: Spans | None
    first: np.ndarray
    own: np.ndarray

    def narrowed(self, worth: Worth, limits: Limits, choice: Choice | None) -> tuple[Ready, Choice | None]:
        """As for a program: with the cost of a plan known, fewer columns and units of each could be in one as cheap.

        choice: among the columns that were searched.
        """
        columns, spans, room = self.columns, self.spans, worth.upper * (1 + 2 * TOLERANCE) - worth.lower
        with np.errstate(divide="ignore", invalid="ignore"):
            fewer = np.floor(room / np.maximum(worth.each, 0.0) * (1 + TOLERANCE))
        most = np.minimum(self.most, np.floor(limits.max_cards / columns.gpus))
        most = np.where(np.isfinite(fewer), np.minimum(most, fewer), most)
        held, wanted = np.zeros(len(most)), np.zeros(len(most), dtype=bool)
        if choice is not None:
            held[self.own] = choice.units
        wanted[worth.kept] = True
        kept = self.first[(wanted | (held > 0))[self.first]]
        if choice is not None:
            place = {row: k for k, row in enumerate(self.own.tolist())}
            choice = choice.take([place.get(row) for row in kept.tolist()])
        spans = None if spans is None else spans.take(kept)
        return Ready(columns.take(kept), np.maximum(most, held)[kept], spans), choice


def ready_service(
    columns: Columns, load: np.ndarray, hours: float, limits: Limits, mix: str, plain: bool = True
) -> Searched:
    """The columns of a service, whose units are held for so many hours. load: as of `loads_of`."""
    one = Asked(hours, limits, mix, plain)
    return ready_services(columns, Loads(load, hours), np.array([0, len(columns)]), [one])[0]


def ready_services(
    columns: Columns, loads: Loads, first: np.ndarray, asked: Sequence[Asked]
) -> list[Searched]:
    """The same of services of as many classes. first: where the columns of each begin, and the end."""
    good = usable(columns, loads.hours) & _possible(columns, loads.load, first)
    return _each(columns, loads, good, first, asked, service_worths, _searched_service)


def ready_batch(columns: Columns, spans: Spans, limits: Limits, mix: str, plain: bool = True) -> Searched:
    """The columns of offline work. spans: their hours; plain: as of `Asked.alone`."""
    one = Asked(spans.setup, limits, mix, plain)
    return ready_batches(columns, spans, np.array([0, len(columns)]), [one])[0]


def ready_batches(
    columns: Columns, spans: Spans, first: np.ndarray, asked: Sequence[Asked]
) -> list[Searched]:
    """The same of several needs. first: where the columns of each begin, and the end."""
    time = np.repeat([max(one.limits.deadline - one.hours, 0.0) for one in asked], np.diff(first))
    with np.errstate(divide="ignore", invalid="ignore"):
        load = spans.alone[None, :] / time
    good = usable(columns, math.inf) & _possible(columns, load, first) & (time > 0)
    return _each(columns, spans, good, first, asked, worth_of_each, _searched_batch)


Demand = TypeVar("Demand", Spans, Loads)


def _each(
    columns: Columns, demand: Demand, good: np.ndarray, first: np.ndarray, asked: Sequence[Asked],
    worth_of: Callable[[Columns, Demand, np.ndarray, Sequence[Limits]], Worths],
    search: Callable[[Columns, Demand, Worth | None, Asked], Searched],
) -> list[Searched]:  # fmt: skip
    """Search the columns of each need; steps that all needs go through are taken for all their columns at once.

    good: columns that carry anything at a known cost.
    """
    plain = np.array([one.plain for one in asked], dtype=bool)
    for i, one in enumerate(asked):
        if one.plain and capped(one.limits):
            here = slice(int(first[i]), int(first[i + 1]))
            good[here] &= fitting(columns, one.limits, here)
    rows = np.flatnonzero(good & np.repeat(plain, np.diff(first)))
    some, asks, ends = columns.take(rows), demand.take(rows), np.searchsorted(rows, first)
    begun = np.flatnonzero(ends[1:] > ends[:-1])
    worths = worth_of(some, asks, ends[begun], [asked[i].limits for i in begun.tolist()])
    rows = worths.kept(np.diff(ends)[begun])
    some, asks, worths, ends = (
        some.take(rows),
        asks.take(rows),
        worths.take(rows),
        np.searchsorted(rows, ends),
    )
    if isinstance(asks, Spans):
        known = finished(some, asks, worths, np.diff(ends)[begun], [asked[i] for i in begun.tolist()])
        worths = replace(worths, upper=np.minimum(worths.upper, known))
    place, found = {need: k for k, need in enumerate(begun.tolist())}, list[Searched]()
    for i, one in enumerate(asked):
        if plain[i]:
            here = slice(int(ends[i]), int(ends[i + 1]))
            worth = worths.of(place[i], here) if i in place else nothing(some.fixed[here])
            found.append(search(some.take(here), asks.of(here, one.hours), worth, one))
        else:
            rows = np.arange(first[i], first[i + 1])[good[first[i] : first[i + 1]]]
            found.append(search(columns.take(rows), demand.of(rows, one.hours), None, one))
    return found


def _possible(columns: Columns, load: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Whether some plan of each column's need has no more than MOST_CARDS. load: as of `loads_of`."""
    sizes = np.diff(first)
    some = np.flatnonzero(sizes)
    with np.errstate(invalid="ignore"):
        cards = np.fmin(load * columns.gpus, math.inf)
    least = np.minimum.reduceat(cards, first[some], axis=1).sum(axis=0)
    return np.repeat(least <= MOST_CARDS, sizes[some])


def _searched_service(columns: Columns, loads: Loads, worth: Worth | None, asked: Asked) -> Searched:
    """What a search finds among columns of a service that a plan of least cost could hold. worth: None = no search."""
    load, hours, limits, mix, own = loads.load, asked.hours, asked.limits, asked.mix, NONE
    if worth is None:
        rows = first_rows(columns, hours, limits, mix)
        return _not_searched(columns.take(rows), _most(load[:, rows], limits), None, limits)
    if math.isfinite(worth.lower):
        worth = worth.known(together(columns, load, hours, limits, mix))
        own = first_rows(columns, hours, limits, mix, worth.kept)
    some, carried, value = columns.take(own), load[:, own], worth.take(own)

    def search() -> Choice | None:
        cheapest = cheapest_service if len(load) <= MOST_CLASSES else cheapest_divided
        return cheapest(some, carried, hours, value, limits, mix)

    def ready() -> Wide:
        return Wide(columns, _most(load, limits), None, first_rows(columns, hours, limits, mix), own)

    return _searched(some, worth, limits, search, ready)


def _searched_batch(columns: Columns, spans: Spans, worth: Worth | None, asked: Asked) -> Searched:
    """The same for offline work."""
    limits, mix, own = asked.limits, asked.mix, NONE
    if worth is None:
        rows = first_rows(columns, math.inf, limits, mix)
        columns, spans = columns.take(rows), spans.take(rows)
        return _not_searched(columns, spans.most, spans, limits)
    if math.isfinite(worth.lower):
        own = standing(columns, spans, worth, limits, mix)
        own = first_rows(columns, math.inf, limits, mix, own)
    some, times, value = columns.take(own), spans.take(own), worth.take(own)

    def search() -> Choice | None:
        return cheapest_batch(some, times, value, limits, mix)

    def ready() -> Wide:
        return Wide(columns, spans.most, spans, first_rows(columns, math.inf, limits, mix), own)

    return _searched(some, worth, limits, search, ready)


def _not_searched(columns: Columns, most: np.ndarray, spans: Spans | None, limits: Limits) -> Searched:
    most = most if spans is not None else np.minimum(most, np.floor(limits.max_cards / columns.gpus))
    return Searched(columns, False, None, lambda: (Ready(columns, most, spans), None))


def _searched(
    columns: Columns, worth: Worth, limits: Limits, search: Callable[[], Choice | None],
    wide: Callable[[], Wide],
) -> Searched:  # fmt: skip
    """What a search of some columns finds: it has looked at all plans only if it met one where there is one."""
    try:
        choice, searched = search(), True
    except TooMany:
        choice, searched = None, False
    if choice is None and math.isfinite(worth.upper):
        searched = False
    if choice is not None:
        worth = worth.known(choice.cost)
        if choice.cost > limits.budget * (1 + TOLERANCE):
            choice = None  # nothing is cheaper
    return Searched(columns, searched, choice, lambda: wide().narrowed(worth, limits, choice))


def _most(load: np.ndarray, limits: Limits) -> np.ndarray:
    """Units of each column that a plan needs at most: no more than would carry everything alone."""
    alone = np.where(np.isfinite(load), load, 0.0).sum(axis=0)
    most: np.ndarray = np.ceil(alone + len(load)) + limits.min_replicas
    return most
