"""Scores by hand."""

from __future__ import annotations

import numpy as np
import pytest

from optplan.validate.read import Case, Predictions
from optplan.validate.score import by_groups, join, only, score, worst


def made(measured: list[float], predicted: list[float], refused: int = 0) -> Predictions:
    count = len(measured)
    p = np.array(predicted)
    return Predictions(
        list(range(count)), ["peak_memory"] * count, ["GiB"] * count, np.array(measured), p, p * 0.8, p * 1.2,
        [[] for _ in measured], [(count + i, "missing: gpu") for i in range(refused)],
    )  # fmt: skip


def test_errors_are_fractions_of_the_measurement() -> None:
    found = score(made([10, 10, 10, 10], [10, 11, 8, 20], refused=1))
    assert (found.rows, found.answered, found.refused) == (5, 4, {"missing: gpu": 1})
    assert found.median_abs_error == pytest.approx(0.15)
    assert found.bias == pytest.approx(0.05)
    assert (found.within_25, found.under_by_10, found.inside_band) == (0.75, 0.25, 0.5)
    assert found.band_width == pytest.approx(1.5)


def test_nothing_answered_scores_nothing() -> None:
    found = score(made([], [], refused=2))
    assert (found.rows, found.answered) == (2, 0)
    assert np.isnan(found.median_abs_error)


def test_groups_come_largest_first_and_split_the_rows() -> None:
    cases = [Case("f", "training_memory", str(i), {"gpu": g}, "s") for i, g in enumerate("abb")]
    groups = by_groups(made([1, 1, 1], [1, 2, 2]), cases, lambda case, _: case.row["gpu"])
    assert [(name, s.answered, s.median_abs_error) for name, s in groups.items()] == [
        ("b", 2, 1.0),
        ("a", 1, 0.0),
    ]


def test_the_worst_rows_are_the_furthest_in_either_direction() -> None:
    assert worst(made([10, 10, 10], [11, 2, 30]), 2) == [1, 2]


def test_parts_join_to_the_whole() -> None:
    whole = made([1, 2, 3], [1, 2, 4], refused=1)
    back = join([only(whole, {0, 3}), only(whole, {1, 2})])
    assert back.case_index == [0, 1, 2]
    assert back.predicted.tolist() == [1, 2, 4]
    assert back.refused == whole.refused
