"""Plan -> the graph of why: from the total cost down to need, catalog row and assumption.

Every quantity is a node; an edge leads from it to what it was computed from. The numbers are those of the
plan: nothing is computed anew.
"""

from __future__ import annotations

from optplan.errors import BadInput, Fault
from optplan.explain.graph import Explanation, Node
from optplan.explain.walk import ROOT, WORTH, Walk
from optplan.plan import Plan

__all__ = ["ROOT", "Explanation", "Node", "explain"]


def explain(plan: Plan, term: str | None = None) -> Explanation:
    """The graph of a plan, or the part of it below one quantity: any of it, or `net_present_value`.

    Raises BadInput when the plan has no answer (its reasons say why) or nothing is called `term`.
    """
    if not plan.feasible:
        message = "there is no plan, so there is no cost to explain"
        raise BadInput(
            Fault("no-plan", plan.name, message, "`optplan solve` says why and shows the ways out")
        )
    walk = Walk(plan, worth=term == WORTH)
    if term is not None:
        walk.reach(term)
    whole = Explanation(plan, walk.graph, ROOT)
    return whole if term is None else whole.at(term)
