"""Need x Catalog -> a settled need: names resolved, defaults filled and listed, all in numbers."""

from optplan.settle.own import own_catalog
from optplan.settle.settler import settle
from optplan.settle.values import Quota, Settled

__all__ = ["Quota", "Settled", "own_catalog", "settle"]
