"""An offer of the catalog as answers show it; kept, as the same few offers win again and again."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date

from optplan.catalog import PURCHASE, Catalog
from optplan.plan import CardLine, Line


@dataclass(frozen=True, slots=True)
class Shown:
    """One offer, in names and plain numbers; day: of its price, as a proleptic ordinal."""

    gpu: str
    gpus: int
    provider: str
    offer: str
    instance: str
    region: str
    purchase: str
    price_per_unit_hour: float
    price_per_unit: float
    currency: str
    day: int
    price_date: str


@functools.lru_cache(maxsize=4096)
def shown(catalog: Catalog, offer: int) -> Shown:
    """offer: index into the catalog's offers."""
    offers = catalog.offers
    purchase = PURCHASE[offers.purchase[offer]]
    price, day, bought = float(offers.price[offer]), int(offers.price_day[offer]), purchase == "buy"
    return Shown(
        gpu=offers.cards[offers.card[offer]],
        gpus=int(offers.gpus[offer]),
        provider=offers.providers[offers.provider[offer]],
        offer=offers.name(offer),
        instance=offers.instances[offers.instance[offer]],
        region=offers.regions[offers.region[offer]],
        purchase=purchase,
        price_per_unit_hour=0.0 if bought else price,
        price_per_unit=price if bought else 0.0,
        currency=offers.currencies[offers.currency[offer]],
        day=day,
        price_date=date.fromordinal(day).isoformat(),
    )


def card_line(catalog: Catalog, line: Line) -> CardLine:
    """One line of the answer's table of cards."""
    own = shown(catalog, line.offer)
    return CardLine(
        own.gpu, own.gpus * line.units, own.provider, own.offer, own.instance, own.region, own.purchase,
        line.units, own.price_per_unit_hour, own.price_per_unit, own.currency, own.price_date, line.layout,
    )  # fmt: skip
