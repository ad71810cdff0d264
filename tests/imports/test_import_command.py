"""optplan import: what it writes, prints and exits with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optplan.cli.app import run

Capture = pytest.CaptureFixture[str]
HEAD = "instance_name,location,price,gpu_count,gpu_name,gpu_memory,spot\n"
MELANGE = {
    "gpu_info": {"A": {"cost": 1.5, "tputs": [[2]]}, "B": {"cost": 5, "tputs": [[9]]}},
    "workload_distribution": [[1.0]],
    "total_request_rate": 8,
    "slice_factor": 4,
}


def test_a_directory_is_written_that_solve_takes(tmp_path: Path, capsys: Capture) -> None:
    source, out, need = tmp_path / "aws.csv", tmp_path / "out", tmp_path / "need.yaml"
    source.write_text(HEAD + "g6.big,us,0.01,8,L4,24,False\nx,us,1,1,Z9,24,False\n")
    need.write_text("task: generate\nmodel: Llama-3.1-8B\ntraffic: {requests: 10k}\nlimits: {gpus: [L4]}\n")
    assert run(["import", "gpuhunt", str(source), "-o", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "1 offer from 2 rows" in shown
    assert "aws.csv:3  no card is called `Z9`" in (out / "refused.txt").read_text()
    assert run(["catalog", "check", str(out)]) == 0
    capsys.readouterr()
    assert run(["solve", str(need), "--catalog", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cards"][0]["instance"] == "g6.big"


def test_rows_of_another_source_are_not_written_over(tmp_path: Path, capsys: Capture) -> None:
    source, out = tmp_path / "aws.csv", tmp_path / "out"
    source.write_text(HEAD + "g6.xlarge,us,0.8,1,L4,24,False\n")
    for _ in range(2):  # its own rows are replaced
        assert run(["import", "gpuhunt", str(source), "-o", str(out)]) == 0
    text = (out / "offers.csv").read_text()
    (out / "offers.csv").write_text(text.replace("gpuhunt catalog", "my own list"))
    assert run(["import", "gpuhunt", str(source), "-o", str(out)]) == 2
    assert "rows of another source" in capsys.readouterr().err
    assert "my own list" in (out / "offers.csv").read_text()


def test_nothing_taken_is_bad_input_with_its_account(tmp_path: Path, capsys: Capture) -> None:
    source = tmp_path / "aws.csv"
    source.write_text(HEAD + "g6.xlarge,us,0,1,L4,24,False\n")
    assert run(["import", "gpuhunt", str(source), "-o", str(tmp_path / "out")]) == 2
    assert "nothing taken from 1 row" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["gpuhunt", "none.csv", "-o", "out"],
        ["gpuhunt", "none.csv"],
        ["ecb", "none.csv", "-o", "out", "--slices"],
        ["skypilot", "a", "b", "-o", "out"],
        ["melange", "none.json"],
        ["rates", "none.csv"],
    ],
)
def test_what_cannot_be_read_is_told_without_a_traceback(arguments: list[str], capsys: Capture) -> None:
    assert run(["import", *arguments]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_a_melange_problem_is_printed_as_a_need_and_solved(tmp_path: Path, capsys: Capture) -> None:
    source, need = tmp_path / "p.json", tmp_path / "need.yaml"
    source.write_text(json.dumps(MELANGE))
    for slices in ([], ["--slices"]):
        assert run(["import", "melange", str(source), *slices]) == 0
        printed = capsys.readouterr().out
        assert ("slices: 4" in printed) == bool(slices)
        need.write_text(printed)
        assert run(["solve", str(need), "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["total_cost"] == pytest.approx(5.0)
