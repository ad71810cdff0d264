"""Every format gives the same rows, and says where what is wrong."""

from __future__ import annotations

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from batching import ONE_CARD, serve, train, write_lines

from optplan.batch.blocks import Sorter
from optplan.batch.inputs import open_inputs
from optplan.batch.rows import MAX_ROW_BYTES, Row, filled, need_of, nested
from optplan.batch.store import Known
from optplan.errors import BadInput
from optplan.problem import dump, read_text

NEEDS = [train(10**8, "one"), serve(3.5, name="two"), train(10**7, method={"lora": {"rank": 8}})]


def read(*paths: Path) -> list[Row]:
    return list(open_inputs([str(path) for path in paths]).rows())


def test_json_lines_are_read_line_by_line_and_blank_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "needs.jsonl"
    path.write_text(f"{json.dumps(NEEDS[0])}\n\n  \n{json.dumps(NEEDS[1])}", encoding="utf-8")
    found = read(path)
    assert [row.place for row in found] == [f"{path}:1", f"{path}:4"]
    assert [row.raw for row in found] == NEEDS[:2]
    assert found[-1].read == path.stat().st_size


def test_yaml_documents_become_the_same_needs_as_json(tmp_path: Path) -> None:
    path = tmp_path / "needs.yaml"
    path.write_text("---\n" + "---\n".join(dump(need_of(need)) for need in NEEDS), encoding="utf-8")
    found = read(path)
    assert [row.place for row in found] == [f"{path}#1", f"{path}#2", f"{path}#3"]
    assert [need_of(row.raw or {}) for row in found] == [need_of(need) for need in NEEDS]


def test_the_only_document_of_a_file_has_no_number(tmp_path: Path) -> None:
    path = tmp_path / "one.yml"
    path.write_text(dump(need_of(NEEDS[0])), encoding="utf-8")
    assert [row.place for row in read(path)] == [str(path)]


def test_a_faulty_document_is_told_with_its_line_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "needs.yaml"
    good = dump(need_of(NEEDS[0]))
    path.write_text(
        f"{good}---\ntask: serve\nmodel: 9B\nlatency: {{first_token: soon}}\n---\n: [\n---\n{good}"
    )
    first, second, third, last = read(path)
    line = good.count("\n") + 4
    assert second.faults[0].place.startswith(f"{path}:{line}:")
    assert "first_token" in second.faults[0].message
    assert third.raw is None
    assert third.faults[0].place.startswith(f"{path}:{line + 2}:")
    assert first.raw == last.raw is not None


def test_a_directory_is_read_with_all_below_it_in_the_order_of_names(tmp_path: Path) -> None:
    for name in ("b/late.yaml", "a/early.yml", "a/.deep/x.yaml", "notes.txt", "c.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(dump(need_of(NEEDS[0])), encoding="utf-8")
    names = [str(Path(row.place).relative_to(tmp_path)) for row in read(tmp_path)]
    assert names == ["a/.deep/x.yaml", "a/early.yml", "b/late.yaml"]


CELLS: list[dict[str, str]] = [
    {
        "name": "one", "task": "finetune", "model": "9B", "data": "1e8 tokens", "limits.budget": "500 USD",
        "limits.gpus": "H100, A100", "method": '{"lora": {"rank": 8}}', "limits.quota": '{"H100": 4}',
    },
    {
        "name": "two", "task": "serve", "model": "9B", "traffic.requests_per_second": "3.5",
        "limits.gpus": '["L40S"]', "latency.per_token": "30ms",
    },
]  # fmt: skip
MEANT: list[dict[str, Any]] = [
    {
        "name": "one", "task": "finetune", "model": "9B", "data": "1e8 tokens", "method": {"lora": {"rank": 8}},
        "limits": {"budget": "500 USD", "gpus": ["H100", "A100"], "quota": {"H100": 4}},
    },
    {
        "name": "two", "task": "serve", "model": "9B", "traffic": {"requests_per_second": 3.5},
        "latency": {"per_token": "30ms"}, "limits": {"gpus": ["L40S"]},
    },
]  # fmt: skip


def write_csv(path: Path, cells: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in cells for name in row)))
        writer.writeheader()
        writer.writerows(cells)
    return path


def test_dotted_columns_of_csv_are_parts_and_blank_cells_are_absent(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "needs.csv", CELLS)
    found = read(path)
    assert [row.place for row in found] == [f"{path}:2", f"{path}:3"]
    assert [need_of(row.raw or {}) for row in found] == [need_of(need) for need in MEANT]


def test_parquet_is_read_with_dotted_columns_and_with_structs(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    names = list(dict.fromkeys(name for row in CELLS for name in row))
    parquet.write_table(
        pa.table({name: [row.get(name) for row in CELLS] for name in names}), tmp_path / "flat.parquet"
    )
    keys = list(dict.fromkeys(name for row in MEANT for name in row))
    columns = {name: [row.get(name) for row in MEANT] for name in keys}
    parquet.write_table(pa.table(columns), tmp_path / "deep.parquet")
    for name in ("flat.parquet", "deep.parquet"):
        found = read(tmp_path / name)
        assert [row.place for row in found] == [f"{tmp_path / name}#1", f"{tmp_path / name}#2"]
        assert [need_of(row.raw or {}) for row in found] == [need_of(need) for need in MEANT]


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ('{"task": "serve"', "json", "not JSON"),
        ("[1, 2]", "not-a-mapping", "JSON object"),
        ('{"task": "serve", "model": "' + "x" * MAX_ROW_BYTES + '"}', "too-large", "MB"),
    ],
)
def test_a_line_that_is_no_need_is_a_row_of_its_own(tmp_path: Path, text: str, code: str, says: str) -> None:
    path = tmp_path / "needs.jsonl"
    path.write_text(f"{text}\n{json.dumps(NEEDS[0])}\n", encoding="utf-8")
    broken, whole = read(path)
    assert (broken.place, broken.raw, broken.faults[0].code) == (f"{path}:1", None, code)
    assert says in broken.faults[0].message
    assert whole.raw == NEEDS[0]


def test_csv_columns_that_no_need_has_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    path = tmp_path / "needs.csv"
    path.write_text("task,model,limits.bugdet,team\nserve,9B,5,x\n", encoding="utf-8")
    with pytest.raises(BadInput) as error:
        open_inputs([str(path)])
    told = {fault.message: fault.hint for fault in error.value.faults}
    assert "limits.budget" in told["no need has a column `limits.bugdet`"]
    assert "no need has a column `team`" in told


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"serve,9B,5,too,many\n", "cells"),
        (b'finetune,9B,"[1, 2"\n', "json"),
        (b'finetune,"9B"x,\n', "csv"),
        (b"finetune,9\xff,\n", "csv"),
    ],
)
def test_a_faulty_csv_row_is_told_by_line_and_the_next_is_read(
    tmp_path: Path, line: bytes, code: str
) -> None:
    path = tmp_path / "needs.csv"
    path.write_bytes(b"task,model,limits.gpus\n" + line + b"serve,9B,L40S\n")
    broken, whole = read(path)
    assert (broken.place, broken.faults[0].code) == (f"{path}:2", code)
    assert (whole.place, whole.raw) == (
        f"{path}:3",
        {"task": "serve", "model": "9B", "limits": {"gpus": "L40S"}},
    )


def test_inputs_that_cannot_be_read_are_all_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "needs.xlsx").write_bytes(b"PK")
    with pytest.raises(BadInput) as error:
        open_inputs([str(tmp_path / name) for name in ("gone.jsonl", "empty", "needs.xlsx")])
    assert [fault.code for fault in error.value.faults] == ["missing-file", "empty", "unknown-format"]


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "needs.jsonl", NEEDS)
    with pytest.raises(BadInput, match="twice"):
        open_inputs([str(path), str(path)])


@pytest.mark.parametrize(
    ("raw", "place", "says"),
    [
        ({"model": "9B"}, "model", "does not say its `task`"),
        ({"task": "server", "model": "9B"}, "task", "no task 'server'"),
        (serve(3, limits={"bugdet": "5 USD"}), "limits.bugdet", "has no such key"),
        (serve(3, limits={"budget": "5 pounds of gold"}), "limits.budget", "budget"),
        (serve(-1), "traffic.requests_per_second", "must be above 0"),
        (serve(3, latency={"per_token": [1]}), "latency.per_token", "per_token"),
        (train(5, batch=2.5), "batch", "not a whole number"),
    ],
)
def test_faults_of_a_row_name_the_field(raw: dict[str, Any], place: str, says: str) -> None:
    with pytest.raises(BadInput) as error:
        need_of(raw)
    (fault,) = error.value.faults
    assert fault.place == place
    assert says in fault.message


def test_a_row_means_what_the_same_yaml_means() -> None:
    for raw in (*NEEDS, serve(2, traffic=[{"requests_per_second": 1}, {"requests_per_second": 2}])):
        assert need_of(raw) == read_text(json.dumps(raw), "row")[0].need


def test_a_row_nested_without_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "needs.jsonl"
    path.write_text('{"task": "serve", "model": ' + "[" * 900 + "]" * 900 + "}\n")
    (row,) = read(path)
    assert (row.raw, row.faults[0].code) == (None, "too-deep")


def test_what_is_no_text_is_told_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "needs.yaml"
    path.write_text('task: serve\nmodel: "9B\\ud800"\n---\ntask: serve\nmodel: 9B\nname: "\\udfff"\n')
    for row in read(path):
        line, asked = Sorter(Known()).line(row)
        assert (asked, line.entry.status) == (None, "bad")
        assert json.loads(line.head("bad") + (line.entry.data or b""))["place"] == row.place


def test_values_of_a_table_that_json_does_not_know_are_judged_as_text(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "needs.parquet"
    columns = {
        "task": ["finetune"],
        "model": ["9B"],
        "epochs": [Decimal("2.5")],
        "deadline": [date(2026, 1, 1)],
    }
    parquet.write_table(pa.table(columns), path)
    (row,) = read(path)
    assert Sorter(Known()).line(row)[1] is not None
    with pytest.raises(BadInput, match="deadline"):
        need_of(row.raw or {})


def test_two_columns_for_one_value_are_refused() -> None:
    with pytest.raises(BadInput, match="two-values"):
        nested({"traffic": "5", "traffic.requests_per_second": "5"})
    with pytest.raises(BadInput, match="two-values"):
        nested({"limits.budget": "5 USD", "limits": {"gpus": ["H100"]}})


def test_null_is_absent_at_any_depth() -> None:
    raw = serve(
        3, name=None, limits={**ONE_CARD, "budget": None}, traffic=[{"requests_per_second": 3, "name": None}]
    )
    assert filled(raw) == serve(3, traffic=[{"requests_per_second": 3}])
