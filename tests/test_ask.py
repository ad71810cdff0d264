"""One sentence in, one need out, or an honest error that points at the words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optplan.ask import Understood, understand
from optplan.ask.numbers import lex
from optplan.ask.text import width
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.need import AnyNeed
from optplan.problem import dump, read_text
from optplan.units import Money

HERE = Path(__file__).parent


@cache
def catalog() -> Catalog:
    return Catalog.load()


def ask(sentence: str) -> Understood:
    return understand(sentence, catalog())


def need(sentence: str) -> AnyNeed:
    return ask(sentence).need


def refusal(sentence: str) -> BadInput:
    with pytest.raises(BadInput) as caught:
        ask(sentence)
    return caught.value


def cases() -> list[tuple[str, str]]:
    blocks = (HERE / "ask_cases.txt").read_text(encoding="utf-8").split("\n\n")[1:]
    return [(block.split("\n", 1)[0], re.sub(r"(?m)^    ", "", block.split("\n", 1)[1])) for block in blocks]


def refused() -> list[tuple[str, str]]:
    lines = (HERE / "ask_refusals.txt").read_text(encoding="utf-8").splitlines()[1:]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


@pytest.mark.parametrize(("sentence", "expected"), cases())
def test_a_sentence_gives_the_need_that_a_reader_expects(sentence: str, expected: str) -> None:
    [source] = read_text(expected, "expected")
    assert need(sentence) == source.need, dump(need(sentence))


@pytest.mark.parametrize(("code", "sentence"), refused())
def test_what_cannot_be_kept_to_is_refused_at_its_place(code: str, sentence: str) -> None:
    error = refusal(sentence)
    assert code in {fault.code for fault in error.faults}
    for fault in error.faults:
        assert fault.hint
        shown, carets = fault.excerpt.splitlines()
        assert "^" in carets
        assert len(carets) <= width(shown)


def test_there_are_cases_enough_in_both_languages() -> None:
    chinese = [sentence for sentence, _ in cases() if re.search(r"[\u4e00-\u9fff]", sentence)]
    assert len(cases()) >= 150
    assert len(chinese) >= 50


def test_carets_stand_under_the_words_behind_wide_characters() -> None:
    [fault] = refusal("部署GLM-4-9B，每秒8个请求，用魔法").faults
    shown, carets = fault.excerpt.splitlines()
    start = shown.index("魔法")
    assert carets.index("^") == width(shown[:start])
    assert carets.count("^") == 4


def test_a_contradiction_points_at_both_places() -> None:
    [fault] = refusal("fine-tune 9B in 48h within 3 days").faults
    assert fault.code == "contradiction"
    assert len(re.findall(r"\^+", fault.excerpt)) == 2


@pytest.mark.parametrize("sentence", ["", "   ", "?!", "。。。", "\n\t"])
def test_a_sentence_of_nothing_is_refused(sentence: str) -> None:
    assert refusal(sentence).faults[0].code == "empty"


def test_a_very_long_sentence_is_refused() -> None:
    assert refusal("fine-tune 9B " * 100).faults[0].code == "too-long"


@pytest.mark.parametrize("piece", ["of ", "a ", "prompt ", "llama ", "不用A100和", "1-", "tokens each ", "$"])
def test_the_longest_sentences_are_refused_like_short_ones(piece: str) -> None:
    assert refusal((piece * 1000)[:990] + " x")


def test_readings_that_were_a_choice_are_noted() -> None:
    notes = " ".join(ask("fine-tune 9B on 50k samples by tomorrow").notes)
    for word in ("typical shape", "full", "512 tokens", "24 h"):
        assert word in notes


def test_upper_case_and_full_width_mean_the_same() -> None:
    plain = need("serve glm-4-9b at 8 req/s for 3 months")
    assert need("SERVE GLM-4-9B AT 8 REQ/S FOR 3 MONTHS") == plain
    assert need("ｓｅｒｖｅ　ｇｌｍ－４－９ｂ　ａｔ　８　ｒｅｑ／ｓ　ｆｏｒ　３　ｍｏｎｔｈｓ") == plain


@pytest.mark.parametrize(
    "word",
    ["not", "without", "except", "at least", "more than", "quantum", "twice", "不", "至少", "禁止", "量子"],
)
def test_a_word_that_changes_the_meaning_is_never_ignored(word: str) -> None:
    for sentence in (
        f"fine-tune 9B {word} in 48h",
        f"{word} fine-tune 9B in 48h",
        f"fine-tune 9B in 48h {word}",
    ):
        assert refusal(sentence).faults


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a dozen", 12.0),
        ("twenty-four", 24.0),
        ("two hundred thousand", 2e5),
        ("half a million", 5e5),
        ("三千万", 3e7),
        ("十二", 12.0),
        ("一点五亿", 1.5e8),
        ("两百", 200.0),
        ("1,000,000", 1e6),
        ("2.5m", 2.5e6),
        ("48 hours", 172800.0),
        ("两周", 1209600.0),
        ("半天", 43200.0),
        ("80g", 8e10),
        ("3万元", Money(30000.0, "CNY")),
        ("€2k", Money(2000.0, "EUR")),
    ],
)
def test_amounts_in_words(text: str, value: object) -> None:
    token = lex(text, 0)
    assert token is not None
    assert token.value == value
    assert token.end == len(text)


WORDS = sorted({word for sentence, _ in cases() for word in sentence.split()})


@example("qwen2.5 $1k qwen2.5 $1k 32B")
@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=80))
@settings(max_examples=400, deadline=None)
def test_no_sentence_whatever_causes_anything_but_a_need_or_faults(sentence: str) -> None:
    try:
        told = dump(ask(sentence).need)
    except BadInput as error:
        told = str(error)
    assert told


@given(
    st.sampled_from([sentence for sentence, _ in cases()]),
    st.sampled_from(["zzgl", "魑魅", "flibber"]),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_a_strange_word_anywhere_is_an_error(sentence: str, word: str, data: st.DataObject) -> None:
    words = sentence.split(" ")
    at = data.draw(st.integers(0, len(words)))
    assert refusal(" ".join([*words[:at], word, *words[at:]])).faults


@pytest.mark.parametrize("place", ["in Europe", "in the EU", "in EU regions only", "只用欧洲机房"])
def test_a_part_of_the_world_lets_in_the_regions_known_to_lie_there(place: str) -> None:
    understood = ask(f"fine-tune 9B {place}")
    regions = set(understood.need.limits.regions or [])
    assert {"eu-central-1", "westeurope", "europe-west4", "FIN-01"} <= regions
    assert not regions & {"us-east-1", "any", "default"}
    assert any("known to lie there" in note for note in understood.notes)


def test_the_union_is_less_than_the_continent() -> None:
    union, continent = (
        need(f"fine-tune 9B in {where}").limits.regions or [] for where in ("the EU", "Europe")
    )
    assert set(continent) - set(union) == {
        "NORWAY-1",
        "eu-west-2",
        "europe-west2",
        "switzerlandnorth",
        "uksouth",
    }


def test_a_place_that_no_offer_is_in_is_refused_and_one_to_stay_out_of_too() -> None:
    assert refusal("fine-tune 9B in Poland").faults[0].code == "unknown-region"
    assert refusal("serve 8B at 3 req/s, not in China").faults[0].code == "not-understood"


def test_us_is_a_country_only_where_it_must_be() -> None:
    assert need("help us fine-tune 9B for us").limits.regions is None
    assert "us-east-1" in (need("fine-tune 9B in the US").limits.regions or [])


def test_own_cards_are_kept_to_and_it_is_said_that_their_price_is_the_market_s() -> None:
    notes = " ".join(ask("we have two 3090s, serve GLM-4-9B").notes)
    assert "what such cards cost on the market" in notes
    assert "owned.csv" in notes


def test_a_wish_said_in_several_words_is_refused_once_under_all_of_them() -> None:
    [fault] = refusal("DPO of Llama-3.1-8B with PPO").faults
    assert len(re.findall(r"\^+", fault.excerpt)) == 2


@pytest.mark.parametrize(
    ("wrong", "right"), [("finetun", "finetune"), ("summarze", "summarise"), ("deplyo", "deploy")]
)
def test_a_typo_is_answered_with_the_word_that_was_meant(wrong: str, right: str) -> None:
    hints = " ".join(fault.hint for fault in refusal(f"{wrong} Llama-3.1-8B").faults)
    assert right in hints


@pytest.mark.parametrize("word", ["bananna", "only", "without", "txt", "advise", "kubernets"])
def test_words_near_to_a_strange_one_are_whole_words_that_are_understood(word: str) -> None:
    for fault in refusal(f"fine-tune 9B {word} in 48h").faults:
        if fault.hint.startswith("near to it: "):
            for near in fault.hint.removeprefix("near to it: ").split(", "):
                assert near != word
                assert "not-understood" not in {f.code for f in _faults(near)}


def _faults(sentence: str) -> list[Fault]:
    try:
        ask(sentence)
    except BadInput as error:
        return list(error.faults)
    return []


def test_a_range_is_answered_with_which_end_to_say() -> None:
    assert "a range" in refusal("serve 9B at 10-20 req/s").faults[0].hint


@pytest.mark.parametrize("amount", ["1k documents of 60000 tokens", "1 TB of text"])
def test_a_translation_of_unsaid_length_is_warned_of(amount: str) -> None:
    assert any("about as long as before" in note for note in ask(f"translate {amount} with a 7B").notes)
    assert not any("as long" in note for note in ask(f"summarise {amount} with a 7B").notes)
