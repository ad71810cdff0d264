"""What a page says: its numbers are those of the JSON, its texts are those of the language."""

from __future__ import annotations

import html as entities
import re

import pytest
from pages import MARK, NEEDS, at, document, found, html

from optplan.page.language import Code
from optplan.page.pointer import Ref

FEASIBLE = [name for name in NEEDS if name != "none"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", [*NEEDS, "all"])
def test_every_marked_number_is_the_number_of_the_json_at_its_place(name: str, language: Code) -> None:
    page = html(name, language)
    inside = document(page)
    marks = MARK.findall(page)
    assert len(marks) > 5
    for path, value, text in marks:
        assert repr(at(inside, entities.unescape(path))) == value, path
        assert text.strip(), path


@pytest.mark.parametrize("name", FEASIBLE)
def test_the_json_of_a_page_has_the_very_numbers_of_the_plan(name: str) -> None:
    section = document(html(name))["sections"][0]
    plan = found(name).plan.json()
    for key in ("total_cost", "hours", "gpu_hours", "bound", "terms", "cards", "limits", "alternatives"):
        assert section["plan"][key] == plan[key], key
    assert section["explanation"]["nodes"][0]["value"] == plan["total_cost"]
    assert sum(term["amount"] for term in section["plan"]["terms"]) == pytest.approx(plan["total_cost"])


@pytest.mark.parametrize("name", FEASIBLE)
def test_the_total_is_said_in_the_first_sentence_as_the_plan_has_it(name: str) -> None:
    page = html(name)
    lead = re.search(r'<p class="lead">(.*?)</p>', page, re.DOTALL)
    assert lead is not None
    total = found(name).plan.total_cost
    assert ("/sections/0/plan/total_cost", repr(total), f"{total:,.2f} {found(name).plan.currency}") in (
        MARK.findall(lead[1])
    )


def test_a_number_that_nobody_formatted_cannot_be_shown() -> None:
    assert str(Ref({"a": "text"}).a) == "text"
    with pytest.raises(TypeError, match="/a/0 is float: format it"):
        str(Ref({"a": [1.5]}).a[0])


def test_a_place_with_slashes_and_tildes_is_a_json_pointer() -> None:
    assert Ref({"a/b~c": [1, 2]})["a/b~c"][1].pointer == "/a~1b~0c/1"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_names_that_look_like_markup_are_shown_as_they_are_written(language: Code) -> None:
    page = html("none", language)
    assert "<b>impossible" not in page
    assert "&lt;b&gt;impossible&lt;/b&gt;" in page
    assert document(page)["sections"][0]["plan"]["name"] == "<b>impossible</b>"


def test_a_need_without_a_plan_gets_the_ways_out_cheapest_first() -> None:
    page = html("none")
    section = document(page)["sections"][0]
    costs = [way["cost"] for way in section["ways_out"]]
    assert costs == sorted(way.cost for way in found("none").plan.ways_out)
    assert costs
    assert "Nothing in the catalog does this" in page
    assert section["explanation"] is None


@pytest.mark.parametrize("name", FEASIBLE)
def test_every_quantity_of_the_derivation_stands_in_the_tree_once(name: str) -> None:
    page = html(name)
    nodes = document(page)["sections"][0]["explanation"]["nodes"]
    full = re.findall(r'<details id="part-1-(\d+)"', page)
    assert sorted(map(int, full)) == list(range(len(nodes)))
    again = re.findall(r'<a class="again" href="#part-1-(\d+)"', page)
    assert set(again) <= set(full)


@pytest.mark.parametrize("name", FEASIBLE)
def test_every_assumption_of_the_derivation_is_listed_with_its_source(name: str) -> None:
    section = document(html(name))["sections"][0]
    kinds = ("assumption", "fixed")
    wanted = {node["id"] for node in section["explanation"]["nodes"] if node["kind"] in kinds}
    listed = {one["id"] for one in section["assumptions"]}
    assert listed == wanted
    assert all(one["source"] for one in section["assumptions"])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_same_findings_give_the_same_page(language: Code) -> None:
    from optplan.page import page_of

    again = page_of([found("serve")], language)
    assert again == html("serve", language)


def test_a_page_names_no_address_that_a_browser_would_load() -> None:
    page = html("all")
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src|href)="(?!#|data:,)[^"]*"', page)
    assert "@import" not in page
    assert "url(http" not in page
