"""Which characters a pattern can begin with: never too few."""

import re
from pathlib import Path

import pytest

from optplan.ask import vocab
from optplan.ask.first import beginnings, held
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
    ("pattern", "expected"),
    [
        ("abc", "abc"),
        ("(?:with |by )?lora", "lora"),
        ("(?:with|within) x", "with x"),
        ("a?b*c+d{0,2}e{2}", "ce"),
        (r"(?!z)(?<=y)a\.b\d[xy]", "a.b"),
        ("(?:ab|)", ""),
    ],
)
def test_what_every_match_holds_is_known(pattern: str, expected: str) -> None:
    assert held(pattern) == frozenset(expected)


def test_every_match_in_the_cases_holds_what_its_way_says() -> None:
    texts = [
        line.split("|")[0] for line in (Path(__file__).parent / "ask_cases.txt").read_text().splitlines()
    ]
    matched = 0
    for meaning in vocab.MEANINGS:
        for way in meaning.ways:
            pattern = _pattern(way)
            needed, compiled = held(pattern), re.compile(pattern)
            for text in texts:
                for match in compiled.finditer(text):
                    matched += 1
                    assert needed <= set(match[0]) or not match[0]
    assert matched > 300
