"""A fleet's columns made ready: the beaten and the hopeless set aside, the answer known where few are left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optplan.program.batches import cheapest_batch
from optplan.program.columns import Columns, first_rows, fitting, undominated, usable
from optplan.program.hulls import batch_worth, finished
from optplan.program.limits import Limits
from optplan.program.search import Choice, TooMany, cheapest_service
from optplan.program.spans import Spans, spans_of
from optplan.program.worth import Worth, loads_of, service_worth
from optplan.units import HOUR, TOLERANCE

MOST_CARDS = 10**7  # of a plan: more than anybody rents, and few enough for a solver to tell costs apart
FEW = 3  # columns: then a better plan to begin with saves less than it takes


@dataclass(frozen=True, slots=True)
class Ready:
    """Columns that a cheapest plan could hold.

    most      units of each column that it could hold at most
    searched  whether all plans were looked at: then `choice` is the cheapest, or None where there is none
    spans     hours of offline work
    worth     bounds by which more columns can be set aside
    """

    columns: Columns
    most: np.ndarray
    searched: bool
    choice: Choice | None
    spans: Spans | None = None
    worth: Worth | None = None

    def narrowed(self) -> Ready:
        """With the cost of a plan known, fewer columns and fewer units of each could be in one as cheap."""
        worth, choice = self.worth, self.choice
        if worth is None:
            return self
        room = worth.upper * (1 + 2 * TOLERANCE) - worth.lower
        with np.errstate(divide="ignore", invalid="ignore"):
            fewer = np.floor(room / np.maximum(worth.each, 0.0) * (1 + TOLERANCE))
        most = np.where(np.isfinite(fewer), np.minimum(self.most, fewer), self.most)
        held = np.zeros(len(self.columns)) if choice is None else np.array(choice.units)
        wanted = held > 0
        wanted[worth.kept] = True
        kept = np.flatnonzero(wanted)
        return Ready(
            self.columns.take(kept), np.maximum(most, held)[kept], self.searched,
            None if choice is None else choice.take(kept.tolist()),
            None if self.spans is None else self.spans.take(kept),
        )  # fmt: skip


def ready_service(
    columns: Columns, rates: Sequence[float], hours: float, utilisation: float, limits: Limits, mix: str,
    plain: bool = True,
) -> Ready:  # fmt: skip
    """The columns of a service, whose units are held for so many hours. plain: as of `_plain`."""
    if _too_many(columns, loads_of(columns, rates, utilisation)):
        columns = columns.take(np.zeros(0, dtype=int))
    if not _plain(limits, plain):
        columns = undominated(columns, hours, limits, mix)
        load = loads_of(columns, rates, utilisation)
        most = np.minimum(_most(load, limits), np.floor(limits.max_cards / columns.gpus))
        return Ready(columns, most, False, None)
    columns = fitting(usable(columns, hours), limits)
    load = loads_of(columns, rates, utilisation)
    worth = service_worth(columns, load, hours, limits, mix)
    columns, rows = _sieved(columns, worth, hours, limits, mix)
    load, worth = load[:, rows], worth.take(rows)
    try:
        choice, searched = cheapest_service(columns, load, hours, worth, limits, mix), True
    except TooMany:
        choice, searched = None, False
    return _checked(columns, worth, _most(load, limits), limits, searched, choice, None)


def ready_batch(
    columns: Columns, requests: float, utilisation: float, setup: float, limits: Limits, mix: str,
    plain: bool = True,
) -> Ready:  # fmt: skip
    """The columns of offline work, whose units take `setup` hours to start. plain: as of `_plain`."""
    if limits.deadline <= setup:
        columns = columns.take(np.zeros(0, dtype=int))
    work = requests / (utilisation * HOUR)
    with np.errstate(divide="ignore", invalid="ignore"):
        if _too_many(columns, work / columns.capacity[:1] / max(limits.deadline - setup, 0.0)):
            columns = columns.take(np.zeros(0, dtype=int))
    if not _plain(limits, plain):
        columns = undominated(columns, math.inf, limits, mix)
        spans = spans_of(columns, work, setup, limits)
        return Ready(columns, spans.most, False, None, spans)
    columns = fitting(usable(columns, math.inf), limits)
    spans = spans_of(columns, work, setup, limits)
    worth = batch_worth(columns, spans, limits)
    columns, rows = _sieved(columns, worth, math.inf, limits, mix)
    spans, worth = spans.take(rows), worth.take(rows)
    if len(rows) > FEW:
        worth = replace(worth, upper=min(worth.upper, finished(columns, spans, limits, mix)))
    try:
        choice, searched = cheapest_batch(columns, spans, worth, limits, mix), True
    except TooMany:
        choice, searched = None, False
    return _checked(columns, worth, spans.most, limits, searched, choice, spans)


def _too_many(columns: Columns, load: np.ndarray) -> bool:
    """Whether every plan has more than MOST_CARDS. load: (classes, columns) units that carry a class alone."""
    cards = np.where(np.isnan(load), math.inf, load * columns.gpus)
    return float(cards.min(axis=1, initial=math.inf).sum()) > MOST_CARDS


def _sieved(
    columns: Columns, worth: Worth, hours: float, limits: Limits, mix: str
) -> tuple[Columns, np.ndarray]:
    """The columns that a cheapest plan could hold and that no other beats, with their positions."""
    rows = worth.kept
    if len(rows) < 2:
        return columns.take(rows), rows
    some = columns.take(rows)
    first = first_rows(some, hours, limits, mix)
    return some.take(first), rows[first]


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


def _checked(
    columns: Columns, worth: Worth, most: np.ndarray, limits: Limits, searched: bool, choice: Choice | None,
    spans: Spans | None,
) -> Ready:  # fmt: skip
    """What a search found: it has looked at all plans only if it met one where there is one."""
    if choice is not None:
        worth = replace(worth, upper=min(worth.upper, choice.cost))
        if choice.cost > limits.budget * (1 + TOLERANCE):
            choice = None  # nothing is cheaper
    elif math.isfinite(worth.upper):
        searched = False
    most = np.minimum(most, np.floor(limits.max_cards / columns.gpus))
    return Ready(columns, most, searched, choice, spans, worth)
