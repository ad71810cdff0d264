"""The catalog's offers as lots, sorted once: the cheapest of those alike are then found for any need in one pass."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optplan.catalog import Catalog
from optplan.program.jobs import Lots


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """All offers of a catalog, as lots.

    order, group  lots by what makes them alike (card, node, profile), then price, then name; by site: also by site
    """

    lots: Lots
    order: dict[bool, np.ndarray]
    group: dict[bool, np.ndarray]

    def allowed(self, mask: np.ndarray) -> Lots:
        """The lots of the offers that a need lets in."""
        return self.lots.take(np.flatnonzero(mask))

    def cheapest(self, mask: np.ndarray, by_site: bool) -> Lots:
        """The cheapest of the allowed lots that are alike: as `reduced(self.allowed(mask), by_site)`."""
        return self.lots.take(self.first(mask, by_site))

    def first(self, mask: np.ndarray, by_site: bool) -> np.ndarray:
        """Positions of the cheapest of the allowed lots that are alike, in the catalog's order."""
        rows = self.order[by_site][mask[self.order[by_site]]]
        groups = self.group[by_site][rows]
        first = np.ones(len(rows), dtype=bool)
        first[1:] = groups[1:] != groups[:-1]
        return np.sort(rows[first])


@functools.lru_cache(maxsize=8)
def shelf(catalog: Catalog, clean: bool = False) -> Shelf:
    """The catalog's offers, sorted; clean: those on grids of other greenhouse gases are not alike."""
    offers = catalog.offers
    regions, kinds = len(offers.regions), int(offers.purchase.max(initial=0)) + 1
    site = (offers.provider * regions + offers.region) * kinds + offers.purchase
    terms = [
        offers.purchase,
        offers.billing_s,
        offers.minimum_s,
        offers.currency,
        offers.joins_nodes,
        offers.pool,
        offers.bare,
    ]
    profile = _kinds([*terms, catalog.grids.intensities(offers)] if clean else terms)
    lots = Lots(
        np.arange(len(offers)), site, offers.card, offers.gpus, profile, offers.price, offers.joins_nodes,
        offers.name,
    )  # fmt: skip
    order, group = {}, {}
    for by_site in (False, True):
        keys = (offers.card, offers.gpus, profile, *((site,) if by_site else ()))
        order[by_site] = np.lexsort((np.arange(len(offers)), offers.price, *keys[::-1]))
        group[by_site] = _kinds(keys)
    return Shelf(lots, order, group)


def _kinds(columns: Sequence[np.ndarray]) -> np.ndarray:
    """One number for each distinct combination of the columns' values."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, inverse = np.unique(column, return_inverse=True)
        code = np.unique(code * len(values) + inverse, return_inverse=True)[1]
    return code
