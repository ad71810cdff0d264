"""`solve_many`: needs in Python -> their plans, lazily and in order, with any executor of concurrent.futures."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any

from optplan.batch import courier
from optplan.batch.crew import Here
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.many import solve_block
from optplan.need import AnyNeed
from optplan.planner.main import load_catalog

Solved = dict[str, Any] | tuple[Fault, ...]


def solve_many(
    needs: Iterable[AnyNeed],
    catalog: Catalog | None = None,
    executor: Executor | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
    today: date | None = None,
    block: int = 256,
    ahead: int = 16,
) -> Iterator[dict[str, Any] | BadInput]:
    """The JSON of each need's plan (`optplan schema plan`), or the BadInput that keeps it from one, in order.

    executor  where blocks of needs are solved: processes, `client.get_executor()` of Dask, threads (which take
              turns: the solver allows one search a process); here if None
    fixed     quantities or assumptions by name, for all needs
    base      folder that relative paths in the needs start from
    today     the day from which the age of prices counts
    block     needs in one piece of work
    ahead     pieces under way at once; needs are drawn, and plans kept, no further ahead than that

    Each plan equals that of `solve(need, explore=False)` but for `solver`. The catalog goes to each worker once.
    The executor is not shut down.
    """
    parcel = courier.pack(catalog or load_catalog())
    given = {"fixed": dict(fixed or {}), "base": base, "today": today or date.today()}
    drawn = iter(needs)
    under_way: deque[Future[list[Solved]]] = deque()
    try:
        for piece in iter(lambda: tuple(islice(drawn, block)), ()):
            under_way.append(courier.send(executor or Here(), parcel, _solved, piece, given))
            if executor is None or len(under_way) >= ahead:
                yield from _told(under_way.popleft().result())
        while under_way:
            yield from _told(under_way.popleft().result())
    finally:
        for future in under_way:
            future.cancel()


def _solved(catalog: Catalog, needs: Sequence[AnyNeed], given: Mapping[str, Any]) -> list[Solved]:
    """A piece at a worker. Faults travel without their exception, which cannot be pickled."""
    return [
        plan.faults if isinstance(plan, BadInput) else plan for plan in solve_block(needs, catalog, **given)
    ]


def _told(found: Iterable[Solved]) -> Iterator[dict[str, Any] | BadInput]:
    return (one if isinstance(one, dict) else BadInput(one) for one in found)
