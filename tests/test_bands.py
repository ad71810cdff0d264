"""Quantities of plans and of lines, kept as rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pytest

from optplan.need import Finetune
from optplan.plan.bands import About, Bands, bands_of
from optplan.plan.numbers import Numbers, Stack

ABOUT = About(
    [("total_cost", "USD", "all"), ('odd "name" 50%', "100 %b/s", "a label"), ("hours", "hour", "")]
)


def bands(*ends: tuple[float, float, float]) -> Bands:
    """ends: expected, better and worse of the three quantities."""
    columns = [np.array([column]) for column in zip(*ends, strict=True)]
    return bands_of([ABOUT], *columns)[0]


def test_the_text_of_the_quantities_is_their_json() -> None:
    found = bands((1.5, 0.1, 1e22), (-0.0, 1e-7, 3.0), (2.0, 2.0, math.inf))
    assert json.loads(found.text()) == found.json()
    assert Bands().text() == b"{}"
    assert Bands().json() == {}


def test_ends_are_sorted_and_what_is_not_known_is_null() -> None:
    found = bands((2.0, 3.0, 1.0), (5.0, math.nan, 4.0), (math.nan, 1.0, 2.0))
    assert (found["total_cost"].low, found["total_cost"].value, found["total_cost"].high) == (1.0, 2.0, 3.0)
    assert found.json()['odd "name" 50%'] == {"value": 5.0, "unit": "100 %b/s", "low": 4.0, "high": 5.0}
    assert found.json()["hours"] == {"value": None, "unit": "hour", "low": None, "high": None}
    assert json.loads(found.text()) == found.json()


def test_numbers_read_like_a_dictionary() -> None:
    numbers = Numbers({"a": 0, "b": 1}, np.array([1.0, 2.0]))
    assert dict(numbers) == {"a": 1.0, "b": 2.0}
    assert numbers == {"a": 1.0, "b": 2.0}
    assert numbers | {"b": 3.0} == {"a": 1.0, "b": 3.0}
    assert numbers.get("c") is None
    with pytest.raises(KeyError):
        numbers["c"]


@dataclass
class Part:
    """Has the same quantities at all ends."""

    values: Mapping[str, float]

    @property
    def low(self) -> Mapping[str, float]:
        return self.values

    @property
    def high(self) -> Mapping[str, float]:
        return self.values


def test_parts_of_unlike_names_stand_in_one_table_with_nothing_where_a_name_is_missing() -> None:
    at = {"a": 0, "b": 1}
    rows = [Numbers(at, np.array([1.0, 2.0])), {"b": 5.0, "c": 7.0}, Numbers(at, np.array([3.0, 4.0]))]
    stack = Stack([Part(row) for row in rows])
    assert [one.places.tolist() for one in stack.groups] == [[0, 2], [1]]
    for end in range(3):
        assert stack.of(["c", "a"])[:, end].tolist() == [[0.0, 1.0], [7.0, 0.0], [0.0, 3.0]]


def test_needs_that_say_nothing_of_a_part_share_it() -> None:
    one, other = (Finetune.model_validate({"task": "finetune", "model": name}) for name in ("8B", "70B"))
    assert one.limits is other.limits
    assert hash(one.limits) == hash(type(one.limits)())
