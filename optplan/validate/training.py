"""Measured training rows -> inputs of the training rules as columns -> predictions.

What a row leaves empty is filled by the habits of the software that ran, and listed in `assumed`; a
micro-batch is never guessed for memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.evaluate import Scenario, evaluate, names_read
from optplan.rules import pack
from optplan.validate.columns import AssumptionColumns, Constants, card_columns, model_columns
from optplan.validate.read import Case, Predictions
from optplan.validate.training_rows import MEASURED, Refused, Row, row_of


class Training:
    """The answered rows of one file as columns: evaluated again and again while constants are fitted."""

    def __init__(self, cases: Sequence[Case], catalog: Catalog) -> None:
        """cases: of one kind, training_memory or training_speed."""
        self.kind = cases[0].kind
        self.catalog = catalog
        self.refused: list[tuple[int, str]] = []
        self.rows: list[Row] = []
        for index, case in enumerate(cases):
            try:
                self.rows.append(row_of(index, case, catalog))
            except Refused as reason:
                self.refused.append((index, str(reason)))
            except BadInput as error:
                self.refused.append((index, error.faults[0].message))
        self.measured = np.array([row.measured for row in self.rows])
        self._columns()

    def _columns(self) -> None:
        self.pack = pack("engineering", "finetune")
        self.target = MEASURED[self.kind][1]
        names = list(self.rows[0].given) if self.rows else []
        self.given: dict[str, Any] = {n: np.array([row.given[n] for row in self.rows]) for n in names}
        self.given |= model_columns([row.model for row in self.rows])
        selectors = [row.selectors for row in self.rows]
        if self.rows:
            together = self.given["cards_per_node"]
            self.given |= card_columns(
                [r.card for r in self.rows], [s["precision"] for s in selectors], together
            )
        self.assumptions = AssumptionColumns(self.catalog, selectors)
        reads = names_read(self.pack, [self.target])
        self._names = [
            n
            for n in reads
            if n in self.catalog.assumptions and n not in self.pack.rules and n not in self.given
        ]

    def values(self, scenario: Scenario = "expected", constants: Constants | None = None) -> dict[str, Any]:
        """Every quantity that the rules give on the way to the target."""
        if not self.rows:
            return {self.target: np.array([]), "cards": np.array([])}
        columns = self.assumptions.columns(self._names, scenario, constants)
        return evaluate(self.pack, {**self.given, **columns}, [self.target]).values

    def predicted(self, scenario: Scenario = "expected", constants: Constants | None = None) -> np.ndarray:
        """Predictions in the unit of the measurement."""
        values = self.values(scenario, constants)
        per = values["cards"] if self.kind == "training_speed" else 1.0
        return np.asarray(values[self.target] / per, dtype=float)


def predict(
    cases: Sequence[Case],
    catalog: Catalog,
    scenario: Scenario = "expected",
    constants: Constants | None = None,
) -> Predictions:
    """Predictions of the rows of one file, with both ends of the band."""
    rows = Training(cases, catalog)
    _, _, quantity, unit = MEASURED[rows.kind]
    ends = np.sort(np.stack([rows.predicted(s, constants) for s in ("better", "worse")]), axis=0)
    return Predictions(
        case_index=[row.index for row in rows.rows],
        quantity=[quantity] * len(rows.rows),
        unit=[unit] * len(rows.rows),
        measured=rows.measured,
        predicted=rows.predicted(scenario, constants),
        low=ends[0],
        high=ends[1],
        assumed=[row.assumed for row in rows.rows],
        refused=rows.refused,
    )
