"""What a need brings along: measured capacities, and offers of its own, which the catalog then has, too."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from typing import Final

import numpy as np

from optplan.catalog import Catalog, Extra, Offers, Provider
from optplan.distinct import distinct
from optplan.need import AnyNeed, Measured, Serve
from optplan.settle.values import Capacity

OWN: Final = "own"  # the provider of a need's own offers
SOURCE: Final = "the need's capacity table"


def own_catalog(need: AnyNeed, catalog: Catalog) -> Catalog:
    """The catalog with the offers of a need's capacity table; the catalog itself where it has none."""
    catalog = catalog.before or catalog
    priced = tuple(
        Extra(_card(row, catalog), row.cards, row.price.amount, row.price.currency)
        for row in _rows(need)
        if row.price is not None
    )
    return _extended(catalog, priced) if priced else catalog


@functools.lru_cache(maxsize=8)
def _extended(catalog: Catalog, priced: tuple[Extra, ...]) -> Catalog:
    today = datetime.date.today().isoformat()
    provider = Provider(OWN, 1.0, 0.0, False, False, status="stated", source=SOURCE, date=today)
    return catalog.extended(priced, provider)


def _rows(need: AnyNeed) -> list[Measured]:
    return (need.capacity or []) if isinstance(need, Serve) else []


def _card(row: Measured, catalog: Catalog) -> str:
    """The card of a priced row: the catalog's, where the name means exactly one; else one of the need's own."""
    found = catalog.names.find(row.gpu)
    return found[0] if len(found) == 1 else row.gpu


def only_measured(offers: Offers, allowed: np.ndarray, found: tuple[Capacity, ...]) -> bool:
    """Is every card that the limits let in a measured one? Then no prediction is made."""
    named = {card for capacity in found for card in capacity.cards}
    return bool(found) and {offers.cards[c] for c in distinct(offers.card[allowed]).tolist()} <= named


def capacities(need: AnyNeed, cards: Callable[[str], list[str]]) -> tuple[Capacity, ...]:
    """The measured capacities of a need. cards: name as written -> exact cards (of `own_catalog`)."""
    return tuple(
        Capacity(tuple(cards(row.gpu)), row.cards, tuple(row.requests_per_second)) for row in _rows(need)
    )
