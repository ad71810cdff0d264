"""Plans side by side: over a range of one quantity, against another card, under another rule pack."""

from optplan.compare.packs import Parting, diff_packs
from optplan.compare.ranges import Point, Sweep, compare, sweep
from optplan.compare.whynot import WhyNot, why_not

__all__ = ["Parting", "Point", "Sweep", "WhyNot", "compare", "diff_packs", "sweep", "why_not"]
