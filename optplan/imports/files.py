"""Reading what users hand over: text of sane size, JSON, the lines that entries stand in."""

from __future__ import annotations

import datetime
import json
import math
from pathlib import Path
from typing import Any

from optplan.errors import BadInput, Fault

LARGEST_FILE = 200_000_000  # bytes; the largest price list known has 3 MB


def read_bytes(path: Path) -> bytes:
    """The content of a file. Raises BadInput where it cannot be read or is too large."""
    try:
        if path.is_dir():
            raise BadInput(Fault("directory", str(path), "is a directory", "name a file in it"))
        if path.exists() and not path.is_file():  # a device has no end to read to
            raise BadInput(
                Fault("not-a-file", str(path), "is not a regular file", "name a file as downloaded")
            )
        if path.stat().st_size > LARGEST_FILE:
            raise BadInput(Fault("file-too-large", str(path), f"is larger than {LARGEST_FILE:,} bytes"))
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "not a usable path"
        raise BadInput(Fault("unreadable-file", str(path), f"cannot be read: {reason}")) from None


def decoded(content: bytes, place: str) -> str:
    """The text of UTF-8 bytes. Raises BadInput."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(Fault("not-utf8", place, "is not UTF-8 text", "give the file as downloaded")) from None


def read_json(path: Path, hint: str) -> tuple[dict[str, Any], str]:
    """The JSON object of a file, and its text. hint: what file was meant. Raises BadInput."""
    text = decoded(read_bytes(path), str(path))
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        where = f"{path}:{error.lineno}" if isinstance(error, json.JSONDecodeError) else str(path)
        raise BadInput(Fault("not-json", where, f"is no JSON: {error}", hint)) from None
    if not isinstance(found, dict):
        raise BadInput(Fault("not-json", str(path), "holds no JSON object", hint))
    return found, text


class Lines:
    """Finds the lines of a text in which its entries stand, one after the other."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.line = text, 0, 1

    def of(self, name: str, after: str = "") -> int:
        """The line, from 1, of the next JSON string `name` with `after` behind it; the last one found if none is."""
        at = self.text.find(json.dumps(name, ensure_ascii=False) + after, self.at)
        if at >= 0:
            self.line += self.text.count("\n", self.at, at)
            self.at = at
        return self.line


def written_day(path: Path) -> str:
    """The day on which the file was written, as YYYY-MM-DD."""
    return datetime.date.fromtimestamp(path.stat().st_mtime).isoformat()


def amount(cell: object) -> float:
    """A number above zero; nan for blank, zero, negative and anything else, all of which mean unknown."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return math.nan
    try:
        value = float(cell)
    except ValueError:
        return math.nan
    return value if 0 < value < math.inf else math.nan


def text_of(value: float) -> str:
    """A cell; blank for nan."""
    return "" if value != value else f"{value:.10g}"
