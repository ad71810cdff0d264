"""Fitting finds constants that are there, and leaves those that the data do not tell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from optplan.catalog import Catalog
from optplan.validate.cross import SPREAD
from optplan.validate.fit import band, fit, free, weights
from optplan.validate.fit_training import CONSTANTS


def test_sources_count_alike_however_many_rows_they_have() -> None:
    weight = weights(["a"] * 9 + ["b"])
    assert np.sum(weight[:9] ** 2) == pytest.approx(np.sum(weight[9:] ** 2))


def test_a_hidden_constant_is_found_despite_an_outlier_and_an_idle_one_stays() -> None:
    size = np.linspace(1, 10, 60)
    measured = 3.0 * size
    measured[7] *= 20

    def predict(values: Mapping[tuple[str, str], float]) -> np.ndarray:
        return np.asarray(values[("slope", "")] * size + 0 * values[("idle", "x=y")])

    found = fit(predict, measured, ["a", "b"] * 30, [free("slope", "", 2.5), free("idle", "x=y", 7.0)])
    assert found[("slope", "")] == pytest.approx(3.0, rel=0.02)
    assert found[("idle", "x=y")] == pytest.approx(7.0, rel=1e-3)


def test_an_upper_limit_is_kept() -> None:
    size = np.ones(40)
    found = fit(lambda v: v[("e", "")] * size, 2 * size, ["a"] * 40, [free("e", "", 0.8, most=0.95)])
    assert found[("e", "")] <= 0.95 + 1e-9


def test_every_fitted_constant_is_a_row_of_the_table_marked_as_fitted() -> None:
    table = Catalog.load().assumptions
    names = {row for constants in CONSTANTS.values() for c in constants for row in c.rows}
    names |= {(name, "") for name in SPREAD.values()}
    for name, key in names:
        row = table[name][key]
        assert row.status == "fitted", (name, key)
        assert "refit.py" in row.source, (name, key)
        assert row.low <= row.expected <= row.high


def test_constants_are_few_and_none_belongs_to_a_model_or_source() -> None:
    constants = [c for fitted in CONSTANTS.values() for c in fitted]
    assert len(constants) <= 30
    allowed = {
        "framework",
        "architecture",
        "precision",
        "method",
        "lengths",
        "memory_kind",
        "attention",
        "loss",
        "compiled",
    }
    for constant in constants:
        for _, key in constant.rows:
            assert {part.split("=")[0] for part in key.split(",") if part} <= allowed


def test_a_band_holds_what_it_is_asked_to_with_every_source_alike() -> None:
    ratio = np.concatenate([np.full(90, 1.0), np.linspace(0.7, 1.5, 10)])
    many = ["one"] * 90 + ["two"] * 10
    low, high = band(ratio, many)
    assert 0.7 <= low <= 0.8  # half of the weight is the ten rows of the second source
    assert 1.3 <= high <= 1.5
    assert band(ratio, ["one"] * 100) == (0.8, 1.25)  # one row in ten reaches out: no nearer than this
