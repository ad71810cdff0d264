"""A sentence as text: one character stays one character, so that every place stays right."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from optplan.errors import Fault

MAX_CHARACTERS = 1000
_MARKS = {"，": ";", "、": ",", "。": ".", "；": ";", "：": ":", "？": "?", "！": "!", "（": "(", "）": ")"}
_MARKS |= {
    "×": "*",
    "✕": "*",
    "“": '"',
    "”": '"',
    "‘": "'",
    "’": "'",
    "–": "-",
    "—": "-",
    "‑": "-",
    "￥": "¥",
}
_MARKS |= {"\u00a0": " ", "\u3000": " ", "≤": "<", "＜": "<", "～": "~"}


def lowered(sentence: str) -> str:
    """The sentence in lower case and half-width characters, of the same length."""
    return "".join(_lowered(char) for char in sentence)


def _lowered(char: str) -> str:
    if char in _MARKS:
        return _MARKS[char]
    plain = unicodedata.normalize("NFKC", char) if unicodedata.east_asian_width(char) == "F" else char
    low = plain.lower()
    low = low if len(low) == 1 else plain[:1]
    return low if low.isprintable() and not low.isspace() else " "


def width(text: str) -> int:
    """Columns that text takes in a terminal: two for a wide character, none for a combining one."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def excerpt(sentence: str, spans: Iterable[tuple[int, int]]) -> str:
    """The sentence with carets under the spans, cut to about 100 characters around them."""
    ordered = sorted(spans)
    low = max(0, ordered[0][0] - 50)
    high = min(len(sentence), max(ordered[-1][1] + 30, low + 100))
    shown = "".join(c if c.isprintable() else " " for c in sentence)
    marks = ""
    for start, end in ordered:
        marks += " " * (width(shown[low:start]) - len(marks))
        marks += "^" * max(1, width(shown[start:end]))
    lead, tail = "... " if low else "", " ..." if high < len(sentence) else ""
    return f"  {lead}{shown[low:high]}{tail}\n  {' ' * len(lead)}{marks}"


def fault(sentence: str, spans: list[tuple[int, int]], code: str, message: str, hint: str = "") -> Fault:
    """A fault that points at parts of the sentence (positions from 0, told from 1)."""
    place = "the sentence, at " + " and ".join(str(start + 1) for start, _ in sorted(spans))
    return Fault(code, place, message, hint, excerpt(sentence, spans))
