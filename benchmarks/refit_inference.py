"""Fit the constants of inference speed or memory to a file of published measurements.

python benchmarks/refit_inference.py inference_throughput.csv
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from optplan.catalog import Catalog
from optplan.validate.fit_inference import fit_inference, fit_memory
from optplan.validate.inference import predict_table, tabulate
from optplan.validate.read import read_cases


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fitted constant, as the assumptions table takes it."""

    name: str
    key: str
    value: float
    source: str


def fit(path: Path | str) -> list[Fitted]:
    """Every constant of a file of inference speed or memory, with what it was fitted on and the error."""
    kind, cases = read_cases(path)
    catalog = Catalog.load()
    values = (fit_memory if kind == "inference_memory" else fit_inference)(cases, catalog)
    table = tabulate(cases, catalog)
    off = np.abs(predict_table(table, "expected", values) / table.measured - 1)
    sources = len({cases[i].source for i in table.index})
    said = f"fitted on {len(off)} rows of {kind} from {sources} sources, median error {np.median(off):.1%}"
    return [Fitted(name, key, float(f"{value:.4g}"), said) for (name, key), value in values.items()]


if __name__ == "__main__":
    for row in fit(sys.argv[1]):
        print(f"{row.name},{row.key},{row.value:g},{row.source}")
