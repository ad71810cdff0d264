"""One CSV file -> typed columns, with every fault found in it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from optplan.catalog.cells import READERS, choice
from optplan.catalog.schema import Column, schema
from optplan.errors import Fault, nearest


@dataclass(slots=True)
class Table:
    """The rows of one table as columns of typed values, with the line that each came from."""

    name: str
    columns: dict[str, list[Any]]
    lines: list[int]
    files: list[str]
    _keys: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def place(self, i: int) -> str:
        """Where row i stands: "data/gpus.csv:12"."""
        return f"{self.files[i]}:{self.lines[i]}"

    def keys(self) -> list[str]:
        """What makes each row unique, as text: "aws/us-east-1/p4d.24xlarge"; worked out once."""
        if not self._keys:
            parts = [self.columns[c.name] for c in schema()[self.name] if c.key]
            texts = [part if part and isinstance(part[0], str) else list(map(str, part)) for part in parts]
            self._keys = list(map("/".join, zip(*texts, strict=True)))
        return self._keys

    def rows(self) -> Iterator[dict[str, Any]]:
        """Row after row, as a dictionary."""
        names = list(self.columns)
        return (dict(zip(names, row, strict=True)) for row in zip(*self.columns.values(), strict=True))

    def take(self, keep: Sequence[bool]) -> Table:
        """The rows where keep is true."""
        picked = [i for i, kept in enumerate(keep) if kept]
        return Table(
            self.name,
            {name: [values[i] for i in picked] for name, values in self.columns.items()},
            [self.lines[i] for i in picked],
            [self.files[i] for i in picked],
        )

    def join(self, other: Table) -> Table:
        """The rows of both; a row of other replaces the one with the same key."""
        replaced = set(other.keys())
        keep = [key not in replaced for key in self.keys()]
        base = self if all(keep) else self.take(keep)
        columns = {name: values + other.columns[name] for name, values in base.columns.items()}
        return Table(self.name, columns, base.lines + other.lines, base.files + other.files)


@dataclass(slots=True)
class _Reading:
    """A file being read: where, what was found wrong so far."""

    place: str
    lines: list[int] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, code: str, row: int | None, message: str, hint: str = "") -> None:
        line = 1 if row is None else self.lines[row]
        self.faults.append(Fault(code, f"{self.place}:{line}", message, hint))


def read_table(path: Path, name: str, place: str) -> tuple[Table | None, list[Fault]]:
    """The file as a table called name, or None and why not.

    place is how messages call the file. Faults of single cells are all returned, with line numbers.
    """
    reading = _Reading(place)
    text = _text(path, reading)
    if text is None:
        return None, reading.faults
    rows = _rows(text, reading)
    if not rows:
        return None, reading.faults
    header, body = rows[0], rows[1:]
    columns = schema()[name]
    if not _header_is_sound(header, columns, reading) or not _widths_are_sound(header, body, reading):
        return None, reading.faults
    cells = dict(zip(header, zip(*body, strict=True), strict=True)) if body else {}
    values = {c.name: _convert(c, cells.get(c.name, ("",) * len(body)), reading) for c in columns}
    if reading.faults:
        return None, reading.faults
    table = Table(name, values, reading.lines, [place] * len(body))
    _no_duplicates(table, reading)
    return (None if reading.faults else table), reading.faults


def _text(path: Path, reading: _Reading) -> str | None:
    try:
        data = path.read_bytes()
    except OSError as error:
        reading.fault(
            "unreadable-file", None, f"cannot be read: {error.strerror}", "give a readable CSV file"
        )
        return None
    if b"\0" in data:
        reading.fault("binary-file", None, "holds binary data, not text", "save the table as CSV in UTF-8")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        fault = Fault(
            "not-utf8", f"{reading.place}:{line}", "is not UTF-8 text", "save the table as CSV in UTF-8"
        )
        reading.faults.append(fault)
        return None
    if not text.strip():
        reading.fault("empty-file", None, "is empty", "give at least the line of column names")
        return None
    return text


def _rows(text: str, reading: _Reading) -> list[list[str]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        rows = list(reader)
    except csv.Error as error:
        message, hint = f"cannot be split into cells: {error}", "put a quote inside a cell twice"
        reading.faults.append(Fault("not-csv", f"{reading.place}:{reader.line_num}", message, hint))
        return []
    if reader.line_num == len(rows) and all(rows):
        reading.lines = list(range(2, len(rows) + 1))
        return rows
    # Blank lines, or cells with line breaks: count the lines as they come.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    numbered = [(row, reader.line_num) for row in reader if row]
    reading.lines = [line for _, line in numbered[1:]]
    return [row for row, _ in numbered]


def _header_is_sound(header: list[str], columns: tuple[Column, ...], reading: _Reading) -> bool:
    names = [c.name for c in columns]
    header[:] = [name.strip() for name in header]
    for i, name in enumerate(header):
        if name not in names:
            near = nearest(name, names, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"columns are {', '.join(names)}"
            _header_fault(reading, "unknown-column", f"no column is called `{name}`", hint)
        elif name in header[:i]:
            _header_fault(reading, "duplicate-column", f"column `{name}` stands there twice", "drop one")
    for c in columns:
        if c.required and c.name not in header:
            _header_fault(
                reading, "missing-column", f"column `{c.name}` is missing", f"add it: {c.description}"
            )
    return not reading.faults


def _header_fault(reading: _Reading, code: str, message: str, hint: str) -> None:
    reading.faults.append(Fault(code, f"{reading.place}:1", message, hint))


def _widths_are_sound(header: list[str], body: list[list[str]], reading: _Reading) -> bool:
    if set(map(len, body)) <= {len(header)}:
        return True
    for i, row in enumerate(body):
        if len(row) != len(header):
            message = f"has {len(row)} cells, the first line names {len(header)} columns"
            reading.fault("wrong-width", i, message, "a comma inside a cell needs quotes around the cell")
    return False


def _convert(column: Column, cells: Sequence[str], reading: _Reading) -> list[Any]:
    read, default = READERS[column.kind]
    if column.default:
        default = column.default if column.kind in ("text", "choice") else read(column.default)
    if column.choices:
        read = choice(column.choices)
    try:
        values = _numbers(cells) if column.kind == "number" else list(map(read, cells))
    except ValueError:
        values = [_cell(column, read, default, cell, i, reading) for i, cell in enumerate(cells)]
    if column.default and not all(cells):
        values = [value if cell else default for value, cell in zip(values, cells, strict=True)]
    if column.required and not (all(cells) and (column.kind != "text" or all(values))):
        for i, cell in enumerate(cells):
            if not cell.strip():
                code = f"missing-{column.name}" if column.name in ("source", "date") else "missing-value"
                what = f"needs {column.says}: {column.description}"
                reading.fault(code, i, f"`{column.name}` is blank", what)
    if column.bound:
        _check_bound(column, cells, values, reading)
    return values


def _numbers(cells: Sequence[str]) -> list[float]:
    """All cells at once; ValueError if one is neither blank nor a finite number."""
    import numpy as np

    if not any(cells):
        return [math.nan] * len(cells)
    values = [float(cell) if cell else math.nan for cell in cells]
    if np.count_nonzero(np.isfinite(values)) != sum(map(bool, cells)) or "_" in "".join(cells):
        raise ValueError("not finite")
    return values


def _cell(
    column: Column, read: Callable[[str], Any], default: Any, cell: str, i: int, reading: _Reading
) -> Any:
    if not cell:
        return default
    try:
        return read(cell)
    except ValueError:
        message = f"`{column.name}` is {cell!r}, which is not {column.says}"
        reading.fault("wrong-type", i, message, _hint(column, cell))
        return default


def _hint(column: Column, cell: str) -> str:
    near = nearest(cell, column.choices, 1)
    if near:
        return f"did you mean `{near[0]}`?"
    if column.unit and any(c.isalpha() for c in cell):
        return f"give the bare number in {column.unit}"
    return column.description


def _check_bound(column: Column, cells: Sequence[str], values: list[Any], reading: _Reading) -> None:
    import numpy as np

    assert column.bound is not None
    sign, limit = column.bound
    given = np.array(values, float)
    wrong = given <= limit if sign == ">" else given < limit
    code = "price-not-positive" if "money" in column.unit else "out-of-range"
    faulty = {fault.place for fault in reading.faults}
    for i in np.flatnonzero(wrong).tolist():
        if cells[i] and f"{reading.place}:{reading.lines[i]}" not in faulty:
            message = f"`{column.name}` is {cells[i]}, which is not {column.says}"
            cure = column.description if column.required else "leave the cell blank if it is unknown"
            reading.fault(code, i, message, cure)


def _no_duplicates(table: Table, reading: _Reading) -> None:
    keys = table.keys()
    if len(set(keys)) == len(keys):
        return
    first: dict[str, int] = {}
    for i, key in enumerate(keys):
        if key in first:
            message = f"`{key}` is already on line {table.lines[first[key]]}"
            reading.fault("duplicate-key", i, message, "keep one of the two rows")
        else:
            first[key] = i
