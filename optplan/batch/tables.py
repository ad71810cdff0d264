"""Readers of tables: CSV and Parquet, one row a need."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

import orjson

from optplan.batch.rows import Row, bad, filled, nested
from optplan.errors import BadInput, Fault, nearest
from optplan.need import TASKS
from optplan.problem.fields import part_of

PARQUET_ROWS: Final = 1024  # read at once


def table(path: Path, before: int) -> Iterator[Row]:
    """CSV with a header: nested fields by dotted columns, blank cells absent, lists and parts as JSON."""
    with path.open("rb") as raw:
        counted = _Counted(raw)
        reader = csv.reader(counted, strict=True)
        header = [cell.strip() for cell in next(reader, [])]
        while True:
            place = f"{path}:{counted.lines + 1}"
            counted.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeDecodeError) as error:
                counted.back()  # an open quote would take the needs below with it
                reader = csv.reader(counted, strict=True)
                hint = _cure(error)
                message = f"not CSV in UTF-8: {error}"
                yield bad(place, "csv", message, hint, path.parent, before + counted.read)
                continue
            if any(cells):
                yield _csv_row(header, cells, place, path.parent, before + counted.read)


def _cure(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return "save the file as UTF-8"
    return "a cell with quotes in it is written in quotes, its own ones doubled"


class _Counted:
    """The lines of a file as text, with the bytes read so far; a line that is no UTF-8 does not end it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.read, self.lines = file, 0, 0
        self._first: tuple[int, int] | None = None

    def __iter__(self) -> _Counted:
        return self

    def __next__(self) -> str:
        line = self.file.readline()
        if not line:
            raise StopIteration
        encoding = "utf-8" if self.read else "utf-8-sig"
        self.read += len(line)
        self.lines += 1
        self._first = self._first or (self.read, self.lines)
        return line.decode(encoding)

    def begin(self) -> None:
        """A row begins here."""
        self._first = None

    def back(self) -> None:
        """Go on after the first line of the row."""
        if self._first is not None:
            self.read, self.lines = self._first
            self.file.seek(self.read)


def _csv_row(header: list[str], cells: list[str], place: str, base: Path, read: int) -> Row:
    if len(cells) > len(header):
        message = f"{len(cells)} cells under {len(header)} columns"
        return bad(place, "cells", message, "put cells with commas in quotes", base, read)
    try:
        pairs = zip(header, cells, strict=False)
        raw = nested({name: _cell(name, text.strip()) for name, text in pairs if text.strip()})
        return Row(place, filled(raw), (), base, read)
    except BadInput as error:
        return Row(place, None, error.faults, base, read)


def _cell(name: str, text: str) -> Any:
    """The text of a cell, or what is in it where it is a JSON list or object."""
    if not text.startswith(("[", "{")):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        hint = 'write ["H100", "A100"], or H100,A100' if text.startswith("[") else 'write {"rank": 16}'
        raise BadInput(Fault("json", name, f"the cell is not JSON: {error.msg}", hint)) from None


@cache
def _columns() -> frozenset[str]:
    """Every key at the top of some need, and every part of one."""
    found = set()
    for model in TASKS.values():
        for name, field in model.model_fields.items():
            part = part_of(field.annotation)
            found |= {name, *(f"{name}.{inside}" for inside in part.model_fields or ())} if part else {name}
    return frozenset(found)


_OPEN: Final = ("assume", "method")  # whose keys are names of assumptions, or of methods


_MARKS: Final = {";": "semicolons", "\t": "tabs", "|": "bars"}


def _check_header(header: list[str], place: str) -> None:
    """Columns that no need has are refused before anything is solved: they would fault every row."""
    if len(header) == 1:  # one column cannot be all of a need
        mark = next((mark for mark in _MARKS if mark in header[0]), None)
        if mark is not None:
            hint = f"save it with commas between the cells, not {_MARKS[mark]}"
            raise BadInput(Fault("separator", f"{place}:1", "the header is a single column", hint))
    faults = []
    for name in header:
        upto = ".".join(name.split(".")[:2])
        if not name:
            message = f"column {header.index(name) + 1} has no name"
            hint = "name it or drop it (pandas: index=False)"
            faults.append(Fault("unnamed-column", f"{place}:1", message, hint))
        elif header.count(name) > 1:
            faults.append(Fault("duplicate-column", f"{place}:1", f"`{name}` is there twice", "drop one"))
        elif name not in _columns() and upto not in _columns() and name.split(".")[0] not in _OPEN:
            near = nearest(name, _columns(), 1)
            hint = f"did you mean `{near[0]}`?" if near else "nested fields are written limits.budget."
            message = f"no need has a column `{name[:60]}`"
            faults.append(Fault("unknown-column", f"{place}:1", message, f"{hint} Or drop the column"))
    if "task" not in header:
        faults.append(Fault("missing-column", f"{place}:1", "no column `task`", f"one of {', '.join(TASKS)}"))
    if faults:
        raise BadInput(list(dict.fromkeys(faults)))


def check_csv(path: Path) -> None:
    """Raises BadInput for a header that is not one of needs."""
    with path.open("rb") as raw:
        try:
            header = next(csv.reader(_Counted(raw), strict=True), [])
        except (csv.Error, UnicodeDecodeError) as error:
            raise BadInput(Fault("csv", f"{path}:1", f"not CSV in UTF-8: {error}", _cure(error))) from None
    _check_header([cell.strip() for cell in header], str(path))


def check_parquet(path: Path) -> None:
    """Raises BadInput for a file that is not Parquet, or has columns that no need has."""
    _check_header(open_parquet(path).schema_arrow.names, str(path))


def parquet(path: Path, before: int) -> Iterator[Row]:
    """Parquet: one row a need; dotted columns or structs are parts, null is absent."""
    size, done = path.stat().st_size, 0
    file = open_parquet(path)
    total = max(1, file.metadata.num_rows)
    kinds = {field.name: field.type for field in file.schema_arrow}
    for batch in file.iter_batches(batch_size=PARQUET_ROWS):
        for cells in batch.to_pylist():
            done += 1
            place, read = f"{path}#{done}", before + size * done // total
            try:
                given = {
                    n: _cell(n, v) if isinstance(v, str) else _mapped(n, v, kinds[n])
                    for n, v in cells.items()
                }
                raw = nested({n: v for n, v in given.items() if v is not None and v != ""})
                yield Row(place, filled(raw), (), path.parent, read)
            except BadInput as error:
                yield Row(place, None, error.faults, path.parent, read)


def _mapped(name: str, value: Any, kind: Any) -> Any:
    """A value of an Arrow type: a map comes as a list of pairs; an empty one is absent."""
    from pyarrow import types

    if isinstance(value, dict):
        return {part.name: _mapped(f"{name}.{part.name}", value[part.name], part.type) for part in kind}
    if value is None or not types.is_map(kind):
        return value
    found = dict(value)
    if len(found) < len(value):
        raise BadInput(Fault("duplicate-key", name, "the map has a key twice", "keep one of the two"))
    return found or None


def open_parquet(path: Path) -> Any:
    """A pyarrow ParquetFile. Raises BadInput where pyarrow is absent or the file is none."""
    arrow = load_parquet(str(path))
    import pyarrow

    try:
        return arrow.ParquetFile(path)
    except (pyarrow.ArrowInvalid, OSError) as error:
        reason = str(error).splitlines()[0][:120]
        raise BadInput(Fault("parquet", str(path), f"not a Parquet file: {reason}")) from None


def load_parquet(place: str) -> Any:
    """The module pyarrow.parquet. Raises BadInput that says how to install it."""
    try:
        import pyarrow.parquet
    except ImportError:
        hint = "pip install 'optplan[parquet]'"
        raise BadInput(
            Fault("no-pyarrow", place, "Parquet needs pyarrow, which is not installed", hint)
        ) from None
    return pyarrow.parquet


CHECKS: Final[dict[str, Callable[[Path], None]]] = {".csv": check_csv, ".parquet": check_parquet}
