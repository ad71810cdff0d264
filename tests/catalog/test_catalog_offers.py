"""Offers: their order, their names, what extra directories do to them, money."""

from __future__ import annotations

import csv
import datetime
import random
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from optplan.catalog import DATA, PURCHASE, Catalog, Offers
from optplan.errors import BadInput

HEADER = "provider,region,instance,card,gpus,on_demand_per_hour,spot_per_hour,currency,date,source"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def offers_in(directory: Path, *lines: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "offers.csv").write_text("\n".join((HEADER, *lines, "")), encoding="utf-8")
    return directory


def same(left: Offers, right: Offers) -> bool:
    return all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") if isinstance(a, np.ndarray) else a == b
        for a, b in ((getattr(left, f.name), getattr(right, f.name)) for f in fields(Offers))
    )


def test_all_columns_are_equally_long_and_names_unique(catalog: Catalog) -> None:
    offers = catalog.offers
    assert {len(c) for f in fields(Offers) if isinstance(c := getattr(offers, f.name), np.ndarray)} == {
        len(offers)
    }
    assert len({offers.name(i) for i in range(len(offers))}) == len(offers)
    assert offers.cards == tuple(catalog.cards)


def test_one_row_gives_an_on_demand_and_a_spot_offer(tmp_path: Path) -> None:
    offers = Catalog.load([offers_in(tmp_path, "mine,eu,box,L4,2,3,1,EUR,2026-02-03,list")]).offers
    (dear,), (cheap,) = offers.by_name("mine/box/eu/on_demand"), offers.by_name("mine/box/eu/spot")
    assert (offers.price[dear], offers.price[cheap]) == (3.0, 1.0)
    assert offers.gpus[dear] == 2
    assert offers.cards[offers.card[dear]] == "L4"
    assert offers.currencies[offers.currency[dear]] == "EUR"
    assert offers.sources[offers.source[dear]] == "list"
    assert offers.price_day[dear] == datetime.date(2026, 2, 3).toordinal()
    assert np.isnan(offers.vcpus[dear])


def test_an_alias_of_one_card_will_do_in_a_row(tmp_path: Path) -> None:
    offers = Catalog.load(
        [offers_in(tmp_path, "mine,eu,box,NVIDIA-A100-SXM4-80GB,1,3,,USD,2026-02-03,list")]
    ).offers
    assert offers.cards[offers.card[offers.by_name("mine")[0]]] == "A100-SXM4-80GB"


def test_a_directory_replaces_rows_by_key_and_a_later_one_wins(tmp_path: Path, catalog: Catalog) -> None:
    name = "aws/p5.48xlarge/us-east-1/on_demand"
    line = "aws,us-east-1,p5.48xlarge,H100-SXM5-80GB,8,{},,USD,2026-11-01,mine"
    first = offers_in(tmp_path / "first", line.format(50))
    second = offers_in(tmp_path / "second", line.format(40))
    for extra, price in (([first], 50.0), ([first, second], 40.0), ([second, first], 50.0)):
        offers = Catalog.load(extra).offers
        (i,) = offers.by_name(name)
        assert offers.price[i] == price
        assert not offers.by_name("aws/p5.48xlarge/us-east-1/spot")
        assert len(offers) == len(catalog.offers) - 1


def test_a_directory_may_add_a_card_with_aliases_and_sell_it_in_its_own_currency(tmp_path: Path) -> None:
    (tmp_path / "gpus.csv").write_text(
        "name,vendor,family,architecture,memory_gb,usable_gib,usable_source,bandwidth_gb_s,bf16_tflops,"
        "link_source,form_factor,year,source,date\n"
        "X1-48GB,Acme,X1,ada,48,46,measured,900,300,assumed,PCIe,2026,data sheet,2026-01-01\n"
    )
    (tmp_path / "aliases.csv").write_text("alias,target,source,date\nacme one,X1,me,2026-01-01\n")
    (tmp_path / "fx.csv").write_text("date,base,quote,rate,source\n2026-11-01,USD,NOK,10,me\n")
    offers_in(tmp_path, "acme,any,box,X1,1,5,,NOK,2026-01-01,list")
    catalog = Catalog.load([tmp_path])
    assert catalog.gpus("Acme One") == ["X1-48GB"]
    assert catalog.convert(5, "NOK", "USD") == 0.5
    assert len(catalog.offers.by_name("acme")) == 1


def test_the_order_of_rows_and_files_does_not_matter(tmp_path: Path) -> None:
    lines = (DATA / "offers.csv").read_text(encoding="utf-8").splitlines()
    random.Random(3).shuffle(body := lines[1:])
    half = len(body) // 2
    for name, part in (("a", body[:half]), ("b", body[half:])):
        (tmp_path / name).mkdir()
        (tmp_path / name / "offers.csv").write_text("\n".join((lines[0], *part, "")), encoding="utf-8")
    shuffled = Catalog.load([tmp_path / "b", tmp_path / "a"])
    assert same(shuffled.offers, Catalog.load().offers)


def test_an_offer_is_found_by_its_name_or_by_whole_parts_of_it(catalog: Catalog) -> None:
    offers = catalog.offers
    assert len(offers.by_name("AWS/p4d.24xlarge/us-east-1/on_demand")) == 1
    some = offers.by_name("aws/p4d.24xlarge")
    assert len(some) > 1
    assert {offers.instances[offers.instance[i]] for i in some} == {"p4d.24xlarge"}
    assert offers.by_name("p4d") == []
    assert offers.by_name("") == []


def test_billing_follows_the_provider_and_buying_is_not_billed_by_time(catalog: Catalog) -> None:
    offers = catalog.offers
    (i,) = offers.by_name("lambda/gpu_8x_h100_sxm5/us-east-1/on_demand")
    assert (offers.billing_s[i], offers.minimum_s[i]) == (60.0, 60.0)
    bought = offers.purchase == PURCHASE.index("buy")
    assert set(offers.billing_s[bought].tolist()) == {1.0}


def test_money_converts_there_and_back_at_the_newest_rates(catalog: Catalog) -> None:
    assert catalog.convert(100, "USD", "CNY") == pytest.approx(665.2882)
    assert catalog.convert(catalog.convert(7, "EUR", "CNY"), "CNY", "EUR") == pytest.approx(7, rel=1e-14)
    assert catalog.convert(7, "XXX", "XXX") == 7


def test_a_currency_without_a_rate_is_told_with_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.convert(1, "USD", "CYN")
    (fault,) = caught.value.faults
    assert fault.code == "missing-rate"
    assert "did you mean `CNY`" in fault.hint


def test_an_unknown_provider_is_told_with_the_nearest(catalog: Catalog) -> None:
    with pytest.raises(BadInput) as caught:
        catalog.provider_info("lamda")
    assert "`lambda`" in caught.value.faults[0].hint


def test_sixty_thousand_extra_offers_load(tmp_path: Path, catalog: Catalog) -> None:
    count = 60_000
    cards = tuple(catalog.cards)
    with (tmp_path / "offers.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER.split(","))
        for i in range(count):
            where = (f"p{i % 20}", f"r{i % 97}", f"i{i}", cards[i % len(cards)])
            writer.writerow((*where, 1 + i % 8, 1.5 + i % 13, "", "USD", "2026-05-01", "made up"))
    loaded = Catalog.load([tmp_path])
    assert len(loaded.offers) == len(catalog.offers) + count
