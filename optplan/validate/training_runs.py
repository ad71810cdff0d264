"""Whole training runs: GPU-hours for so many tokens, by the speed rules and what stretches a run.

The source tells little of such runs, so the usual layout of pre-training is taken, and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from optplan.catalog import Catalog
from optplan.evaluate import Scenario
from optplan.units import HOUR
from optplan.validate.columns import Constants
from optplan.validate.read import Case, Predictions, number
from optplan.validate.training import Training

USUAL = {
    "method": "full", "framework": "Megatron", "precision": "bf16", "seq_len": "2048", "lengths": "fixed",
    "recompute": "none", "flash_attention": "yes", "n_gpus": "64", "global_batch_tokens": "4194304",
}  # fmt: skip


def predict_runs(
    cases: Sequence[Case],
    catalog: Catalog,
    scenario: Scenario = "expected",
    constants: Constants | None = None,
) -> Predictions:
    """GPU-hours of each run that states its tokens."""
    refused = [
        (i, "missing: tokens_b") for i, case in enumerate(cases) if not number(case.row, "tokens_b") > 0
    ]
    known = [i for i in range(len(cases)) if i not in dict(refused)]
    rows = Training([_as_speed(cases[i]) for i in known], catalog)
    index = [known[row.index] for row in rows.rows]
    seconds = np.array([number(cases[i].row, "tokens_b") for i in index]) * 1e9
    overhead = catalog.assumptions["run_overhead"][""]
    fast = seconds / rows.predicted("better", constants) / HOUR * overhead.low
    slow = seconds / rows.predicted("worse", constants) / HOUR * overhead.high
    middle = seconds / rows.predicted(scenario, constants) / HOUR * overhead.expected
    usual = ", ".join(f"{name} {value}" for name, value in USUAL.items())
    return Predictions(
        case_index=index,
        quantity=["gpu_hours"] * len(index),
        unit=["hour"] * len(index),
        measured=np.array([number(cases[i].row, "gpu_hours") for i in index]),
        predicted=middle,
        low=np.minimum(fast, slow),
        high=np.maximum(fast, slow),
        assumed=[[usual, *row.assumed] for row in rows.rows],
        refused=refused + [(known[i], reason) for i, reason in rows.refused],
    )


def _as_speed(case: Case) -> Case:
    stated = {name: value for name, value in case.row.items() if value}
    return replace(case, kind="training_speed", row={**USUAL, "tokens_per_s_per_gpu": "1", **stated})
