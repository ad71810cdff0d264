"""Files -> results: read, predict, score, in groups and, if asked, with each source left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault, nearest
from optplan.validate.predict import predict
from optplan.validate.read import Case, read_cases
from optplan.validate.report import FileResult
from optplan.validate.score import by_groups, score

_OWN: Final = {"source", "quantity"}  # what every case has, whatever its file's columns


def run(
    files: Sequence[Path], catalog: Catalog, columns: Sequence[str] = (), crossed: bool = False
) -> list[FileResult]:
    """A result for each file, in order.

    columns  also score by the values of these columns, or by `quantity`, `source`
    Raises BadInput with every file that cannot be read, before anything is predicted.
    """
    read: list[tuple[str, list[Case]]] = []
    faults: list[Fault] = []
    for file in files:
        try:
            kind, cases = read_cases(file)
        except BadInput as error:
            faults += error.faults
            continue
        name = kind if kind not in dict(read) else cases[0].file
        read.append((name if name not in dict(read) else str(file), cases))
    faults += _unknown(columns, {name for _, cases in read for name in cases[0].row}) if read else []
    if faults:
        raise BadInput(faults)
    return [_result(name, cases, catalog, columns, crossed) for name, cases in read]


def _unknown(columns: Sequence[str], known: set[str]) -> list[Fault]:
    """Columns that no file has: one that only some have is left out of the others."""
    known = known | _OWN
    faults = []
    for column in columns:
        if column not in known:
            close = nearest(column, known)
            hint = f"did you mean {', '.join(close)}?" if close else f"columns: {', '.join(sorted(known))}"
            faults.append(Fault("unknown-column", "--by", f"no file has a column {column!r}", hint))
    return faults


def _result(
    name: str, cases: list[Case], catalog: Catalog, columns: Sequence[str], crossed: bool
) -> FileResult:
    found = predict(cases, catalog)
    result = FileResult(name, cases, found, score(found, len(cases)))
    for column in (c for c in columns if c in cases[0].row or c in _OWN):
        result.groups[column] = by_groups(found, cases, _values_of(column, found.quantity))
    if crossed:
        from optplan.validate.cross import cross

        left_out = cross(cases, catalog)
        result.left_out = left_out
        result.crossed = score(left_out, len(cases))
        result.by_source = by_groups(left_out, cases, lambda case, _: case.source)
    return result


def _values_of(column: str, quantities: Sequence[str]) -> Callable[[Case, int], str]:
    """What tells the group of a case: its source, its quantity, or a cell."""

    def value(case: Case, position: int) -> str:
        own = {"source": case.source, "quantity": quantities[position]}
        return own.get(column, case.row.get(column, "")) or "(not said)"

    return value
