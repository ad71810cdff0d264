"""The shipped tables: how much they hold, where it comes from, and that what is said of them holds."""

from __future__ import annotations

import csv
import datetime
import math
import re
from collections.abc import Iterator

import numpy as np
import pytest

from optplan.catalog import DATA, PURCHASE, Catalog, schema

TODAY = datetime.date.today().isoformat()


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def rows(table: str) -> Iterator[dict[str, str]]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def test_the_catalog_holds_what_is_promised(catalog: Catalog) -> None:
    offers = catalog.offers
    rented = np.isin(offers.purchase, [PURCHASE.index("on_demand"), PURCHASE.index("spot")])
    nodes = {(offers.provider[i], offers.instance[i], offers.region[i]) for i in np.flatnonzero(rented)}
    assert len(catalog.cards) >= 60
    assert len(catalog.models) >= 110
    assert len(nodes) >= 400
    assert len({offers.provider[i] for i in np.flatnonzero(rented)} - {offers.providers.index("lesson")}) >= 8
    assert {offers.currencies[i] for i in set(offers.currency[rented].tolist())} >= {"USD", "CNY", "EUR"}
    assert {PURCHASE[i] for i in set(offers.purchase.tolist())} == set(PURCHASE) - {"owned"}


def test_every_row_of_every_table_has_a_source_and_a_date() -> None:
    for table in schema():
        for row in rows(table):
            assert row["source"].strip(), (table, row)
            assert "2010-01-01" <= row["date"] <= TODAY, (table, row)


def test_no_row_points_at_a_path_of_some_machine() -> None:
    for table in schema():
        for row in rows(table):
            assert not re.search(r"(?:^|\s)(?:/\w+/\w+|[A-Z]:\\|file:/)", " ".join(row.values())), (
                table,
                row,
            )


def test_the_table_of_tables_describes_every_column_and_table() -> None:
    assert set(schema()) == {path.stem for path in DATA.glob("*.csv")} - {"columns"}
    for table, columns in schema().items():
        with (DATA / f"{table}.csv").open(encoding="utf-8") as file:
            header = file.readline().strip().split(",")
        assert set(header) <= {column.name for column in columns}, table
        assert any(column.key for column in columns), table
        assert all(column.description and column.says for column in columns), table


def test_a_date_known_to_the_year_is_its_first_day() -> None:
    vague = [
        row for table in ("offers", "purchases") for row in rows(table) if row["date_precision"] == "year"
    ]
    assert vague
    assert all(row["date"].endswith("-01-01") for row in vague)


def test_a_card_has_less_usable_memory_than_its_name_says_and_tells_why(catalog: Catalog) -> None:
    for card in catalog.cards.values():
        assert 0.85 * card.memory_gb < card.usable_gib < card.memory_gb, card.name
        assert card.usable_source, card.name
    assert catalog.cards["A100-SXM4-80GB"].usable_gib == 79.15
    assert catalog.cards["RTX-4090"].usable_gib == 23.52


def test_links_are_one_way_and_join_a_known_number_of_cards(catalog: Catalog) -> None:
    cards = catalog.cards
    assert (cards["H100-SXM5-80GB"].link_gb_s, cards["H100-SXM5-80GB"].link_cards) == (450.0, 8)
    assert (cards["A100-SXM4-80GB"].link_gb_s, cards["A100-SXM4-80GB"].link_cards) == (300.0, 8)
    assert (cards["RTX-3090"].link_cards, cards["RTX-3090"].link_source) == (2, "assumed")
    assert cards["GB200-186GB"].link_cards == 72
    for card in cards.values():
        assert math.isnan(card.link_gb_s) == (card.link_cards == 1), card.name
    assert cards["RTX-4090"].pcie_gb_s == 31.5


def test_peak_rates_are_dense_and_geforce_counts_fp32_accumulation(catalog: Catalog) -> None:
    cards = catalog.cards
    assert cards["H100-SXM5-80GB"].bf16_tflops == 989.4
    assert cards["A100-SXM4-80GB"].bf16_tflops == 312.0
    assert cards["RTX-4090"].bf16_tflops == 165.2


def test_aws_p5_has_the_price_after_the_cut_of_2025(catalog: Catalog) -> None:
    (i,) = catalog.offers.by_name("aws/p5.48xlarge/us-east-1/on_demand")
    assert catalog.offers.price[i] == 55.04


def test_seeweb_is_billed_in_euro(catalog: Catalog) -> None:
    found = catalog.offers.by_name("seeweb")
    assert found
    assert {catalog.offers.currencies[catalog.offers.currency[i]] for i in found} == {"EUR"}


def test_the_prices_of_the_lesson_stand_apart(catalog: Catalog) -> None:
    offers = catalog.offers
    found = offers.by_name("lesson")
    prices = {(offers.cards[offers.card[i]], PURCHASE[offers.purchase[i]]): offers.price[i] for i in found}
    assert prices == {
        ("RTX-4090", "on_demand"): 2.01,
        ("A100-SXM4-80GB", "on_demand"): 28.0,
        ("A100-SXM4-40GB", "buy"): 100_000.0,
        ("A100-SXM4-80GB", "buy"): 200_000.0,
    }
    assert {offers.currencies[offers.currency[i]] for i in found} == {"CNY"}
    assert offers.by_name_only[found].all()
    assert catalog.provider_info("lesson").by_name_only


def test_the_catalog_is_as_old_as_its_newest_offer_that_anyone_can_take(catalog: Catalog) -> None:
    offers = catalog.offers
    assert catalog.as_of.toordinal() == offers.price_day[~offers.by_name_only].max()
    assert catalog.rate_date == datetime.date(2026, 10, 30)


def test_reserved_prices_are_below_the_shipped_on_demand_price_per_year(catalog: Catalog) -> None:
    for row in rows("reserved"):
        if row["reserved_3y_per_hour"]:  # some sell a year only
            assert float(row["reserved_3y_per_hour"]) < float(row["reserved_1y_per_hour"]), row


def test_azure_bills_five_minutes_at_least_and_oracle_an_hour(catalog: Catalog) -> None:
    azure, oracle = catalog.provider_info("azure"), catalog.provider_info("oci")
    assert (azure.billing_s, azure.minimum_s, azure.status) == (1.0, 300.0, "stated")
    assert (oracle.billing_s, oracle.minimum_s) == (1.0, 3600.0)


def test_a_provider_without_a_row_bills_by_the_hour_and_says_so(catalog: Catalog) -> None:
    shop = catalog.provider_info("newegg")
    assert (shop.billing_s, shop.minimum_s, shop.status) == (3600.0, 3600.0, "assumed")
