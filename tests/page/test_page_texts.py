"""Two languages: both tables whole, every name and every sentence of the shipped problems known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markupsafe import Markup
from pages import NEEDS, found, html

from optplan.inputs import INPUTS
from optplan.page.charts.stack import Layer, stack_chart
from optplan.page.language import HOLE, language, rows
from optplan.page.sentence import fill
from optplan.page.words import Words
from optplan.planner import load_catalog
from optplan.rules import PACKS, TASKS, pack

TEMPLATES = Path(__file__).parents[2] / "optplan" / "page" / "templates"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SYMBOLS = {"GB", "GiB", "token", "FLOP/token", "1/token"}  # written alike in both languages


@pytest.mark.parametrize("table", ["messages.csv", "labels.csv", "sentences.csv"])
def test_no_key_stands_twice_and_no_text_is_missing(table: str) -> None:
    found_rows = rows(table)
    keys = [
        tuple(row.values())[:2] if table == "sentences.csv" else next(iter(row.values()))
        for row in found_rows
    ]
    assert len(keys) == len(set(keys))
    assert all(row["zh"] for row in found_rows if row.get("key") != "gap")  # no blank between sentences
    assert table == "labels.csv" or all(row["en"] for row in found_rows)


@pytest.mark.parametrize("table", ["messages.csv", "sentences.csv"])
def test_both_languages_have_the_same_holes(table: str) -> None:
    for row in rows(table):
        extra = set(HOLE.findall(row["zh"])) - set(HOLE.findall(row["en"]))
        assert not extra, row
    for row in rows("messages.csv"):
        assert set(HOLE.findall(row["en"])) == set(HOLE.findall(row["zh"])), row


def test_chinese_texts_are_chinese() -> None:
    for row in rows("messages.csv"):
        words = re.sub(r"\{\w+\}|[\W\d_]", "", row["en"])
        if len(words) > 12 and not row["key"].startswith(("value.", "unit.")):
            assert CHINESE.search(row["zh"]), row["key"]


def test_every_quantity_term_and_assumption_has_a_chinese_label() -> None:
    names = {name for p in PACKS for task in TASKS for name in pack(p, task).rules}
    names |= set(INPUTS) | set(load_catalog().assumptions)
    assert sorted(names - set(language("zh").labels)) == []


def test_templates_ask_only_for_texts_that_there_are() -> None:
    keys = set(language("en").messages)
    for path in TEMPLATES.glob("*.j2"):
        text = path.read_text(encoding="utf-8")
        for key, more in re.findall(r"""(?:\bt|s\.fill|known)\(\s*'([\w.]+)'( ~)?""", text):
            if more:
                assert any(known.startswith(key) for known in keys), f"{path.name}: {key}"
            else:
                assert key in keys, f"{path.name}: {key}"


@pytest.mark.parametrize("name", [*NEEDS])
def test_every_sentence_of_a_plan_is_told_in_chinese(name: str) -> None:
    say, plan = language("zh"), found(name).plan
    for text in (*plan.warnings, *plan.notes, *plan.assumed, *plan.reasons):
        assert CHINESE.search(say.sentence(text)), text
    for card in plan.cards:
        assert CHINESE.search(say.part(card.layout, "layout")) or "ZeRO" in card.layout


def test_a_sentence_that_nobody_translated_stays_as_it_is() -> None:
    assert language("zh").sentence("something new: 3 of 4") == "something new: 3 of 4"
    assert language("en").sentence("exchange rates are those of 2026-10-30").startswith("exchange rates")


def test_a_sentence_is_translated_with_its_parts() -> None:
    say = language("zh")
    assert say.sentence("engine = vllm (default: most used open engine)") == (
        "engine = vllm（默认：最常用的开源引擎）"
    )
    assert say.part("2 nodes, data parallel 16, ZeRO-3, recompute", "layout") == (
        "2 个节点，数据并行 16，ZeRO-3，重算激活"
    )
    label = "Rent of one unit (0 when bought)"
    assert say.label("price_per_unit_hour", label) == "单台每小时租金"
    assert say.label("fill_limit", "Share of memory (rules=lesson)").endswith(" (rules=lesson)")


def test_headings_and_columns_of_a_chinese_page_are_chinese() -> None:
    page = html("serve", "zh")
    for text in re.findall(r"<h2>(.*?)</h2>|<th[^>]*>(.*?)</th>|<dt>(.*?)</dt>", page):
        said = "".join(text).strip()
        assert said in ("", "API") or CHINESE.search(said), said


def test_every_unit_reads_well_in_chinese() -> None:
    units = {rule.unit for p in PACKS for task in TASKS for rule in pack(p, task).rules.values()}
    units |= {given.unit for given in INPUTS.values()}
    units |= {row.unit for table in load_catalog().assumptions.values() for row in table.values()}
    words = Words(language("zh"), "CNY")
    left = {unit for unit in units - {"1", "currency", *SYMBOLS} if not CHINESE.search(words.unit(unit))}
    assert left == set()
    assert words.unit("currency/hour") == "元/小时"
    assert words.unit("USD/kWh") == "美元/千瓦时"


def test_what_says_more_of_a_sentence_is_tried_first() -> None:
    chinese = language("zh")
    assert (
        chinese.sentence("purchase = on_demand (default: spot and buying only when asked)")
        == "purchase = on_demand（默认：只有明确要求才考虑竞价与购买）"
    )
    assert (
        chinese.sentence("lora rank = 16 on all linear layers (default)")
        == "LoRA 秩 = 16，作用于所有线性层（默认）"
    )


@pytest.mark.parametrize(
    "english",
    [
        "chosen among the layouts of this card: data parallel 2, recompute",
        "grid of vast any = 472.9 g CO2e/kWh (default: mean of the world in 2024, as no grid of that region is known;"
        " --set grid_intensity=.. sets it)",
        "the lesson's simple rule gives memory per card = 1.5 GiB, these rules 35.2: see `optplan rules diff lesson"
        " engineering`",
        "sum of its parts",
        "definition",
    ],
)
def test_no_part_of_these_stays_english(english: str) -> None:
    left = language("zh").sentence(english)
    for word in ("parallel", "mean of", "memory per", "sum", "definition", "recompute"):
        assert word not in left


def test_a_note_in_brackets_is_no_row_of_a_table() -> None:
    assert "given" not in language("zh").label("data_bytes", "bytes of text (0 = given in tokens)")


def test_a_gap_of_rounding_is_none() -> None:
    words = Words(language("en"), "USD")
    assert words.percent(7.49e-8) == "0 %"
    assert words.percent(0.0123) == "1.23 %"


@pytest.mark.parametrize(
    ("count", "text"),
    [("1", "1 thing the need does not say"), ("2", "2 things the need"), ("21", "21 things the need")],
)
def test_one_and_many_are_told_apart(count: str, text: str) -> None:
    assert text in language("en").text("asked.assumed", count=count)
    assert count in language("zh").text("asked.assumed", count=count)
    marked = fill(language("en").text("portfolio.lead"), needs=Markup(f"<b>{count}</b>"), months="1", npv="5")
    assert ("need costs" in marked) == (count == "1")


def test_charts_of_counts_have_whole_ticks_only() -> None:
    words = Words(language("en"), "USD")
    counts = stack_chart([Layer(0, [5.0, 6.0, 7.0])], "Cards", "cards", "cards", words)
    assert not re.search(r">\d+\.\d+<", counts)


def test_cards_are_written_alike_everywhere_on_a_page() -> None:
    assert language("en").cards("4 x RTX-5070 + 2 x RTX-3090") == "4 × RTX-5070 + 2 × RTX-3090"
    assert language("zh").cards("Llama-3.1-8B at novita") == "novita 的 Llama-3.1-8B"
    assert language("en").cards("Mixtral-8x7B at novita") == "Mixtral-8x7B at novita"
