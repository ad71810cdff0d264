"""One reader a format: a file -> its rows, one at a time, whatever its length. Here: JSON lines and YAML."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, Final

import orjson

from optplan.batch.rows import MAX_ROW_BYTES, SHARED, Row, bad, filled
from optplan.batch.tables import parquet, table
from optplan.errors import BadInput, Fault
from optplan.problem.judge import Judge
from optplan.problem.tree import documents, plain

_MARK = re.compile(rb"---(\s|$)")
_SHARED = re.compile(rb"""(?<![\w"'])["']?%s["']?\s*:""" % SHARED.encode())
_LINE = re.compile(r":(\d+):(\d+)$")
_TOO_LARGE: Final = f"has more than {MAX_ROW_BYTES / 1e6:.0f} MB: is it one need?"


def jsonl(path: Path, before: int) -> Iterator[Row]:
    """JSON lines: one need a line; blank lines are left out."""
    with path.open("rb") as file:
        yield from read_lines(file, str(path), path.parent, before)


def read_lines(file: IO[bytes], name: str, base: Path, before: int) -> Iterator[Row]:
    """The rows of an open file of JSON lines; before: bytes of the files read earlier."""
    read, line = before, 0
    while text := file.readline(MAX_ROW_BYTES + 1):
        line += 1
        read += len(text)
        place = f"{name}:{line}"
        if len(text) > MAX_ROW_BYTES:
            while text and not text.endswith(b"\n"):
                text = file.readline(MAX_ROW_BYTES + 1)
                read += len(text)
            yield bad(place, "too-large", f"the line {_TOO_LARGE}", "", base, read)
        elif not text.isspace():
            yield _told(_json_row(text, place, base, read), text)


def _json_row(text: bytes, place: str, base: Path, read: int) -> Row:
    try:
        raw = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        hint = 'one need is one line, like {"task": "serve", "model": "Llama-3.1-8B"}'
        message = f"not JSON: {error.msg} (column {error.colno})"
        return bad(place, "json", message, hint, base, read)
    if not isinstance(raw, dict):
        hint = 'write {"task": .., "model": ..}'
        return bad(place, "not-a-mapping", "a need is a JSON object", hint, base, read)
    try:
        row = Row(place, filled(raw), (), base, read)
    except BadInput as error:
        return Row(place, None, error.faults, base, read)
    twice = _twice(text) if text.count(b":") > _keys(raw) else ""
    if twice:
        return bad(
            place, "duplicate-key", f"`{twice[:40]}` is given twice", "keep one of the two", base, read
        )
    return row


def _keys(value: Any) -> int:
    """Keys at any depth: as many as there are colons, or fewer where a text has some or a key is there twice."""
    if isinstance(value, dict):
        return len(value) + sum(_keys(item) for item in value.values() if isinstance(item, (dict, list)))
    if isinstance(value, list):
        return sum(_keys(item) for item in value if isinstance(item, (dict, list)))
    return 0


def _twice(text: bytes) -> str:
    """The first key that one object of the JSON has twice, or ""."""
    found: list[str] = []

    def seen(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = Counter(key for key, _ in pairs)
        found.extend(key for key, count in keys.items() if count > 1)
        return dict(pairs)

    json.loads(text.decode("utf-8-sig"), object_pairs_hook=seen)
    return found[0] if found else ""


def yaml(path: Path, before: int) -> Iterator[Row]:
    """YAML: every document is a need; a faulty one does not stop the others."""
    read, number, waiting = before, 0, None
    for line, text, size in _chunks(path):
        read += size
        for row in _documents(text, line, path, read):
            number += 1
            if waiting is not None:
                yield _numbered(waiting, number - 1)
            waiting = _told(row, text)
    if waiting is not None:
        yield _numbered(waiting, number) if number > 1 else waiting
    else:
        hint = "begin like `task: finetune` and `model: GLM-4-9B`"
        yield bad(str(path), "empty", "there is no need in it", hint, path.parent, read)


def _numbered(row: Row, number: int) -> Row:
    return replace(row, place=f"{row.place}#{number}")


def _told(row: Row, text: bytes) -> Row:
    """A row that says whether its text, which cannot be read, has limits that needs share."""
    return replace(row, shared=True) if row.raw is None and _SHARED.search(text) else row


def _chunks(path: Path) -> Iterator[tuple[int, bytes, int]]:
    """(lines before it, text, bytes) of each document, split where a line starts with ---."""
    held: list[bytes] = []
    start = size = 0
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_ROW_BYTES + 1), b"")):
            if _MARK.match(line) and held:
                yield start, b"".join(held), size
                held, start, size = [], number, 0
            size += len(line)
            if size <= 2 * MAX_ROW_BYTES:  # more is refused all the same
                held.append(line)
        if held:
            yield start, b"".join(held), size


def _documents(content: bytes, line: int, path: Path, read: int) -> Iterator[Row]:
    name, base = str(path), path.parent
    if len(content) > MAX_ROW_BYTES:
        yield bad(name, "too-large", f"the document at line {line + 1} {_TOO_LARGE}", "", base, read)
        return
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = line + content[: error.start].count(b"\n") + 1
        yield bad(name, "encoding", f"line {at} is not UTF-8", "save the file as UTF-8", base, read)
        return
    try:
        roots, shown, faults = documents(text, name)
    except BadInput as error:
        yield Row(name, None, _moved(error.faults, line), base, read)
        return
    if faults:
        yield Row(name, None, _moved(faults, line), base, read)
        return
    for root in roots:
        if root.kind in ("empty", "null"):
            continue
        if list(root.entries) == [SHARED]:
            yield Row(name, plain(root), (), base, read)
            continue
        judge = Judge(root, shown)
        try:
            judge.need()
        except BadInput as error:
            yield Row(name, None, _moved(error.faults, line), base, read)
        else:
            yield Row(name, plain(root) | {"task": judge.task}, (), base, read)


def _moved(faults: Iterable[Fault], lines: int) -> tuple[Fault, ...]:
    """Faults with line numbers of the whole file."""

    def down(place: str) -> str:
        return _LINE.sub(lambda found: f":{int(found[1]) + lines}:{found[2]}", place)

    return tuple(Fault(f.code, down(f.place), f.message, f.hint) for f in faults)


READERS: Final[dict[str, Callable[[Path, int], Iterator[Row]]]] = {
    ".yaml": yaml,
    ".yml": yaml,
    ".jsonl": jsonl,
    ".ndjson": jsonl,
    ".csv": table,
    ".parquet": parquet,
}
