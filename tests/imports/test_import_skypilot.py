"""SkyPilot's catalog files: what is taken, what is refused, and that nothing vanishes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.imports.account import Imported, write
from optplan.imports.skypilot import NO_ACCELERATOR, import_skypilot

SHARED = Path(__file__).parents[3] / "shared" / "skypilot_catalog" / "v8"
AWS = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,GpuInfo,Price,SpotPrice,Region"
GCP = "InstanceType,vCPUs,MemoryGiB,AcceleratorName,AcceleratorCount,GpuInfo,Region,AvailabilityZone"
GCP += ",Price,SpotPrice"


def vast_info(name: str, count: int, mib: int) -> str:
    gpu = f"{{'Name': '{name}', 'Count': {count}, 'MemoryInfo': {{'SizeInMiB': {mib}}}}}"
    return f"\"{{'Gpus': [{gpu}], 'TotalGpuMemoryInMiB': {mib}}}\""


def imported(tmp_path: Path, cloud: str, header: str, *lines: str) -> Imported:
    (tmp_path / cloud).mkdir()
    (tmp_path / cloud / "vms.csv").write_text("\n".join((header, *lines, "")), encoding="utf-8")
    return import_skypilot(tmp_path)


def test_a_plain_row_becomes_an_offer_of_the_exact_card(tmp_path: Path) -> None:
    found = imported(tmp_path, "aws", AWS, "p4d.24xlarge,A100,8.0,96.0,1152.0,,21.957642,8.0,us-east-1")
    (row,) = found.rows()
    assert (row["provider"], row["card"], row["gpus"]) == ("aws", "A100-SXM4-40GB", "8")
    assert (row["on_demand_per_hour"], row["spot_per_hour"]) == ("21.957642", "8")
    assert not found.refused


def test_a_spot_price_of_zero_is_unknown_and_never_an_offer(tmp_path: Path) -> None:
    info = vast_info("RTX4090", 1, 24564)
    line = f'1x-RTX_4090-32-65536,RTX4090,1,32,64.0,{info},0.4,0.00,"Sweden, SE, EU"'
    (row,) = imported(tmp_path, "vast", AWS, line).rows()
    assert (row["on_demand_per_hour"], row["spot_per_hour"]) == ("0.4", "")


def test_a_blank_price_with_a_spot_price_is_spot_only(tmp_path: Path) -> None:
    (row,) = imported(tmp_path, "aws", AWS, "p5e.48xlarge,H200,8,192,2048,,,15.5,us-east-2").rows()
    assert (row["on_demand_per_hour"], row["spot_per_hour"]) == ("", "15.5")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("p5.48xlarge,H100,8,192,2048,,0.0,0.00,us-east-1", "no price"),
        ("p5.48xlarge,H100,8,192,2048,,,,us-east-1", "no price"),
        ("p5.48xlarge,H100,8,192,2048,,10,12,us-east-1", "price below spot"),
        ("p9.48xlarge,Z900,8,192,2048,,10,,us-east-1", "no card is called `Z900`"),
        ("p9.48xlarge,H100,8,192,2048,,10,,us-east-1", "`H100` is ambiguous"),
        ("g9.large,A10,0.1667,6,55,,10,,us-east-1", "a fraction of a card"),
        (",L4,1,6,55,,10,,us-east-1", "no instance"),
        ("g9.large,L4,1,6,55,,10,,Oslo, Norway", "a comma without quotes"),
    ],
)
def test_a_doubtful_row_is_refused_with_file_line_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    found = imported(tmp_path, "aws", AWS, "g6.xlarge,L4,1,4,16,,0.8,,us-east-1", line)
    (refused,) = found.refused
    assert (refused.file, refused.line) == ("aws/vms.csv", 3)
    assert refused.reason.startswith(reason)
    assert refused.text == line
    assert len(found.rows()) == 1


def test_an_ambiguous_name_lists_the_choices(tmp_path: Path) -> None:
    (refused,) = imported(tmp_path, "newcloud", AWS, "big,A100-80GB,8,1,1,,10,,eu").refused
    assert refused.reason == "`A100-80GB` is ambiguous: A100-PCIe-80GB or A100-SXM4-80GB"


def test_the_memory_of_a_card_tells_40_from_80_gb(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        "vast",
        AWS,
        f"1x-A100_SXM4-32-65536,A100,1,32,64,{vast_info('A100', 1, 81920)},0.93,0.0,a",
        f"1x-A100_SXM4-32-65536,A100,1,32,64,{vast_info('A100', 1, 40960)},0.93,0.0,b",
        f"2x-A100_SXM4-32-65536,A100,2,32,64,{vast_info('A100', 2, 81920)},1.87,0.0,c",
        f"4x-RTX_4070S_Ti-32-65536,RTX4070,4,32,64,{vast_info('RTX4070', 4, 65504)},0.77,0.0,d",
    )
    assert {row["region"]: row["card"] for row in found.rows()} == {
        "a": "A100-SXM4-80GB",
        "b": "A100-SXM4-40GB",
        "c": "A100-SXM4-40GB",
    }
    assert [refused.line for refused in found.refused] == [5]


def test_an_instance_whose_memory_contradicts_its_name_is_refused(tmp_path: Path) -> None:
    info = vast_info("A100", 8, 81920)
    (refused,) = imported(tmp_path, "aws", AWS, f"p4d.24xlarge,A100,8,96,1152,{info},20,8,us-east-1").refused
    assert "80 GiB a card does not" in refused.reason


def test_of_equal_offers_in_two_zones_the_cheapest_stays(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        "aws",
        AWS,
        "p4d.24xlarge,A100,8,96,1152,,21.9,9.0,us-east-1",
        "p4d.24xlarge,A100,8,96,1152,,21.9,8.0,us-east-1",
    )
    assert [row["spot_per_hour"] for row in found.rows()] == ["8"]
    assert [(row.line, row.reason) for row in found.refused] == [
        (2, "same offer in another zone: line 3 is kept")
    ]


def test_google_prices_are_accelerator_plus_host_in_the_same_zone(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        "gcp",
        GCP,
        "a2-highgpu-8g,96,680,,,,us-central1,us-central1-a,5.9,2.9",
        ",,,A100,8.0,,us-central1,us-central1-a,23.5,11.5",
        ",,,A100,8.0,,us-east1,us-east1-b,23.5,11.5",
        ",,,T4,1.0,,us-central1,us-central1-a,0.35,0.15",
        ",,,tpu-v6e-8,1,,us-central1,us-central1-a,700.0,700.0",
    )
    (row,) = found.rows()
    assert (row["instance"], row["card"]) == ("a2-highgpu-8g", "A100-SXM4-40GB")
    assert float(row["on_demand_per_hour"]) == pytest.approx(29.4)
    assert float(row["spot_per_hour"]) == pytest.approx(14.4)
    assert {refused.line: refused.reason.split(":")[0] for refused in found.refused} == {
        4: "accelerator only",
        5: "accelerator only",
        6: "a TPU slice",
    }
    assert found.aside[NO_ACCELERATOR] == 1


def test_a_committed_price_of_google_is_not_taken_for_on_demand(tmp_path: Path) -> None:
    hosts = [f"a3-highgpu-8g,208,1872,,,,{zone},{zone}-a,9.5,3.9" for zone in ("one", "two")]
    dear = ",,,H100,8.0,,one,one-a,90.7,30.4"
    committed = ",,,H100,8.0,,two,two-a,33.6,32.0"
    found = imported(tmp_path, "gcp", GCP, *hosts, dear, committed)
    assert {row["region"]: row["on_demand_per_hour"] for row in found.rows()} == {"one": "100.2", "two": ""}
    assert {row["region"]: row["spot_per_hour"] for row in found.rows()} == {"one": "34.3", "two": "35.9"}
    assert [refused.line for refused in found.refused] == [5]


def test_rows_without_accelerator_are_only_counted(tmp_path: Path) -> None:
    found = imported(tmp_path, "aws", AWS, "m5.large,,,2,8,,0.1,0.05,us-east-1")
    assert (found.read, found.aside[NO_ACCELERATOR], found.rows(), found.refused) == (1, 1, [], [])


def test_what_is_written_loads_as_a_catalog(tmp_path: Path) -> None:
    found = imported(tmp_path, "seeweb", AWS, "ECS1GPU6,L4,1,4,32,,0.38,,it-fr2", "x,Z9,1,1,1,,1,,eu")
    directory = write(found, tmp_path / "out")
    head = (directory / "offers.csv").read_text().splitlines()[0]
    assert head.startswith("provider,region,instance,card,gpus,on_demand_per_hour,spot_per_hour,vcpus,")
    assert "seeweb/vms.csv:3  no card is called `Z9`" in (directory / "refused.txt").read_text()
    offers = Catalog.load([directory]).offers
    (i,) = offers.by_name("seeweb/ECS1GPU6/it-fr2/on_demand")
    assert offers.currencies[offers.currency[i]] == "EUR"


def test_a_directory_that_is_none_of_skypilot_is_told(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadInput) as caught:
            import_skypilot(directory)
        assert caught.value.faults[0].code == "not-skypilot"
    with pytest.raises(BadInput) as caught:
        imported(tmp_path, "aws", "InstanceType,Price", "a,1")
    assert "`AcceleratorName`" in caught.value.faults[0].message


@pytest.mark.skipif(not SHARED.is_dir(), reason="the SkyPilot catalog is not beside the checkout")
def test_a_whole_catalog_is_accounted_for_row_by_row(tmp_path: Path) -> None:
    found = import_skypilot(SHARED)
    lines = sum(len(path.read_text().splitlines()) - 1 for path in SHARED.glob("*/vms.csv"))
    assert found.read == lines == 61_304
    assert found.aside[NO_ACCELERATOR] == 58_207
    assert len(found.rows()) == 945
    assert sum(found.reasons().values()) == len(found.refused) == 2_451
    assert Counter(row["provider"] for row in found.rows()).keys() == {"azure", "gcp", "lambda", "vast"}
    offers = Catalog.load([write(found, tmp_path)]).offers
    assert offers.price.min() > 0.01
    spot = [i for i in offers.by_name("vast") if offers.name(i).endswith("/spot")]
    assert spot == []
    assert np.isfinite(offers.price).all()


def test_the_directory_above_the_catalog_names_the_one_to_give(tmp_path: Path) -> None:
    inside = tmp_path / "v8" / "aws"
    inside.mkdir(parents=True)
    (inside / "vms.csv").write_text("InstanceType\n")
    with pytest.raises(BadInput) as caught:
        import_skypilot(tmp_path)
    assert caught.value.faults[0].hint == f"give the directory {tmp_path / 'v8'}"
