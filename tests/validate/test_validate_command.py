"""`optplan validate`, from the command line to the JSON that it promises."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from measurements import MEMORY, SPEED, variants, write

from optplan.catalog import Catalog
from optplan.cli.app import run
from optplan.errors import BadInput
from optplan.validate.cross import cross
from optplan.validate.figure import draw
from optplan.validate.predict import predict
from optplan.validate.read import read_cases


def memory(tmp_path: Path) -> Path:
    changes = [
        {"seq_len": s, "source_repo": f"{r}/{r}"} for s in ("512", "1024", "4096") for r in ("one", "two")
    ]
    return write(tmp_path / "mine.csv", *variants(MEMORY, [*changes, {"gpu": ""}]))


def test_json_has_scores_rows_and_refusals(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", str(memory(tmp_path)), "--json", "--by", "seq_len"]) == 0
    found = json.loads(capsys.readouterr().out)["files"]["training_memory"]
    assert (found["rows"], found["answered"], found["refused"]) == (7, 6, {"missing: gpu": 1})
    names = {
        "median_abs_error",
        "p90_abs_error",
        "bias",
        "within_25",
        "under_by_10",
        "inside_band",
        "band_width",
    }
    assert names <= set(found)
    assert set(found["groups"]["seq_len"]) == {"512", "1024", "4096"}
    assert found["refused_rows"] == [{"case_id": "v6", "reason": "missing: gpu"}]
    row = found["rows_detail"][0]
    assert set(row) == {"case_id", "quantity", "unit", "measured", "predicted", "low", "high", "assumed"}
    assert row["low"] < row["predicted"] < row["high"]
    assert row["measured"] == 20.0


def test_tables_name_the_files_and_the_worst_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speed = write(tmp_path / "speed.csv", SPEED)
    assert run(["validate", str(memory(tmp_path)), str(speed), "--worst", "2"]) == 0
    shown = capsys.readouterr().out
    assert "training_memory" in shown
    assert "training_speed" in shown
    assert "missing: gpu" in shown
    assert shown.count("A100-SXM4-80GB") == 3


def test_two_files_of_a_kind_are_both_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = write(tmp_path / "other.csv", MEMORY)
    assert run(["validate", str(memory(tmp_path)), str(other), "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["files"]) == {"training_memory", "other"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["none.csv"],
        ["{f}", "--by", "colour"],
        ["{f}", "--figure", "a.txt"],
        ["{f}", "--figure", "no/where.svg"],
    ],
)
def test_bad_input_ends_with_2_and_a_fault(
    tmp_path: Path, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(memory(tmp_path))
    assert run(["validate", *(a.replace("{f}", file) for a in arguments)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_whole_runs_are_answered_with_what_was_assumed(tmp_path: Path) -> None:
    row = {
        "run_id": "r1", "model": "Llama-2-7b-hf", "params_b": "6.738", "tokens_b": "2000",
        "gpu": "A100-SXM4-80GB", "n_gpus": "", "gpu_hours": "184320",
    }  # fmt: skip
    cases = read_cases(write(tmp_path / "runs.csv", row, {**row, "tokens_b": ""}))[1]
    found = predict(cases, Catalog.load())
    assert found.refused == [(1, "missing: tokens_b")]
    assert found.assumed[0]
    assert 0.5 < found.predicted[0] / found.measured[0] < 2


@pytest.mark.parametrize("suffix", [".svg", ".png"])
def test_a_figure_is_drawn(tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    cases = read_cases(memory(tmp_path))[1]
    out = tmp_path / f"figure{suffix}"
    draw([("mine", cases, predict(cases, Catalog.load()))], out, "seq_len")
    assert out.stat().st_size > 5000
    if suffix == ".svg":
        assert "predicted" in out.read_text() or "<path" in out.read_text()


def test_crossing_predicts_every_row_once_by_the_other_source(tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    cases = read_cases(memory(tmp_path))[1]
    found = cross(cases, Catalog.load())
    assert sorted(found.case_index) == [0, 1, 2, 3, 4, 5]


def test_crossing_one_source_is_refused(tmp_path: Path) -> None:
    cases = read_cases(write(tmp_path / "a.csv", MEMORY))[1]
    with pytest.raises(BadInput) as fault:
        cross(cases, Catalog.load())
    assert fault.value.faults[0].code == "one-source"
