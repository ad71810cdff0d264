"""Judging candidates in steps gives what the rules give on all of them at once; mixes hold nothing paid by the term."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from optplan.candidates import LAYOUT, job_table
from optplan.need import AnyNeed, Need
from optplan.planner.main import load_catalog, prepare, solve
from optplan.planner.search.jobs import joinable
from optplan.planner.search.steps import judge

NEED: TypeAdapter[AnyNeed] = TypeAdapter(Need)
JOB = {"task": "finetune", "model": "9B", "data": "1GB", "deadline": "48h"}
NEEDS: list[dict[str, Any]] = [
    JOB,
    JOB | {"method": "qlora", "sequence": 4096, "recompute": True},
    JOB | {"confidence": "high", "precision": "fp8", "currency": "EUR"},
    JOB | {"rules": "lesson"},
    JOB | {"model": "Mixtral-8x7B", "limits": {"gpus": ["H100", "A100"], "max_cards": 48}},
    JOB | {"model": "120B", "data": "9GB", "limits": {"purchase": ["spot", "buy"]}},
    JOB | {"assume": {"efficiency": 0.4, "job_hours": 10.0}},
    JOB | {"assume": {"link_bandwidth": 1e10, "memory_per_card": 30.0}},
]


@pytest.mark.parametrize("parts", NEEDS, ids=str)
def test_steps_give_what_all_rules_at_once_give(parts: dict[str, Any]) -> None:
    context = prepare(NEED.validate_python(parts), load_catalog())
    table = job_table(context.settled, context.catalog, joined=True)
    stepped, holds = judge(context, table)
    whole = context.assess(table)
    assert np.array_equal(holds, whole.holds(len(table)))
    assert holds.any()
    assert list(stepped.verdicts) == list(whole.verdicts)
    for name, verdict in whole.verdicts.items():
        for side in ("left", "right", "holds"):
            found = np.broadcast_to(getattr(stepped.verdicts[name], side), len(table))
            expected = np.broadcast_to(getattr(verdict, side), len(table))
            assert np.array_equal(found.astype(float), expected.astype(float), equal_nan=True), (name, side)
    for name in ("job_hours", "link_bandwidth", "fast_link"):
        expected = np.broadcast_to(whole.values[name], len(table))[holds]
        assert np.array_equal(stepped.values[name][holds], expected, equal_nan=True), name


@pytest.mark.parametrize("parts", NEEDS, ids=str)
def test_every_row_has_its_layout_among_those_that_cards_share(parts: dict[str, Any]) -> None:
    context = prepare(NEED.validate_python(parts), load_catalog())
    table = job_table(context.settled, context.catalog, joined=True)
    other = joinable(job_table(context.settled, context.catalog), context)
    for k, name in enumerate(LAYOUT):
        assert np.array_equal(table.layouts[k][table.of_layouts], getattr(table, name))
        assert np.array_equal(getattr(table, name), getattr(other, name))
    assert np.array_equal(table.card, other.card)
    assert len(np.unique(table.layouts, axis=1).T) == table.layouts.shape[1]


def test_a_reserved_card_is_no_free_part_of_a_mix() -> None:
    kinds = ["reserved_1y", "reserved_3y", "on_demand"]
    alone, mixed = (
        solve(NEED.validate_python(JOB | {"limits": {"purchase": kinds, "mix": mix}}), load_catalog())
        for mix in ("one_type", "any")
    )
    assert mixed.total_cost <= alone.total_cost * (1 + 1e-9)
    assert {card.purchase for card in mixed.cards} == {"on_demand"}
    assert not [note for note in alone.notes if "a mix of types would cost" in note]
