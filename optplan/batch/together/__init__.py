"""Many needs under limits that they share: one program, proven, with the scarce limits priced."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from optplan.batch import courier
from optplan.batch.blocks import Sorter
from optplan.batch.crew import Crew
from optplan.batch.inputs import Inputs
from optplan.batch.rows import SHARED
from optplan.batch.store import Entry, Known, Line
from optplan.batch.together.alone import Caps, Piece, pieces
from optplan.batch.together.answer import Together, account
from optplan.batch.together.limits import Shared, cells_of, read_document, read_options
from optplan.batch.together.search import Search
from optplan.batch.work import Answer, Asked, Settings, bad
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault

__all__ = ["Shared", "Together", "read_options", "solve_together"]

PIECES = 8  # in one journey to a worker


@dataclass(frozen=True, slots=True)
class _Read:
    """The needs of the inputs, and the limits among them."""

    lines: list[Line]
    asked: dict[int, Asked]
    shared: Shared


def solve_together(
    inputs: Inputs, catalog: Catalog, crew: Crew, settings: Settings, shared: Shared
) -> tuple[list[Line], Together]:
    """A line a need, in order, and the account of what they share.

    Needs that are bad, or have no plan even alone, have rows like in any batch and take no part. Raises BadInput for
    limits that mean nothing.
    """
    read = _read(inputs, shared)
    shared = read.shared
    cells = cells_of(catalog, shared)

    def look(wanted: Sequence[tuple[int, Caps | None]]) -> list[Piece]:
        parts = [wanted[i : i + PIECES] for i in range(0, len(wanted), PIECES)]
        sent = [
            courier.send(
                crew.executor,
                crew.parcel,
                pieces,
                [(read.asked[n], caps) for n, caps in part],
                shared,
                settings,
            )
            for part in parts
        ]
        return [piece for future in sent for piece in future.result()]

    first = dict(zip(read.asked, look([(number, None) for number in read.asked]), strict=True))
    feasible = {number: piece for number, piece in first.items() if math.isfinite(piece.cost)}
    currency = _currency(shared, feasible)
    search = Search(cells, look, lambda amount, code: catalog.convert(amount, code, currency))
    search.start(feasible)
    budget = (
        math.inf if shared.budget is None else search.convert(shared.budget.amount, shared.budget.currency)
    )
    choice = search.best([float(cards) for cards in cells.most], budget)
    found = account(search, choice, feasible, read.lines, shared, currency)
    for number, line in enumerate(read.lines):
        if number in read.asked:
            _fill(line.entry, first[number], choice.given.get(number))
    return read.lines, found


def _read(inputs: Inputs, shared: Shared) -> _Read:
    lines: list[Line] = []
    asked: dict[int, Asked] = {}
    faults: list[Fault] = []
    written = Shared()
    for row in inputs.rows():
        if (
            row.shared
        ):  # not a need that is bad: without these limits the answers of all others would be wrong
            faults += row.faults
            continue
        if row.raw is not None and SHARED in row.raw:
            try:
                written = written.joined(read_document(row.raw, row.place))
            except BadInput as error:
                faults += error.faults
            continue
        line, one = Sorter(Known()).line(row)  # equal needs are two needs here
        if one is not None:
            asked[len(lines)] = one
        lines.append(line)
    if faults:
        raise BadInput(faults)
    return _Read(lines, asked, written.joined(shared))


def _currency(shared: Shared, first: dict[int, Piece]) -> str:
    """Of the budget; else the one that all plans have; else US dollars."""
    if shared.budget is not None:
        return shared.budget.currency
    said = {piece.currency for piece in first.values()}
    return said.pop() if len(said) == 1 else "USD"


def _fill(entry: Entry, alone: Piece, given: Piece | None) -> None:
    """The answer of a need: its plan; or as it was alone; or that there was no room."""
    answer = alone.answer if given is None else given.answer
    if given is None and math.isfinite(alone.cost):
        hint = "see the account of the shared limits for what more of them is worth"
        answer = Answer("left_out", bad([Fault("no-room", "", _NO_ROOM, hint)]).rest)
    entry.status, entry.data = answer.status, answer.rest


_NO_ROOM = "it has a plan alone, but no room under the limits that all needs share"
