"""A line of a plan evaluated once more, on the same units and layout, under other rules or assumptions."""

from __future__ import annotations

import math

import numpy as np

from optplan.candidates import Table
from optplan.catalog import Catalog
from optplan.plan import Line
from optplan.planner.answer.lines import line_of
from optplan.planner.context import Context
from optplan.planner.found import Found, Pick
from optplan.program import Program
from optplan.solve import Solution

LAYOUT = ("cards", "cards_per_node", "tp", "pp", "dp", "zero_stage", "recompute")


def again(context: Context, line: Line, catalog: Catalog) -> Line:
    """The line with every quantity as the context's rules and assumptions give it, for the same requests."""
    cards, node, tp, pp, dp, zero, recompute = (np.array([int(line.values[name])]) for name in LAYOUT)
    table = Table(
        list(catalog.cards.values()),
        catalog.offers.card[[line.offer]],
        cards,
        node,
        tp,
        pp,
        dp,
        zero,
        recompute,
    )
    assessment = context.assess(table)
    unsolved = Solution("unknown", {}, math.inf, -math.inf, 0.0, 0)
    found = Found(table, assessment, assessment.holds(1), Program("again"), unsolved)
    pick = Pick(line.offer, line.units, 0, requests=line.values.get("carried_requests"))
    return line_of(context, found, pick)
