"""The page of a portfolio: cards and money month by month, and who is carried by what."""

from __future__ import annotations

import pytest
from pages import MARK, at, document, portfolio

from optplan.page import Together, page_of
from optplan.page.language import Code
from optplan.plan import WayOut


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_marked_number_of_a_portfolio_is_that_of_its_json(language: Code) -> None:
    page = page_of([Together("p.yaml", portfolio())], language)
    inside = document(page)
    assert inside["sections"][0]["plan"] == portfolio().json()
    marks = MARK.findall(page)
    assert len(marks) > 50
    for path, value, _ in marks:
        assert repr(at(inside, path)) == value, path


def test_the_answer_says_what_is_bought_rented_and_sent_to_an_api() -> None:
    page = MARK.sub(r"\3", page_of([Together("p.yaml", portfolio())]))
    assert "Over 3 months, 1 need costs 895.50 USD in present value." in page
    said = (
        "Buy 4 × L40S in month 1; rent up to 2 cards by the month, most in month 2; send the rest to an API."
    )
    assert said in page
    assert "at most 0.586 % could still be saved" in page
    assert "75 % owned, 25 % API" in page


@pytest.mark.parametrize("language", ["en", "zh"])
def test_both_charts_have_a_bar_for_each_month_and_kind(language: Code) -> None:
    page = page_of([Together("p.yaml", portfolio())], language)
    assert page.count('<svg class="chart wide"') == 2
    assert page.count('<svg class="chart narrow"') == 2
    for key in ("k1", "k0", "k5", "k3", "k4"):
        assert f'class="key {key}"' in page, key


def test_a_portfolio_without_a_plan_says_why_and_what_would_help() -> None:
    none = portfolio("infeasible")
    none.reasons = ["every need could be carried alone, but not all of them under power"]
    none.ways_out = [WayOut("budget", "100 USD", "250.00 USD", 250.0)]
    page = MARK.sub(r"\3", page_of([Together("p.yaml", none)]))
    assert "Nothing in the catalog does this as it was asked." in page
    assert "every need could be carried alone" in page
    assert "<b>budget</b>: 100 USD → 250.00 USD" in page


def test_a_portfolio_and_a_need_share_a_page() -> None:
    from pages import found

    page = page_of([found("lesson"), Together("p.yaml", portfolio())])
    assert [one["kind"] for one in document(page)["sections"]] == ["need", "portfolio"]
    assert '<a href="#part-2">three-months</a>' in page
