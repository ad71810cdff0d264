"""The commands that look things up: catalog, models, rules, schemas."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from optplan.cli import run

Capture = pytest.CaptureFixture[str]


def test_rules_are_listed_shown_compared_and_checked(files: dict[str, str], capsys: Capture) -> None:
    assert run(["rules", "list", "--pack", "lesson"]) == 0
    assert "memory_per_card" in capsys.readouterr().out
    assert run(["rules", "list", "--json"]) == 0
    rules = json.loads(capsys.readouterr().out)
    assert all(rule["source"] and rule["unit"] and rule["label"] and rule["formula"] for rule in rules)
    for name in ("memory_per_card", "params", "tokens_per_byte"):
        assert run(["rules", "show", name]) == 0
        assert capsys.readouterr().out.startswith(name)
        assert run(["rules", "show", name, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)[0]["name"] == name
    assert run(["rules", "show", "memory_per_crad"]) == 2
    assert "memory_per_card" in capsys.readouterr().err
    assert run(["rules", "diff", "lesson", "engineering", files["tune"]]) == 0
    shown = capsys.readouterr().out
    assert "They part first at" in shown
    assert re.search(r"flop_per_token +\S+ FLOP/token +\S+ FLOP/token", shown)  # no unit is cut at 80 columns
    assert run(["rules", "diff", "lesson", "engineering", files["tune"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["first"]
    assert run(["rules", "check"]) == 0
    assert run(["rules", "check", "--pack", "nowhere.py"]) == 2


@pytest.mark.parametrize(
    "table", ["summary", "gpus", "offers", "models", "assumptions", "providers", "fx", "columns"]
)
def test_every_table_of_the_catalog_is_shown(table: str, capsys: Capture) -> None:
    assert run(["catalog", "show", table, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert run(["catalog", "show", table]) == 0
    out = capsys.readouterr().out
    assert len(out.splitlines()) > 3
    assert max(map(len, out.splitlines())) <= 80


def test_offers_are_filtered_and_sorted(capsys: Capture) -> None:
    words = [
        "catalog",
        "show",
        "offers",
        "--gpu",
        "H100",
        "--purchase",
        "on_demand",
        "--sort",
        "USD/card",
        "--json",
    ]
    assert run(words) == 0
    offers = json.loads(capsys.readouterr().out)
    assert offers
    assert {offer["how"] for offer in offers} == {"on demand"}
    assert all(offer["card"].startswith("H100") for offer in offers)
    prices = [offer["USD/card"] for offer in offers]
    assert prices == sorted(prices)


@pytest.mark.parametrize(
    "options",
    [
        ["--gpu", "H1000"],
        ["--provider", "awss"],
        ["--purchase", "spott"],
        ["--region", "mars"],
        ["--sort", "prize"],
    ],
)
def test_a_filter_that_names_nothing_is_bad_input(options: list[str], capsys: Capture) -> None:
    assert run(["catalog", "show", "offers", *options]) == 2
    assert capsys.readouterr().err


def test_catalog_check_tells_every_fault_of_a_directory(tmp_path: Path, capsys: Capture) -> None:
    assert run(["catalog", "check"]) == 0
    assert "no faults" in capsys.readouterr().out
    head = "provider,region,instance,card,gpus,on_demand_per_hour,currency,date,source"
    (tmp_path / "offers.csv").write_text(f"{head}\nme,here,box,H100-SXM5-80GB,1,0,USD,2026-01-01,a list\n")
    assert run(["catalog", "check", str(tmp_path)]) == 2
    assert "offers.csv:2" in capsys.readouterr().err


def test_catalog_directory_changes_the_answer(tmp_path: Path, files: dict[str, str], capsys: Capture) -> None:
    head = "provider,region,instance,card,gpus,on_demand_per_hour,currency,date,source"
    (tmp_path / "offers.csv").write_text(f"{head}\nme,here,box,H100-SXM5-80GB,8,0.08,USD,2026-01-01,a list\n")
    assert run(["solve", files["tune"], "--catalog", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cards"][0]["provider"] == "me"


def test_catalog_import_writes_a_directory_that_catalog_takes(tmp_path: Path, capsys: Capture) -> None:
    source = tmp_path / "v8" / "lambda"
    source.mkdir(parents=True)
    head = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,Region,GpuInfo,SpotPrice"
    rows = [
        "gpu_8x_h100_sxm5,H100-SXM,8,208,1800,23.92,us-east-1,,",
        "gpu_1x_free,H100-SXM,1,26,225,0.00,us-east-1,,",
    ]
    (source / "vms.csv").write_text("\n".join([head, *rows]) + "\n")
    out = tmp_path / "out"
    assert run(["catalog", "import", "skypilot", str(tmp_path / "v8"), "-o", str(out)]) == 0
    assert "refused" in capsys.readouterr().out
    assert run(["catalog", "check", str(out)]) == 0
    assert run(["catalog", "import", "skypilot", str(tmp_path), "-o", str(out)]) == 2


def test_models_are_listed_and_shown(capsys: Capture) -> None:
    assert run(["models", "show"]) == 0
    assert "GLM-4-9B" in capsys.readouterr().out
    assert run(["models", "show", "GLM-4-9B", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["layers"] == 40
    assert run(["models", "show", "9B"]) == 0
    assert "assumed" in capsys.readouterr().out
    assert run(["models", "show", "GLM-4-9C"]) == 2


def test_schemas_are_json(capsys: Capture) -> None:
    for which in ("need", "plan"):
        assert run(["schema", which]) == 0
        assert json.loads(capsys.readouterr().out)["$schema"].startswith("https://json-schema.org")
