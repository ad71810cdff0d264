"""What can go wrong, as data: a code, a place, a message and a cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what the user gave.

    code     short and stable, such as `unknown-key`
    place    where: "chat.yaml:9:3", "--set efficiency", "the sentence, at 14"
    message  what is wrong, in one line
    hint     how to mend it, or ""
    excerpt  lines of the input with a caret under the fault, or ""
    """

    code: str
    place: str
    message: str
    hint: str = ""
    excerpt: str = ""

    def __str__(self) -> str:
        lines = [f"{self.place}  {self.code}", self.excerpt, f"  {self.message}"]
        if self.hint:
            lines.append(f" hint: {self.hint}")
        return "\n".join(line for line in lines if line)


class BadInput(Exception):
    """Input that cannot be used: all its faults at once, nothing solved (exit 2)."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


def counted(number: int, one: str, several: str = "") -> str:
    """(1, "row") -> "1 row", (2000, "row") -> "2,000 rows"."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def nearest(word: str, choices: Iterable[str], count: int = 3) -> list[str]:
    """The choices most alike to word, best first; compared without case, spaces and dashes."""

    def plain(text: str) -> str:
        return "".join(c for c in text.lower() if c.isalnum())

    by_plain: dict[str, str] = {}
    for choice in choices:
        by_plain.setdefault(plain(choice), choice)
    found = difflib.get_close_matches(plain(word), list(by_plain), n=count, cutoff=0.5)
    return [by_plain[key] for key in found]
