"""Money, worked by hand."""

from __future__ import annotations

from typing import Any

import pytest
from bench import quantities

RENTED = {"price_per_unit": 0.0, "is_bought": 0.0}


def billed(hours: float, step: float, least: float = 0.0) -> float:
    q = quantities(
        "serve", want=("billed_hours",), duration_hours=hours, billing_step=step, billing_minimum=least
    )
    return float(q["billed_hours"])


def test_hours_are_rounded_up_to_whole_steps() -> None:
    assert billed(1.2, 3600) == 2
    assert billed(1.2, 60) == pytest.approx(1.2)
    assert billed(61.5 / 3600, 60) == pytest.approx(120 / 3600)


@pytest.mark.parametrize("hours", [1.0, 3.0, 48.0, 0.1 + 0.2 + 0.7, 2.9999999999999996, 8760.0])
def test_a_job_that_ends_on_the_step_is_not_billed_one_more(hours: float) -> None:
    assert billed(hours, 3600) == round(hours)
    assert billed(hours * (1 + 4e-16), 3600) == round(hours)


def test_a_job_clearly_past_the_step_is_billed_one_more() -> None:
    assert billed(3 + 1 / 3600, 3600) == 4


def test_the_minimum_is_billed() -> None:
    assert billed(0.001, 1, 600) == pytest.approx(1 / 6)


def test_spot_jobs_lose_work_and_restart() -> None:
    more: dict[str, Any] = {"job_hours": 40.0, "nodes": 2.0, "cards": 16.0, "cards_per_node": 8.0}
    calm = quantities("finetune", want=("elapsed_hours",), **more)
    assert calm["elapsed_hours"] == 40
    spot = quantities("finetune", want=("elapsed_hours",), is_spot=1.0, **more)
    assert spot["expected_interruptions"] == pytest.approx(2 * 40 * 0.05)
    assert spot["elapsed_hours"] == pytest.approx(40 + 4 * 0.5)


OWNED = ("rent", "purchase", "resale", "energy", "hosting", "support")


def owned(**more: Any) -> dict[str, Any]:
    base = {
        "price_per_unit_hour": 0.0,
        "price_per_unit": 2e5,
        "units": 2.0,
        "unit_hours": 2000.0,
        "is_bought": 1.0,
    }
    base |= {"owned_hours": 8760.0, "gpus_per_unit": 8.0, "card_power": 700.0, "electricity_price": 0.12}
    return quantities("serve", want=OWNED, **{**base, **more})


def test_owning_adds_energy_hosting_support_and_takes_off_resale() -> None:
    q = owned()
    kilowatts = 8 * 0.7 * 1.5
    assert q["purchase"] == 400_000
    assert q["resale"] == pytest.approx(-400_000 * 0.8 * 0.73)
    assert q["energy"] == pytest.approx(kilowatts * 0.8 * 2000 * 1.4 * 0.12)
    assert q["hosting"] == pytest.approx(2 * kilowatts * 184 * 12)
    assert q["support"] == pytest.approx(400_000 * 0.03)
    assert q["rent"] == 0


def test_renting_has_rent_alone() -> None:
    q = owned(**RENTED, price_per_unit_hour=3.0)
    assert q["rent"] == 6000
    assert [q[name] for name in OWNED[1:]] == [0] * 5


@pytest.mark.parametrize("name", OWNED)
def test_every_charge_is_linear_in_units_and_their_hours(name: str) -> None:
    once, twice = owned(price_per_unit_hour=3.0), owned(price_per_unit_hour=3.0, units=4.0, unit_hours=4000.0)
    assert twice[name] == pytest.approx(2 * once[name])
