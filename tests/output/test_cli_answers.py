"""The commands that answer: what they print, where, and the exit code."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from plans import TUNE

from optplan.cli import run

Capture = pytest.CaptureFixture[str]


def test_a_plan_exits_0_and_is_on_stdout(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["tune"]]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Cheapest: ")
    assert err == ""


def test_several_documents_are_answered_in_turn(
    files: dict[str, str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(files["two"]).parent)
    assert run(["solve", "two.yaml"]) == 0
    out = capsys.readouterr().out
    assert out.index("two.yaml#1: tune") < out.index("two.yaml#2: chat")


def test_json_is_one_object_or_a_list_of_several(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["tune"], "--json"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert one["name"] == "tune"
    assert run(["solve", files["two"], files["none"], "--json"]) == 1
    several = json.loads(capsys.readouterr().out)
    assert [plan["name"] for plan in several] == ["tune", "chat", "none"]
    assert several[0]["total_cost"] == one["total_cost"]
    assert several[2]["status"] == "infeasible"


def test_lp_prints_the_program_with_readable_names(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["tune"], "--lp"]) == 0
    out = capsys.readouterr().out
    for part in ("Minimize", "Subject To", "deadline", "End"):
        assert part in out


def test_standard_input_is_read_where_the_file_is_a_dash(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(TUNE.encode())))
    assert run(["solve", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tune"


def test_ask_shows_the_need_and_then_the_plan(capsys: Capture) -> None:
    assert run(["ask", "cheapest way to fine-tune 9B in 48h"]) == 0
    out = capsys.readouterr().out
    assert out.index("task: finetune") < out.index("Cheapest: ")


def test_ask_need_prints_yaml_that_solves_the_same(tmp_path: Path, capsys: Capture) -> None:
    sentence = "48小时内微调9B模型最便宜的方案"
    assert run(["ask", "--need", sentence]) == 0
    path = tmp_path / "asked.yaml"
    path.write_text(capsys.readouterr().out)
    assert run(["solve", str(path), "--json"]) == 0
    from_file = json.loads(capsys.readouterr().out)
    assert run(["ask", sentence, "--json"]) == 0
    asked = json.loads(capsys.readouterr().out)
    assert asked["cards"] == from_file["cards"]
    assert asked["total_cost"] == from_file["total_cost"]


@pytest.mark.parametrize("form", ["tree", "json", "dot", "mermaid"])
def test_explain_prints_every_form(form: str, files: dict[str, str], capsys: Capture) -> None:
    assert run(["explain", files["tune"], "--format", form]) == 0
    out = capsys.readouterr().out
    start = {"tree": "total_cost = ", "json": "{", "dot": "digraph", "mermaid": "flowchart"}[form]
    assert out.startswith(start)
    if form == "json":
        assert json.loads(out)["root"] == "total_cost"


def test_explain_takes_a_sentence_and_a_term(capsys: Capture) -> None:
    assert run(["explain", "fine-tune 9B in 48h", "--term", "memory_per_card"]) == 0
    assert capsys.readouterr().out.startswith("memory_per_card = ")
    assert run(["explain", "fine-tune 9B in 48h", "--term", "zork"]) == 2


def test_explain_without_a_plan_tells_why_and_exits_1(files: dict[str, str], capsys: Capture) -> None:
    assert run(["explain", files["none"]]) == 1
    assert capsys.readouterr().out.startswith("No plan")


def test_why_not_answers_for_card_and_offer(files: dict[str, str], capsys: Capture) -> None:
    assert run(["why-not", files["tune"], "T4"]) == 0
    assert "T4" in capsys.readouterr().out
    assert run(["why-not", files["tune"], "aws/p5.48xlarge", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] in ("dearer", "equal", "refused")
    assert run(["why-not", files["none"], "H100"]) == 1
    assert run(["why-not", files["tune"], "zork"]) == 2


def test_compare_prints_needs_side_by_side_and_curves(files: dict[str, str], capsys: Capture) -> None:
    assert run(["compare", files["tune"], files["chat"]]) == 0
    out = capsys.readouterr().out
    assert "tune" in out
    assert "chat" in out
    assert run(["compare", files["tune"], "--over", "deadline=12h..96h", "--steps", "3"]) == 0
    out = capsys.readouterr().out
    assert [line.split()[0] for line in out.splitlines()[3:6]] == ["12", "54", "96"]
    assert run(["compare", files["tune"], "--over", "deadline=12h,24h", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["points"]) == 2
    assert run(["compare", files["none"], "--over", "deadline=12h,24h"]) == 1
    assert run(["compare", files["tune"], "--over", "zork"]) == 2


def test_set_fixes_a_quantity_and_changes_the_cost(files: dict[str, str], capsys: Capture) -> None:
    costs = []
    for value in ("0.2", "0.5"):
        assert run(["solve", files["tune"], "--set", f"efficiency={value}", "--json"]) == 0
        costs.append(json.loads(capsys.readouterr().out)["total_cost"])
    assert costs[0] > costs[1]


def test_set_takes_a_time_with_its_unit(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["tune"], "--set", "deadline=1 day", "--json"]) == 0
    limits = json.loads(capsys.readouterr().out)["limits"]
    assert next(limit for limit in limits if limit["name"] == "deadline")["allowed"] == 24.0


def test_confidence_high_never_costs_less(files: dict[str, str], capsys: Capture) -> None:
    costs = []
    for level in ("expected", "high"):
        run(["solve", files["tune"], "--confidence", level, "--json"])
        costs.append(json.loads(capsys.readouterr().out).get("total_cost", float("inf")))
    assert costs[1] >= costs[0]
    assert run(["solve", files["tune"], "--confidence", "low"]) == 2
