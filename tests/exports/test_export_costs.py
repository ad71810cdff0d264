"""The cost of a plan as rows: they sum to the plan's total."""

from __future__ import annotations

import csv
import datetime
import io
import math
from pathlib import Path

import pytest

from optplan import problem
from optplan.cli.app import run
from optplan.exports import export
from optplan.exports.focus import COLUMNS, export_focus
from optplan.plan import Plan
from optplan.planner import solve
from optplan.planner.main import load_catalog

CHAT = "name: chat\ntask: serve\nmodel: Llama-3.1-8B\ntraffic: {requests_per_second: 30}\nduration: 100h\n"
NEEDS = {
    "rented": CHAT,
    "in yuan": CHAT + "currency: CNY\n",
    "bought": CHAT + "limits: {purchase: [buy], gpus: [H100]}\n",
    "spot": CHAT + "limits: {purchase: [spot]}\n",
    "job": "task: finetune\nmodel: 7B\ndata: 50M tokens\n",
}
FOCUS = Path(__file__).parents[3] / "shared" / "facts" / "formats" / "focus_columns.txt"


def planned(text: str) -> Plan:
    (source,) = problem.read_text(text, "x.yaml")
    return solve(source.need, load_catalog())


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("name", NEEDS)
def test_rows_of_both_kinds_sum_to_the_total(name: str) -> None:
    plan = planned(NEEDS[name])
    for to, column in (("csv", "amount"), ("focus", "EffectiveCost")):
        (document,) = export(plan, to)
        found = rows(document.text)
        assert math.fsum(float(row[column]) for row in found) == pytest.approx(plan.total_cost)
        assert {row["currency" if to == "csv" else "BillingCurrency"] for row in found} == {plan.currency}


def test_focus_rows_say_how_it_is_priced_and_for_how_long() -> None:
    plan = planned(NEEDS["spot"])
    (document,) = export_focus(plan, datetime.date(2026, 12, 1))
    rent = [row for row in rows(document.text) if row["SkuMeter"] == "rent"]
    for row, card in zip(rent, plan.cards, strict=True):
        assert (row["ChargeCategory"], row["PricingCategory"]) == ("Usage", "Dynamic")
        assert row["ChargePeriodStart"] == "2026-12-01T00:00:00Z"
        assert row["ChargePeriodEnd"] == "2026-12-05T04:00:00Z"
        assert float(row["PricingQuantity"]) == card.units * 100
        cost = float(row["PricingQuantity"]) * float(row["PricingCurrencyListUnitPrice"])
        assert cost == pytest.approx(float(row["BilledCost"]))
    bought = rows(export(planned(NEEDS["bought"]), "focus")[0].text)
    assert {row["ChargeCategory"] for row in bought if row["SkuMeter"] == "purchase"} == {"Purchase"}


@pytest.mark.skipif(not FOCUS.is_file(), reason="no list of FOCUS columns beside the checkout")
def test_the_columns_are_those_of_focus() -> None:
    assert list(COLUMNS) == FOCUS.read_text().split()


def test_the_command_writes_one_file_or_several_and_tells_what_each_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need = tmp_path / "need.yaml"
    need.write_text(NEEDS["rented"])
    assert run(["export", str(need), "--to", "csv"]) == 0
    assert capsys.readouterr().out.startswith("plan,what,")
    assert run(["export", str(need), "--to", "vllm", "-o", str(tmp_path / "go.sh")]) == 0
    assert "go" in capsys.readouterr().out
    written = sorted(path.name for path in tmp_path.glob("go*.sh"))
    kinds = len(planned(NEEDS["rented"]).cards)
    assert written == (["go.sh"] if kinds == 1 else [f"go-{i + 1}.sh" for i in range(kinds)])
    assert run(["export", str(need), "--to", "torchrun"]) == 2
    assert "not to train" in capsys.readouterr().err


def test_without_a_plan_the_exit_code_is_1_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    need = tmp_path / "need.yaml"
    need.write_text(CHAT + "limits: {max_cards: 1, gpus: [T4]}\n")
    assert run(["export", str(need), "--to", "csv", "-o", str(tmp_path / "x.csv")]) == 1
    assert "no plan" in capsys.readouterr().err
    assert not (tmp_path / "x.csv").exists()
