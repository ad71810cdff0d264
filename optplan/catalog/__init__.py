"""The tables of data/ and of the user -> offers, cards, models, assumptions; checks and queries."""

from optplan.catalog.apis import Api
from optplan.catalog.grids import Grid, Grids
from optplan.catalog.load import Catalog, check
from optplan.catalog.schema import DATA, Column, schema
from optplan.catalog.values import PURCHASE, Assumption, Card, Extra, Model, Offers, Provider, Rate

__all__ = [
    "DATA",
    "PURCHASE",
    "Api",
    "Assumption",
    "Card",
    "Catalog",
    "Column",
    "Extra",
    "Grid",
    "Grids",
    "Model",
    "Offers",
    "Provider",
    "Rate",
    "check",
    "schema",
]
