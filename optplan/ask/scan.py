"""A sentence -> what it says, piece by piece, and what of it nobody understands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from optplan.ask import numbers, vocab
from optplan.ask.first import beginnings, possible
from optplan.ask.names import Names
from optplan.ask.numbers import Token
from optplan.ask.vocab import Meaning


@dataclass(frozen=True, slots=True)
class Item:
    """One piece of meaning: its kind, its value, where it stands."""

    kind: str
    value: Any
    start: int
    end: int

    @property
    def span(self) -> tuple[int, int]:
        return self.start, self.end


_CARD_COUNT = re.compile(
    r"(?<=\d)(\s*)x(?=\s*(?:nvidia|rtx|gtx|tesla|[abhlvt]-?\d|mi\d|g[bh]\d|\d0[5-9]0|\d+\s?gb?\b))"
)
_COUNT_BEHIND = re.compile(r"(?<=[a-z0-9])(\s)x(?=\s*\d+(?![\d.]*b))")


# Words before a meaning that change nothing; any meaning may begin with them, so that the longest still wins.
_LEAD = re.compile(
    r"(?:with|using|via|at|on|from|the|an?|my|our|about|around|approximately|roughly|and|of|for|over|in) "
)
# A match may not end inside an English word; the pattern itself looks, so that it can try a longer way.
_END = r"(?:(?<![a-z0-9])|(?![a-z0-9]))"


@cache
def _ways() -> tuple[tuple[Meaning, str], ...]:
    """Every way to say a meaning, in order: the meaning, its pattern."""
    return tuple((meaning, _pattern(way)) for meaning in vocab.MEANINGS for way in meaning.ways)


@lru_cache(maxsize=16)
def _possible(short: str) -> tuple[tuple[set[str] | None, Meaning, str], ...]:
    """The ways that this text can hold, in order: what each can begin with (None = any), meaning, pattern."""
    return tuple(
        (beginnings(way.replace(_BETWEEN, _MAYBE)), meaning, way)
        for meaning, way in _ways()
        if possible(way, short)
    )


@lru_cache(maxsize=256)
def _beginning(char: str, short: str) -> tuple[tuple[Meaning, re.Pattern[str]], ...]:
    """Those of them that can begin with this character, compiled."""
    return tuple(
        (meaning, _compiled(way))
        for first, meaning, way in _possible(short)
        if first is None or char in first
    )


@cache
def _compiled(way: str) -> re.Pattern[str]:
    return re.compile(f"(?:{way}){_END}")


@cache
def _phrases() -> tuple[str, ...]:
    return tuple(map(_pattern, vocab.FILLER_PHRASES))


@lru_cache(maxsize=16)
def _fillers(short: str) -> re.Pattern[str] | None:
    """The phrases without weight that this text can hold; None if there are none."""
    ways = "|".join(way for way in _phrases() if possible(way, short))
    return _compiled(ways) if ways else None


def _pattern(way: str) -> str:
    """A blank keeps two English words apart, ` ?` does not; N is any number, also one in billions."""
    if "N" in way or "#" in way:
        way = re.sub(r"(?<!\[)N(?![A-Z\]])", "[NS]", way).replace("#", "N")
    return _BLANK.sub(_blank, way) if " " in way else way


# What keeps two English words apart; it begins with the same characters as `_MAYBE`, and holds none either.
_BETWEEN = "(?: |(?<![a-z])|(?![a-z]))"
_MAYBE = " ?"
# A blank of a pattern with what stands beside it; those inside [] and those that are optional stay.
_BLANK = re.compile(r"\[[^\]]*\]|(?<=(?P<before>.)) (?P<optional>\??)(?=(?P<after>.))|^ | $")


def _blank(match: re.Match[str]) -> str:
    if match["before"] is None or match["optional"]:
        return match[0] if match["before"] is None and match[0].startswith("[") else " ?"
    if _letter(match["before"]) and _letter(match["after"]):
        return " "
    if re.match(r"[A-Z\]/]", match["before"]) or re.match(r"[A-Z\[/]", match["after"]):
        return " ?"
    return _BETWEEN


class Sentence:
    """A lowered sentence, and the shorter text in which each value is one capital letter."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = _COUNT_BEHIND.sub(r"\1*", _CARD_COUNT.sub(r"\1*", text))
        self.tokens: dict[int, Token] = {}  # by place in self.short
        self.spans: list[tuple[int, int]] = []  # in text, of each character of self.short
        self.short = self._shorten(names)

    def _shorten(self, names: Names) -> str:
        short, at = "", 0
        while at < len(self.text):
            named, value = names.lex(self.text, at), numbers.lex(self.text, at)
            token = max((t for t in (named, value) if t), key=lambda t: t.end, default=None)
            if token is None:
                if self.text[at] == " " == short[-1:]:
                    at += 1  # one blank is as good as many
                    continue
                short += self.text[at]
                self.spans.append((at, at + 1))
                at += 1
            else:
                self.tokens[len(short)] = token
                short += token.mark
                self.spans.append((token.start, token.end))
                at = token.end
        return short

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Place in the sentence of short[start:end]."""
        return self.spans[start][0], self.spans[end - 1][1]

    def item(self, meaning: Meaning, start: int, end: int) -> Item:
        values = [self.tokens[i].value for i in range(start, end) if i in self.tokens]
        return Item(meaning.kind, meaning.read(values, self.short[start:end]), *self.span(start, end))


def scan(sentence: Sentence) -> tuple[list[Item], list[tuple[int, int]]]:
    """(the pieces of meaning in order, the spans that mean nothing known)."""
    items: list[Item] = []
    lost: list[tuple[int, int]] = []
    at, short = 0, sentence.short
    while at < len(short):
        if short[at].isspace():  # a meaning that may begin with a blank would win over a longer one behind it
            at += 1
            continue
        meaning, begin, end = _longest(short, at)
        filler = _filler(short, at)
        token = sentence.tokens.get(at)
        if meaning is not None and end >= filler:
            items.append(sentence.item(meaning, begin, end))
            at = end
        elif token is not None and token.mark == "X":
            items.append(Item("unknown", token.value, token.start, token.end))
            at += 1
        elif filler > at:
            at = filler
        elif token is not None and sentence.text[token.start : token.end] in ("one", "一"):
            at += 1
        else:
            end = _word_end(short, at)
            span = sentence.span(at, end)
            near = lost and not sentence.text[lost[-1][1] : span[0]].strip()
            lost[-1:] = [(lost[-1][0], span[1])] if near else [*lost[-1:], span]
            at = end
    return items, lost


def _longest(short: str, at: int) -> tuple[Meaning | None, int, int]:
    """(the meaning that takes most from here on, where its own words begin, where it ends)."""
    best, begin, best_end = None, at, at
    starts = [at]
    while len(starts) < 5 and (lead := _LEAD.match(short, starts[-1])):
        starts.append(lead.end())
    for start in starts:
        for meaning, pattern in _beginning(short[start : start + 1], short):
            match = pattern.match(short, start)
            if match and match.end() > max(best_end, start) and _fits(short, start, match.end()):
                best, begin, best_end = meaning, start, match.end()
    while best_end > begin and short[best_end - 1].isspace():
        best_end -= 1
    return best, begin, best_end


def _fits(short: str, start: int, end: int) -> bool:
    """Whether no English word is cut in two; capital letters are whole values."""
    while end > start and short[end - 1].isspace():
        end -= 1
    before, after = short[start - 1 : start], short[end : end + 1]
    if _letter(before) and _letter(short[start]):
        return False
    return not (_letter(after) and _letter(short[end - 1]))


def _letter(char: str) -> bool:
    return char.isascii() and (char.islower() or char.isdigit())


_MARKS = ",.;:?!()[]\"'`-/&+~|。"


def _filler(short: str, at: int) -> int:
    """Where the blanks, marks or words without weight that start here end; `at` if there are none."""
    end = at
    while end < len(short) and (short[end].isspace() or short[end] in _MARKS) and not _negative(short, end):
        end += 1
    if end > at:
        return end
    fillers = _fillers(short)
    match = fillers and fillers.match(short, at)
    if match and match.end() > at and _fits(short, at, match.end()):
        end = match.end()
    word = re.compile(r"[a-z][a-z'-]*").match(short, at)
    plain = re.sub(r"'(?:d|s|ll|re|ve|m)$", "", word[0]) if word else ""
    if word and plain in vocab.FILLER and _fits(short, at, word.end()):
        end = max(end, word.end())
    return end


def _negative(short: str, at: int) -> bool:
    """Whether a minus sign stands here, as in " -5 req/s", and no dash between words."""
    return bool(re.compile(r"(?<![\w)])-(?=[NSTCY])").match(short, at))


def _word_end(short: str, at: int) -> int:
    word = re.compile(r"[a-z0-9][a-z0-9.'_-]*[a-z0-9]|.").match(short, at)
    return word.end() if word else at + 1
