"""Which layouts hold, as told from the memory that they need at least: the same as all rules on all candidates say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optplan import Catalog
from optplan.candidates import LAYOUT, SIZES, Table, job_table
from optplan.many.grids import Grid, slots_of
from optplan.many.kinds import SPEED
from optplan.many.layouts import Judged
from optplan.many.lots import offered_by
from optplan.need import TASKS
from optplan.planner import prepare
from optplan.planner.context import Context
from optplan.planner.search.steps import judge

JOB = {"task": "finetune", "model": "9B", "data": "1GB"}
NEEDS: list[dict[str, Any]] = [
    JOB,
    JOB | {"method": "qlora", "sequence": 4096, "recompute": True},
    JOB | {"confidence": "high", "precision": "fp8", "method": "lora"},
    JOB | {"precision": "fp32", "framework": "megatron", "batch": 8},
    JOB | {"rules": "lesson"},
    JOB | {"model": "Mixtral-8x7B", "limits": {"gpus": ["H100", "A100"], "max_cards": 48}},
    JOB | {"model": "Llama-3.1-405B", "limits": {"purchase": ["spot", "buy"]}},
    JOB | {"assume": {"fill_limit": 0.8, "asked_micro_batch": 4}},
    JOB | {"assume": {"usable_memory": 60.0}},
    JOB | {"assume": {"link_bandwidth": 1e10, "memory_per_card": 30.0}},
    JOB | {"assume": {"rank_batch": 4}},
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def found(table: Table, rows: np.ndarray) -> list[tuple[int, ...]]:
    """Some candidates, in one order."""
    return sorted(zip(*(getattr(table, name)[rows].tolist() for name in ("card", *LAYOUT)), strict=True))


@pytest.mark.parametrize("parts", NEEDS, ids=str)
def test_candidates_hold_where_all_rules_on_all_of_them_say_so(
    parts: dict[str, Any], catalog: Catalog
) -> None:
    context: Context = prepare(TASKS["finetune"].model_validate(parts), catalog)
    table = job_table(context.settled, catalog, joined=True)
    expected = found(table, np.flatnonzero(judge(context, table)[1]))
    assert expected
    judged = Judged([context], Grid([context], slots_of([context])), SIZES, SPEED)
    allowed = offered_by(catalog, context.settled.allowed.tobytes(), SIZES, context.settled.max_cards).groups
    group = np.flatnonzero(allowed & judged.fits()[0])
    at, row = judged.rows(np.zeros(len(group), dtype=np.int64), group)
    speed = judged.of(np.zeros(len(row), dtype=np.int64), row)
    assert found(judged.table, row[np.isfinite(speed)]) == expected
    if judged.sure:
        assert np.isfinite(speed).all()
        assert len(np.unique(at)) == len(group)
