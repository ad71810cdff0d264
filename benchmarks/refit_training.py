"""Fit the constants of training memory and speed to published measurements.

    python benchmarks/refit_training.py FOLDER

reads training_memory.csv and training_speed.csv of the folder. Robust least squares of log(predicted /
measured); every source counts alike, however many rows it has; a constant that the data hardly determine
stays where the mechanism puts it (optplan/validate/fit_training.py).
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from optplan.catalog import Catalog
from optplan.validate.cross import SPREAD
from optplan.validate.fit import Values, band
from optplan.validate.fit_training import fit_rows, unspread
from optplan.validate.read import Case, read_cases
from optplan.validate.training import Training

FILES = ("training_memory", "training_speed")
# Room above the unbiased prediction: predictions too low are the dearer ones. Speed has none.
MARGIN = {"training_memory": 1.07, "training_speed": 1.0}


def fit(folder: Path) -> list[dict[str, str]]:
    """Rows of the assumptions table (all its columns) with the fitted constants and the bands."""
    catalog = Catalog.load()
    rows: list[dict[str, str]] = []
    for name in FILES:
        kind, cases = read_cases(folder / f"{name}.csv")
        table = Training(cases, catalog)
        print(f"{kind}: {len(table.rows)} rows, {len({c.source for c in cases})} sources")
        values = fit_rows(table, cases)
        rows += [_row(catalog, key, value, table, cases, values) for key, value in values.items()]
        rows.append(_band(catalog, table, cases))
    return rows


def _row(
    catalog: Catalog,
    key: tuple[str, str],
    value: float,
    table: Training,
    cases: Sequence[Case],
    values: Values,
) -> dict[str, str]:
    """One fitted constant; its ends are itself, since the band is kept apart."""
    shown = f"{value:.4g}"
    off = unspread(table, values) / table.measured - 1
    sources = {cases[row.index].source for row in table.rows}
    text = (
        f"fitted by benchmarks/refit.py on {len(table.rows)} rows of {table.kind} from {len(sources)} "
        f"sources ({', '.join(sorted(sources))}): median error {np.median(np.abs(off)):.1%}"
    )
    return _cells(catalog, key, shown, shown, shown, text)


def _band(catalog: Catalog, table: Training, cases: Sequence[Case]) -> dict[str, str]:
    """Ends of the band: quantiles of measured / predicted on sources left out, each counting alike."""
    sources = np.array([cases[row.index].source for row in table.rows], dtype=object)
    ratio = np.ones(len(table.rows))
    for source in sorted(set(sources)):
        values = fit_rows(table, cases, [case.source != source for case in cases])
        predicted = unspread(table, values)
        ratio[sources == source] = (table.measured / predicted)[sources == source]
    low, high = band(ratio, sources.tolist())
    off = np.abs(1 / ratio - 1)
    print(f"  left out: median {np.median(off):.1%}, 90 % {np.quantile(off, 0.9):.1%}")
    print(f"  band {low:.2f} to {high:.2f}")
    inside = np.mean((ratio >= low) & (ratio <= high))
    text = (
        f"benchmarks/refit.py: measured over predicted on {len(set(sources))} sources left out one at a time "
        f"({len(ratio)} rows): median error {np.median(off):.1%}, {inside:.0%} inside"
    )
    key = (SPREAD[table.kind], "")
    return _cells(catalog, key, f"{low:.3g}", f"{MARGIN[table.kind]:.3g}", f"{high:.3g}", text)


def _cells(
    catalog: Catalog, key: tuple[str, str], low: str, expected: str, high: str, source: str
) -> dict[str, str]:
    old = catalog.assumptions[key[0]][key[1]]
    return {
        "name": key[0], "key": key[1], "low": low, "expected": expected, "high": high, "unit": old.unit,
        "worse": old.worse, "status": "fitted", "source": source, "date": datetime.date.today().isoformat(),
        "description": old.description,
    }  # fmt: skip


if __name__ == "__main__":
    for line in fit(Path(sys.argv[1])):
        print(line["name"], line["key"], line["low"], line["expected"], line["high"])
