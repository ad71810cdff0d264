"""With which characters a match of a pattern can begin, and in which texts there can be one: others are not compiled.

Compiling some four hundred patterns would take most of the time of a short run; a sentence needs a few.
"""

from __future__ import annotations

import re
import string
from typing import NamedTuple

_CLASSES = {"d": set(string.digits), "s": set(string.whitespace)}
_NOTHING = frozenset({"b", "B", "A", "Z"})
_STEP = re.compile(r"\\.|\[.[^\]]*\]|[()|]")  # an escape, a class, or what opens, closes and parts
_PLAIN = re.compile(r"[^\\\[\](){}|?*+.^$]+")


class _Part(NamedTuple):
    """Of a part of a pattern: the characters it can begin with (None = any), whether it may be empty, its end."""

    first: set[str] | None
    empty: bool
    end: int


def beginnings(pattern: str) -> set[str] | None:
    """Every character that a non-empty match can begin with; None = any."""
    part = _either(pattern, 0)
    return None if part.empty else part.first


def possible(pattern: str, text: str) -> bool:
    """False where the text lacks what every match holds; its letters and their order inside words are looked at."""
    return _either_in(pattern, 0, text)[0]


def _either(pattern: str, at: int) -> _Part:
    """Alternatives up to a closing bracket."""
    first: set[str] | None = set()
    empty = False
    while True:
        branch = _sequence(pattern, at)
        first = None if first is None or branch.first is None else first | branch.first
        empty |= branch.empty
        at = branch.end
        if at >= len(pattern) or pattern[at] == ")":
            return _Part(first, empty, at)
        at += 1  # past the bar


def _sequence(pattern: str, at: int) -> _Part:
    """One alternative: its parts up to the first that cannot be empty, and where it ends."""
    first: set[str] | None = set()
    while at < len(pattern) and pattern[at] not in "|)":
        part = _atom(pattern, at)
        optional, at = _quantified(pattern, part.end)
        first = None if first is None or part.first is None else first | part.first
        if not (part.empty or optional):
            return _Part(first, False, _branch_end(pattern, at))
    return _Part(first, True, at)


def _atom(pattern: str, at: int) -> _Part:
    char = pattern[at]
    if char == "(":
        if _looks_around(pattern, at):
            return _Part(set(), True, _branch_end(pattern, at + 1, bars=True) + 1)
        inner = _either(pattern, _inside(pattern, at))
        return inner._replace(end=inner.end + 1)
    if char == "[":
        first, end = _class(pattern, at)
        return _Part(first, False, end)
    if char == "\\":
        return _escape(pattern[at + 1], at + 2)
    if char in "^$":
        return _Part(set(), True, at + 1)
    return _Part(None if char == "." else {char}, False, at + 1)


def _escape(char: str, end: int) -> _Part:
    if char in _NOTHING:
        return _Part(set(), True, end)
    if char in _CLASSES or char in "wWSD":
        return _Part(_CLASSES.get(char), False, end)
    return _Part({char}, False, end)


def _class(pattern: str, at: int) -> tuple[set[str] | None, int]:
    end = pattern.index("]", at + 2)
    body = pattern[at + 1 : end]
    plain = not body.startswith("^") and "\\" not in body and "-" not in body[1:-1]
    return set(body) if plain else None, end + 1


def _quantified(pattern: str, at: int) -> tuple[bool, int]:
    """Whether what stands before may be left out, and where the signs end that say how often it comes."""
    optional = False
    while at < len(pattern) and pattern[at] in "?*+{":
        optional |= pattern[at] in "?*" or pattern.startswith(("{0", "{,"), at)
        at = pattern.index("}", at) + 1 if pattern[at] == "{" else at + 1
    return optional, at


def _looks_around(pattern: str, at: int) -> bool:
    return pattern.startswith(("(?=", "(?!", "(?<"), at)


def _inside(pattern: str, at: int) -> int:
    """Where the alternatives of a bracket begin."""
    return at + 3 if pattern.startswith("(?:", at) else at + 1


def _branch_end(pattern: str, at: int, bars: bool = False) -> int:
    """Where the alternative ends that holds this place, or with bars the bracket around all of them."""
    depth = 0
    for found in _STEP.finditer(pattern, at):
        char = found[0]
        if char == "(":
            depth += 1
        elif depth and char == ")":
            depth -= 1
        elif not depth and (char == ")" or (char == "|" and not bars)):
            return found.start()
    return len(pattern)


def _either_in(pattern: str, at: int, text: str) -> tuple[bool, int]:
    """Whether one of the alternatives is possible in the text, and where they end."""
    while True:
        found, at = _sequence_in(pattern, at, text)
        if found:
            return True, _branch_end(pattern, at, bars=True)
        if at >= len(pattern) or pattern[at] == ")":
            return False, at
        at += 1  # past the bar


def _sequence_in(pattern: str, at: int, text: str) -> tuple[bool, int]:
    while at < len(pattern) and pattern[at] not in "|)":
        plain = _plain_to(pattern, at)
        if plain > at:
            found, optional, at = pattern[at:plain] in text, False, plain
        else:
            found, at = _atom_in(pattern, at, text)
            optional, at = _quantified(pattern, at)
        if not (found or optional):
            return False, _branch_end(pattern, at)
    return True, at


def _plain_to(pattern: str, at: int) -> int:
    """Where the characters end that stand for themselves, each once; `at` if none begin here."""
    run = _PLAIN.match(pattern, at)
    if run is None:
        return at
    end = run.end()
    return end - 1 if pattern.startswith(("?", "*", "+", "{"), end) else end


def _atom_in(pattern: str, at: int, text: str) -> tuple[bool, int]:
    if pattern[at] == "(" and not _looks_around(pattern, at):
        found, end = _either_in(pattern, _inside(pattern, at), text)
        return found, end + 1
    part = _atom(pattern, at)
    return part.empty or part.first is None or any(char in text for char in part.first), part.end
