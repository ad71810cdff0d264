"""what-if, compare --pareto and compare --tornado at the command line: exit codes, tables, JSON, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optplan.cli import run

PROBLEMS = Path(__file__).parents[2] / "problems"
TUNE = str(PROBLEMS / "finetune-9b-48h.yaml")
LESSON = str(PROBLEMS / "lesson-finetune.yaml")
BATCH = str(PROBLEMS / "summarise-reports.yaml")
CHAT = str(PROBLEMS / "chat-8b.yaml")
NONE = str(PROBLEMS / "impossible-70b-in-an-hour.yaml")
Capture = pytest.CaptureFixture[str]
QUESTIONS = {
    "what-if": [
        "what-if",
        TUNE,
        "--set",
        "price[H100]=*0.7",
        "--set",
        "deadline=1h",
        "--set",
        "carbon=20 kg",
    ],
    "lost": ["what-if", TUNE, "--set", "budget=1 USD"],
    "time": ["compare", TUNE, "--pareto", "cost,time"],
    "batch": ["compare", BATCH, "--pareto", "cost,time"],
    "carbon": ["compare", TUNE, "--pareto", "cost,carbon"],
    "tornado": ["compare", TUNE, "--tornado"],
    "two": ["compare", LESSON, TUNE, "--tornado", "--top", "3"],
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("columns", ["80", "160"])
def test_no_line_is_wider_than_the_terminal_and_none_ends_in_blanks(
    name: str, columns: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    code = run(QUESTIONS[name])
    out, err = capsys.readouterr()
    assert code == (1 if name == "lost" else 0)
    assert err == ""
    lines = out.splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert not [line for line in lines if line != line.rstrip()]
    assert "…" not in out


def test_the_first_line_of_what_if_is_the_answer(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert run(QUESTIONS["what-if"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("With price[H100] x 0.7 and deadline 1h and carbon 20 kg, ")
    assert "it costs" in first


def test_what_if_prints_what_its_json_says(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    assert run([*QUESTIONS["what-if"], "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert run(QUESTIONS["what-if"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == data["sentence"]
    for shift in data["terms"]:
        assert f"{shift['before']:,.2f}" in out
        assert f"{shift['after']:,.2f}" in out
    assert set(data) == {"sentence", "changes", "moved", "totals", "terms", "before", "after"}


def test_a_front_prints_what_its_json_says(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run([*QUESTIONS["time"], "--json"]) == 0
    front = json.loads(capsys.readouterr().out)
    assert front["exact"] is True
    assert front["objectives"] == ["cost", "time"]
    assert run(QUESTIONS["time"]) == 0
    out = capsys.readouterr().out
    assert f"{len(front['points'])} plans of cost against time, the exact front" in out
    for point in front["points"]:
        assert f"{point['cost']:,.2f}" in out


def test_a_tornado_prints_what_its_json_says(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run([*QUESTIONS["two"], "--json"]) == 0
    first, second = json.loads(capsys.readouterr().out)
    assert len(second["bars"]) == 3
    assert run(QUESTIONS["two"]) == 0
    out = capsys.readouterr().out
    for one in (first, second):
        assert f"{one['base_cost']:,.2f}" in out
        for bar in one["bars"]:
            assert bar["name"] in out


def test_a_tornado_draws_bars_where_there_is_room(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = {}
    for columns in ("80", "160"):
        monkeypatch.setenv("COLUMNS", columns)
        assert run(QUESTIONS["tornado"]) == 0
        drawn[columns] = "###" in capsys.readouterr().out
    assert drawn == {"80": False, "160": True}


@pytest.mark.parametrize("options", [["--pareto", "cost,time"], ["--tornado"]])
def test_a_need_without_a_plan_exits_1_and_says_why(options: list[str], capsys: Capture) -> None:
    assert run(["compare", NONE, *options]) == 1
    assert "No plan" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["what-if", TUNE], "nothing is changed"),
        (["what-if", TUNE, "--set", "budgget=3 USD"], "did you mean budget"),
        (["compare", CHAT, "--pareto", "cost,time"], "no plan of it is faster than another"),
        (["compare", TUNE, CHAT, "--pareto", "cost,time"], "no plan of it is faster than another"),
        (["compare", TUNE, "--pareto", "cost,tiem"], "did you mean time?"),
        (["compare", TUNE, "--pareto", ""], "'' is no objective"),
        (["compare", TUNE, "--tornado", "--top", "0"], "give 1 to"),
        (["compare", TUNE, "--tornado", "--pareto", "cost,time"], "ask one at a time"),
        (["compare", TUNE, "--tornado", "--over", "deadline=1h..2h"], "ask one at a time"),
    ],
)
def test_bad_input_exits_2_with_a_message_and_prints_nothing(
    arguments: list[str], message: str, capsys: Capture
) -> None:
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "Traceback" not in err
