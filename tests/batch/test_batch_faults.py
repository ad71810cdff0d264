"""What is wrong with the inputs, the output or one need is said as such, never as a failure of the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from batching import rows, run, train, write_lines

from optplan.batch.formats import jsonl


def test_an_unknown_currency_is_a_bad_need(tmp_path: Path) -> None:
    source = write_lines(tmp_path / "n.jsonl", [train(10**6, currency="XXX"), train(10**6)])
    done = run(source, "-o", tmp_path / "out.jsonl")
    assert done.returncode == 2
    assert done.stderr.startswith("2 needs: 1 solved, 0 infeasible, 1 bad\n")
    bad = rows(tmp_path / "out.jsonl")[0]
    assert (bad["status"], bad["faults"][0]["code"]) == ("bad", "missing-rate")


@pytest.mark.parametrize("where", ["/proc/x.jsonl", "/dev/null/x.jsonl"])
def test_an_output_that_cannot_be_made_is_bad_input(tmp_path: Path, where: str) -> None:
    done = run(write_lines(tmp_path / "n.jsonl", [train(10**6)]), "-o", where)
    assert done.returncode == 2
    assert done.stderr.startswith(f"-o {where}")
    assert "report this" not in done.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [("n.jsonl", ""), ("n.jsonl", "\n \n"), ("n.csv", "task,model\n"), ("n.csv", ""), ("n.yaml", "")],
)
def test_inputs_without_a_need_are_bad_input_and_leave_nothing(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    done = run(tmp_path / name, "-o", tmp_path / "out.jsonl")
    assert done.returncode == 2
    if name == "n.jsonl" or text:
        assert "  empty\n  there is no need in it" in done.stderr
        assert [path.name for path in tmp_path.iterdir()] == [name]


def test_an_empty_standard_input_is_bad_input(tmp_path: Path) -> None:
    done = run("-", "-o", tmp_path / "out.jsonl", stdin="\n")
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert done.stderr.startswith("-  empty\n")


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('{"task":"finetune","task":"serve","model":"7B"}', "task"),
        ('{"model":"7B","limits":{"max_cards":1,"max_cards" : 2}}', "max_cards"),
        ('{"model":"7B","x":[{"a":null,"\\u0061":2}]}', "a"),
        ('{"name":"a: b","model":"x:y:z","limits":{"gpus":["a:1"]}}', ""),
        ('{"name":"quote \\": ","model":"7B"}', ""),
    ],
)
def test_a_key_given_twice_is_a_fault_of_the_row(tmp_path: Path, line: str, key: str) -> None:
    path = tmp_path / "n.jsonl"
    path.write_text(line + "\n")
    (row,) = jsonl(path, 0)
    said = [(fault.code, fault.message) for fault in row.faults]
    assert said == ([("duplicate-key", f"`{key}` is given twice")] if key else [])


def test_a_table_in_another_encoding_or_with_semicolons_is_told_how_to_be_saved(tmp_path: Path) -> None:
    latin, semi = tmp_path / "l.csv", tmp_path / "s.csv"
    latin.write_bytes(b"task,model,name\nfinetune,7B,caf\xe9\n")
    semi.write_text("task;model\nfinetune;7B\n")
    run(latin, "-o", tmp_path / "l.jsonl")
    assert rows(tmp_path / "l.jsonl")[0]["faults"][0]["hint"] == "save the file as UTF-8"
    done = run(semi, "-o", tmp_path / "s.jsonl")
    assert done.returncode == 2
    assert "save it with commas between the cells, not semicolons" in done.stderr


def test_one_need_is_counted_as_one(tmp_path: Path) -> None:
    done = run(write_lines(tmp_path / "n.jsonl", [train(10**6)]), "-o", tmp_path / "o.jsonl")
    assert done.stderr.startswith("1 need: 1 solved, 0 infeasible, 0 bad\n1 distinct need worked out")
