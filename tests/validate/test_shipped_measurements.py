"""The measurements in the package: where each comes from, and how near predictions are to them."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from optplan.catalog import DATA, Catalog
from optplan.cli.app import run
from optplan.validate.predict import predict
from optplan.validate.read import KINDS, Case, read_cases
from optplan.validate.score import score

FOLDER = DATA / "measured"
# Kind -> (least rows, least sources, most of the median absolute error, least share inside the band).
STATED = {
    "training_memory": (20, 6, 0.16, 0.8),
    "training_speed": (20, 9, 0.15, 0.75),
    "inference_memory": (20, 7, 0.05, 0.85),
    "inference_throughput": (20, 8, 0.12, 0.85),
}


def cases(name: str) -> list[Case]:
    kind, found = read_cases(FOLDER / f"{name}.csv")
    assert kind == name
    return found


def test_there_is_one_file_of_each_kind_that_rules_are_held_to() -> None:
    assert {path.stem for path in FOLDER.glob("*")} == set(STATED) == set(KINDS) - {"training_runs"}


@pytest.mark.parametrize("name", STATED)
def test_every_row_says_where_it_was_published(name: str) -> None:
    for case in cases(name):
        row = case.row
        assert "/" in row["source_repo"], case.case_id
        assert row["source_path"], case.case_id
        assert re.fullmatch(r"[0-9a-f]{40}", row["source_commit"]), case.case_id


@pytest.mark.parametrize("name", STATED)
def test_rows_are_spread_over_sources_and_are_there_once(name: str) -> None:
    rows, sources, _, _ = STATED[name]
    found = cases(name)
    counts = Counter(case.source for case in found)
    assert len(found) >= rows
    assert len(counts) >= sources
    assert max(counts.values()) <= 4
    assert len({case.case_id for case in found}) == len(found)


@pytest.mark.parametrize("name", STATED)
def test_all_are_answered_within_the_stated_errors(name: str) -> None:
    _, _, median, inside = STATED[name]
    found = cases(name)
    scored = score(predict(found, Catalog.load()), len(found))
    assert scored.answered == scored.rows == len(found)
    assert scored.median_abs_error <= median
    assert scored.inside_band >= inside


def test_methods_cards_and_software_are_many() -> None:
    memory = [case.row for case in cases("training_memory")]
    assert {row["method"] for row in memory} == {"full", "lora", "qlora"}
    every = [case.row for name in STATED for case in cases(name)]
    assert len({row["gpu"] for row in every}) >= 12
    assert len({row["model"] for row in every}) >= 30


def test_validate_without_files_takes_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["validate", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["files"]
    assert set(found) == set(STATED)
    assert sum(one["answered"] for one in found.values()) == sum(len(cases(name)) for name in STATED)


def test_the_package_takes_the_folder_along() -> None:
    import tomllib

    settings = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    assert "data/measured/*" in settings["tool"]["setuptools"]["package-data"]["optplan"]


@pytest.mark.parametrize("name", STATED)
def test_every_row_is_as_wide_as_its_head(name: str) -> None:
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        widths = {len(row) for row in csv.reader(file)}
    assert len(widths) == 1
