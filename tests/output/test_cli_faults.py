"""Bad input, no plan, interrupts: one message, the right stream, the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from optplan.cli import run

Capture = pytest.CaptureFixture[str]


def test_no_plan_exits_1_and_says_why_on_stdout(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["none"]]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("No plan")
    assert err == ""


def test_bad_input_exits_2_and_is_told_on_stderr(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["bad"]]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{files['bad']}:2:1" in err
    assert "`model`" in err


def test_the_worst_exit_code_wins(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["tune"], files["none"]]) == 1
    assert run(["solve", files["none"], files["bad"], files["tune"]]) == 2


def test_all_faults_of_all_files_are_told_before_anything_is_solved(
    files: dict[str, str], capsys: Capture
) -> None:
    arguments = ["solve", files["tune"], files["bad"], "nowhere.yaml", "--set", "a", "--catalog", "nowhere"]
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    for part in (
        files["bad"],
        "nowhere.yaml",
        "--set",
        "nowhere  not-a-directory",
        "faults; nothing was solved",
    ):
        assert part in err


def test_unknown_names_are_told_with_line_and_column(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(
        "task: finetune\nmodel: GLM-4-9C\nlimits:\n  gpus: [H1000]\n  providers: [lamda]\n  regions: [mars]\n"
    )
    assert run(["solve", str(path)]) == 2
    err = capsys.readouterr().err
    assert f"{path}:2:" in err
    assert f"{path}:4:" in err
    path.write_text("task: finetune\nmodel: GLM-4-9B\nlimits:\n  providers: [lamda]\n  regions: [mars]\n")
    assert run(["solve", str(path)]) == 2
    err = capsys.readouterr().err
    assert f"{path}:4:" in err
    assert "lambda" in err
    assert f"{path}:5:" in err


def test_ask_points_at_what_it_does_not_understand(capsys: Capture) -> None:
    assert run(["ask", "fine-tune 9B on the moon"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "moon" in err
    assert "^^^^" in err


def test_explain_of_a_file_with_several_needs_asks_for_one(files: dict[str, str], capsys: Capture) -> None:
    assert run(["explain", files["two"]]) == 2
    assert "2 needs" in capsys.readouterr().err


@pytest.mark.parametrize(
    "setting",
    ["efficiency", "=1", "efficiency=", "efficiency=fast", "effciency=0.4", "deadline=24", "deadline=48 GB",
     "duration=1h", "efficiency=nan", "efficiency=inf"],
)  # fmt: skip
def test_a_setting_that_cannot_be_used_is_a_fault_at_set(
    setting: str, files: dict[str, str], capsys: Capture
) -> None:
    assert run(["solve", files["tune"], "--set", setting]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("--set")


def test_a_setting_given_twice_is_a_fault(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["tune"], "--set", "efficiency=0.4", "--set", "efficiency=0.5"]) == 2
    assert "twice" in capsys.readouterr().err


def test_rules_option_takes_a_pack_and_refuses_others(files: dict[str, str], capsys: Capture) -> None:
    assert run(["solve", files["tune"], "--rules", "lesson", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rules"] == "lesson"
    assert run(["solve", files["tune"], "--rules", "leson"]) == 2


@pytest.mark.parametrize(
    "words",
    [
        ["zork"],
        ["solve"],
        ["solve", "--zork"],
        ["catalog", "show", "zork"],
        ["explain", "x", "--format", "xml"],
    ],
)
def test_a_command_line_that_cannot_be_read_exits_2(words: list[str], capsys: Capture) -> None:
    assert run(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "Error" in err


def test_a_fault_of_optplan_itself_is_one_message_without_traceback(
    files: dict[str, str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ArithmeticError("the solver's answer breaks row budget")

    monkeypatch.setattr("optplan.planner.solve", broken)
    monkeypatch.delenv("OPTPLAN_TRACEBACK", raising=False)
    assert run(["solve", files["tune"]]) == 70
    out, err = capsys.readouterr()
    assert out == ""
    assert "breaks row budget" in err
    assert "Traceback" not in err
    monkeypatch.setenv("OPTPLAN_TRACEBACK", "1")
    with pytest.raises(ArithmeticError):
        run(["solve", files["tune"]])


def test_ctrl_c_exits_130_without_traceback(
    files: dict[str, str], capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("optplan.planner.solve", interrupted)
    assert run(["solve", files["tune"]]) == 130
    assert "Traceback" not in capsys.readouterr().err


def test_typer_exit_is_not_swallowed() -> None:
    from optplan.cli.guard import guarded

    @guarded
    def leave() -> None:
        raise typer.Exit(7)

    with pytest.raises(typer.Exit):
        leave()
