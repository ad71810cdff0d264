"""Every fault of a catalog directory is found, with its line and a cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from optplan.catalog import Catalog, check
from optplan.errors import BadInput

BAD = Path(__file__).parent / "bad"

FAULTS = {
    "price_zero": ("price-not-positive", 3, "number > 0"),
    "price_negative": ("price-not-positive", 3, "spot_per_hour"),
    "price_nan": ("wrong-type", 3, "nan"),
    "price_infinite": ("wrong-type", 3, "inf"),
    "price_missing": ("no-price", 3, "neither"),
    "gpu_unknown": ("unknown-gpu", 3, "`L4`"),
    "gpu_ambiguous": ("ambiguous-gpu", 3, "`A100-PCIe-80GB`, `A100-SXM4-80GB`"),
    "source_missing": ("missing-source", 3, "blank"),
    "date_missing": ("missing-date", 3, "YYYY-MM-DD"),
    "date_wrong": ("wrong-type", 3, "YYYY-MM-DD"),
    "date_future": ("future-date", 3, "2999-01-01"),
    "spot_above_on_demand": ("spot-above-on-demand", 3, "above `on_demand_per_hour`"),
    "long_above_short": ("long-above-short", 2, "reserved_3y_per_hour"),
    "duplicate_key": ("duplicate-key", 3, "already on line 2"),
    "count_not_whole": ("wrong-type", 3, "whole number"),
    "count_zero": ("out-of-range", 3, ">= 1"),
    "currency_unknown": ("unknown-currency", 3, "did you mean `USD`"),
    "column_unknown": ("unknown-column", 1, "did you mean `spot_per_hour`"),
    "column_missing": ("missing-column", 1, "`source`"),
    "column_twice": ("duplicate-column", 1, "twice"),
    "width_wrong": ("wrong-width", 3, "needs quotes"),
    "quote_broken": ("not-csv", 2, "quote"),
    "file_empty": ("empty-file", 1, "column names"),
    "table_unknown": ("unknown-table", None, "did you mean `offers.csv`"),
    "unit_written": ("wrong-type", 2, "bare number in GB"),
    "choice_unknown": ("wrong-type", 2, "did you mean `hopper`"),
    "value_missing": ("missing-value", 2, "memory_gb"),
    "alias_dangling": ("unknown-gpu", 2, "`L44`"),
    "model_alias_dangling": ("unknown-model", 2, "`Llama-9`"),
    "ends_out_of_order": ("ends-out-of-order", 2, "low <= expected <= high"),
    "layers_do_not_add_up": ("layers-do-not-add-up", 2, "5 with a window of 0"),
    "not_utf8": ("not-utf8", 2, "UTF-8"),
    "binary": ("binary-file", 1, "CSV"),
}


def test_every_bad_directory_is_tried() -> None:
    assert {path.name for path in BAD.iterdir()} == set(FAULTS)


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_bad_table_gives_one_fault_with_place_and_cure(name: str) -> None:
    code, line, says = FAULTS[name]
    faults = check(BAD / name)
    assert [fault.code for fault in faults] == [code]
    (table,) = (BAD / name).iterdir()
    assert faults[0].place == (f"{table}:{line}" if line else str(table))
    assert says in f"{faults[0].message} {faults[0].hint}"
    assert faults[0].hint


def test_loading_a_bad_directory_raises_what_check_finds() -> None:
    with pytest.raises(BadInput) as caught:
        Catalog.load([BAD / "price_zero"])
    assert list(caught.value.faults) == check(BAD / "price_zero")


def test_all_faults_of_all_directories_come_at_once() -> None:
    with pytest.raises(BadInput) as caught:
        Catalog.load([BAD / "price_zero", BAD / "column_unknown", BAD / "binary"])
    codes = {fault.code for fault in caught.value.faults}
    assert codes == {"price-not-positive", "unknown-column", "binary-file"}


def test_two_faults_in_one_file_are_both_told(tmp_path: Path) -> None:
    header = "provider,instance,card,gpus,on_demand_per_hour,currency,date,source\n"
    rows = "a,x,L4,one,1,USD,2026-01-01,s\na,y,L4,1,-3,USD,yesterday,s\n"
    (tmp_path / "offers.csv").write_text(header + rows, encoding="utf-8")
    found = {(fault.code, fault.place.rsplit(":", 1)[1]) for fault in check(tmp_path)}
    assert found == {("wrong-type", "2"), ("price-not-positive", "3"), ("wrong-type", "3")}


def test_the_line_of_a_fault_counts_blank_lines_and_broken_cells(tmp_path: Path) -> None:
    header = "provider,instance,card,gpus,on_demand_per_hour,currency,date,source\n"
    rows = '\na,"x\ny",L4,1,1,USD,2026-01-01,s\n\na,z,L4,1,0,USD,2026-01-01,s\n'
    (tmp_path / "offers.csv").write_text(header + rows, encoding="utf-8")
    assert [fault.place for fault in check(tmp_path)] == [f"{tmp_path}/offers.csv:6"]


def test_a_directory_without_tables_is_a_fault(tmp_path: Path) -> None:
    assert [fault.code for fault in check(tmp_path)] == ["no-tables"]


def test_a_missing_directory_and_a_file_are_faults(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path, says in ((tmp_path / "none", "does not exist"), (tmp_path / "file", "is a file")):
        (fault,) = check(path)
        assert (fault.code, fault.place) == ("not-a-directory", str(path))
        assert says in fault.message


def test_a_directory_in_the_place_of_a_table_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "offers.csv").mkdir()
    assert [fault.code for fault in check(tmp_path)] == ["unreadable-file"]


def test_the_shipped_tables_have_no_fault() -> None:
    assert check() == []
