"""`solve_many` in Python: any executor, lazily, in order, bounded."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from batching import serve, train

import optplan
from optplan import BadInput, Catalog, solve
from optplan.batch import courier, solve_many
from optplan.batch.rows import need_of

TODAY = date(2026, 3, 1)
NEEDS = [need_of(train(number * 10**6, f"n{number}")) for number in range(1, 40)]
NEEDS[5] = need_of(serve(1, model="no-such-model"))


def plain(found: object) -> Any:
    """A plan without what the search took; a fault as it reads."""
    if isinstance(found, dict):
        return {key: value for key, value in found.items() if key != "solver"}
    return str(found)


@pytest.fixture(scope="module")
def alone() -> list[Any]:
    found: list[Any] = []
    for need in NEEDS:
        try:
            found.append(plain(solve(need, today=TODAY, explore=False).json()))
        except BadInput as error:
            found.append(str(error))
    return found


def spawned() -> Executor:
    return ProcessPoolExecutor(2, multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("made", [None, lambda: ThreadPoolExecutor(3), spawned])
def test_every_executor_gives_the_answers_of_single_solves_in_order(alone: list[Any], made: Any) -> None:
    if made is None:
        found = list(solve_many(NEEDS, today=TODAY, block=7))
    else:
        with made() as executor:
            found = list(solve_many(iter(NEEDS), executor=executor, today=TODAY, block=7))
    assert [plain(one) for one in found] == alone
    assert isinstance(found[5], BadInput)


def test_another_catalog_reaches_the_processes(alone: list[Any]) -> None:
    dearer = Catalog.load()
    dearer.offers.price[:] *= 3
    with spawned() as executor:
        first, *_ = solve_many(NEEDS[:1], dearer, executor, today=TODAY)
    assert isinstance(first, dict)
    assert first["total_cost"] == pytest.approx(3 * alone[0]["total_cost"], rel=1e-9)


class Counting(Executor):
    """Works at once, and counts what was sent."""

    def __init__(self) -> None:
        self.sent: list[object] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.sent.append(args[2])  # the catalog that travels, or None
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_needs_are_drawn_no_further_ahead_than_asked() -> None:
    drawn = 0

    def drawing() -> Iterator[Any]:
        nonlocal drawn
        for need in NEEDS:
            drawn += 1
            yield need

    plans = solve_many(drawing(), executor=Counting(), block=2, ahead=3)
    assert drawn == 0
    next(plans)
    assert drawn == 6


def test_the_catalog_travels_only_to_who_does_not_have_it() -> None:
    executor, catalog = Counting(), Catalog.load()
    plans = solve_many(NEEDS[:4], catalog, executor, block=1, ahead=1)
    next(plans)
    courier.KEPT.clear()  # as a worker that has just joined
    assert len(list(plans)) == 3
    assert [parcel is not None for parcel in executor.sent] == [False, False, True, False, False]


@pytest.mark.parametrize("made", [None, Counting])
def test_needs_drawn_before_their_source_broke_are_answered_first(alone: list[Any], made: Any) -> None:
    def breaking() -> Iterator[Any]:
        yield from NEEDS[:5]
        raise RuntimeError("the source broke")

    found = []
    with pytest.raises(RuntimeError, match="the source broke"):
        found.extend(map(plain, solve_many(breaking(), executor=made and made(), today=TODAY, block=3)))
    assert found == alone[:5]


def test_mappings_are_needs_and_what_is_none_is_a_fault_of_its_own(alone: list[Any]) -> None:
    given: list[Any] = [
        train(10**6, "n1", limits={"gpus": ["H100"], "providers": ["vast"], "budget": None}),
        "text",
    ]
    plan, fault, bad, last = solve_many([*given, {"task": "serve"}, NEEDS[1]], today=TODAY)
    assert [plain(plan), plain(last)] == alone[:2]
    assert isinstance(fault, BadInput)
    assert "not str" in str(fault)
    assert isinstance(bad, BadInput)
    assert "`model`" in str(bad)


@pytest.mark.parametrize("sizes", [{"block": 0}, {"ahead": 0}, {"block": -1}])
def test_pieces_of_no_size_are_refused_rather_than_nothing_solved(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        list(solve_many(NEEDS[:1], **sizes))


def test_the_package_offers_it() -> None:
    assert optplan.solve_many is solve_many
