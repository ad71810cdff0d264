"""`benchmarks/refit.py` puts fitted rows in their places and leaves the others alone."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from measurements import MEASURED, MEMORY, SPEED, variants, write

from optplan.catalog import Catalog
from optplan.validate.cross import SPREAD, fitter
from optplan.validate.fit_inference import CONSTANTS as SERVING
from optplan.validate.fit_inference import MEMORY as SERVING_MEMORY
from optplan.validate.fit_training import CONSTANTS
from optplan.validate.read import read_cases

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


@pytest.mark.skipif(not MEASURED.is_dir(), reason="no measurements beside the checkout (measured/)")
@pytest.mark.parametrize("kind", ["training_memory", "training_speed", "inference_memory"])
def test_shipped_constants_are_those_of_the_fit(kind: str) -> None:
    """Inference speed, whose fit takes half a minute, is left to benchmarks/refit.py --dry-run."""
    pytest.importorskip("scipy")
    catalog = Catalog.load()
    place = MEASURED / f"{kind}.csv"
    values = fitter(kind, str(place))(read_cases(place)[1], catalog)
    for (name, key), value in values.items():
        row = catalog.assumptions[name][key]
        assert row.expected == pytest.approx(value, rel=2e-3), (name, key)
        assert row.status == "fitted"


def test_every_fitted_row_of_the_table_is_one_that_is_refitted() -> None:
    fitted = {row for group in CONSTANTS.values() for one in group for row in one.rows}
    fitted |= {row for one in (*SERVING, *SERVING_MEMORY) for row in one.rows}
    fitted |= {(name, "") for name in SPREAD.values()}
    table = Catalog.load().assumptions
    said = {(name, key) for name, rows in table.items() for key, r in rows.items() if r.status == "fitted"}
    assert said == fitted
