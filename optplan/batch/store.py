"""The rows on disk: written in order, in blocks, and read again where an equal need comes by.

`OUT.part` holds the rows so far, a line each; every whole line is finished work. `OUT.ahead` holds answers that
came before their turn, so that they neither wait in memory nor die with the process.
"""

from __future__ import annotations

import fcntl
import os
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import orjson

from optplan.batch.work import Answer
from optplan.errors import BadInput, Fault

FLUSH_BYTES: Final = 1 << 20
MOST_KNOWN: Final = 400_000  # distinct needs remembered, some 350 bytes each


@dataclass(slots=True)
class Entry:
    """One distinct need: where the bytes of its answer are. data: here, before they are written anywhere."""

    key: bytes
    status: str = ""
    data: bytes | None = None
    in_part: bool = False
    in_ahead: bool = False
    offset: int = 0
    length: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One row to be written: what differs between equal needs, and the entry that they share."""

    place: str
    name: str | None
    entry: Entry

    def head(self, status: str) -> bytes:
        """The row's JSON up to what equal needs share."""
        need = self.entry.key.decode() if self.entry.key else None
        head = {"status": status, "place": self.place, "name": self.name, "need": need}
        return orjson.dumps(head)[:-1] + b","


class Known:
    """The newest distinct needs by key; the least recently seen are forgotten, and would be solved again."""

    def __init__(self, most: int = MOST_KNOWN) -> None:
        self.most = most
        self.entries: OrderedDict[bytes, Entry] = OrderedDict()

    def find(self, key: bytes) -> tuple[Entry, bool]:
        """The entry of a key, and whether it is new."""
        entry = self.entries.get(key)
        if entry is not None:
            self.entries.move_to_end(key)
            return entry, False
        entry = self.entries[key] = Entry(key)
        if len(self.entries) > self.most:
            self.entries.popitem(last=False)
        return entry, True


class Store:
    """The two files of one run. Only one process may hold them: raises BadInput where another does."""

    def __init__(self, out: Path) -> None:
        self.part, self.ahead = out.with_name(out.name + ".part"), out.with_name(out.name + ".ahead")
        self.counts: Counter[str] = Counter()
        self.distinct = 0  # answers that were worked out, in this process
        self._part = _opened(self.part, out)
        try:
            fcntl.flock(self._part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._part)
            hint = "wait for it, or name another output"
            raise BadInput(
                Fault("in-use", str(out), "another optplan batch writes this output", hint)
            ) from None
        try:
            self._ahead = _opened(self.ahead, out)
        except BadInput:
            os.close(self._part)
            raise
        self._size = self._ahead_size = 0
        self._early: dict[bytes, Entry] = {}  # answers found in OUT.ahead when the run was taken up again
        self._live = 0  # entries whose bytes are in OUT.ahead alone

    def begin(self) -> None:
        """Empty both files."""
        os.ftruncate(self._part, 0)
        os.ftruncate(self._ahead, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of both files, and of the lock."""
        os.close(self._part)
        os.close(self._ahead)

    def sync(self) -> None:
        """Wait until the rows are on the disk itself."""
        os.fsync(self._part)

    def finished(self) -> Iterator[tuple[bytes, int]]:
        """(line without its end, offset) of every whole row; what follows the last of them is cut off.

        Rows can be added only when this has run to its end.
        """
        yield from _whole(self._part)
        self._size = os.fstat(self._part).st_size
        self._recall()

    def _recall(self) -> None:
        """Take up the answers that came before their turn; a torn last one is cut off."""
        for line, offset in _whole(self._ahead):
            key, status, rest = line.split(b" ", 2)
            at = offset + len(key) + len(status) + 2
            self._early[key] = Entry(key, status.decode(), None, False, True, at, len(rest))
        self._ahead_size, self._live = os.fstat(self._ahead).st_size, len(self._early)

    def answered(self, line: Line, status: str, offset: int, size: int) -> None:
        """Note that a row found by `finished` is this line's, so that equal needs use its answer."""
        entry, head = line.entry, len(line.head(status))
        self.counts[status] += 1
        entry.status, entry.in_part = status, True
        entry.offset, entry.length = offset + head, size - head

    def recalled(self, entry: Entry) -> bool:
        """Fill an entry from the answers that came before their turn, if it is among them."""
        early = self._early.pop(entry.key, None)
        if early is None:
            return False
        entry.status, entry.in_ahead = early.status, True
        entry.offset, entry.length = early.offset, early.length
        return True

    def fill(self, entries: Iterable[Entry], answers: Iterable[Answer]) -> None:
        """Give entries their answers."""
        for entry, answer in zip(entries, answers, strict=True):
            entry.status, entry.data = answer.status, answer.rest
            self.distinct += 1

    def spill(self, entries: Iterable[Entry]) -> None:
        """Write answers to OUT.ahead, and out of memory."""
        held = [entry for entry in entries if entry.data is not None]
        texts = [b"%b %b %b\n" % (e.key, e.status.encode(), e.data or b"") for e in held]
        _write(self._ahead, b"".join(texts), self._ahead_size)
        for entry, text in zip(held, texts, strict=True):
            entry.length = len(entry.data or b"")
            entry.offset = self._ahead_size + len(text) - entry.length - 1
            entry.data, entry.in_ahead = None, True
            self._ahead_size += len(text)
        self._live += len(held)

    def write(self, lines: Iterable[Line]) -> None:
        """Add rows in order."""
        parts: list[bytes] = []
        moved: list[tuple[Entry, int, int]] = []
        size = 0
        for line in lines:
            entry = line.entry
            head, rest = line.head(entry.status), self._rest(entry)
            parts += (head, rest, b"\n")
            self.counts[entry.status] += 1
            if not entry.in_part:
                moved.append((entry, self._size + size + len(head), len(rest)))
            size += len(head) + len(rest) + 1
            if size >= FLUSH_BYTES:
                self._flush(parts, moved)
                parts, moved, size = [], [], 0
        self._flush(parts, moved)

    def _rest(self, entry: Entry) -> bytes:
        if entry.data is not None:
            return entry.data
        return os.pread(self._part if entry.in_part else self._ahead, entry.length, entry.offset)

    def _flush(self, parts: list[bytes], moved: list[tuple[Entry, int, int]]) -> None:
        content = b"".join(parts)
        _write(self._part, content, self._size)
        self._size += len(content)
        for entry, offset, length in moved:
            self._live -= entry.in_ahead
            entry.data, entry.in_ahead, entry.in_part = None, False, True
            entry.offset, entry.length = offset, length
        if moved and not self._live and self._ahead_size:
            os.ftruncate(self._ahead, 0)
            self._ahead_size = 0


def _opened(path: Path, out: Path) -> int:
    """The file, made where it is not there. Raises BadInput where it cannot be written."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        hint = "name an output in a directory that you may write to"
        message = f"cannot be written: {error.strerror}"
        raise BadInput(Fault("unwritable", f"-o {out}", message, hint)) from None


def _whole(descriptor: int) -> Iterator[tuple[bytes, int]]:
    """(line without its end, offset) of every whole line; in the end what follows the last of them is cut off."""
    offset = 0
    with open(os.dup(descriptor), "rb") as file:
        file.seek(0)
        for line in file:
            if not line.endswith(b"\n"):
                break
            yield line[:-1], offset
            offset += len(line)
    os.ftruncate(descriptor, offset)


def _write(file: int, content: bytes, offset: int) -> None:
    view = memoryview(content)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
