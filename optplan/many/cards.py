"""Candidates of training jobs of a whole catalog: their table, groups of them, and what a need's limits let in."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optplan.candidates import LAYOUT, MOST_IN_NODE, Table, job_rows, reachable
from optplan.catalog import PURCHASE, Catalog
from optplan.distinct import distinct
from optplan.planner.shelf import shelf
from optplan.program.jobs import Gangs, Lots, mixed_nodes, reduced, single_pairs, sum_pairs
from optplan.program.limits import Limits
from optplan.ranges import ranges
from optplan.units import HOUR

Sizes = tuple[int, ...]  # of gangs that are tried
RENTED = [PURCHASE.index(kind) for kind in ("on_demand", "spot", "reserved_1y", "reserved_3y")]


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Every card, size and node of a catalog, in this order.

    first, count  rows of each group in the table of all candidates
    cards         where the groups of each card begin
    """

    card: np.ndarray
    size: np.ndarray
    node: np.ndarray
    memory: np.ndarray
    first: np.ndarray
    count: np.ndarray
    cards: dict[int, slice]


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
    """Offers by group: those of group g are offer[start[g]:start[g + 1]]."""

    start: np.ndarray
    offer: np.ndarray

    @classmethod
    def of(cls, lots: Lots, pairs: tuple[np.ndarray, np.ndarray], groups: int) -> LotsOf:
        """From pairs of lot and group."""
        lot, group = pairs
        start = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=groups))])
        return cls(start, lots.offer[lot[np.lexsort((lot, group))]])


class Carriers:
    """Offers by need and group."""

    def __init__(self, lots: Sequence[LotsOf]) -> None:
        """lots: of each need."""
        kept = {id(one): one for one in lots}
        place = {key: k for k, key in enumerate(kept)}
        self._of = np.array([place[id(one)] for one in lots])
        starts = np.stack([one.start for one in kept.values()])
        self._offer = np.concatenate([one.offer for one in kept.values()])
        self._first = starts + (np.cumsum(starts[:, -1]) - starts[:, -1])[:, None]

    def pairs(self, need: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(position in need and group, offer) of every offer of these groups."""
        of = self._of[need]
        first = self._first[of, group]
        count = self._first[of, group + 1] - first
        return np.repeat(np.arange(len(need)), count), self._offer[ranges(first, count)]


@dataclass(frozen=True, slots=True, eq=False)
class Offered:
    """What a need's limits let in.

    groups  candidates, as a mask
    rents   what rented ones cost at least
    single  the cheapest lots of those alike, with the groups that equal nodes of them fill
    sums    lots of sites with nodes of several sizes, with the groups that they could be in beside other nodes
    """

    groups: np.ndarray
    rents: Rents
    single: LotsOf
    sums: LotsOf


@functools.lru_cache(maxsize=8)
def every_candidate(catalog: Catalog, sizes: Sizes) -> Table:
    """Candidates of each card on all its nodes, in the order of groups."""
    every = np.ones(len(catalog.offers), dtype=bool)
    table = job_rows(catalog, every, every, sizes, None)
    order = np.lexsort((table.node, table.gang, table.card))
    columns = {name: getattr(table, name)[order] for name in ("card", *LAYOUT, "of_layouts")}
    return replace(table, **columns)


@functools.lru_cache(maxsize=8)
def every_group(catalog: Catalog, sizes: Sizes) -> Groups:
    """Every card, size and node that a training job could have."""
    table = every_candidate(catalog, sizes)
    start = np.zeros(len(table), dtype=bool)
    for column in (table.card, table.gang, table.node):
        start |= np.diff(column, prepend=-1) != 0
    first = np.flatnonzero(start)
    card, size, node = (column[first] for column in (table.card, table.gang, table.node))
    memory = np.array([c.usable_gib for c in catalog.cards.values()])[card]
    begin = np.flatnonzero(np.diff(card, prepend=-1))
    ends = np.append(begin[1:], len(card))
    cards = {int(card[a]): slice(int(a), int(b)) for a, b in zip(begin, ends, strict=True)}
    return Groups(card, size, node, memory, first, np.diff(first, append=len(table)), cards)


@functools.lru_cache(maxsize=256)
def offered_by(catalog: Catalog, allowed: bytes, sizes: Sizes, most: int | None) -> Offered:
    """What the limits let in. allowed: the bytes of the mask over offers; most: cards in all."""
    mask = np.frombuffer(allowed, dtype=bool)
    kept = shelf(catalog)
    near, best = reduced(mixed_nodes(kept.cheapest(mask, True)), by_site=False), kept.cheapest(mask, False)
    groups = every_group(catalog, sizes)
    every = Gangs(groups.card, groups.size, groups.node, np.zeros(len(groups.card)), groups.memory)
    return Offered(
        _allowed_groups(catalog, mask, sizes, most),
        _rents(catalog, best),
        LotsOf.of(best, single_pairs(best, every), len(every)),
        LotsOf.of(near, sum_pairs(near, every, Limits()), len(every)),
    )


def _rents(catalog: Catalog, best: Lots) -> Rents:
    offers, cards = catalog.offers, len(catalog.cards)
    each = rent_of_card(catalog)[best.offer]
    rented = np.isfinite(each)
    step = np.maximum(offers.billing_s[best.offer], offers.minimum_s[best.offer]) / HOUR
    least, first = np.full(cards, np.inf), np.full(cards, np.inf)
    np.minimum.at(least, best.card[rented], each[rented])
    np.minimum.at(first, best.card[rented], (each * best.gpus * step)[rented])
    bought = np.zeros(cards, dtype=bool)
    bought[best.card[~rented]] = True
    return Rents(least, first, bought)


@functools.lru_cache(maxsize=8)
def rent_of_card(catalog: Catalog) -> np.ndarray:
    """USD an hour of one card of each offer; -infinite where it is not rented."""
    offers = catalog.offers
    per_usd = np.array([catalog.convert(1.0, code, "USD") for code in offers.currencies])
    each = offers.price * per_usd[offers.currency] / offers.gpus
    return np.where(np.isin(offers.purchase, RENTED), each, -np.inf)


@functools.lru_cache(maxsize=8)
def _kinds_of_node(catalog: Catalog) -> np.ndarray:
    """Card, size of node, and whether nodes can work together, of each offer, as one number."""
    offers = catalog.offers
    code = offers.card.astype(np.int64) * MOST_IN_NODE + offers.gpus
    return code * 2 + offers.joins_nodes


def _allowed_groups(catalog: Catalog, mask: np.ndarray, sizes: Sizes, most: int | None) -> np.ndarray:
    groups = every_group(catalog, sizes)
    nodes: dict[int, set[int]] = {}
    joined: dict[int, set[int]] = {}
    found = np.zeros(len(groups.card), dtype=bool)
    for key in distinct(_kinds_of_node(catalog)[mask]).tolist():
        code, node = divmod(key // 2, MOST_IN_NODE)
        nodes.setdefault(code, set()).add(node)
        joined.setdefault(code, set()).update({node} if key % 2 else ())
    for code, some in nodes.items():
        if code in groups.cards:
            own = tuple(sorted(some)), frozenset(joined[code])
            found[groups.cards[code]] = _groups_of_card(catalog, code, *own, sizes, most)
    return found


@functools.lru_cache(maxsize=4096)
def _groups_of_card(
    catalog: Catalog,
    code: int,
    nodes: tuple[int, ...],
    joined: frozenset[int],
    sizes: Sizes,
    most: int | None,
) -> np.ndarray:
    """Which groups of a card are candidates. nodes: sizes that it has; joined: of those that can work together."""
    groups = every_group(catalog, sizes)
    here = groups.cards[code]
    sizes = tuple(n for n in sizes if most is None or n <= most)
    can = {node: frozenset(reachable([n for n in nodes if n >= node], node, sizes)) for node in nodes}
    return np.array(
        [
            node in can and size in can[node] and (size <= node or node in joined)
            for node, size in zip(groups.node[here].tolist(), groups.size[here].tolist(), strict=True)
        ]
    )
