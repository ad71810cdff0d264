"""Electric grids: every region that is sold is in one, or known not to be; rows that do not agree are faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from optplan.catalog import Catalog
from optplan.catalog.grids import WORLD
from optplan.errors import BadInput
from optplan.planner import load_catalog

NOWHERE = {"any", "default"}  # regions that say nothing of where they are


def test_every_region_of_the_shipped_offers_is_on_a_grid_but_those_that_name_no_place() -> None:
    catalog = load_catalog()
    offers = catalog.offers
    unknown = {
        offers.regions[offers.region[i]]
        for i in range(len(offers))
        if catalog.grids.of_offer(offers, i).name == WORLD
    }
    assert unknown <= NOWHERE


@pytest.mark.parametrize(
    ("provider", "region", "grid"),
    [
        ("aws", "us-east-1", "US-VA"),
        ("alibaba", "us-east-1", "US-VA"),
        ("AWS", "EU-NORTH-1", "SWE"),
        ("gcp", "europe-west4", "NLD"),
        ("aws", "ap-southeast-3", "IDN"),
        ("alibaba", "ap-southeast-3", "MYS"),  # the same name, another country
        ("alibaba", "cn-chengdu", "CN-SC"),
        ("alibaba", "cn-fuzhou", "CHN"),  # a region of China that has no row of its own
        ("alibaba", "cn-hongkong", "HKG"),
        ("hyperstack", "NORWAY-1", "NOR"),
        ("verda", "FIN-07", "FIN"),
        ("nobody", "SE", "SWE"),
        ("nobody", "us-east-1", WORLD),  # who that is may mean anything by it
        ("vast", "any", WORLD),
    ],
)
def test_a_region_is_found_as_its_provider_spells_it(provider: str, region: str, grid: str) -> None:
    assert load_catalog().grids.find(provider, region).name == grid


def test_every_grid_has_a_plausible_figure_with_source_and_year() -> None:
    for grid in load_catalog().grids.grids.values():
        assert 5 < grid.intensity_g_kwh < 1000, grid.name
        assert grid.year >= 2023
        assert grid.source
        assert grid.date == "2026-11-22"


def test_intensities_are_those_of_the_grids_one_by_one() -> None:
    catalog = load_catalog()
    offers = catalog.offers
    found = catalog.grids.intensities(offers)
    assert len(found) == len(offers)
    for i in range(0, len(offers), 97):
        assert found[i] == catalog.grids.of_offer(offers, i).intensity_g_kwh


def test_a_user_gives_a_region_its_own_grid(tmp_path: Path) -> None:
    (tmp_path / "grids.csv").write_text(
        "name,place,intensity_g_kwh,year,basis,source,date\nown,our roof,20,2025,lifecycle,our meter,2026-01-01\n"
    )
    (tmp_path / "grid_regions.csv").write_text(
        "provider,region,grid,source,date\naws,us-east-1,own,our contract,2026-01-01\n"
    )
    grids = Catalog.load([tmp_path]).grids
    assert grids.find("aws", "us-east-1").intensity_g_kwh == 20
    assert grids.find("aws", "us-east-2").name == "US-OH"


@pytest.mark.parametrize(
    ("table", "text", "code", "hint"),
    [
        (
            "grid_regions",
            "provider,region,grid,source,date\naws,us-east-1,US-VX,x,2026-01-01\n",
            "unknown-grid",
            "did you mean",
        ),
        (
            "grids",
            "name,place,intensity_g_kwh,year,basis,source,date\nx,y,-3,2024,lifecycle,z,2026-01-01\n",
            "out-of-range",
            "grams of CO2 equivalent",
        ),
        (
            "grids",
            "name,place,intensity_g_kwh,year,basis,source,date\nx,y,3,2024,guess,z,2026-01-01\n",
            "wrong-type",
            "",
        ),
        (
            "grids",
            "name,place,intensity_g_kwh,year,basis,source,date\nx,y,3,2024,lifecycle,,2026-01-01\n",
            "missing-source",
            "",
        ),
    ],
)
def test_rows_that_cannot_be_are_faults(tmp_path: Path, table: str, text: str, code: str, hint: str) -> None:
    (tmp_path / f"{table}.csv").write_text(text)
    with pytest.raises(BadInput) as error:
        Catalog.load([tmp_path])
    assert [fault.code for fault in error.value.faults] == [code]
    assert error.value.faults[0].place.endswith(f"{table}.csv:2")
    assert hint in error.value.faults[0].hint
