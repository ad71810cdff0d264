"""What an import brings, and the account of everything that it left out."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from optplan.catalog.schema import schema
from optplan.errors import BadInput, Fault

Cells = dict[str, str]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row, or one price of a row, that was not taken. reason: "kind: particulars"."""

    file: str
    line: int
    reason: str
    text: str


@dataclass(slots=True)
class Imported:
    """Rows of catalog tables as text, and all that was left out.

    origin  how every row's source begins, such as "gpuhunt catalog"
    tables  table -> rows, column -> cell
    read    rows (or entries) that the files hold
    aside   why rows were passed over that are nothing for a catalog -> how many
    """

    origin: str
    tables: dict[str, list[Cells]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    read: int = 0
    aside: Counter[str] = field(default_factory=Counter)

    def refuse(self, file: str, line: int, reason: str, text: str) -> None:
        """Note a row that is not taken."""
        self.refused.append(Refused(file, line, reason, text[:200]))

    def add(self, table: str, row: Cells) -> None:
        """Take a row."""
        self.tables.setdefault(table, []).append(row)

    def rows(self, table: str = "offers") -> list[Cells]:
        """The rows of one table; [] if there are none."""
        return self.tables.get(table, [])

    def reasons(self) -> dict[str, int]:
        """How often each kind of refusal happened, most frequent first; particulars left out."""
        counts = Counter(row.reason.split(":")[0] for row in self.refused)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def sort(self) -> None:
        """Refusals in the order of files and lines."""
        self.refused.sort(key=lambda row: (row.file, row.line, row.reason))


def write(imported: Imported, directory: Path) -> Path:
    """Write each table, and refused.txt beside it, into a directory that `--catalog` takes; the directory.

    A table of the directory that holds rows of another origin is not written over. Raises BadInput for that,
    and where the directory cannot be written.
    """
    _free(imported, directory)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for table, rows in imported.tables.items():
            names = [c.name for c in schema()[table] if any(c.name in row for row in rows)]
            with (directory / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, names, restval="", lineterminator="\n")
                writer.writeheader()
                writer.writerows(rows)
        lines = [f"{row.file}:{row.line}  {row.reason}\n    {row.text}\n" for row in imported.refused]
        (directory / "refused.txt").write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise _unwritable(directory, error) from None
    return directory


def _free(imported: Imported, directory: Path) -> None:
    """Raise BadInput where writing would lose rows of another origin."""
    for table in imported.tables:
        path = directory / f"{table}.csv"
        if path.is_file() and (other := _foreign(path, imported.origin)):
            message = f"holds rows of another source, such as {other[:60]!r}"
            hint = "write into another directory; --catalog can be given several times"
            raise BadInput(Fault("not-empty", str(path), message, hint))


def _foreign(path: Path, origin: str) -> str:
    """The source of the first row that is not of this origin, or ""."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows: list[Mapping[str, str | None]] = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(Fault("unreadable-file", str(path), f"cannot be read: {error}")) from None
    sources = (row.get("source") or "no source" for row in rows)
    return next((said for said in sources if not said.startswith(origin)), "")


def _unwritable(directory: Path, error: OSError) -> BadInput:
    reason = error.strerror or "not a usable path"
    return BadInput(Fault("unwritable", "--out", f"{directory} cannot be written: {reason}"))
