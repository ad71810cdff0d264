"""Inputs as they are found: links, pipes, open quotes, maps, and outputs that are inputs."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from batching import command, rows, run, statuses, train, write_lines

from optplan import BadInput
from optplan.batch.inputs import open_inputs
from optplan.batch.rows import Row

YAML = "task: finetune\nmodel: 9B\ndata: 1M tokens\n"


def named(folder: Path) -> list[str]:
    """The files that a directory stands for, from it on."""
    return [os.path.relpath(file.name, folder) for file in open_inputs([str(folder)]).files]


def test_a_directory_is_read_through_links_and_the_files_of_a_config_map_once(tmp_path: Path) -> None:
    folder, outside = tmp_path / "projects", tmp_path / "outside"
    for place in (folder / "..2026_01" / "a.yaml", outside / "b.yaml"):
        place.parent.mkdir(parents=True)
        place.write_text(YAML, encoding="utf-8")
    (folder / "..data").symlink_to("..2026_01")  # as Kubernetes mounts a ConfigMap
    (folder / "a.yaml").symlink_to("..data/a.yaml")
    (folder / "team").symlink_to(outside)
    (outside / "back").symlink_to(folder)
    (outside / "here").symlink_to(".")
    assert named(folder) == ["a.yaml", "team/b.yaml"]


def test_a_directory_below_that_cannot_be_read_is_told_rather_than_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "a.yaml").write_text(YAML, encoding="utf-8")
    scan = os.scandir

    def refusing(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    with pytest.raises(BadInput, match=r"closed[\s\S]*Permission denied"):
        open_inputs([str(tmp_path)])


def test_a_pipe_in_a_directory_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.yaml")
    with pytest.raises(BadInput, match="not a regular file"):
        open_inputs([str(tmp_path)])


def test_standard_input_that_is_closed_is_bad_input(tmp_path: Path) -> None:
    words = ["sh", "-c", '"$@" <&-', "sh", *command("-", "-o", tmp_path / "out.jsonl")]
    found = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert found.returncode == 2, found.stderr
    assert "standard input is closed" in found.stderr


@pytest.mark.parametrize("link", [False, True])
def test_an_output_that_is_an_input_is_refused_and_the_input_stays(tmp_path: Path, link: bool) -> None:
    needs = out = write_lines(tmp_path / "needs.jsonl", [train(10**6)])
    if link:
        out = tmp_path / "plans.jsonl"
        out.symlink_to(needs)
    before = needs.read_bytes()
    found = run(needs, "-o", out, "--overwrite")
    assert (found.returncode, needs.read_bytes()) == (2, before)
    assert "one of the inputs" in found.stderr


def read(path: Path) -> list[Row]:
    return list(open_inputs([str(path)]).rows())


@pytest.mark.parametrize("after", [1, 3000], ids=["few", "more than a cell may hold"])
def test_an_open_quote_costs_its_own_row_and_none_of_those_below(tmp_path: Path, after: int) -> None:
    path, fine = tmp_path / "needs.csv", 'serve,"9B",a name of some length that fills the cell\n'
    path.write_text("task,model,name\n" + fine + 'serve,"9B,x\n' + fine * after, encoding="utf-8")
    found = read(path)
    bad = [row for row in found if row.raw is None]
    assert [(row.place, row.faults[0].code) for row in bad] == [(f"{path}:3", "csv")]
    assert [row.place for row in found] == [f"{path}:{line}" for line in range(2, after + 4)]
    assert found[-1].read == path.stat().st_size


def test_a_column_without_a_name_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "needs.csv"
    path.write_text(",task,model\n0,serve,9B\n", encoding="utf-8")  # as pandas writes its index
    with pytest.raises(BadInput, match="column 1 has no name"):
        open_inputs([str(path)])


def test_maps_of_parquet_are_parts_and_empty_ones_are_absent(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    quota = pa.map_(pa.string(), pa.int64())
    limits = pa.struct([("gpus", pa.list_(pa.string())), ("quota", quota)])
    needs: list[dict[str, Any]] = [
        {"quota": [("H100", 8)], "limits": {"gpus": ["H100"], "quota": [("A100", 2)]}},
        {"quota": [], "limits": {"gpus": None, "quota": []}},
        {"quota": None, "limits": None},
        {"quota": [("H100", 8), ("H100", 4)], "limits": None},
    ]
    columns = {
        "task": ["serve"] * 4,
        "model": ["9B"] * 4,
        "assume": pa.array([need["quota"] for need in needs], quota),
        "limits": pa.array([need["limits"] for need in needs], limits),
    }
    parquet.write_table(pa.table(columns), tmp_path / "needs.parquet")
    first, empty, absent, twice = read(tmp_path / "needs.parquet")
    plain = {"task": "serve", "model": "9B"}
    limited = {"gpus": ["H100"], "quota": {"A100": 2}}
    assert first.raw == {**plain, "assume": {"H100": 8}, "limits": limited}
    assert empty.raw == {**plain, "limits": {}}
    assert absent.raw == plain
    assert [fault.code for fault in twice.faults] == ["duplicate-key"]


def test_rows_of_a_table_with_an_open_quote_are_all_answered(tmp_path: Path) -> None:
    path = tmp_path / "needs.csv"
    path.write_text('task,model,data\nfinetune,"9B,1M tokens\nfinetune,9B,1M tokens\n', encoding="utf-8")
    assert run(path, "-o", tmp_path / "out.jsonl", "--detail", "brief").returncode == 2
    assert statuses(rows(tmp_path / "out.jsonl")) == ["bad", "optimal"]
