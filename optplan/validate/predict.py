"""The predictions of a file of any kind, by its adapter."""

from __future__ import annotations

from collections.abc import Sequence

from optplan.catalog import Catalog
from optplan.evaluate import Scenario
from optplan.validate.columns import Constants
from optplan.validate.read import Case, Predictions


def predict(
    cases: Sequence[Case],
    catalog: Catalog,
    scenario: Scenario = "expected",
    constants: Constants | None = None,
) -> Predictions:
    """Predictions of the cases of one file, with the rules that plans use."""
    kind = cases[0].kind
    if kind == "training_runs":
        from optplan.validate.training_runs import predict_runs

        return predict_runs(cases, catalog, scenario, constants)
    if kind.startswith("training"):
        from optplan.validate import training

        return training.predict(cases, catalog, scenario, constants)
    from optplan.validate import inference

    return inference.predict(cases, catalog, scenario, constants)
