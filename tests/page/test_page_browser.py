"""Pages in a real browser: they load in silence, fit a phone, open step by step, and print."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from browser import CHROMIUM, Browser, Page
from pages import document, html

from optplan.page.language import Code

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")
PHONE, DESK = 390, 1400
CHARTS = "[...document.querySelectorAll('svg.chart')].filter(c => c.getBoundingClientRect().width > 0)"
Show = Callable[..., Page]
NAMES = ["finetune", "serve", "generate", "lesson", "none", "all"]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    started = Browser(tmp_path_factory.mktemp("profile"))
    yield started
    started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Show:
    """Opens the page of a need."""

    def opened(name: str, language: Code = "en", width: int = DESK) -> Page:
        path = tmp_path / f"{name}.html"
        path.write_text(html(name, language), encoding="utf-8")
        return browser.open(path, width)

    return opened


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", NAMES)
def test_a_page_loads_without_a_complaint_and_without_the_network(
    name: str, language: Code, show: Show
) -> None:
    page = show(name, language)
    assert page.complaints() == []
    assert [url for url in page.asked_for() if not url.startswith(("file:", "data:"))] == []
    assert page.ask("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[language]


@pytest.mark.parametrize("width", [PHONE, 768, DESK])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_is_wider_than_the_window(width: int, language: Code, show: Show) -> None:
    page = show("all", language, width)
    page.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.ask("document.documentElement.scrollWidth") <= width
    beyond = page.ask(
        "[...document.querySelectorAll('main *')].filter(e => !e.closest('svg') && "
        f"e.getBoundingClientRect().right > {width}).map(e => e.outerHTML.slice(0, 80))"
    )
    assert beyond == []


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", ["finetune", "serve", "generate"])
def test_charts_are_drawn_and_their_texts_stay_inside(name: str, width: int, show: Show) -> None:
    page = show(name, "zh", width)
    sizes = page.ask(
        f"{CHARTS}.map(c => [c.getBoundingClientRect().width, c.querySelectorAll('path').length])"
    )
    assert len(sizes) >= 2
    for wide, paths in sizes:
        assert wide > 0.8 * min(width - 64, 832)
        assert paths > 10
    outside = page.ask(
        f"{CHARTS}.flatMap(c => [...c.querySelectorAll('text')].filter(t => {{"
        "const a = t.getBoundingClientRect(), b = c.getBoundingClientRect();"
        "return a.left < b.left - 2 || a.right > b.right + 2 || a.bottom > b.bottom + 2; })"
        ".map(t => t.textContent))"
    )
    assert outside == []


def test_the_chart_of_costs_has_a_marker_for_each_point_that_has_a_plan(show: Show) -> None:
    page = show("finetune")
    points = document(html("finetune"))["sections"][0]["curve"]["points"]
    known = [point for point in points if point["total_cost"] is not None]
    drawn = page.ask(f"{CHARTS}[0].querySelectorAll('[id^=curve-line] use').length")
    assert drawn == len(known)


def test_the_derivation_opens_step_by_step_and_closes(show: Show) -> None:
    page = show("serve")
    visible = "[...document.querySelectorAll('.tree summary')].filter(e => e.checkVisibility()).length"
    before = page.ask(visible)
    first = "#part-1-tree > li > details > ul > li > details"
    assert page.ask(f"document.querySelector('{first}').open") is False
    page.click(f"{first} > summary")
    assert page.ask(f"document.querySelector('{first}').open") is True
    opened = page.ask(visible)
    assert opened > before
    page.click("button[data-do=deeper]")
    assert page.ask(visible) > opened
    page.click("button[data-do=close]")
    assert page.ask(visible) == 1


def test_opened_often_enough_the_derivation_shows_every_quantity(show: Show) -> None:
    page = show("finetune")
    for _ in range(40):
        page.ask("document.querySelector('button[data-do=deeper]').click()")
    visible = "[...document.querySelectorAll('.tree [id]')].filter(e => e.checkVisibility()).length"
    assert page.ask(visible) == len(document(html("finetune"))["sections"][0]["explanation"]["nodes"])


def test_a_quantity_that_stands_elsewhere_is_found_by_a_click(show: Show) -> None:
    page = show("finetune")
    for _ in range(40):
        page.ask("document.querySelector('button[data-do=deeper]').click()")
    target = page.ask("document.querySelector('a.again').getAttribute('href').slice(1)")
    page.click("a.again")
    assert page.ask(f"document.getElementById('{target}').classList.contains('found')") is True
    assert page.ask(f"document.getElementById('{target}').open") is True


def test_the_data_under_a_chart_opens_on_a_click(show: Show) -> None:
    page = show("serve", width=PHONE)
    rows = "document.querySelector('details.data tbody').checkVisibility()"
    assert page.ask(rows) is False
    page.click("details.data > summary")
    assert page.ask(rows) is True


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_page_prints_to_pdf(language: Code, show: Show) -> None:
    pdf = show("serve", language).pdf()
    assert pdf.startswith(b"%PDF")
    assert 2 <= pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") <= 20
