"""`benchmarks/refit.py` puts fitted rows in their places and leaves the others alone."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from measurements import MEMORY, SPEED, variants, write

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def test_fitted_rows_take_their_places_and_others_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scipy")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import refit

    old = [{"name": n, "key": k, "expected": "1"} for n, k in (("a", ""), ("b", ""), ("b", "x=y"), ("c", ""))]
    new = [{"name": "b", "key": "x=y", "expected": "2"}, {"name": "b", "key": "z=1", "expected": "3"}]
    rows = refit.merged(old, new)
    shown = [(r["name"], r["key"], r["expected"]) for r in rows]
    assert shown == [("a", "", "1"), ("b", "", "1"), ("b", "x=y", "2"), ("b", "z=1", "3"), ("c", "", "1")]
    refit.write(rows, ["name", "key", "expected"], tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == rows


def test_training_constants_are_refitted_from_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("scipy")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import refit_training

    changes = [{"seq_len": s, "source_repo": r} for s in ("512", "2048") for r in ("one", "two")]
    write(tmp_path / "training_memory.csv", *variants(MEMORY, changes))
    write(tmp_path / "training_speed.csv", *variants(SPEED, changes))
    rows = refit_training.fit(tmp_path)
    names = {row["name"] for row in rows}
    assert {"memory_spread", "speed_spread", "logit_bytes", "matmul_efficiency"} <= names
    assert all(float(row["low"]) <= float(row["expected"]) <= float(row["high"]) for row in rows)
    assert all(row["status"] == "fitted" and "refit.py" in row["source"] for row in rows)
    assert "refit_training" in sys.modules
