"""Rows -> blocks of work: equal needs once, each block with the lines that it completes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, Final

import orjson

from optplan.batch.rows import Row
from optplan.batch.store import Entry, Known, Line
from optplan.batch.work import Answer, Asked, bad
from optplan.errors import Fault
from optplan.need import TASKS

BLOCK: Final = 512  # distinct needs
ROWS: Final = 8192
_SORTED: Final = orjson.OPT_SORT_KEYS


@dataclass(slots=True)
class Block:
    """Consecutive rows. asked: what must be worked out for them, entry by entry; read: bytes of the inputs."""

    lines: list[Line] = field(default_factory=list)
    asked: list[tuple[Entry, Asked]] = field(default_factory=list)
    future: Future[list[Answer]] | None = None
    tries: int = 0
    filled: bool = False
    read: int = 0

    @property
    def done(self) -> bool:
        """Is there an answer to everything asked, or an error?"""
        return self.future is None or self.future.done()


class Sorter:
    """Tells which needs are equal: all but their names."""

    def __init__(self, known: Known) -> None:
        self.known = known

    def line(self, row: Row) -> tuple[Line, Asked | None]:
        """The row's line, and what to ask where its need is seen for the first time."""
        place = _text(row.place)
        if row.raw is None:
            return _unreadable(place, row.faults), None
        raw = row.raw
        name = raw.get("name")
        if isinstance(name, str) and 0 < len(name.strip()) <= 500:
            name = name.strip()
            raw = {key: value for key, value in raw.items() if key != "name"}
        else:  # absent, or for the worker to refuse
            name = _task(raw) if name is None else None
        base = str(row.base) if _has_path(raw) else None
        try:
            text = orjson.dumps([raw, base] if base is not None else raw, default=str, option=_SORTED)
            orjson.dumps(name)
        except TypeError:  # half of a pair of UTF-16 units, as in "\\ud800", stands for no character
            fault = Fault("text", place, "it holds what is no text", "leave out lone \\ud800 .. \\udfff")
            return _unreadable(place, (fault,)), None
        key = hashlib.blake2b(text, digest_size=16).hexdigest().encode()
        entry, new = self.known.find(key)
        return Line(place, name, entry), Asked(raw, base) if new else None


def _unreadable(place: str, faults: tuple[Fault, ...]) -> Line:
    shown = [replace(fault, place=_text(fault.place), message=_text(fault.message)) for fault in faults]
    answer = bad(shown)
    return Line(place, None, Entry(b"", answer.status, answer.rest))


def _text(text: str) -> str:
    """The text without what UTF-8 cannot hold, such as the bytes of a file name that is none."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _task(raw: dict[str, Any]) -> str | None:
    """What a plan is called where the need has no name."""
    task = raw.get("task")
    task = task.strip().lower() if isinstance(task, str) else ""
    return task if task in TASKS else None


def _has_path(raw: dict[str, Any]) -> bool:
    """Does the need name a file, so that its folder matters?"""
    model, rules = raw.get("model"), raw.get("rules")
    return any(
        isinstance(text, str) and text.endswith(suffix) for text, suffix in ((model, ".json"), (rules, ".py"))
    )


def cut(rows: Iterable[Row], sorter: Sorter, size: int = BLOCK) -> Iterator[Block]:
    """Blocks of so many distinct needs, or of so many rows; the first ones are smaller, to be under way soon."""
    block, most = Block(), min(size, 32)
    for row in rows:
        line, asked = sorter.line(row)
        block.lines.append(line)
        block.read = row.read
        if asked is not None:
            block.asked.append((line.entry, asked))
        if len(block.asked) >= most or len(block.lines) >= ROWS:
            yield block
            block, most = Block(), min(size, most * 2)
    if block.lines:
        yield block
