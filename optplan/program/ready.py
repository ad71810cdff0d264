"""A fleet's columns made ready: the beaten and the hopeless set aside, the answer known where few are left."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optplan.program.batches import cheapest_batch
from optplan.program.columns import Columns, undominated, usable
from optplan.program.limits import Limits
from optplan.program.search import Choice, TooMany, cheapest_service
from optplan.program.spans import Spans, spans_of
from optplan.program.worth import Worth, batch_worth, loads_of, service_worth
from optplan.units import HOUR, TOLERANCE


@dataclass(frozen=True, slots=True)
class Ready:
    """Columns that a cheapest plan could hold.

    most      units of each column that it could hold at most
    searched  whether all plans were looked at: then `choice` is the cheapest, or None where there is none
    spans     hours of offline work
    """

    columns: Columns
    most: np.ndarray
    searched: bool
    choice: Choice | None
    spans: Spans | None = None


def ready_service(
    columns: Columns, rates: Sequence[float], hours: float, utilisation: float, limits: Limits, mix: str,
    plain: bool = True,
) -> Ready:  # fmt: skip
    """The columns of a service, whose units are held for so many hours. plain: as of `_plain`."""
    if not _plain(limits, plain):
        columns = undominated(columns, hours, limits, mix)
        load = loads_of(columns, rates, utilisation)
        most = np.minimum(_most(load, limits), np.floor(limits.max_cards / columns.gpus))
        return Ready(columns, most, False, None)
    columns = usable(columns, hours)
    load = loads_of(columns, rates, utilisation)
    columns = columns.take(service_worth(columns, load, hours, limits, mix).kept)
    columns = undominated(columns, hours, limits, mix)
    load = loads_of(columns, rates, utilisation)
    worth = service_worth(columns, load, hours, limits, mix)
    most = _most(load, limits)
    try:
        choice, searched = cheapest_service(columns, load, hours, worth, limits, mix), True
    except TooMany:
        choice, searched = None, False
    return _narrowed(columns, worth, most, limits, searched, choice, None)


def ready_batch(
    columns: Columns, requests: float, utilisation: float, setup: float, limits: Limits, mix: str,
    plain: bool = True,
) -> Ready:  # fmt: skip
    """The columns of offline work, whose units take `setup` hours to start. plain: as of `_plain`."""
    if limits.deadline <= setup:
        columns = columns.take(np.zeros(0, dtype=int))
    work = requests / (utilisation * HOUR)
    if not _plain(limits, plain):
        columns = undominated(columns, math.inf, limits, mix)
        spans = spans_of(columns, work, setup, limits)
        return Ready(columns, spans.most, False, None, spans)
    columns = usable(columns, math.inf)
    columns = columns.take(batch_worth(columns, spans_of(columns, work, setup, limits), limits).kept)
    columns = undominated(columns, math.inf, limits, mix)
    spans = spans_of(columns, work, setup, limits)
    worth = batch_worth(columns, spans, limits)
    try:
        choice, searched = cheapest_batch(columns, spans, worth, limits, mix), True
    except TooMany:
        choice, searched = None, False
    return _narrowed(columns, worth, spans.most, limits, searched, choice, spans)


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


def _narrowed(
    columns: Columns, worth: Worth, most: np.ndarray, limits: Limits, searched: bool, choice: Choice | None,
    spans: Spans | None,
) -> Ready:  # fmt: skip
    """With the cost of a plan known, fewer columns and fewer units of each could be in one as cheap."""
    if choice is not None:
        worth = replace(worth, upper=min(worth.upper, choice.cost))
    elif math.isfinite(worth.upper):
        searched = False  # there is a plan that the search did not meet
    room = worth.upper * (1 + 2 * TOLERANCE) - worth.lower
    with np.errstate(divide="ignore", invalid="ignore"):
        fewer = np.floor(room / np.maximum(worth.excess, 0.0) * (1 + TOLERANCE))
    most = np.minimum(most, np.floor(limits.max_cards / columns.gpus))
    most = np.where(np.isfinite(fewer), np.minimum(most, fewer), most)
    held = np.zeros(len(columns)) if choice is None else np.array(choice.units)
    wanted = held > 0
    wanted[worth.kept] = True
    kept = np.flatnonzero(wanted)
    most = np.maximum(most, held)[kept]
    if choice is not None:
        choice = choice.take(kept.tolist())
        if choice.cost > limits.budget * (1 + TOLERANCE):
            choice = None  # nothing is cheaper
    return Ready(columns.take(kept), most, searched, choice, None if spans is None else spans.take(kept))
