"""A file of measurements -> cases of one kind, recognised by its columns.

Empty cells say that the source does not tell; nothing is filled in here.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from optplan.errors import BadInput, Fault

# What a file of each kind must have; the first kind whose columns are all there is the file's.
KINDS: Final[dict[str, tuple[str, ...]]] = {
    "training_memory": ("model", "gpu", "method", "peak_memory_gib_per_gpu"),
    "training_speed": ("model", "gpu", "method", "tokens_per_s_per_gpu"),
    "training_runs": ("model", "gpu", "tokens_b", "gpu_hours"),
    "inference_throughput": ("model", "gpu", "metric", "value"),
    "inference_memory": ("model", "quantity", "value"),
}
_NAMES: Final = ("case_id", "run_id")
_SOURCES: Final = ("source_repo", "source")


@dataclass(frozen=True, slots=True)
class Case:
    """One measured row.

    file     name of the file, without folder and suffix
    kind     one of KINDS
    case_id  as written in the file, else its line number
    row      column -> text as written; "" = the source does not say
    source   who measured, for leaving one source out; the file's name where no column tells
    """

    file: str
    kind: str
    case_id: str
    row: dict[str, str]
    source: str


@dataclass(slots=True)
class Predictions:
    """Predictions of the answered cases, all lists of equal length.

    case_index  position of the case in the list that was predicted
    quantity    what was predicted, such as peak_memory; `unit` its unit
    measured, predicted, low, high   in that unit; low and high with every assumption at its band's end
    assumed     for each answered case, defaults taken for empty cells, in words
    refused     (position of the case, reason) of each case that cannot be answered
    """

    case_index: list[int]
    quantity: list[str]
    unit: list[str]
    measured: np.ndarray
    predicted: np.ndarray
    low: np.ndarray
    high: np.ndarray
    assumed: list[list[str]]
    refused: list[tuple[int, str]] = field(default_factory=list)


def read_cases(path: Path | str) -> tuple[str, list[Case]]:
    """(kind, cases) of one file.

    Raises BadInput for a file that cannot be read, that has no rows, or whose columns are of no known kind.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # a device has no end to read to
        hint = "name a CSV file of measurements"
        raise BadInput(Fault("not-a-file", str(path), "this is not a regular file", hint))
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = tuple(reader.fieldnames or ())
            rows = [{k: (v or "").strip() for k, v in row.items() if k is not None} for row in reader]
    except OSError as error:
        hint = "name a CSV file of measurements that exists and may be read"
        raise BadInput(Fault("unreadable", str(path), error.strerror or "cannot be read", hint)) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(Fault("unreadable", str(path), f"is no CSV file in UTF-8: {error}")) from None
    kind = kind_of(columns, str(path))
    if not rows:
        raise BadInput(Fault("empty-file", str(path), "has a head and no rows"))
    return kind, [_case(path.stem, kind, line, row) for line, row in enumerate(rows, start=2)]


def _case(file: str, kind: str, line: int, row: dict[str, str]) -> Case:
    name = next((row[c] for c in _NAMES if row.get(c)), f"line {line}")
    return Case(file, kind, name, row, next((row[c] for c in _SOURCES if row.get(c)), file))


def kind_of(columns: Iterable[str], place: str) -> str:
    """The kind of file that has these columns; BadInput `unknown-file` with what is missing."""
    have = set(columns)
    for kind, needed in KINDS.items():
        if have.issuperset(needed):
            return kind
    nearest = min(KINDS, key=lambda kind: len(set(KINDS[kind]) - have))
    missing = ", ".join(c for c in KINDS[nearest] if c not in have)
    hint = "; ".join(f"{kind}: {', '.join(needed)}" for kind, needed in KINDS.items())
    raise BadInput(Fault("unknown-file", place, f"is most like {nearest}, but has no column {missing}", hint))


def number(row: Mapping[str, str], column: str) -> float:
    """The cell as a number; nan where it is empty, missing or no number."""
    text = row.get(column, "").replace(",", "")
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan
