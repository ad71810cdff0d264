"""Values and files that no careful user would give: each is a fault with a place, a reason and a cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from optplan.cli import run

PROBLEMS = Path(__file__).parents[2] / "problems"
TUNE = str(PROBLEMS / "finetune-9b-48h.yaml")
Capture = pytest.CaptureFixture[str]


def refused(arguments: list[str], capsys: Capture) -> str:
    """What a refused command says."""
    assert run(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    return " ".join(err.split())


@pytest.mark.parametrize(
    "name", ["efficiency", "speed_spread", "job_hours", "rent", "memory_per_card", "train_tokens"]
)
@pytest.mark.parametrize("command", ["solve", "what-if"])
def test_a_quantity_below_nothing_is_refused(command: str, name: str, capsys: Capture) -> None:
    said = refused([command, TUNE, "--set", f"{name}=-1"], capsys)
    assert name in said
    assert "is below 0" in said
    assert "hint: " in said


@pytest.mark.parametrize("name", ["cards", "units", "unit_hours", "gpus_per_unit"])
def test_what_the_program_decides_cannot_be_fixed(name: str, capsys: Capture) -> None:
    said = refused(["solve", TUNE, "--set", f"{name}=2"], capsys)
    assert "the plan decides it" in said
    assert "max_cards" in said


def test_a_cost_of_capital_below_nothing_is_interest_as_any(capsys: Capture) -> None:
    assert run(["solve", TUNE, "--set", "discount_rate=-0.01", "--json"]) == 0


@pytest.mark.parametrize(
    "command", [["solve"], ["report", "-o", "-"], ["explain"], ["validate"], ["import", "melange"]]
)
@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_device_is_not_read(command: list[str], device: str, capsys: Capture) -> None:
    assert "not a regular file" in refused([*command, device], capsys)


def test_a_missing_file_always_comes_with_a_cure(tmp_path: Path, capsys: Capture) -> None:
    assert "hint: name a YAML file" in refused(["solve", str(tmp_path / "nothing")], capsys)
    assert "hint: name a CSV file" in refused(["validate", str(tmp_path / "nothing.csv")], capsys)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["what-if", TUNE, "--set", "deadline=-3h"], "it must be above 0"),
        (["what-if", TUNE, "--set", "max_cards=0"], "it must be above 0"),
        (["fit", "0B", "4090"], "it must be at least 1,000,000"),
        (["fit", "9B", "4090", "--precision", "int3"], "it must be fp32, bf16"),
    ],
)
def test_no_message_is_in_the_words_of_the_library(
    arguments: list[str], reason: str, capsys: Capture
) -> None:
    said = refused(arguments, capsys)
    assert "Input should" not in said
    assert reason in said


def test_a_colour_that_nothing_has_is_refused(tmp_path: Path, capsys: Capture) -> None:
    figure = str(tmp_path / "figure.svg")
    assert "no file has a column 'nope'" in refused(
        ["validate", "--colour", "nope", "--figure", figure], capsys
    )
    assert "--figure OUT.svg" in refused(["validate", "--colour", "gpu"], capsys)


def test_packs_are_compared_on_offers_of_the_need_itself(capsys: Capture) -> None:
    need = str(PROBLEMS / "measured-chat.yaml")
    assert run(["rules", "diff", "lesson", "engineering", need]) == 0
    out = capsys.readouterr().out
    assert "own/4x-L40S/any/on_demand" in out
    assert "1.2 requests/s   1.2 requests/s" in out  # measured for either pack


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["compare", TUNE, "--ways", "rent", "--pareto", "cost,time"], "--ways and --pareto are 2 questions"),
        (
            ["compare", TUNE, "--over", "deadline=12h..24h", "--tornado"],
            "--over and --tornado are 2 questions",
        ),
        (["solve", TUNE, "--json", "--lp"], "--json and --lp are two forms of the answer"),
        (["explain", TUNE, "--way", "nope"], "--way unknown-way"),
    ],
)
def test_options_that_go_ill_together_are_refused(arguments: list[str], reason: str, capsys: Capture) -> None:
    assert reason in refused(arguments, capsys)
