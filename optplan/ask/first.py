"""With which characters a match of a pattern can begin, and which it has to hold: others are not compiled.

Compiling some four hundred patterns would take most of the time of a short run; a sentence needs a few.
"""

from __future__ import annotations

import string
from functools import cache
from typing import NamedTuple

_CLASSES = {"d": set(string.digits), "s": set(string.whitespace)}
_NOTHING = frozenset({"b", "B", "A", "Z"})
_NO_CHARACTER: frozenset[str] = frozenset()


class _Part(NamedTuple):
    """Of a part of a pattern: the characters it can begin with (None = any), whether it may be empty, the
    characters that every match of it holds, and where it ends.
    """

    first: set[str] | None
    empty: bool
    held: frozenset[str]
    end: int


def beginnings(pattern: str) -> set[str] | None:
    """Every character that a non-empty match can begin with; None = any."""
    part = _whole(pattern)
    return None if part.empty else part.first


def held(pattern: str) -> frozenset[str]:
    """Characters that every match holds: none of some alternatives only, none of what may be left out."""
    return _whole(pattern).held


@cache
def _whole(pattern: str) -> _Part:
    return _either(pattern, 0)


def _either(text: str, at: int) -> _Part:
    """Alternatives up to a closing bracket."""
    first: set[str] | None = set()
    empty, held = False, None
    while True:
        branch = _sequence(text, at)
        first = None if first is None or branch.first is None else first | branch.first
        empty |= branch.empty
        held = branch.held if held is None else held & branch.held
        at = branch.end
        if at >= len(text) or text[at] == ")":
            return _Part(first, empty, held, at)
        at += 1  # past the bar


def _sequence(text: str, at: int) -> _Part:
    first: set[str] | None = set()
    empty, held = True, _NO_CHARACTER
    while at < len(text) and text[at] not in "|)":
        part = _atom(text, at)
        nullable, optional, at = part.empty, False, part.end
        while at < len(text) and text[at] in "?*+{":
            optional |= text[at] in "?*" or text.startswith(("{0", "{,"), at)
            at = text.index("}", at) + 1 if text[at] == "{" else at + 1
        nullable |= optional
        if empty:
            first = None if first is None or part.first is None else first | part.first
            empty = nullable
        if not optional:
            held |= part.held
    return _Part(first, empty, held, at)


def _atom(text: str, at: int) -> _Part:
    char = text[at]
    if char == "(":
        if text.startswith(("(?=", "(?!", "(?<"), at):
            return _Part(set(), True, _NO_CHARACTER, _closing(text, at) + 1)
        inner = _either(text, at + 3 if text.startswith("(?:", at) else at + 1)
        return inner._replace(end=inner.end + 1)
    if char == "[":
        first, end = _class(text, at)
        return _Part(first, False, _NO_CHARACTER, end)
    if char == "\\":
        return _escape(text[at + 1], at + 2)
    if char in "^$":
        return _Part(set(), True, _NO_CHARACTER, at + 1)
    if char == ".":
        return _Part(None, False, _NO_CHARACTER, at + 1)
    return _Part({char}, False, frozenset(char), at + 1)


def _escape(char: str, end: int) -> _Part:
    if char in _NOTHING:
        return _Part(set(), True, _NO_CHARACTER, end)
    known = _CLASSES.get(char)
    if known or char in "wWSD":
        return _Part(known, False, _NO_CHARACTER, end)
    return _Part({char}, False, frozenset(char), end)


def _class(text: str, at: int) -> tuple[set[str] | None, int]:
    end = text.index("]", at + 2)
    body = text[at + 1 : end]
    plain = not body.startswith("^") and "\\" not in body and "-" not in body[1:-1]
    return set(body) if plain else None, end + 1


def _closing(text: str, at: int) -> int:
    depth = 0
    while True:
        if text[at] == "\\":
            at += 1
        elif text[at] == "[":
            at = text.index("]", at + 2)
        elif text[at] == "(":
            depth += 1
        elif text[at] == ")":
            depth -= 1
            if depth == 0:
                return at
        at += 1
