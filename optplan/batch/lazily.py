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
from optplan.batch.rows import filled, need_of
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.many import solve_block
from optplan.need import AnyNeed
from optplan.planner.main import load_catalog

Solved = dict[str, Any] | tuple[Fault, ...]
_Need = AnyNeed | Mapping[str, Any]


def solve_many(
    needs: Iterable[_Need],
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

    needs     as `read` gives them, or as mappings with the keys of a need in YAML; where drawing one raises, what was
              drawn before is answered first
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
    if min(block, ahead) < 1:
        raise ValueError(f"block and ahead are at least 1, not {block} and {ahead}")
    broken: list[Exception] = []
    drawn = iter(needs)
    under_way: deque[Future[list[Solved]]] = deque()
    try:
        for piece in iter(lambda: _drawn(drawn, block, broken), ()):
            under_way.append(courier.send(executor or Here(), parcel, _solved, piece, given))
            if executor is None or len(under_way) >= ahead:
                yield from _told(under_way.popleft().result())
        while under_way:
            yield from _told(under_way.popleft().result())
        if broken:
            raise broken[0]
    finally:
        for future in under_way:
            future.cancel()


def _drawn(needs: Iterator[_Need], block: int, broken: list[Exception]) -> tuple[_Need, ...]:
    """The next piece of needs: up to the end, or to the error that drawing one raises, which is noted."""
    piece: list[_Need] = []
    if not broken:
        try:
            for need in islice(needs, block):
                piece.append(need)  # one by one: those before an error count
        except Exception as error:
            broken.append(error)
    return tuple(piece)


def _solved(catalog: Catalog, needs: Sequence[_Need], given: Mapping[str, Any]) -> list[Solved]:
    """A piece at a worker. Faults travel without their exception, which cannot be pickled."""
    read = [_read(need) for need in needs]
    sound = [need for need in read if not isinstance(need, BadInput)]
    plans = solve_block(sound, catalog, **given)
    found = [need if isinstance(need, BadInput) else next(plans) for need in read]
    return [one.faults if isinstance(one, BadInput) else one for one in found]


def _read(need: object) -> AnyNeed | BadInput:
    """A need of the caller's, or why it is none."""
    if isinstance(need, AnyNeed):
        return need
    if not isinstance(need, Mapping):
        message = f"a need is a mapping or what `read` gives, not {type(need).__name__}"
        return BadInput(Fault("not-a-mapping", "", message, "write {'task': .., 'model': ..}"))
    try:
        return need_of(filled(dict(need)))
    except BadInput as error:
        return error


def _told(found: Iterable[Solved]) -> Iterator[dict[str, Any] | BadInput]:
    return (one if isinstance(one, dict) else BadInput(one) for one in found)
