"""Ranges, why-not and rule packs: each answer is checked against a plan solved on its own."""

from __future__ import annotations

import json
import math

import pytest
from plans import need_of, plan_of

from optplan.compare import diff_packs, sweep, why_not
from optplan.compare.axis import axis
from optplan.errors import BadInput
from optplan.planner import load_catalog, solve
from optplan.units import Money

CATALOG = load_catalog()


def test_a_longer_deadline_never_costs_more() -> None:
    points = sweep(need_of("finetune"), "deadline=1h..48h", CATALOG, steps=6).points
    costs = [point.plan.total_cost for point in points if point.plan.feasible]
    assert len(costs) >= 3
    assert costs == sorted(costs, reverse=True)


def test_every_point_of_a_range_is_the_plan_of_the_need_so_changed() -> None:
    need = need_of("finetune")
    for point in sweep(need, "deadline=6h,48h", CATALOG).points:
        alone = solve(need.model_copy(update={"deadline": point.value}), CATALOG)
        assert point.plan.total_cost == alone.total_cost
        assert point.plan.cards == alone.cards


def test_more_cards_allowed_never_cost_more() -> None:
    points = sweep(need_of("finetune"), "max_cards=1..16", CATALOG, steps=5).points
    costs = [point.plan.total_cost if point.plan.feasible else math.inf for point in points]
    assert costs == sorted(costs, reverse=True)


def test_a_larger_budget_never_costs_more_and_none_goes_over_it() -> None:
    points = sweep(need_of("finetune"), "budget=10..5000 CNY", CATALOG, steps=5).points
    assert not points[0].plan.feasible
    for point in points:
        assert not point.plan.feasible or point.plan.total_cost <= point.value * (1 + 1e-9)


def test_doubling_all_prices_doubles_the_cost() -> None:
    need = need_of("finetune")
    need = need.model_copy(update={"limits": need.limits.model_copy(update={"budget": None})})
    once, twice = (point.plan for point in sweep(need, "price=1,2", CATALOG).points)
    assert twice.total_cost == pytest.approx(2 * once.total_cost)
    assert [line.offer for line in twice.cards] == [line.offer for line in once.cards]


def test_a_quantity_of_the_rules_can_be_varied() -> None:
    slow, fast = (point.plan for point in sweep(need_of("finetune"), "efficiency=0.2,0.5", CATALOG).points)
    assert slow.total_cost > fast.total_cost


def test_traffic_can_be_varied() -> None:
    few, many = (point.plan for point in sweep(need_of("serve"), "requests_per_second=1,64", CATALOG).points)
    assert few.total_cost < many.total_cost


def test_the_json_of_a_range_has_a_plan_for_each_value() -> None:
    found = sweep(need_of("finetune"), "deadline=12h,24h", CATALOG)
    read = json.loads(json.dumps(found.json(), allow_nan=False))
    assert (read["over"], read["unit"]) == ("deadline", "hour")
    assert [point["value"] for point in read["points"]] == [12.0, 24.0]
    assert read["points"][0]["plan"]["total_cost"] == found.points[0].plan.total_cost


@pytest.mark.parametrize(
    ("over", "steps", "values"),
    [
        ("deadline=12h..96h", 8, [12, 24, 36, 48, 60, 72, 84, 96]),
        ("deadline=12..96h", 2, [12, 96]),
        ("deadline=1 day, 2 days", 8, [24, 48]),
        ("max_cards=1..4", 8, [1, 2, 3, 4]),
        ("max_cards=1..16", 5, [1, 2, 4, 8, 16]),
        ("budget=100..300 USD", 3, [100, 200, 300]),
        ("budget=$100..$300", 3, [100, 200, 300]),
        ("efficiency=0.3..0.5", 3, [0.3, 0.4, 0.5]),
        ("deadline=1h..1000h", 4, [1, 10, 100, 1000]),
    ],
)
def test_a_range_has_round_steps_and_both_ends(over: str, steps: int, values: list[float]) -> None:
    assert axis(over, steps, need_of("finetune")).values == pytest.approx(values)


@pytest.mark.parametrize(
    "over",
    ["deadline", "=1..2", "deadline=12h..", "deadline=48 GB..96h", "deadline=96h..12h", "max_cards=1.5,2",
     "max_cards=0..4", "budget=1 USD..2 CNY", "budget=-5..5 USD", "deadline=1h..2h..3h", "zork=1..2",
     "efficiency=a..b", "duration=1h..2h", "deadline=nan..2h"],
)  # fmt: skip
def test_a_range_that_cannot_be_read_is_a_fault_at_over(over: str) -> None:
    with pytest.raises(BadInput) as caught:
        sweep(need_of("finetune"), over, CATALOG)
    assert caught.value.faults[0].place.startswith("--over")


def test_a_misspelt_field_of_a_range_gets_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        sweep(need_of("finetune"), "deadlin=1..2", CATALOG)
    assert "deadline" in caught.value.faults[0].hint


@pytest.mark.parametrize("steps", [0, 1, -3, 10_000])
def test_steps_that_make_no_range_are_refused(steps: int) -> None:
    with pytest.raises(BadInput):
        sweep(need_of("finetune"), "deadline=1h..2h", CATALOG, steps=steps)


def test_why_not_of_what_is_chosen_says_so() -> None:
    plan = plan_of("finetune")
    assert why_not(need_of("finetune"), plan.cards[0].gpu, CATALOG).verdict == "chosen"
    assert why_not(need_of("finetune"), plan.cards[0].offer, CATALOG).verdict == "chosen"


def test_why_not_of_a_card_that_could_run_gives_the_price_of_it() -> None:
    need = need_of("finetune")
    other = plan_of("finetune").alternatives[0]
    gpu = other.cards.partition(" x ")[2]
    found = why_not(need, gpu, CATALOG)
    assert found.verdict == "dearer"
    assert found.extra_cost == pytest.approx(other.extra_cost)
    limits = need.limits.model_copy(update={"gpus": [gpu]})
    alone = solve(need.model_copy(update={"limits": limits}), CATALOG)
    assert found.other is not None
    assert found.other.total_cost == pytest.approx(alone.total_cost)


def test_why_not_says_which_term_moves() -> None:
    gpu = plan_of("finetune").alternatives[0].cards.partition(" x ")[2]
    found = why_not(need_of("finetune"), gpu, CATALOG)
    assert math.fsum(s.other - s.best for s in found.shifts) == pytest.approx(found.extra_cost)


def test_why_not_of_a_card_that_is_too_small_keeps_both_sides() -> None:
    found = why_not(need_of("none"), "RTX-3060-12GB", CATALOG)
    assert found.verdict == "refused"
    assert found.other is not None
    assert found.other.refusals or found.other.reasons
    for refusal in found.other.refusals:
        assert refusal.left > refusal.right


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        ({"purchase": ["spot"], "providers": ["lambda"]}, "providers"),
        ({"gpus": ["A100"]}, "gpus"),
        ({"avoid_gpus": ["H100"]}, "gpus"),
    ],
)
def test_why_not_names_the_limit_that_shuts_a_card_out(limits: dict[str, list[str]], named: str) -> None:
    need = need_of("finetune")
    need = need.model_copy(update={"limits": need.limits.model_copy(update=limits)})
    found = why_not(need, "H100" if named == "gpus" else "T4", CATALOG)
    assert found.verdict == "shut out"
    assert named in found.shut_out_by


def test_why_not_of_a_spot_offer_names_the_default_of_purchase() -> None:
    offers = CATALOG.offers
    spot = next(i for i in range(len(offers)) if offers.name(i).endswith("/spot"))
    found = why_not(need_of("finetune"), offers.name(spot), CATALOG)
    assert found.verdict == "shut out"
    assert found.shut_out_by == ["purchase"]


def test_why_not_of_nothing_known_lists_the_nearest() -> None:
    with pytest.raises(BadInput) as caught:
        why_not(need_of("finetune"), "H1000", CATALOG)
    assert "H100" in caught.value.faults[0].hint


def test_why_not_without_any_plan_still_answers() -> None:
    found = why_not(need_of("none"), "H100", CATALOG)
    assert not found.best.feasible
    assert found.verdict == "refused"
    json.dumps(found.json(), allow_nan=False)


def test_the_json_of_why_not_is_valid() -> None:
    read = json.loads(json.dumps(why_not(need_of("finetune"), "A100", CATALOG).json(), allow_nan=False))
    assert set(read) == {
        "thing",
        "meant",
        "verdict",
        "extra_cost",
        "shut_out_by",
        "terms",
        "refusals",
        "plan",
        "other",
    }


def test_packs_part_first_where_a_shared_quantity_differs() -> None:
    found = diff_packs(need_of("finetune"), "lesson", "engineering", CATALOG)
    assert found.first is not None
    before = [q for q in found.quantities if q.name == found.first.name or not q.differs]
    assert before[-1].differs or found.first in before
    tokens = next(q for q in found.quantities if q.name == "train_tokens")
    assert tokens.a.value == pytest.approx(1e9)
    assert tokens.b.value == pytest.approx(0.25e9)
    assert tokens.differs


def test_a_pack_does_not_part_from_itself() -> None:
    found = diff_packs(need_of("finetune"), "engineering", "engineering", CATALOG)
    assert found.first is None
    assert all(not term.differs for term in found.terms)


def test_the_diff_evaluates_the_first_pack_as_its_own_plan_does() -> None:
    found = diff_packs(need_of("finetune"), "engineering", "lesson", CATALOG)
    line = found.plan_a.lines[0]
    for one in found.quantities:
        assert one.a.value == pytest.approx(line.values[one.name], nan_ok=True), one.name
    assert math.fsum(t.a.value for t in found.terms) == pytest.approx(found.plan_a.total_cost)


def test_unknown_packs_are_bad_input() -> None:
    with pytest.raises(BadInput):
        diff_packs(need_of("finetune"), "lesson", "enginering", CATALOG)


def test_money_in_a_budget_range_keeps_its_currency() -> None:
    point = sweep(need_of("finetune"), "budget=500 USD,600 USD", CATALOG).points[0]
    assert point.plan.settled.need.limits.budget == Money(500.0, "USD")
