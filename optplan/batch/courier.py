"""Blocks to workers, wherever they are: the catalog goes to each worker once, however many blocks it solves.

A block carries the catalog's mark, not the catalog. A worker that does not have that catalog yet says so, and the
block is sent again with it. Executors that can prepare their workers (`initializer`, a Dask plugin) do so by
`keep`, and the second way is never needed.
"""

from __future__ import annotations

import hashlib
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, TypeVar

from optplan.catalog import Catalog

KEPT: dict[str, Catalog] = {}  # of this process, by mark; the newest few
MOST_KEPT = 4
_SOLVER = threading.Lock()  # HiGHS takes one search a process at a time
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Absent:
    """A worker's word that it does not have the catalog of this mark."""

    mark: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A catalog ready to travel. mark: names it; content: pickled."""

    mark: str
    content: bytes


def pack(catalog: Catalog) -> Parcel:
    """The catalog as a parcel; it is kept in this process, too."""
    content = pickle.dumps(catalog, protocol=pickle.HIGHEST_PROTOCOL)
    parcel = Parcel(hashlib.sha256(content).hexdigest(), content)
    _remember(parcel.mark, catalog)
    return parcel


def keep(parcel: Parcel) -> None:
    """Unpack a catalog in this process, unless it is here already."""
    if parcel.mark not in KEPT:
        _remember(parcel.mark, pickle.loads(parcel.content))


def _remember(mark: str, catalog: Catalog) -> None:
    while len(KEPT) >= MOST_KEPT:
        KEPT.pop(next(iter(KEPT)), None)
    KEPT[mark] = catalog


def _at_worker(
    work: Callable[..., Result], mark: str, parcel: Parcel | None, arguments: tuple[Any, ...]
) -> Result | Absent:
    if parcel is not None:
        keep(parcel)
    catalog = KEPT.get(mark)
    if catalog is None:
        return Absent(mark)
    with _SOLVER:
        return work(catalog, *arguments)


class Sent(Future[Result]):
    """The outcome of work at an executor, over as many journeys as it takes."""

    journey: Future[Any] | None = None

    def cancel(self) -> bool:
        """Drop the work if it has not begun."""
        if self.journey is not None:
            self.journey.cancel()
        return super().cancel()


def send(executor: Executor, parcel: Parcel, work: Callable[..., Result], *arguments: Any) -> Future[Result]:
    """Run work(catalog, *arguments) at a worker; work must be importable by name."""
    outcome: Sent[Result] = Sent()

    def travel(content: Parcel | None) -> None:
        outcome.journey = executor.submit(_at_worker, work, parcel.mark, content, arguments)
        outcome.journey.add_done_callback(arrived)

    def arrived(journey: Future[Any]) -> None:
        if journey.cancelled():
            outcome.cancel()
            return
        error = journey.exception()
        if error is None and isinstance(journey.result(), Absent) and not outcome.cancelled():
            try:
                travel(parcel)
            except RuntimeError as closed:
                error = closed
            else:
                return
        if not outcome.set_running_or_notify_cancel():
            return
        if error is not None:
            outcome.set_exception(error)
        else:
            outcome.set_result(journey.result())

    travel(None)
    return outcome
