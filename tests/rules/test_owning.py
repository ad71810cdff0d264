"""What else owning, terms and spot cost, rule by rule, worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bench import quantities

from optplan.rules import pack

TASKS = ("finetune", "generate", "serve")
OWN = ("host", "network", "spares", "installation", "staff", "insurance", "resale", "capital")


def owned(**more: Any) -> dict[str, Any]:
    base = {"price_per_unit": 100_000.0, "units": 2.0, "is_bought": 1.0, "is_bare": 1.0, "gpus_per_unit": 4.0}
    base |= {"owned_hours": 2 * 8760.0, "unit_hours": 1000.0, "host_price": 2000.0, "network_share": 0.04}
    base |= {"spare_share": 0.03, "installation_share": 0.02, "staff_share": 0.01, "staff_cost": 100_000.0}
    base |= {"insurance_rate": 0.01, "resale_at_once": 0.8, "resale_yearly": 0.5, "discount_rate": 0.21}
    base |= {"electricity_price": 0.1, "service_life": 4.0}
    return quantities("serve", want=(*OWN, "purchase", "life_used"), **{**base, **more})


def test_what_a_purchase_brings_with_it() -> None:
    q = owned()
    assert q["host"] == pytest.approx(2 * 4 * 2000)
    assert q["network"] == pytest.approx(200_000 * 0.04)
    assert q["spares"] == pytest.approx(200_000 * 0.03)
    assert q["installation"] == pytest.approx(200_000 * 0.02)
    assert q["staff"] == pytest.approx(2 * 4 * 0.01 * 100_000 * 2)
    assert q["insurance"] == pytest.approx(200_000 * 0.01 * 2)
    assert q["resale"] == pytest.approx(-200_000 * 0.8 * 0.25)
    assert q["life_used"] == pytest.approx(0.5)


def test_a_whole_server_brings_its_host() -> None:
    assert owned(is_bare=0.0)["host"] == 0


def test_the_cost_of_capital_is_what_paying_early_costs() -> None:
    """24 months at 21 % a year: a factor of 1.1 for each half of a year of two."""
    q = owned()
    month = 1.21 ** (1 / 12) - 1
    even = (1 - 1.21**-2) / month / 24  # worth of one unit paid evenly
    early = q["purchase"] + q["host"] + q["network"] + q["spares"] + q["installation"]
    expected = early * (1 / even - 1) + q["resale"] * (1.21**-2 / even - 1)
    assert q["capital"] == pytest.approx(expected)


def test_money_that_costs_nothing_has_no_cost_of_capital() -> None:
    assert owned(discount_rate=0.0)["capital"] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("name", OWN)
def test_every_charge_of_owning_is_linear_in_units(name: str) -> None:
    assert owned(units=4.0)[name] == pytest.approx(2 * owned()[name])


@pytest.mark.parametrize(
    ("hours", "paid"), [(1.0, 8760.0), (8760.0, 8760.0), (8760.0 * (1 + 1e-12), 8760.0), (8761.0, 17520.0)]
)
def test_reserved_hours_are_whole_terms(hours: float, paid: float) -> None:
    q = quantities("serve", want=("reserved_hours",), is_reserved=1.0, term_hours=8760.0, owned_hours=hours)
    assert q["reserved_hours"] == pytest.approx(paid)


def test_spot_is_covered_on_demand_only_where_that_costs_more() -> None:
    more = {"is_spot": 1.0, "unit_hours": 100.0, "interruption_rate": 0.1, "restart_hours": 0.5}
    dear = quantities("serve", want=("stand_ins",), on_demand_price=3.0, price_per_unit_hour=1.0, **more)
    assert dear["stand_ins"] == pytest.approx(100 * 0.05 * 2)
    cheap = quantities("serve", want=("stand_ins",), on_demand_price=0.5, price_per_unit_hour=1.0, **more)
    assert cheap["stand_ins"] == 0


@pytest.mark.parametrize("task", TASKS)
def test_shipped_charges_that_are_left_out_are_nothing_for_other_kinds(task: str) -> None:
    """What the planner leaves out for offers of one kind would have been 0 for them."""
    from optplan.catalog import PURCHASE
    from optplan.planner.costs.pricing import ONLY_FOR

    rented = {"is_bought": 0.0, "is_spot": 0.0, "is_reserved": 0.0, "is_bare": 0.0, "price_per_unit": 0.0}
    rented |= {
        "price_per_unit_hour": 2.0,
        "owned_hours": 1000.0,
        "electricity_price": 0.1,
        "deadline_hours": 9.0,
    }
    on_demand = PURCHASE.index("on_demand")
    left_out = [
        rule.name
        for rule in pack("engineering", task).of_kind("charge")
        if on_demand not in ONLY_FOR.get(rule.function.__module__, {on_demand})
    ]
    assert len(left_out) >= 10
    q = quantities(task, want=tuple(left_out), **rented)
    assert [float(np.asarray(q[name])) for name in left_out] == [0.0] * len(left_out)
