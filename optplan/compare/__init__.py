"""Plans side by side: over a range of one quantity, against another card, under another rule pack."""

from optplan.compare.front import Front, FrontPoint, pareto
from optplan.compare.packs import Parting, diff_packs
from optplan.compare.ranges import Point, Sweep, compare, sweep
from optplan.compare.swings import Bar, Tornado, tornado
from optplan.compare.whatif import WhatIf, what_if
from optplan.compare.whynot import WhyNot, why_not

__all__ = [
    "Bar",
    "Front",
    "FrontPoint",
    "Parting",
    "Point",
    "Sweep",
    "Tornado",
    "WhatIf",
    "WhyNot",
    "compare",
    "diff_packs",
    "pareto",
    "sweep",
    "tornado",
    "what_if",
    "why_not",
]
