"""Files of measurements are recognised by their columns, and nothing is filled in on reading."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from measurements import MEMORY, SPEED, write

from optplan.errors import BadInput
from optplan.validate.read import KINDS, kind_of, number, read_cases


@pytest.mark.parametrize("kind", list(KINDS))
def test_the_columns_of_a_kind_are_enough_to_know_it(kind: str) -> None:
    assert kind_of([*KINDS[kind], "anything"], "file") == kind


def test_rows_keep_their_names_and_sources(tmp_path: Path) -> None:
    kind, cases = read_cases(
        write(tmp_path / "mine.csv", MEMORY, {**MEMORY, "case_id": "", "source_repo": ""})
    )
    assert kind == "training_memory"
    assert [(c.case_id, c.source, c.file) for c in cases] == [
        ("m1", "one/one", "mine"),
        ("line 3", "mine", "mine"),
    ]


def test_speed_is_told_from_memory(tmp_path: Path) -> None:
    assert read_cases(write(tmp_path / "a.csv", SPEED))[0] == "training_speed"


def test_unknown_columns_are_refused_with_what_is_missing() -> None:
    with pytest.raises(BadInput) as fault:
        kind_of(["model", "gpu", "method", "watt"], "mine.csv")
    assert fault.value.faults[0].code == "unknown-file"
    assert "peak_memory_gib_per_gpu" in str(fault.value)


@pytest.mark.parametrize("content", [b"", b"model,gpu,metric,value\n", b"\xff\xfe\x00", b"\n"])
def test_files_without_rows_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(BadInput):
        read_cases(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as fault:
        read_cases(tmp_path / "none.csv")
    assert fault.value.faults[0].code == "unreadable"


@pytest.mark.parametrize(
    ("text", "value"), [("1,024", 1024.0), ("2.5", 2.5), ("", math.nan), ("many", math.nan)]
)
def test_cells_are_numbers_or_unknown(text: str, value: float) -> None:
    found = number({"a": text}, "a")
    assert found == value or (math.isnan(found) and math.isnan(value))
    assert math.isnan(number({}, "a"))
