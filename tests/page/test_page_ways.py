"""Ways to have it, on a page: what each costs, which the need allows, and when the answer would change."""

from __future__ import annotations

import pytest
from pages import MARK, document, found, html

from optplan.page.language import language
from optplan.page.pointer import Ref
from optplan.page.section import Section
from optplan.page.words import Words


def section(name: str) -> Section:
    """What the template of a need calls."""
    return Section(Ref(document(html(name))).sections[0], 0, Words(language("en"), "USD"))


@pytest.mark.parametrize("name", ["finetune", "serve", "generate"])
def test_the_numbers_of_the_ways_are_those_of_their_comparison(name: str) -> None:
    ways = found(name).ways
    assert ways is not None
    inside = document(html(name))["sections"][0]["ways"]
    for told, way in zip(inside["ways"], ways.ways, strict=True):
        assert told["way"] == way.way
        if way.plan is None:
            assert told["reason"] == way.reason
        else:
            assert (told["npv"], told["total"]) == (way.npv, way.total)
            assert told["cumulative"] == way.cumulative
            assert told["terms"] == {term.name: term.amount for term in way.plan.terms}
    assert inside["best"] == ways.best


def test_ways_stand_in_the_order_of_their_present_value_and_those_without_a_plan_last() -> None:
    values = [way.npv.json for way in section("finetune").ways]
    known = [value for value in values if value is not None]
    assert known == sorted(known)
    assert values[: len(known)] == known
    assert values[-1] is None


def test_a_way_that_the_need_does_not_allow_is_shown_and_says_so() -> None:
    allowed = {str(way.way): way.allowed.json for way in section("serve").ways}
    assert allowed == {"rent": True, "buy": True, "spot": False, "reserved": False, "api": False}
    assert html("serve").count("not allowed by the need") == 3


def test_an_api_trains_no_model_and_the_page_says_so_in_both_languages() -> None:
    assert "no API of the catalog trains a model" in html("finetune")
    assert "目录中的 API 不提供训练" in html("finetune", "zh")


def test_a_chart_by_month_is_drawn_for_what_lasts_months_only() -> None:
    assert len(section("serve").lines) > 1
    assert section("finetune").lines == []
    assert 'id="way-rent"' in html("serve")
    assert 'id="way-rent"' not in html("finetune")


def test_shares_of_use_that_never_pay_are_told_together() -> None:
    one = section("serve")
    rows = one.need.ways.utilisation_even.json
    rows[:] = [
        {"way": "buy", "against": "rent", "share": 0.62},
        {"way": "buy", "against": "spot", "share": 1.4},
        {"way": "buy", "against": "api", "share": None},
        {"way": "reserved", "against": "api", "share": -0.1},
    ]
    told = [(kind, way, others) for kind, way, others, _ in one.shares]
    assert told == [
        ("pays", "buy", ["rent"]), ("never", "buy", ["spot", "api"]), ("always", "reserved", ["api"])
    ]  # fmt: skip
    assert one.either(["rent", "spot", "api"]) == "renting, spot or the API"


def test_the_sentence_on_ways_names_the_one_of_least_present_value() -> None:
    one = section("serve")
    best = min((way for way in one.ways if way.npv.json is not None), key=lambda way: way.npv.json)
    assert str(best.way) == one.need.ways.best.json
    assert f"{best.npv.json:,.2f} USD" in MARK.sub(r"\3", one.ways_lead)


def test_ways_are_compared_over_volumes_around_that_of_a_service() -> None:
    ways = section("serve").need.ways
    volumes = [point.value.json for point in ways.points]
    assert volumes == sorted(volumes)
    assert volumes[0] < ways.volume.json < volumes[-1]
    for point in ways.points:
        npv = point.npv.json
        assert point.best.json == min(npv, key=npv.get)
    assert section("finetune").need.ways.points.json == []


def test_large_numbers_on_an_axis_are_short_in_both_languages() -> None:
    english, chinese = (Words(language(code), "USD") for code in ("en", "zh"))
    assert [english.compact(v) for v in (250, 20_000, 5e6, 2.5e9)] == ["250", "20k", "5M", "2,500M"]
    assert [chinese.compact(v) for v in (250, 20_000, 5e6, 2.5e9)] == ["250", "2万", "500万", "25亿"]


def test_the_plan_of_the_page_stands_on_the_same_footing_as_the_ways() -> None:
    one, plan = section("serve"), found("serve").plan
    own = one.need.ways.plan
    assert own.npv.json < own.total.json
    charges = sum(term.amount for term in plan.terms if term.name != "capital")
    assert own.total.json == pytest.approx(charges)
    assert not one.mixed
    other = section("serve")
    other.need.ways.json["plan"]["npv"] *= 0.9
    assert other.mixed
    assert "mixes what the need allows" in other.ways_lead
