"""Shares that are fixed by name: none is above 1."""

from __future__ import annotations

import pytest

from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.evaluate import check_names
from optplan.rules import TASKS, pack


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("finetune", "efficiency"),
        ("finetune", "memory_fill"),
        ("finetune", "packed_share"),
        ("finetune", "fill_limit"),
        ("serve", "utilisation"),
        ("serve", "touched_experts"),
        ("serve", "prefill_efficiency"),
        ("serve", "cached_share"),
        ("generate", "api_share"),
    ],
)
def test_a_share_above_one_is_refused_with_place_reason_and_cure(
    catalog: Catalog, task: str, name: str
) -> None:
    rules = pack("engineering", task)
    check_names({name: 1.0}, rules, catalog.assumptions, "--set")
    check_names({name: 0.0}, rules, catalog.assumptions, "--set")
    with pytest.raises(BadInput) as error:
        check_names({name: 7.0}, rules, catalog.assumptions, "--set")
    fault = error.value.faults[0]
    assert (fault.code, fault.place) == ("share-above-one", f"--set {name}")
    assert fault.message == "7 is above 1, and it is a share"
    assert fault.hint == "give a number from 0 to 1: 40 % is 0.4"


@pytest.mark.parametrize(
    ("task", "name"),
    [
        ("finetune", "speed_spread"),
        ("finetune", "low_precision_efficiency"),  # over that of 16 bits: the catalog's own is above 1
        ("finetune", "tp"),
        ("finetune", "weight_shards"),
        ("serve", "pue"),
        ("serve", "network"),  # money: a share of the price, in currency
    ],
)
def test_what_is_no_share_may_be_above_one(catalog: Catalog, task: str, name: str) -> None:
    check_names({name: 2.0}, pack("engineering", task), catalog.assumptions, "--set")


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("rules", ["engineering", "lesson"])
def test_every_row_of_the_catalog_may_be_fixed_at_its_own_values(
    catalog: Catalog, rules: str, task: str
) -> None:
    for name, rows in catalog.assumptions.items():
        for row in rows.values():
            for value in (row.low, row.expected, row.high):
                check_names({name: value}, pack(rules, task), catalog.assumptions, "--set")
