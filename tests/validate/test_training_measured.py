"""The training rules on all published measurements beside the checkout."""

from __future__ import annotations

import pytest
from measurements import MEASURED

from optplan.catalog import Catalog
from optplan.validate.predict import predict
from optplan.validate.read import read_cases
from optplan.validate.score import score

pytestmark = pytest.mark.skipif(not MEASURED.is_dir(), reason="no measurements beside the checkout")


@pytest.mark.parametrize(
    ("file", "rows", "median", "tail"),
    [("training_memory", 300, 0.12, 0.35), ("training_speed", 560, 0.15, 0.45)],
)
def test_training_is_predicted_as_well_as_claimed(file: str, rows: int, median: float, tail: float) -> None:
    cases = read_cases(MEASURED / f"{file}.csv")[1]
    found = score(predict(cases, Catalog.load()), len(cases))
    assert found.answered >= max(rows, 0.97 * found.rows)
    assert found.median_abs_error <= median
    assert found.p90_abs_error <= tail
    assert found.inside_band >= 0.8
    assert found.under_by_10 <= 0.15
