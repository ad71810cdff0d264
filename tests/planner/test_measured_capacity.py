"""A user's own throughput table in place of predicted capacity."""

from __future__ import annotations

import pytest

from optplan import problem
from optplan.errors import BadInput
from optplan.explain import explain
from optplan.plan import Plan
from optplan.planner import solve
from optplan.planner.main import load_catalog

CHAT = "task: serve\nmodel: Llama-3.1-8B\ntraffic: {requests_per_second: 10}\nduration: 1h\n"


def planned(text: str) -> Plan:
    (source,) = problem.read_text(text, "x.yaml")
    return solve(source.need, load_catalog())


def test_a_measured_card_of_the_catalog_is_counted_by_its_measurement_at_catalog_prices() -> None:
    text = CHAT + "limits: {gpus: [L4]}\nassume: {utilisation: 1}\n"
    plan = planned(text + "capacity: {gpu: L4, requests_per_second: 2.5}\n")
    assert sum(card.count for card in plan.cards) == 4
    assert plan.lines[0].values["replica_capacity"] == 2.5
    assert plan.cards[0].provider != "own"


def test_what_was_not_measured_of_a_measured_card_is_not_predicted() -> None:
    plan = planned(CHAT + "limits: {gpus: [L4]}\ncapacity: {gpu: L4, cards: 8, requests_per_second: 100}\n")
    assert plan.feasible
    assert all(line.values["tp"] == 8 for line in plan.lines)


def test_an_own_price_competes_with_predicted_cards() -> None:
    cheap = "capacity: {gpu: our box, requests_per_second: 10, price: 0.01 EUR}\nassume: {utilisation: 1}\n"
    plan = planned(CHAT + cheap)
    assert [(card.gpu, card.provider, card.currency) for card in plan.cards] == [("our box", "own", "EUR")]
    dear = cheap.replace("0.01 EUR", "1000 EUR")
    assert planned(CHAT + dear).cards[0].provider != "own"


def test_a_replica_of_several_cards_is_counted_in_cards() -> None:
    row = "capacity: {gpu: pair, cards: 2, requests_per_second: 5, price: 1 USD}\n"
    plan = planned(CHAT + row + "limits: {providers: [own]}\nassume: {utilisation: 1}\n")
    assert (plan.cards[0].units, plan.cards[0].count, plan.total_cost) == (2, 4, pytest.approx(2.0))


@pytest.mark.parametrize(
    "row",
    [
        "capacity: {gpu: L4, requests_per_second: [1, 2]}\n",
        "capacity: {gpu: L4, requests_per_second: -1}\n",
        "capacity: {gpu: no such card, requests_per_second: 1}\n",
        "capacity: [{gpu: L4, requests_per_second: 1}, {gpu: l4, requests_per_second: 2}]\n",
        "slices: 0\n",
    ],
)
def test_a_table_that_cannot_be_meant_is_told(row: str) -> None:
    with pytest.raises(BadInput):
        planned(CHAT + row)


def test_the_catalog_itself_is_not_changed() -> None:
    before = len(load_catalog().offers)
    planned(CHAT + "capacity: {gpu: our box, requests_per_second: 10, price: 0.01 USD}\n")
    assert len(load_catalog().offers) == before
    assert "our box" not in load_catalog().cards


def test_the_explanation_says_that_capacity_was_measured() -> None:
    plan = planned(CHAT + "capacity: {gpu: our box, requests_per_second: 10, price: 0.01 USD}\n")
    node = explain(plan, "replica_capacity").node("replica_capacity")
    assert (node.value, node.status) == (10.0, "measured")


# four classes at 4 requests/s and two at 1: a small card carries 2 of any, a large one 12, or 1 of the last two
HISTOGRAM = (
    "task: serve\nmodel: Llama-3.1-8B\nduration: 1h\nassume: {utilisation: 1}\n"
    "traffic: [{requests_per_second: 4}, {requests_per_second: 4}, {requests_per_second: 4}, "
    "{requests_per_second: 4}, {requests_per_second: 1}, {requests_per_second: 1}]\n"
    "capacity: [{gpu: small, requests_per_second: [2, 2, 2, 2, 2, 2], price: 1 USD}, "
    "{gpu: large, requests_per_second: [12, 12, 12, 12, 1, 1], price: 5 USD}]\n"
)


def test_a_histogram_of_traffic_is_split_and_proven_in_one_run() -> None:
    plan = planned(HISTOGRAM + "limits: {providers: [own]}\n")
    # 9 small cards cost 9; 1 large carries 12 of 18 and 3 small the others; 2 large and 1 small cost 11
    assert {card.gpu: card.count for card in plan.cards} == {"large": 1, "small": 3}
    assert (plan.status, plan.total_cost, plan.gap) == ("optimal", pytest.approx(8.0), 0.0)
    assert plan.solver.runs == 1


def test_what_a_histogram_of_traffic_lacks_is_told() -> None:
    within = HISTOGRAM + "limits: {providers: [own], max_cards: %d}\n"
    # 2 large cards are busy with the first four for 16/12, and carry 2/3 of the last 2; 1 small card does the rest
    assert planned(within % 3).total_cost == pytest.approx(11.0)
    plan = planned(within % 2)
    assert plan.status == "infeasible"
    assert [way.to for way in plan.ways_out if way.change.startswith("max_cards")][:1] == ["3 cards"]
