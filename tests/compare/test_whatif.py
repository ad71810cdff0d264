"""What if something were another: both plans, what moved, and what cannot be changed."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optplan.compare import WhatIf, what_if
from optplan.compare.changing import Asked, apply
from optplan.errors import BadInput
from optplan.need import AnyNeed
from optplan.planner import load_catalog, solve
from optplan.problem import read, read_text

PROBLEMS = Path(__file__).parents[2] / "problems"


def problem(name: str) -> AnyNeed:
    return read(PROBLEMS / f"{name}.yaml")[0].need


def asked(name: str, *changes: str) -> WhatIf:
    return what_if(problem(name), changes, load_catalog())


def changed(name: str, *changes: str) -> Asked:
    return apply(changes, Asked(problem(name), load_catalog()))[0]


def test_the_terms_that_moved_sum_to_what_the_total_moved() -> None:
    found = asked("finetune-9b-48h", "price[H100]=*0.7", "deadline=1h")
    more = math.fsum(shift.more for shift in found.terms)
    assert more == pytest.approx(found.after.total_cost - found.before.total_cost)
    assert found.totals[0].name == "total_cost"
    assert found.totals[0].more == pytest.approx(more)


def test_the_terms_of_owning_sum_too() -> None:
    found = asked("rent-or-buy-chat-9b", "electricity_price=*3", "duration=*2")
    more = math.fsum(shift.more for shift in found.terms)
    assert more == pytest.approx(found.after.total_cost - found.before.total_cost)
    sizes = [abs(shift.more) for shift in found.terms]
    assert sizes == sorted(sizes, reverse=True)


def test_both_plans_are_what_solve_finds() -> None:
    found = asked("finetune-9b-48h", "epochs=*3")
    need = problem("finetune-9b-48h")
    assert found.before.total_cost == solve(need, load_catalog()).total_cost
    assert found.after.total_cost == solve(need.model_copy(update={"epochs": 3.0}), load_catalog()).total_cost


def test_doubling_all_prices_doubles_the_rent_and_keeps_the_plan() -> None:
    found = asked("finetune-9b-48h", "price=*2")
    assert found.after.total_cost == pytest.approx(2 * found.before.total_cost)
    assert found.moved == []
    assert "the plan stays" in found.sentence


def test_a_price_is_of_one_card_and_of_the_offers_that_are_named() -> None:
    catalog, other = load_catalog(), changed("finetune-9b-48h", "price[H100,aws]=2.5 USD").catalog
    offers = catalog.offers
    for i in range(len(offers)):
        named = offers.providers[offers.provider[i]] == "aws" and offers.cards[offers.card[i]].startswith(
            "H100"
        )
        expected = 2.5 * offers.gpus[i] if named else offers.price[i]
        assert other.offers.price[i] == pytest.approx(expected)
        said = other.offers.sources[other.offers.source[i]]
        assert (said == "changed by price[H100,aws]=2.5 USD") == named


def test_an_amount_is_turned_into_the_currency_of_each_offer() -> None:
    catalog, other = load_catalog(), changed("finetune-9b-48h", "price[alibaba]=7 CNY").catalog
    offers = catalog.offers
    rows = [i for i in range(len(offers)) if offers.providers[offers.provider[i]] == "alibaba"]
    assert rows
    for i in rows:
        code = offers.currencies[offers.currency[i]]
        assert other.offers.price[i] == pytest.approx(catalog.convert(7.0, "CNY", code) * offers.gpus[i])


def test_what_the_sum_and_the_factor_of_a_field_come_to() -> None:
    need = changed("chat-8b", "traffic.requests_per_second=*2", "duration=+-20h", "budget=9000 USD").need
    before = problem("chat-8b")
    assert need.traffic[0].requests_per_second == 2 * before.traffic[0].requests_per_second
    assert need.duration == before.duration - 20
    assert need.limits.budget.amount == 9000
    assert before.limits.budget is None  # the need that was given is as it was


def test_money_is_added_in_the_currency_of_the_limit() -> None:
    text = "task: finetune\nmodel: 9B\nlimits: {budget: 100 CNY}\n"
    need = read_text(text, "x.yaml")[0].need
    catalog = load_catalog()
    budget = apply(["budget=+10 USD"], Asked(need, catalog))[0].need.limits.budget
    assert budget.currency == "CNY"
    assert budget.amount == pytest.approx(100 + catalog.convert(10, "USD", "CNY"))


def test_an_assumption_is_scaled_on_every_row_and_marked() -> None:
    catalog, other = load_catalog(), changed("finetune-9b-48h", "pue=*2").catalog
    for key, row in other.assumptions["pue"].items():
        was = catalog.assumptions["pue"][key]
        assert (row.low, row.expected, row.high) == (2 * was.low, 2 * was.expected, 2 * was.high)
        assert row.source.endswith("changed by pue=*2")
        assert row.status == "assumed"


def test_a_value_replaces_what_the_need_assumes() -> None:
    text = "task: finetune\nmodel: 9B\nassume: {pue: 1.1}\n"
    need = read_text(text, "x.yaml")[0].need
    one, told = apply(["pue=1.5"], Asked(need, load_catalog()))
    assert one.fixed == {"pue": 1.5}
    assert one.need.assume == {}
    assert (told[0].from_, told[0].to) == ("1.1", "1.5")


def test_a_field_that_may_be_left_out_is_taken_away_by_none() -> None:
    assert changed("lora-70b-budget", "budget=none").need.limits.budget is None


def test_a_quota_is_named_by_its_card() -> None:
    one = changed("finetune-9b-48h", "quota.H100=8")
    assert one.need.limits.quota == {"H100": 8}
    assert apply(["quota.H100=+4"], one)[0].need.limits.quota == {"H100": 12}


def test_a_change_can_take_the_plan_away_and_bring_it_back() -> None:
    lost = asked("finetune-9b-48h", "budget=1 USD")
    assert not lost.after.feasible
    assert lost.terms == []
    assert lost.totals == []
    assert lost.sentence.startswith("With budget 1 USD there is no plan (")
    assert lost.json()["after"]["ways_out"]
    found = asked("impossible-70b-in-an-hour", "deadline=none", "budget=none", "max_cards=none", "gpus=none")
    assert found.before.status == "infeasible"
    assert "there is a plan, where there was none" in found.sentence


def test_a_cheaper_card_gives_way_in_so_many_words() -> None:
    found = asked("finetune-9b-48h", "avoid_gpus=H100")
    assert "cards" in found.moved
    assert "gives way to" in found.sentence
    assert "H100" not in found.after.cards[0].gpu


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("price[H10]=*2", "did you mean H100"),
        ("price[spot,aws]=-1", "a price must be above 0"),
        ("price[H100]=*0", "a factor of a price must be above 0"),
        ("price[H100,vast,aws-cn,buy]=*2", "no offer is of H100 and vast and aws-cn and buy"),
        ("price[]=2", "is not NAME=VALUE"),
        ("price[A100,aws]=3 ZZZ", "no rate is known for `ZZZ`"),
        ("price=3", "name the kind"),
        ("deadline[H100]=3h", "is not NAME=VALUE"),
        ("foo", "is not NAME=VALUE"),
        ("budgget=3 USD", "did you mean budget"),
        ("efficency=*2", "did you mean efficiency"),
        ("budget=7", "names no currency"),
        ("budget=*2", "is not said in the need"),
        ("batch=*0.3", "it must be a whole number"),
        ("deadline=-3h", "is no deadline"),
        ("deadline=+-99h", "it must be above 0"),
        ("method=lorra", "is no method"),
        ("method=*2", "is no number"),
        ("job_hours=*0.5", "is worked out by the rules"),
        ("job_hours=half", "is not a number"),
        ("pue=*much", "is not a number"),
        ("task=serve", "no field of this need"),
        ("traffic.requests=3", "no field of this need"),
        ("quota.H100=*2", "the need has no quota of H100"),
        ("quota.H100=1.5", "is no whole number"),
    ],
)
def test_a_change_that_cannot_be_is_one_message_with_its_place(change: str, message: str) -> None:
    with pytest.raises(BadInput) as error:
        asked("finetune-9b-48h", change)
    assert len(error.value.faults) == 1
    fault = error.value.faults[0]
    assert message in str(fault)
    assert fault.place.startswith("--set")


def test_every_change_that_cannot_be_is_told_at_once() -> None:
    with pytest.raises(BadInput) as error:
        asked("finetune-9b-48h", "foo", "budgget=3", "deadline=1", "price[nobody]=*2", "pue=1", "pue=2")
    assert len(error.value.faults) == 5


def test_nothing_changed_is_a_fault() -> None:
    with pytest.raises(BadInput, match="nothing is changed"):
        asked("finetune-9b-48h")


def test_a_need_that_would_be_wrong_as_a_whole_is_refused() -> None:
    with pytest.raises(BadInput) as error:
        asked("summarise-reports", "data=1e9 tokens")
    assert "--set data=1e9 tokens" in error.value.faults[0].place


def test_json_says_what_the_page_says() -> None:
    found = asked("finetune-9b-48h", "price[H100]=*0.5")
    data = found.json()
    assert data["sentence"] == found.sentence
    assert [change["name"] for change in data["changes"]] == ["price[H100]"]
    assert data["after"]["total_cost"] == found.after.total_cost
    assert {shift["name"] for shift in data["totals"]} == {
        "total_cost", "hours", "gpu_hours", "energy_kwh", "carbon_kg"
    }  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(text=st.text(st.sampled_from("price[]H100,=*+-.0123 hUSDdeadline\"'#:{}\n%"), max_size=24))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        _, told = apply([text], Asked(problem("finetune-9b-48h"), load_catalog()))
    except BadInput as error:
        told, faults = [], error.faults
    else:
        faults = ()
    assert bool(told) != bool(faults)
