"""What a portfolio is made of, in numbers: sources of cards, options of a need, blocks of demand, limits.

A *source* is one offer from which units (nodes) can be had. A *class* is a set of sources of one kind of node that
some needs may use. An *option* is one way to carry part of a need's demand in a month; a *block* is one need in
one month with its options.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from optplan.planner.context import Context
from optplan.rules.constants import HOURS_PER_MONTH

Terms = dict[str, float]  # charge -> amount, in the portfolio's currency


@dataclass(frozen=True, slots=True)
class Source:
    """One offer from which units can be had.

    offer    index into the catalog's offers; kind: on_demand, spot, reserved_1y, reserved_3y, buy, owned
    running  what one unit costs in a month of work (rent; of a bought unit its energy)
    monthly  what one reserved unit costs in each month of its term, used or not
    term     months of a reservation, or of the life of a bought unit (0: no end)
    power_kw that one bought unit can draw
    family   tasks that may use it, "" for all
    pool     of owned cards that several offers share, -1 for none
    """

    index: int
    offer: int
    kind: str
    card: int
    gpus: int
    joins: bool
    name: str
    running: Terms
    monthly: Terms = field(default_factory=dict)
    term: int = 0
    power_kw: float = 0.0
    family: str = ""
    pool: int = -1

    @property
    def label(self) -> str:
        """The offer's name, and whose units these are."""
        return f"{self.name}_{self.family}" if self.family else self.name

    @property
    def hourly(self) -> bool:
        """Paid only while it works: on demand and spot, and cards that the house has already."""
        return self.kind in ("on_demand", "spot", "owned")


@dataclass(frozen=True, slots=True)
class Way:
    """The shape in which an option is carried, for the answer.

    kind   held (units of a class), queue (a place in the queue of a class), hire (rented by the hour), api
    picks  of a hire: (offer, units) of each line; label: in words
    """

    kind: str
    label: str
    picks: tuple[tuple[int, int], ...] = ()
    hours: float = 0.0


@dataclass(frozen=True, slots=True)
class Option:
    """One way to carry part of a block; x of them cover x times `cover`.

    cover     demand that one carries, an entry for each traffic class
    terms     what one costs in the month, beside the units of a class
    group     class whose units it uses, -1 for none; units: how many of them (of a queue: share of its month)
    width     units of the queue that it needs, 0 for options that are no place in a queue
    hired     cards rented besides, by card index: they count for quotas
    replicas, cards   in one, for limits of the need
    """

    way: Way
    cover: tuple[float, ...]
    terms: Terms
    group: int = -1
    units: float = 0.0
    width: int = 0
    hired: tuple[tuple[int, int, int], ...] = ()
    replicas: int = 0
    cards: int = 0
    card: int = -1
    most: float = math.inf
    integer: bool = True

    @property
    def cost(self) -> float:
        """What one costs in the month, undiscounted, beside the units of a class."""
        return math.fsum(self.terms.values())


@dataclass(frozen=True, slots=True)
class Block:
    """One need in one month (from 0). demand: for each traffic class, in the unit of the options' cover."""

    need: int
    month: int
    demand: tuple[float, ...]
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A class: sources of one kind of node that some needs may use, and what the answer calls it."""

    card: int
    gpus: int
    sources: tuple[int, ...]
    name: str


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit on cards held at a time. counts: card index and provider code -> does it count?"""

    name: str
    most: float
    cards: frozenset[int] | None = None
    providers: frozenset[int] | None = None

    def counts(self, card: int, provider: int) -> bool:
        """Does a card of this type from this provider count?"""
        return (self.cards is None or card in self.cards) and (
            self.providers is None or provider in self.providers
        )


@dataclass(slots=True)
class Wanted:
    """One need, settled.

    demand    (months, classes) in its unit; `unit` says which
    context   the need as a single plan would see it
    ways      kinds of purchase open to it, and whether an API is
    rows      limits of its own: fewest replicas, most cards, one type, quotas
    """

    name: str
    task: str
    unit: str
    context: Context
    demand: np.ndarray
    ways: tuple[str, ...]
    min_replicas: int = 1
    max_cards: float = math.inf
    one_type: bool = False
    quotas: tuple[tuple[str, frozenset[int], int], ...] = ()
    refused: list[str] = field(default_factory=list)

    def plain(self) -> bool:
        """One traffic class and no limit of its own: its blocks are covering knapsacks."""
        return (
            self.demand.shape[1] == 1
            and self.min_replicas <= 1
            and not math.isfinite(self.max_cards)
            and not self.one_type
            and not self.quotas
        )


@dataclass(slots=True)
class Instance:
    """The whole problem in numbers.

    owned     source index -> charge -> what has been paid when a unit bought is sold after 0..months months
    pools     cards of each pool that the house has already
    discount  factor of a payment at the start of month 0, 1 .. (so [t + 1] is the end of month t)
    """

    name: str
    months: int
    currency: str
    sources: list[Source]
    groups: list[Group]
    needs: list[Wanted]
    blocks: list[Block]
    caps: list[Cap]
    owned: dict[int, dict[str, np.ndarray]]
    discount: np.ndarray
    budget: float = math.inf
    monthly_budget: float = math.inf
    power_kw: float = math.inf
    providers: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=int))
    pools: tuple[int, ...] = ()

    def provider(self, source: Source) -> int:
        """Code of the provider of a source."""
        return int(self.providers[source.offer])


MONTH_HOURS = HOURS_PER_MONTH
