"""With which characters a match of a pattern can begin: patterns that cannot begin here are not compiled.

Compiling some four hundred patterns would take most of the time of a short run; a sentence needs a few.
"""

from __future__ import annotations

import string

_CLASSES = {"d": set(string.digits), "s": set(string.whitespace)}
_NOTHING = frozenset({"b", "B", "A", "Z"})


def beginnings(pattern: str) -> set[str] | None:
    """Every character that a non-empty match can begin with; None = any."""
    first, empty, _ = _either(pattern, 0)
    return None if empty else first


def _either(text: str, at: int) -> tuple[set[str] | None, bool, int]:
    """(characters, may be empty, end) of alternatives up to a closing bracket."""
    first: set[str] | None = set()
    empty = False
    while True:
        branch, nullable, at = _sequence(text, at)
        first = None if first is None or branch is None else first | branch
        empty |= nullable
        if at >= len(text) or text[at] == ")":
            return first, empty, at
        at += 1  # past the bar


def _sequence(text: str, at: int) -> tuple[set[str] | None, bool, int]:
    first: set[str] | None = set()
    empty = True
    while at < len(text) and text[at] not in "|)":
        part, nullable, at = _atom(text, at)
        while at < len(text) and text[at] in "?*+{":
            nullable |= text[at] in "?*" or text.startswith(("{0", "{,"), at)
            at = text.index("}", at) + 1 if text[at] == "{" else at + 1
        if empty:
            first = None if first is None or part is None else first | part
            empty = nullable
    return first, empty, at


def _atom(text: str, at: int) -> tuple[set[str] | None, bool, int]:
    char = text[at]
    if char == "(":
        if text.startswith(("(?=", "(?!", "(?<"), at):
            return set(), True, _closing(text, at) + 1
        inner, empty, end = _either(text, at + 3 if text.startswith("(?:", at) else at + 1)
        return inner, empty, end + 1
    if char == "[":
        return _class(text, at)
    if char == "\\":
        known = _CLASSES.get(text[at + 1])
        if text[at + 1] in _NOTHING:
            return set(), True, at + 2
        return known if known or text[at + 1] in "wWSD" else {text[at + 1]}, False, at + 2
    if char in "^$":
        return set(), True, at + 1
    return None if char == "." else {char}, False, at + 1


def _class(text: str, at: int) -> tuple[set[str] | None, bool, int]:
    end = text.index("]", at + 2)
    body = text[at + 1 : end]
    plain = not body.startswith("^") and "\\" not in body and "-" not in body[1:-1]
    return set(body) if plain else None, False, end + 1


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
