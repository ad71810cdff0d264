"""gpuhunt's catalog files: what is taken, what is refused, and that nothing vanishes."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.imports import Imported, write
from optplan.imports.gpuhunt import NO_ACCELERATOR, import_gpuhunt

HEAD = "instance_name,location,price,cpu,memory,gpu_count,gpu_name,gpu_memory,spot,disk_size,gpu_vendor,flags"


def imported(tmp_path: Path, *lines: str, name: str = "aws.csv") -> Imported:
    path = tmp_path / name
    path.write_text("\n".join((HEAD, *lines, "")), encoding="utf-8")
    return import_gpuhunt([path])


def test_spot_and_on_demand_rows_become_one_offer_of_the_exact_card(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        "p5.48xlarge,us-east-1,55.04,192,2048.0,8,H100,80.0,False,,nvidia,",
        "p5.48xlarge,us-east-1,16.95,192,2048.0,8,H100,80.0,True,,nvidia,",
    )
    (row,) = found.rows()
    assert (row["provider"], row["card"], row["gpus"]) == ("aws", "H100-SXM5-80GB", "8")
    assert (row["on_demand_per_hour"], row["spot_per_hour"]) == ("55.04", "16.95")
    assert (found.read, found.refused) == (2, [])


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("x,eu,0.0,4,16,1,L4,24.0,False,,nvidia,", "no price"),
        ("x,eu,,4,16,1,L4,24.0,False,,nvidia,", "no price"),
        ("x,eu,1,4,16,0.5,L4,24.0,False,,nvidia,", "a fraction of a card"),
        ("x,eu,1,4,16,1,Z900,24.0,False,,nvidia,", "no card is called `Z900`"),
        ("x,eu,1,4,16,1,H100,80.0,False,,nvidia,", "`H100` is ambiguous"),
        ("x,eu,1,4,16,1,L4,48.0,False,,nvidia,", "`L4` with 48 GiB"),
        ("x,eu,1,4,16,1,L4,24.0,maybe,,nvidia,", "neither spot nor on demand"),
        ("x,eu,1,4,16,1,L4", "a broken row"),
        (",eu,1,4,16,1,L4,24.0,False,,nvidia,", "no instance"),
    ],
)
def test_a_doubtful_row_is_refused_with_file_line_and_reason(tmp_path: Path, line: str, reason: str) -> None:
    found = imported(tmp_path, "g6.xlarge,us-east-1,0.8,4,16,1,L4,24.0,False,,nvidia,", line)
    (refused,) = found.refused
    assert (refused.file, refused.line, refused.text) == ("aws.csv", 3, line)
    assert refused.reason.startswith(reason)
    assert len(found.rows()) == 1


def test_the_cheapest_of_several_prices_stays_and_a_spot_price_above_is_refused(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        "g6.xlarge,us-east-1,0.9,4,16,1,L4,24.0,False,,nvidia,",
        "g6.xlarge,us-east-1,0.8,4,16,1,L4,24.0,False,,nvidia,",
        "g6.xlarge,us-east-1,0.85,4,16,1,L4,24.0,True,,nvidia,",
    )
    (row,) = found.rows()
    assert (row["on_demand_per_hour"], row["spot_per_hour"]) == ("0.8", "")
    assert [(row.line, row.reason.split(":")[0]) for row in found.refused] == [
        (2, "same offer at another price"),
        (4, "spot not below on demand"),
    ]


def test_rows_without_accelerator_are_counted_and_memory_tells_40_from_80_gb(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        "m5.large,us-east-1,0.1,2,8,0,,,False,,,",
        "a100.1,us,1.1,2,8,1,A100,40.0,False,,nvidia,",
        "v100.1,us,1.1,2,8,1,V100,32.0,False,,nvidia,",
        name="newcloud.csv",
    )
    assert found.aside[NO_ACCELERATOR] == 1
    assert [row["card"] for row in found.rows()] == ["V100-SXM2-32GB"]
    assert found.refused[0].reason == "`A100` is ambiguous: A100-PCIe-40GB or A100-SXM4-40GB"


def test_a_zip_holds_a_provider_a_file_and_loads_as_a_catalog(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "catalog.zip", "w") as archive:
        for name in ("lambdalabs", "aws"):
            row = "gpu_8x_h100_sxm5,us-east-1,23.92,208,1800,8,H100,80.0,False,,nvidia,"
            archive.writestr(f"{name}.csv", f"{HEAD}\n{row}\n")
    found = import_gpuhunt([tmp_path / "catalog.zip"])
    assert [row["provider"] for row in found.rows()] == ["lambda"]
    assert found.refused[0].file == "aws.csv"
    offers = Catalog.load([write(found, tmp_path / "out")]).offers
    (i,) = offers.by_name("lambda/gpu_8x_h100_sxm5/us-east-1/on_demand")
    assert offers.price[i] == 23.92


def test_another_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(BadInput) as caught:
        import_gpuhunt([path])
    assert "`instance_name`" in caught.value.faults[0].message


def test_a_machine_that_has_the_drivers_name_of_its_card_is_that_card(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        "NVIDIA H100 80GB HBM3,CA,2.99,26,250,1,H100,80.0,False,,nvidia,",
        "NVIDIA H200,CA,3.99,26,250,1,H200,141.0,False,,nvidia,",
        "NVIDIA A100 80GB PCIe,CA,1.64,26,250,1,A100,40.0,False,,nvidia,",
    )
    assert [row["card"] for row in found.rows()] == ["H100-SXM5-80GB", "H200-SXM-141GB"]
    assert found.refused[0].reason.startswith("`A100` is ambiguous")
