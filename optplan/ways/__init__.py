"""Ways of having the same thing: rent, reserve, spot, buy, or call an API; which is cheapest, and from when."""

from optplan.ways.flows import flows_of
from optplan.ways.main import compare_ways
from optplan.ways.trial import restricted as in_way
from optplan.ways.values import (
    WAYS,
    Flow,
    MonthsEven,
    PriceFlip,
    RunsEven,
    UtilisationEven,
    VolumeEven,
    Way,
    WayPoint,
    WaysReport,
)

__all__ = [
    "WAYS",
    "Flow",
    "MonthsEven",
    "PriceFlip",
    "RunsEven",
    "UtilisationEven",
    "VolumeEven",
    "Way",
    "WayPoint",
    "WaysReport",
    "compare_ways",
    "flows_of",
    "in_way",
]
