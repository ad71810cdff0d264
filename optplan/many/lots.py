"""What the limits of training needs let in: groups of candidates, rents, and the offers that could carry each gang."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optplan.catalog import PURCHASE, Catalog
from optplan.many.cards import Groups, Sizes, allowed_groups, every_node
from optplan.planner.search.shelf import shelf
from optplan.ranges import ranges
from optplan.units import HOUR

RENTED = [PURCHASE.index(kind) for kind in ("on_demand", "spot", "reserved_1y", "reserved_3y")]


@dataclass(frozen=True, slots=True, eq=False)
class Rents:
    """What lots cost at least, by card, or by need and card.

    each    USD/h of one rented card; infinite where none is rented
    first   USD of the first billing step of one rented node; infinite where none is rented
    bought  cards that can be bought
    """

    each: np.ndarray
    first: np.ndarray
    bought: np.ndarray

    @classmethod
    def of(cls, rents: Sequence[Rents]) -> Rents:
        """Those of several needs together."""
        columns = ([getattr(one, name) for one in rents] for name in ("each", "first", "bought"))
        return cls(*(np.stack(column) for column in columns))

    @property
    def least(self) -> np.ndarray:
        """USD/h of one card; -infinite where it can be bought."""
        return np.where(self.bought, -np.inf, self.each)


@dataclass(frozen=True, slots=True, eq=False)
class LotsOf:
    """Offers by kind of node, those whose nodes can work together first.

    start  where those of each kind begin, and the others of it, and the end
    """

    start: np.ndarray
    offer: np.ndarray

    @classmethod
    def of(cls, catalog: Catalog, offer: np.ndarray) -> LotsOf:
        """From offers, in the catalog's order."""
        nodes = every_node(catalog)
        key = 2 * nodes.of_offer[offer] + ~catalog.offers.joins_nodes[offer]
        many = np.bincount(key, minlength=2 * len(nodes))
        return cls(np.concatenate([[0], np.cumsum(many)]), offer[np.argsort(key, kind="stable")])


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """Of each group the lots that could carry it: first and last as positions in the starts of `LotsOf`."""

    first: np.ndarray
    last: np.ndarray


def single_span(groups: Groups) -> Span:
    """Lots of equal nodes that fill gangs: as `single_pairs`."""
    several = groups.size > groups.node
    last = 2 * groups.kind + np.where(several, 1, 2)
    return Span(2 * groups.kind, np.where(groups.size % groups.node > 0, 2 * groups.kind, last))


def sums_span(catalog: Catalog, groups: Groups) -> Span:
    """Lots that could be in gangs beside nodes of other sizes, were all to work together: as `sum_pairs`."""
    nodes = every_node(catalog)
    most = int(max(nodes.gpus.max(initial=0), groups.size.max(initial=0))) + 1
    end = np.searchsorted(nodes.card * most + nodes.gpus, groups.card * most + groups.size, side="right")
    return Span(2 * groups.kind, np.where(groups.size > groups.node, 2 * end, 2 * groups.kind))


class Carriers:
    """Offers by need and group."""

    def __init__(self, lots: Sequence[LotsOf], span: Span) -> None:
        """lots: of each need."""
        kept = {id(one): one for one in lots}
        place = {key: k for k, key in enumerate(kept)}
        self._span, self._of = span, np.array([place[id(one)] for one in lots])
        starts = np.stack([one.start for one in kept.values()])
        self._offer = np.concatenate([one.offer for one in kept.values()])
        self._start = starts + (np.cumsum(starts[:, -1]) - starts[:, -1])[:, None]

    def pairs(self, need: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(position in need and group, offer) of every offer of these groups."""
        of = self._of[need]
        first = self._start[of, self._span.first[group]]
        count = self._start[of, self._span.last[group]] - first
        return np.repeat(np.arange(len(need)), count), self._offer[ranges(first, count)]


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """What a need's limits let in.

    groups  candidates, as a mask
    rents   what lots cost at least
    single  the cheapest lots of those alike
    sums    of sites with nodes of several sizes, the cheapest of those alike
    """

    groups: np.ndarray
    rents: Rents
    single: LotsOf
    sums: LotsOf


@functools.lru_cache(maxsize=1024)
def offered_by(catalog: Catalog, allowed: bytes, sizes: Sizes, most: int | None) -> Offered:
    """What the limits let in. allowed: the bytes of the mask over offers; most: cards in all."""
    rents, single, sums = _lots(catalog, allowed)
    groups = allowed_groups(catalog, np.frombuffer(allowed, dtype=bool), sizes, most)
    return Offered(groups, rents, single, sums)


@functools.lru_cache(maxsize=1024)
def _lots(catalog: Catalog, allowed: bytes) -> tuple[Rents, LotsOf, LotsOf]:
    mask = np.frombuffer(allowed, dtype=bool)
    best, near = shelf(catalog).first(mask, False), _mixed(catalog, mask)
    return _rents(catalog, best), LotsOf.of(catalog, best), LotsOf.of(catalog, near)


def _mixed(catalog: Catalog, mask: np.ndarray) -> np.ndarray:
    """The cheapest lots of those alike, of sites that have nodes of several sizes: as `mixed_nodes`, reduced."""
    kept, offers = shelf(catalog), catalog.offers
    near = kept.first(mask & offers.joins_nodes, True)
    site = kept.lots.site[near].astype(np.int64) * len(catalog.cards) + offers.card[near]
    _, of, many = np.unique(site, return_inverse=True, return_counts=True)
    some = np.zeros(len(mask), dtype=bool)
    some[near[many[of] > 1]] = True
    return kept.first(some, False)


def _rents(catalog: Catalog, best: np.ndarray) -> Rents:
    """best: the cheapest of the allowed offers that are alike."""
    offers, cards = catalog.offers, len(catalog.cards)
    each, card = rent_of_card(catalog)[best], offers.card[best]
    rented = np.isfinite(each)
    step = np.maximum(offers.billing_s[best], offers.minimum_s[best]) / HOUR
    least, first = np.full(cards, np.inf), np.full(cards, np.inf)
    np.minimum.at(least, card[rented], each[rented])
    np.minimum.at(first, card[rented], (each * offers.gpus[best] * step)[rented])
    bought = np.zeros(cards, dtype=bool)
    bought[card[~rented]] = True
    return Rents(least, first, bought)


@functools.lru_cache(maxsize=8)
def rent_of_card(catalog: Catalog) -> np.ndarray:
    """USD an hour of one card of each offer; -infinite where it is not rented."""
    offers = catalog.offers
    per_usd = np.array([catalog.convert(1.0, code, "USD") for code in offers.currencies])
    each = offers.price * per_usd[offers.currency] / offers.gpus
    return np.where(np.isin(offers.purchase, RENTED), each, -np.inf)
