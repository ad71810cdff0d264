"""The graph of why: complete, without circles, and its numbers follow from each other."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from plans import FEASIBLE, plan_of

from optplan.errors import BadInput
from optplan.explain import ROOT, Explanation, Node, explain
from optplan.explain.draw import dot, mermaid
from optplan.explain.graph import shown
from optplan.explain.walk import CHOSEN
from optplan.rule import Comparison

STATUSES = {"exact", "measured", "fitted", "assumed", "given", "catalog", "chosen", "fixed"}


@pytest.fixture(params=FEASIBLE)
def explanation(request: pytest.FixtureRequest) -> Explanation:
    return explain(plan_of(request.param))


def test_the_graph_has_no_circle(explanation: Explanation) -> None:
    assert nx.is_directed_acyclic_graph(explanation.graph)


def test_every_node_hangs_below_the_total_cost(explanation: Explanation) -> None:
    assert nx.descendants(explanation.graph, ROOT) | {ROOT} == set(explanation.graph)


def test_every_node_has_label_unit_source_and_status(explanation: Explanation) -> None:
    for node in explanation.nodes():
        assert node.label.strip(), node
        assert node.unit.strip(), node
        assert node.source.strip(), node
        assert node.status in STATUSES, node
        assert "currency" not in node.unit, node


def test_every_computed_node_has_its_formula_with_names_and_with_numbers(explanation: Explanation) -> None:
    for node in explanation.nodes():
        if node.parameters:
            assert node.formula, node
            assert node.with_numbers, node
        elif node.kind != "limit":
            assert not node.formula, node


def test_every_node_without_children_is_given_chosen_assumed_or_fixed(explanation: Explanation) -> None:
    for node in explanation.nodes():
        if not explanation.children(node.id):
            assert node.kind in ("input", "assumption", "fixed", "limit", "chosen", "price", "rate"), node


def recomputed(explanation: Explanation, node: Node) -> float:
    """The node's value from those of its children."""
    values = [explanation.node(child).value for child in node.parameters]
    if node.kind in ("total", "term"):
        return math.fsum(values)
    if node.kind == "price" or node.name in CHOSEN:
        return math.prod(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = explanation.plan.pack.rules[node.name].function(*values)
    if isinstance(result, Comparison):
        return float(result.left <= result.right * (1 + 1e-9))
    return float(result)


def test_every_derived_node_follows_from_its_children(explanation: Explanation) -> None:
    checked = 0
    for node in explanation.nodes():
        if node.parameters:
            assert node.value == pytest.approx(recomputed(explanation, node), rel=1e-9, abs=1e-12), node
            checked += 1
    assert checked >= 3


def test_the_root_is_the_cost_of_the_plan_and_its_terms_sum_to_it(explanation: Explanation) -> None:
    plan = explanation.plan
    assert explanation.node(ROOT).value == plan.total_cost
    terms = [explanation.node(child).value for child in explanation.node(ROOT).parameters]
    assert terms == pytest.approx([term.amount for term in plan.terms])


def test_every_number_of_the_graph_is_one_of_the_plan(explanation: Explanation) -> None:
    for node in explanation.nodes():
        if node.kind in ("rule", "requirement", "input", "assumption") and node.name != "unit_hours":
            own = {line.values[node.name] for line in explanation.plan.lines}
            assert node.value in own or (math.isnan(node.value) and any(v != v for v in own)), node


def test_an_assumption_tells_its_range_and_the_row_it_is_from(explanation: Explanation) -> None:
    for node in explanation.nodes():
        if node.kind == "assumption":
            assert node.low is not None
            assert node.high is not None
            assert node.low <= node.value <= node.high
            assert re.search(r"\d{4}-\d{2}-\d{2}", node.source), node


def test_units_are_chosen_by_the_program_and_say_bound_and_gap(explanation: Explanation) -> None:
    units = [node for node in explanation.nodes() if node.name == "units"]
    assert len(units) == len(explanation.plan.lines)
    for node in units:
        assert node.status == "chosen"
        assert "integer program" in node.source
        assert "bound" in node.source
        assert "gap" in node.source


def test_memory_is_explained_below_the_choice_of_units() -> None:
    graph = explain(plan_of("finetune")).graph
    assert "memory_per_card" in nx.descendants(graph, "units")
    assert "fits_in_memory" in graph.successors("units")


def test_the_graph_reaches_need_model_card_offer_and_assumption() -> None:
    sources = " ".join(node.source for node in explain(plan_of("finetune")).nodes())
    for part in ("the need tune-9b", "model GLM-4-9B", "card ", "offer ", "bound"):
        assert part in sources, part


def test_a_default_is_an_assumed_node_that_says_so() -> None:
    node = explain(plan_of("finetune")).node("epochs")
    assert node.status == "assumed"
    assert "not said in the need" in node.source


def test_a_price_in_another_currency_shows_the_listed_price_and_the_dated_rate() -> None:
    plan = plan_of("finetune")
    graph = explain(plan)
    card = plan.cards[0]
    price = graph.node("price_per_unit_hour")
    if card.currency == plan.currency:
        assert price.value == pytest.approx(card.price_per_unit_hour)
        return
    listed, rate = (graph.node(child) for child in graph.children("price_per_unit_hour"))
    assert listed.value == card.price_per_unit_hour
    assert listed.unit == f"{card.currency}/hour"
    assert re.search(r"\d{4}-\d{2}-\d{2}$", rate.source)
    assert price.value == pytest.approx(listed.value * rate.value)


def test_lines_of_a_mix_have_their_own_nodes_and_share_those_of_the_need() -> None:
    plan = plan_of("mixed")
    assert len(plan.lines) > 1, "the need was made so that a mix is cheapest"
    graph = explain(plan).graph
    assert {"rent", "rent#1", "rent#2", "units#1", "units#2"} <= set(graph)
    assert "prompt_tokens" in graph
    assert "prompt_tokens#1" not in graph


def test_the_time_of_a_job_on_mixed_cards_is_pooled_and_not_that_of_one_line() -> None:
    plan = plan_of("finetune")
    line, card = plan.lines[0], plan.cards[0]
    other = next(gpu for gpu in plan.catalog.cards if gpu != card.gpu)
    mixed = replace(plan, lines=[line, line], cards=[card, replace(card, gpu=other)])
    graph = explain(mixed)
    node = graph.node("job_hours#1")
    assert (node.kind, node.status, node.parameters) == ("chosen", "chosen", ())
    assert "summed speed of all" in node.source
    assert nx.is_directed_acyclic_graph(graph.graph)


def test_a_fixed_quantity_is_a_leaf_set_by_the_user() -> None:
    from plans import need_of

    from optplan.planner import load_catalog, solve

    plan = solve(need_of("finetune"), load_catalog(), fixed={"efficiency": 0.4})
    node = explain(plan).node("efficiency")
    assert (node.kind, node.status, node.value) == ("fixed", "fixed", 0.4)
    assert explain(plan).children("efficiency") == []


def test_term_shows_only_what_is_below_one_quantity() -> None:
    part = explain(plan_of("finetune"), "memory_per_card")
    assert part.root == "memory_per_card"
    assert ROOT not in part.graph
    assert all(nx.has_path(part.graph, "memory_per_card", name) for name in part.graph)


def test_an_unknown_term_gets_the_nearest_names() -> None:
    with pytest.raises(BadInput) as caught:
        explain(plan_of("finetune"), "memory_per_crad")
    assert "memory_per_card" in caught.value.faults[0].hint


def test_no_plan_cannot_be_explained_and_says_so() -> None:
    with pytest.raises(BadInput, match="no cost to explain"):
        explain(plan_of("none"))


def test_json_holds_every_node_and_edge_and_no_nan(explanation: Explanation) -> None:
    read = json.loads(json.dumps(explanation.json(), allow_nan=False))
    assert read["root"] == ROOT
    assert {node["id"] for node in read["nodes"]} == set(explanation.graph)
    assert len(read["edges"]) == explanation.graph.number_of_edges()
    assert set(read["nodes"][0]) >= {"label", "value", "unit", "formula", "with_numbers", "source", "status"}


QUOTED = r'"((?:[^"\\]|\\.)*)"'
DOT_NODE = re.compile(rf'^  {QUOTED} \[label={QUOTED}, tooltip={QUOTED}, fillcolor="#[0-9a-f]{{6}}"\];$')
DOT_EDGE = re.compile(rf"^  {QUOTED} -> {QUOTED};$")


def test_dot_has_a_line_for_every_node_and_edge_with_quotes_escaped(explanation: Explanation) -> None:
    lines = dot(explanation).splitlines()
    assert lines[0] == "digraph plan {"
    assert lines[-1] == "}"
    assert sum(bool(DOT_NODE.match(line)) for line in lines) == len(explanation.graph)
    assert sum(bool(DOT_EDGE.match(line)) for line in lines) == explanation.graph.number_of_edges()
    assert len(lines) == len(explanation.graph) + explanation.graph.number_of_edges() + 4


def test_mermaid_names_every_node_before_it_is_joined(explanation: Explanation) -> None:
    lines = mermaid(explanation).splitlines()
    assert lines[0] == "flowchart LR"
    named = {m[1] for line in lines if (m := re.match(r'^  (n\d+)\["[^"<>]*(?:<br/>[^"<>]*)*"\]$', line))}
    assert len(named) == len(explanation.graph)
    joined = [m for line in lines if (m := re.match(r"^  (n\d+) --> (n\d+)$", line))]
    assert len(joined) == explanation.graph.number_of_edges()
    assert {name for m in joined for name in m.groups()} <= named


@pytest.mark.parametrize(
    ("value", "text"),
    [(9.4e9, "9.4e9"), (1234567.0, "1234567"), (0.25, "0.25"), (0.00001234, "1.234e-5"), (0.0, "0"),
     (-2.5, "-2.5"), (math.inf, "unlimited")],
)  # fmt: skip
def test_numbers_in_formulas_have_no_commas(value: float, text: str) -> None:
    assert shown(value) == text
