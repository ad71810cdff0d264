"""The lesson's figures, L1 to L9, to the digit."""

from __future__ import annotations

import math
from typing import Any

import pytest
from bench import holds, quantities

NINE = {"params": 9e9, "rules": "lesson", "precision": "fp16"}
INFERENCE: dict[str, Any] = {**NINE, "task": "serve"}
A100 = {"card_name": "A100-SXM4-80GB"}


def test_l1_inference_of_nine_billion_parameters_takes_21_6_gb() -> None:
    assert quantities(card_name="RTX-4090", **INFERENCE)["model_memory"] == pytest.approx(21.6)


def test_l2_one_4090_just_fits_and_two_have_room() -> None:
    one = quantities(card_name="RTX-4090", **INFERENCE)
    assert holds(one["fits_in_memory"])
    assert one["memory_fill"] == pytest.approx(0.9)
    two = quantities(card_name="RTX-4090", cards=2.0, **INFERENCE)
    assert two["memory_per_card"] == pytest.approx(10.8)


def test_l3_two_4090_for_thirty_days_cost_2894_40() -> None:
    q = quantities(
        card_name="RTX-4090",
        cards=2.0,
        want=("rent",),
        price_per_unit_hour=2.01,
        unit_hours=2 * 720.0,
        **INFERENCE,
    )
    assert q["rent"] == pytest.approx(2894.4)


def test_l4_full_fine_tuning_takes_180_gb() -> None:
    assert quantities("finetune", **NINE, **A100)["training_memory"] == pytest.approx(180)


def test_l5_three_a100_hold_it_and_two_do_not() -> None:
    assert math.ceil(180 / 80) == 3
    assert not holds(quantities("finetune", cards=2.0, **NINE, **A100)["fits_in_memory"])
    assert holds(quantities("finetune", cards=3.0, **NINE, **A100)["fits_in_memory"])


def test_l6_one_gigabyte_takes_432_692_seconds_of_one_card() -> None:
    q = quantities("finetune", **NINE, **A100)
    assert q["train_tokens"] == 1e9
    assert q["job_hours"] * 3600 == pytest.approx(432_692, abs=0.5)
    assert round(q["job_hours"], 1) == 120.2


@pytest.mark.parametrize("cards", [1, 3, 8])
def test_l7_rent_is_3365_4_on_any_number_of_cards(cards: int) -> None:
    q = quantities("finetune", cards=float(cards), **NINE, **A100)
    hours = q["billed_hours"]
    rent = quantities(
        "finetune", want=("rent",), price_per_unit_hour=28.0, unit_hours=cards * hours, **NINE, **A100
    )["rent"]
    assert rent == pytest.approx(3365.4, abs=0.05)
    assert hours == pytest.approx(120.192 / cards, rel=1e-4)


def test_l8_one_a100_40gb_has_room_for_inference() -> None:
    q = quantities(
        card_name="A100-SXM4-40GB",
        want=("fits_in_memory", "memory_fill", "purchase"),
        price_per_unit=1e5,
        **INFERENCE,
    )
    assert holds(q["fits_in_memory"])
    assert q["memory_fill"] == pytest.approx(0.54)
    assert q["purchase"] == 100_000


def test_l9_three_a100_bought_cost_600_000() -> None:
    q = quantities("finetune", want=("purchase",), price_per_unit=2e5, units=3.0, **NINE, **A100)
    assert q["purchase"] == 600_000


def test_lora_counts_a_hundredth_of_the_parameters() -> None:
    q = quantities("finetune", method="lora", **NINE, **A100)
    assert q["training_memory"] == pytest.approx(1.8)
    assert q["job_hours"] == pytest.approx(1.20192, rel=1e-4)


def test_one_replica_carries_any_traffic() -> None:
    q = quantities(card_name="RTX-4090", requests_per_second=1e6, **INFERENCE)
    assert q["replica_capacity"] > 1e6


def test_offline_inference_takes_two_operations_a_parameter_and_token() -> None:
    q = quantities("generate", **NINE, **A100)
    assert q["replica_capacity"] == pytest.approx(312e12 * 0.4 / (2 * 9e9 * 1250))
