"""The rows of a finished run -> the output: the lines as they are, or Parquet."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from optplan.batch.tables import load_parquet
from optplan.errors import BadInput, Fault

LINES: Final = (".jsonl", ".ndjson")
PARQUET: Final = ".parquet"
GROUP_ROWS: Final = 8192  # of a row group, unless its JSON fills it earlier
GROUP_BYTES: Final = 1 << 25
MOST_KNOWN: Final = 100_000  # distinct needs whose totals are remembered, some 600 bytes each
_HEAD: Final = ("status", "place", "name", "need")
_TOTALS: Final = (
    "task",
    "currency",
    "total_cost",
    "hourly_cost",
    "hours",
    "gpu_hours",
    "bound",
    "gap",
    "cards",
)
_NUMBERS: Final = ("total_cost", "hourly_cost", "hours", "gpu_hours", "bound", "gap")
_JSON: Final = ("plan", "faults")  # as JSON text; plan: all of the row after `need`


def check_output(out: Path) -> None:
    """Raises BadInput for a name that tells no format, a missing folder, or Parquet without pyarrow."""
    if out.suffix.lower() not in (*LINES, PARQUET):
        hint = f"end it in {', '.join(LINES)} (JSON lines) or {PARQUET}"
        raise BadInput(Fault("unknown-format", f"-o {out}", "the suffix tells no format", hint))
    if not out.parent.is_dir():
        raise BadInput(Fault("missing-folder", f"-o {out}", f"there is no folder {out.parent}"))
    if out.is_dir():
        raise BadInput(Fault("directory", f"-o {out}", "this is a directory", "name a file in it"))
    if out.suffix.lower() == PARQUET:
        load_parquet(f"-o {out}")


def assemble(part: Path, out: Path) -> None:
    """Put the rows in place of the output, all at once."""
    if out.suffix.lower() == PARQUET:
        new = out.with_name(out.name + ".new")
        _to_parquet(part, new)
        os.replace(new, out)
        part.unlink()
    else:
        os.replace(part, out)


def _to_parquet(part: Path, new: Path) -> None:
    """Row groups as large as fit into memory with ease; equal rows, equal file."""
    import pyarrow as pa

    names = (*_HEAD, *_TOTALS, *_JSON)
    schema = pa.schema([(name, pa.float64() if name in _NUMBERS else pa.string()) for name in names])
    known: dict[str, dict[str, Any]] = {}
    with load_parquet(str(new)).ParquetWriter(new, schema, compression="zstd") as writer:
        for lines in _groups(part):
            if len(known) > MOST_KNOWN:
                known.clear()
            columns: dict[str, list[Any]] = {name: [] for name in names}
            for line in lines:
                _add(columns, line, known)
            writer.write_table(pa.table(columns, schema=schema))


def _groups(part: Path) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    size = 0
    with part.open("rb") as file:
        for line in file:
            lines.append(line)
            size += len(line)
            if len(lines) == GROUP_ROWS or size >= GROUP_BYTES:
                yield lines
                lines, size = [], 0
    if lines:
        yield lines


def _add(columns: dict[str, list[Any]], line: bytes, known: dict[str, dict[str, Any]]) -> None:
    """One row. known: the totals of needs seen before, since equal needs share them."""
    before, _, after = line.partition(b',"need":')  # quotes inside of names are escaped
    need, _, rest = after.partition(b",")
    head = orjson.loads(before + b',"need":' + need + b"}")
    bad = rest.startswith(b'"faults":')
    text = "{" + rest.decode().rstrip("\n")
    shared = {} if bad else known.get(head["need"])
    if shared is None:
        shared = known[head["need"]] = _totals(text)
    for name in _HEAD:
        columns[name].append(head[name])
    for name in _TOTALS:
        columns[name].append(shared.get(name))
    columns["plan"].append(None if bad else text)
    columns["faults"].append(orjson.dumps(orjson.loads(text)["faults"]).decode() if bad else None)


def _totals(text: str) -> dict[str, Any]:
    row = orjson.loads(text)
    cards = row.get("cards")
    shown = None if cards is None else orjson.dumps(cards).decode()
    return {name: row.get(name) for name in _TOTALS} | {"cards": shown}
