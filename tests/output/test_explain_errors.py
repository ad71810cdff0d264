"""An explanation tells of every fitted quantity how far off it was on what it was fitted on."""

from __future__ import annotations

import pytest
from plans import FEASIBLE, plan_of

from optplan.explain import Explanation, explain
from optplan.report.tree import print_tree


@pytest.fixture(params=FEASIBLE)
def explanation(request: pytest.FixtureRequest) -> Explanation:
    return explain(plan_of(request.param))


def test_every_fitted_assumption_tells_its_error(explanation: Explanation) -> None:
    fitted = [n for n in explanation.nodes() if n.kind == "assumption" and n.status == "fitted"]
    assert all(node.error is not None and 0 < node.error < 0.5 for node in fitted)


def test_a_fitted_rule_has_the_largest_error_underneath(explanation: Explanation) -> None:
    for node in explanation.nodes():
        below = [explanation.node(name) for name in explanation.at(node.id).graph]
        errors = [n.error for n in below if n.error is not None]
        if node.status == "fitted" and node.kind == "rule" and errors:
            assert explanation.error(node.id) == max(errors)
        if node.status not in ("fitted", "assumed"):
            assert explanation.error(node.id) is None


def test_the_tree_shows_the_error_beside_the_status(capsys: pytest.CaptureFixture[str]) -> None:
    print_tree(explain(plan_of(FEASIBLE[0])), depth=0)
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    assert "fitted, median error" in shown
