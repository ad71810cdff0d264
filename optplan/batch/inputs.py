"""The inputs of a batch: which files, how large, what is in them, and their rows in order."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from optplan.batch.formats import READERS, read_lines
from optplan.batch.rows import Row
from optplan.batch.tables import CHECKS
from optplan.errors import BadInput, Fault

STDIN: Final = "-"
YAML: Final = (".yaml", ".yml")
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class File:
    """One file of needs. size: bytes; digest: SHA-256 of its content ("" for standard input)."""

    name: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """All files, in the order in which they are read."""

    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes of all files; 0 where standard input is among them, which nobody knows the length of."""
        return 0 if any(file.name == STDIN for file in self.files) else sum(f.size for f in self.files)

    def rows(self) -> Iterator[Row]:
        """Every need, in order; a file is open only while it is read."""
        before = 0
        for file in self.files:
            if file.name == STDIN:
                yield from read_lines(sys.stdin.buffer, "stdin", Path(), before)
            else:
                path = Path(file.name)
                yield from READERS[path.suffix.lower()](path, before)
            before += file.size


def open_inputs(names: Sequence[str]) -> Inputs:
    """Find and fingerprint the files. Raises BadInput for every name that cannot be read."""
    faults: list[Fault] = []
    files: list[File] = []
    for name in names:
        try:
            files += [_stdin()] if name == STDIN else [_file(path) for path in _files(name)]
        except BadInput as error:
            faults += error.faults
    said = Counter(file.name for file in files)
    twice = [name for name, count in said.items() if count > 1]
    faults += [Fault("given-twice", name, "is among the inputs twice", "name it once") for name in twice]
    if faults:
        raise BadInput(faults)
    return Inputs(tuple(files))


def _stdin() -> File:
    if sys.stdin is None:  # the process was started with it closed
        raise BadInput(Fault("unreadable", STDIN, "standard input is closed", "pipe JSON lines into it"))
    return File(STDIN, 0, "")


def _files(name: str) -> Iterable[str]:
    """The file of that name, or every YAML file in the directory of that name and those below it, sorted."""
    kinds = ", ".join(sorted(READERS))
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise BadInput(Fault("missing-file", name[:200], f"cannot be read: {reason}")) from None
    if stat.S_ISDIR(mode):
        found = sorted(_below(name))
        if not found:
            hint = f"a directory is read for {' and '.join(YAML)}; other files ({kinds}) are named one by one"
            raise BadInput(Fault("empty", name, "there is no YAML file in this directory", hint))
        return found
    _regular(name, mode)
    if Path(name).suffix.lower() not in READERS:
        message = f"{Path(name).suffix or 'no suffix'!r} is no kind of file that a batch reads"
        raise BadInput(
            Fault("unknown-format", name, message, f"it reads {kinds}, directories of YAML, and -")
        )
    return [name]


def _below(directory: str) -> Iterator[str]:
    """YAML files in a directory and those below it, links to directories too; but not in names such as ..data, by
    which Kubernetes keeps each file of a ConfigMap twice. Raises BadInput for a directory that cannot be read: its
    needs would be missed without a word.
    """

    def refuse(error: OSError) -> None:
        message = f"cannot be read: {error.strerror}"
        raise BadInput(Fault("unreadable", str(error.filename), message)) from None

    for folder, folders, inside in os.walk(directory, onerror=refuse, followlinks=True):
        folders[:] = [
            one
            for one in folders
            if not one.startswith("..") and not _leads_back(os.path.join(folder, one), directory)
        ]
        for file in inside:
            if file.lower().endswith(YAML):
                yield os.path.join(folder, file)


def _leads_back(path: str, top: str) -> bool:
    """Is it a link to a directory that it lies in? path begins with top."""
    real = os.path.realpath(path)
    while len(path) > len(top):
        path = os.path.dirname(path)
        if os.path.realpath(path) == real:
            return True
    return False


def _regular(name: str, mode: int) -> None:
    """Raises BadInput for pipes and devices, which cannot be read twice."""
    if not stat.S_ISREG(mode):
        raise BadInput(Fault("not-a-file", name, "is not a regular file", "- reads JSON lines from a pipe"))


def _file(name: str) -> File:
    digest, size = hashlib.sha256(), 0
    try:
        _regular(name, os.stat(name).st_mode)
        with open(name, "rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise BadInput(Fault("unreadable", name, f"cannot be read: {error.strerror}")) from None
    check = CHECKS.get(Path(name).suffix.lower())
    if check is not None:
        check(Path(name))
    return File(name, size, digest.hexdigest())
