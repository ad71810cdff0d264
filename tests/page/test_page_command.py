"""`optplan report`: the file it writes, what it says, and what it refuses."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest
from pages import NEEDS, document

from optplan.cli import run

Capture = pytest.CaptureFixture[str]
LESSON = NEEDS["lesson"]
NONE = """
name: none
task: finetune
model: GLM-4-9B
data: 1GB
limits: {gpus: [T4], max_cards: 1}
"""
PORTFOLIO = """
name: two-months
task: portfolio
months: 2
needs:
  - name: chat
    task: serve
    model: Llama-3.1-8B
    traffic: {requests_per_second: 1}
    limits: {gpus: [L40S]}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with needs, to work in."""
    for name, text in {"lesson": LESSON, "none": NONE, "two": f"{LESSON}---{NONE}"}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_page_is_written_to_report_html_and_nothing_to_stdout(here: Path, capsys: Capture) -> None:
    assert run(["report", "lesson.yaml"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("report.html: ")
    page = (here / "report.html").read_text(encoding="utf-8")
    assert document(page)["sections"][0]["plan"]["name"] == "lesson-9b"
    assert (here / "report.html").stat().st_mode & 0o777 == 0o666 & ~_umask()


def test_a_dash_writes_the_page_to_stdout(here: Path, capsys: Capture) -> None:
    assert run(["report", "lesson.yaml", "-o", "-", "--lang", "zh"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith('<!doctype html>\n<html lang="zh-CN">')
    assert err == ""
    assert not (here / "report.html").exists()


def test_several_needs_share_a_page_with_a_summary_and_exit_1_where_one_has_no_plan(here: Path) -> None:
    assert run(["report", "two.yaml", "-o", "out.html"]) == 1
    page = (here / "out.html").read_text(encoding="utf-8")
    assert [s["plan"]["status"] for s in document(page)["sections"]] == ["optimal", "infeasible"]
    assert '<a href="#part-2">none</a>' in page
    assert page.count("<article") == 2


def test_a_file_that_is_there_is_replaced_whole_and_keeps_its_mode(here: Path) -> None:
    old = here / "out.html"
    old.write_text("old")
    old.chmod(0o600)
    assert run(["report", "lesson.yaml", "-o", "out.html"]) == 0
    assert old.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert old.stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in here.glob("*.html*")) == ["out.html"]


def test_a_link_stays_a_link(here: Path) -> None:
    (here / "real.html").write_text("old")
    (here / "link.html").symlink_to("real.html")
    assert run(["report", "lesson.yaml", "-o", "link.html"]) == 0
    assert (here / "link.html").is_symlink()
    assert (here / "real.html").read_text(encoding="utf-8").startswith("<!doctype")


def test_a_device_is_written_to_and_not_replaced(here: Path) -> None:
    assert run(["report", "lesson.yaml", "-o", "/dev/null"]) == 0
    assert not Path("/dev/null").is_file()


@pytest.mark.parametrize("place", ["no/such/directory/r.html", ".", "/proc/none/r.html"])
def test_a_place_that_cannot_be_written_is_told_before_any_work(
    place: str, here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optplan.page.find", None)  # not reached
    assert run(["report", "lesson.yaml", "-o", place]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("--output  unwritable")
    assert "Traceback" not in err


def test_a_full_disk_leaves_the_old_file_and_no_rest(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "out.html").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert run(["report", "lesson.yaml", "-o", "out.html"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert (here / "out.html").read_text() == "old"
    assert sorted(p.name for p in here.glob(".*")) == []


def test_without_its_packages_the_command_says_which_to_install(
    here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda n: None if n == "matplotlib" else there(n))
    assert run(["report", "lesson.yaml"]) == 2
    err = capsys.readouterr().err
    assert "a page needs matplotlib" in err
    assert "pip install 'optplan[report]'" in err


def test_bad_input_is_one_message_and_no_page(here: Path, capsys: Capture) -> None:
    (here / "bad.yaml").write_text("task: finetune\nmodle: x\n")
    assert run(["report", "bad.yaml", "lesson.yaml"]) == 2
    assert "modle" in capsys.readouterr().err
    assert not (here / "report.html").exists()


def test_a_sentence_gets_a_page_too(here: Path) -> None:
    sentence = "LoRA fine-tune GLM-4-9B on 10M tokens in 24h"
    assert run(["report", sentence, "-o", "s.html"]) == 0
    assert document((here / "s.html").read_text(encoding="utf-8"))["sections"][0]["place"] == "the sentence"


def test_a_portfolio_gets_a_page_beside_a_need(here: Path) -> None:
    (here / "many.yaml").write_text(PORTFOLIO)
    assert run(["report", "many.yaml", "lesson.yaml", "-o", "m.html"]) == 0
    sections = document((here / "m.html").read_text(encoding="utf-8"))["sections"]
    assert [one["kind"] for one in sections] == ["need", "portfolio"]
    assert sections[1]["plan"]["months"] == 2


def test_an_unknown_language_is_refused_with_those_there_are(here: Path, capsys: Capture) -> None:
    assert run(["report", "lesson.yaml", "--lang", "fr"]) == 2
    err = capsys.readouterr().err
    assert "'en', 'zh'" in err


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
