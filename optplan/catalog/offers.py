"""The price tables -> one set of equal-length columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optplan.catalog.owned import in_units
from optplan.catalog.read import Table
from optplan.catalog.values import PURCHASE, Offers, Provider

_PRICES = {
    "offers": (("on_demand_per_hour", "on_demand"), ("spot_per_hour", "spot")),
    "reserved": (("reserved_1y_per_hour", "reserved_1y"), ("reserved_3y_per_hour", "reserved_3y")),
    "purchases": (("price", "buy"),),
    "owned": (("cost_per_hour", "owned"),),
}
_CODED = ("provider", "region", "instance", "currency", "source")
_KNOWN = ("vcpus", "host_memory_gib")


def build_offers(
    tables: dict[str, Table], exact: dict[str, str], cards: Sequence[str], billing: dict[str, Provider]
) -> Offers:
    """All prices of the tables as offers.

    exact maps a card as the tables write it to its exact name; cards are in the catalog's order; billing
    has every provider of the tables.
    """
    tables = tables | {"owned": in_units(tables["owned"])}
    words = {name: _words(tables, name) for name in _CODED}
    codes = {name: {word: i for i, word in enumerate(words[name])} for name in _CODED}
    position = {name: i for i, name in enumerate(cards)}
    codes["card"] = {said: position[name] for said, name in exact.items()}
    blocks = [block for name in _PRICES for block in _blocks(tables[name], codes)]
    whole = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    order = np.lexsort((whole["purchase"], whole["region"], whole["instance"], whole["provider"]))
    column = {name: values[order] for name, values in whole.items()}
    seller, joins = column["provider"], column.pop("whole")
    bought = np.isin(column["purchase"], [PURCHASE.index("buy"), PURCHASE.index("owned")])
    bills = [billing[name] for name in words["provider"]]
    return Offers(
        **column,
        billing_s=np.where(bought, 1.0, np.array([p.billing_s for p in bills])[seller]),
        minimum_s=np.where(bought, 0.0, np.array([p.minimum_s for p in bills])[seller]),
        providers=words["provider"],
        regions=words["region"],
        instances=words["instance"],
        cards=tuple(cards),
        currencies=words["currency"],
        sources=words["source"],
        by_name_only=np.array([p.by_name_only for p in bills], bool)[seller],
        joins_nodes=np.array([p.joins_nodes for p in bills], bool)[seller] & joins,
        pools=_pools(tables["owned"]),
    )


def _pools(owned: Table) -> tuple[int, ...]:
    """Cards of each pool, in the order of its rows."""
    cards = dict(zip(owned.columns["pool"], owned.columns["pool_cards"], strict=True))
    return tuple(cards[pool] for pool in sorted(cards))


def _words(tables: dict[str, Table], name: str) -> tuple[str, ...]:
    """Every word of a column of the price tables, sorted."""
    return tuple(sorted(set().union(*(tables[table].columns[name] for table in _PRICES))))


def _blocks(table: Table, codes: dict[str, dict[str, int]]) -> Iterator[dict[str, NDArray[Any]]]:
    """One block of columns for each kind of price in the table, of the rows that have it."""
    size = len(table)
    shared: dict[str, NDArray[Any]] = {
        name: np.fromiter(map(code.__getitem__, table.columns[name]), np.int64, size)
        for name, code in codes.items()
    }
    shared["gpus"] = np.array(table.columns["gpus"], np.int64)
    shared["price_day"] = np.array(table.columns["date"], np.int64)
    shared["bare"] = np.array(table.columns.get("kind", [""] * size)) == "card"
    shared["whole"] = np.array(table.columns.get("whole", [True] * size), bool)
    shared["pool"] = np.array(table.columns.get("pool", [-1] * size), np.int64)
    for name in _KNOWN:
        shared[name] = np.array(table.columns.get(name, [np.nan] * size), np.float64)
    for column, purchase in _PRICES[table.name]:
        price = np.array(table.columns[column], np.float64)
        have = ~np.isnan(price)
        block = {name: values[have] for name, values in shared.items()}
        block["price"] = price[have]
        block["purchase"] = np.full(len(block["price"]), PURCHASE.index(purchase), np.int64)
        yield block
