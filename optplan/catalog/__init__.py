"""The tables of data/ and of the user -> offers, cards, models, assumptions; checks and queries."""

from optplan.catalog.load import Catalog, check
from optplan.catalog.schema import DATA, Column, schema
from optplan.catalog.values import PURCHASE, Assumption, Card, Model, Offers, Provider, Rate

__all__ = [
    "DATA",
    "PURCHASE",
    "Assumption",
    "Card",
    "Catalog",
    "Column",
    "Model",
    "Offers",
    "Provider",
    "Rate",
    "check",
    "schema",
]
