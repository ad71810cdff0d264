"""Which characters a pattern can begin with, never too few, and in which texts it can match."""

import re
from pathlib import Path

import pytest

from optplan.ask import vocab
from optplan.ask.first import beginnings, possible
from optplan.ask.scan import _pattern


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("abc", {"a"}),
        ("(?:with |by )?lora", {"w", "b", "l"}),
        ("[NS] ?tokens", {"N", "S"}),
        ("(?=N)x", {"x"}),
        (r"\d+h", set("0123456789")),
        ("a?b*c+", {"a", "b", "c"}),
        ("(?:a|)", None),
        (".x", None),
        ("每(?:秒|天)", {"每"}),
    ],
)
def test_the_beginnings_of_a_pattern_are_known(pattern: str, expected: set[str] | None) -> None:
    assert beginnings(pattern) == expected


def test_no_way_matches_where_its_beginnings_say_that_it_cannot() -> None:
    characters = {c for m in vocab.MEANINGS for w in m.ways for c in w} | set("NSTCYGMRPX0123456789 ,.")
    narrowed = 0
    for meaning in vocab.MEANINGS:
        for way in meaning.ways:
            first = beginnings(_pattern(way))
            if first is None:
                continue
            narrowed += 1
            wrong = [c for c in characters - first if _begins(way, c)]
            assert not wrong, f"{way!r} begins with {wrong}"
    assert narrowed > 300


def _begins(way: str, char: str) -> bool:
    """Whether a match could consume char first: seen by letting the rest of the text be anything it likes."""
    match = re.compile(_pattern(way)).match(char)
    return match is not None and match.end() > 0


@pytest.mark.parametrize(
    ("pattern", "possible_in", "not_in"),
    [
        ("abc", "xabcx", "ab c"),
        ("(?:with |by )?lora", "lora", "with ora"),
        ("(?:with|within) x", "with x", "at x"),
        ("a?b*c+d{0,2}e{2}", "ce", "abd"),
        (r"(?!z)(?<=y)a\.b\d[xy]", "a.b1y", "ab1y"),
        ("(?:ab|)", "", None),
        ("(?:a?bc|def? [gh])", "de h", "d h"),
        ("ab?c|[NS] x", "N x", "a"),
    ],
)
def test_texts_without_what_every_match_holds_are_known(
    pattern: str, possible_in: str, not_in: str | None
) -> None:
    assert possible(pattern, possible_in)
    assert not_in is None or not possible(pattern, not_in)


def test_every_match_in_the_cases_is_possible() -> None:
    texts = [
        line.split("|")[0] for line in (Path(__file__).parent / "ask_cases.txt").read_text().splitlines()
    ]
    matched = 0
    for meaning in vocab.MEANINGS:
        for way in meaning.ways:
            pattern = _pattern(way)
            compiled = re.compile(pattern)
            for text in texts:
                for match in compiled.finditer(text):
                    matched += 1
                    assert possible(pattern, match[0]) or not match[0]
    assert matched > 300
