"""Portfolios that cannot be read: each fault with its place, a reason and a cure; nothing is solved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optplan.catalog import Catalog
from optplan.cli.app import run
from optplan.errors import BadInput
from optplan.portfolio.settle import demand_of
from optplan.portfolio_need import Portfolio
from optplan.problem import PortfolioSource, Source, read, read_all
from optplan.problem import read_all_text as read_text

HEAD = "task: portfolio\nmonths: 3\n"
NEED = "needs:\n  - name: chat\n    task: serve\n    model: Llama-3.1-8B\n"

# text, code, line:column, a word of the reason or the cure
READING = {
    "a demand of the wrong length": (HEAD + NEED + "    demand: [1, 2]\n", "wrong-length", "7:5", "3 months"),
    "a negative demand": (HEAD + NEED + "    demand: [1, -2, 3]\n", "out-of-range", "7:17", "at least 0"),
    "no demand at all": (HEAD + NEED + "    demand: [0, 0, 0]\n", "no-demand", "7:5", "above 0"),
    "a growth without period": (HEAD + NEED + "    demand: 5%\n", "bad-value", "7:13", "per month"),
    "an unknown field of a need": (
        HEAD + NEED + "    demands: [1, 2, 3]\n",
        "unknown-key",
        "7:5",
        "`demand`",
    ),
    "an unknown limit": (HEAD + "limits: {buget: 5 USD}\n" + NEED, "unknown-key", "3:10", "`budget`"),
    "unlike currencies": (
        HEAD + "limits: {budget: 5 USD, monthly_budget: 5 CNY}\n" + NEED,
        "unlike-currencies",
        "3:41",
        "do not add",
    ),
    "a need of another currency": (
        HEAD + "currency: USD\n" + NEED + "    currency: CNY\n",
        "unlike-currencies",
        "8:15",
        "all needs are counted in USD",
    ),
    "a month beyond the plan": (
        HEAD + NEED + "    demand: {start: 5}\n",
        "beyond-the-plan",
        "7:14",
        "1 to 3",
    ),
    "an end before the start": (
        HEAD + NEED + "    demand: {start: 3, end: 2}\n",
        "bad-value",
        "7:5",
        "before",
    ),
    "too many months": ("task: portfolio\nmonths: 500\n" + NEED, "out-of-range", "2:9", "120"),
    "power without unit": (HEAD + "limits: {power: 40}\n" + NEED, "bad-value", "3:17", "40 kW"),
    "no needs": (HEAD, "missing-key", "1:1", "needs"),
    "half a run": (
        HEAD + "needs:\n  - task: finetune\n    model: 9B\n    demand: [1, 0.5, 1]\n",
        "not-whole",
        "6:5",
        "whole number",
    ),
    "a way that is none": (HEAD + NEED + "    purchase: [rent]\n", "bad-choice", "7:16", "on_demand"),
    "a duration": (HEAD + NEED + "    duration: 20h\n", "other-task", "7:5", "leave it out"),
    "a budget of one need": (
        HEAD + NEED + "    limits: {budget: 5 USD}\n",
        "shared-limit",
        "7:14",
        "portfolio",
    ),
    "two needs of one name": (HEAD + NEED + NEED.partition("\n")[2], "said-twice", "7:5", "its own"),
}
# faults that only the catalog can tell
NAMES = {
    "a model": (HEAD + NEED.replace("3.1-8B", "9.9-8B"), "unknown-model", "6:12"),
    "a card": (HEAD + NEED + "    limits: {gpus: [H1000]}\n", "unknown-gpu", "7:21"),
    "a provider": (HEAD + NEED + "    limits: {providers: [awz]}\n", "unknown-provider", "7:25"),
    "a quota": (HEAD + "limits: {quota: {H1000: 4}}\n" + NEED, "unknown-quota", "3:25"),
    "an assumption": (HEAD + "assume: {electricty_price: 3}\n" + NEED, "unknown-quantity", "3:1"),
    "a rule pack": (HEAD + "rules: enginering\n" + NEED, "unknown-pack", "3:8"),
    "a rate": (HEAD + "currency: XYZ\n" + NEED, "missing-rate", "3:11"),
}


@pytest.mark.parametrize("name", READING)
def test_a_fault_is_told_with_place_reason_and_cure(name: str) -> None:
    text, code, place, word = READING[name]
    with pytest.raises(BadInput) as caught:
        read_text(text, "p.yaml")
    [fault] = caught.value.faults
    assert (fault.code, fault.place) == (code, f"p.yaml:{place}")
    assert fault.hint
    assert word in fault.message + fault.hint


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_means_nothing_is_told_at_its_place(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, code, place = NAMES[name]
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    assert run(["solve", str(path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert f"{path}:{place}  {code}" in told.err
    assert told.err.count("hint:") == 1


def test_all_faults_are_told_at_once_in_the_order_of_the_text() -> None:
    text = HEAD + "limits: {buget: 5 USD}\n" + NEED + "    demand: [1, 2]\n  - task: serve\n    modle: 9B\n"
    with pytest.raises(BadInput) as caught:
        read_text(text, "p.yaml")
    lines = [int(fault.place.split(":")[1]) for fault in caught.value.faults]
    assert lines == sorted(lines)
    assert {3, 8} < set(lines)


def test_reading_needs_refuses_a_portfolio_and_says_what_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text(HEAD + NEED, encoding="utf-8")
    with pytest.raises(BadInput, match="optplan solve"):
        read(path)


def test_needs_without_a_task_of_their_own_are_a_portfolio_and_mixed_files_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = HEAD + NEED + "---\ntask: serve\nmodel: 9B\n"
    found = read_text(text.replace("task: portfolio\n", "", 1), "p.yaml")
    assert [type(source) for source in found] == [PortfolioSource, Source]
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    assert run(["solve", str(path)]) == 2
    assert "mixed-file" in capsys.readouterr().err


def demand(text: str, months: int = 4) -> list[float]:
    [source] = read_text(f"task: portfolio\nmonths: {months}\n{NEED}{text}", "p.yaml")
    assert isinstance(source, PortfolioSource)
    entry = source.portfolio.needs[0]
    own = {"requests_per_second": np.array([[1.0], [3.0]])}
    return [float(x) for x in demand_of(entry, own, months).sum(axis=1)]


def test_demand_by_month_is_a_list_or_growth_from_a_start_to_an_end() -> None:
    assert demand("    demand: [1, 2, 3, 0]\n") == [1, 2, 3, 0]
    assert demand("    demand: 100% per month\n") == [4, 8, 16, 32]
    assert demand("    demand: {growth: 100% per month, start: 2, end: 3}\n") == [0, 4, 8, 0]
    assert demand("") == [4, 4, 4, 4]
    assert demand("    demand: 300% per year\n") == pytest.approx([4 * 4 ** (t / 12) for t in range(4)])
    assert demand("    demand: {by_month: [5, 6], start: 3}\n") == [0, 0, 5, 6]


def test_the_classes_of_a_service_keep_their_shares() -> None:
    [source] = read_text(HEAD + NEED + "    demand: [2, 4, 8]\n", "p.yaml")
    assert isinstance(source, PortfolioSource)
    own = {"requests_per_second": np.array([[1.0], [3.0]])}
    found = demand_of(source.portfolio.needs[0], own, 3)
    assert found.tolist() == [[0.5, 1.5], [1.0, 3.0], [2.0, 6.0]]


def test_a_problem_in_json_is_a_portfolio_as_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "p.json"
    path.write_text(
        '{"task": "portfolio", "months": 1, "needs": [{"task": "serve", "model": "Llama-3.1-8B",'
        ' "purchase": "on_demand", "limits": {"gpus": ["L40S"]}}]}',
        encoding="utf-8",
    )
    assert run(["solve", str(path)]) == 0
    assert "Cheapest plan for 1 need over 1 month" in capsys.readouterr().out


def test_python_may_build_a_portfolio_without_yaml() -> None:
    found = Portfolio.model_validate(
        {"task": "portfolio", "months": 2, "needs": [{"task": "serve", "model": "9B", "demand": [1, 2]}]}
    )
    assert found.needs[0].demand.by_month == [1, 2]
    assert Catalog.load().gpus("L40S")


def test_a_file_that_is_missing_is_told_like_any_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["solve", "nowhere.yaml"]) == 2
    assert "missing-file" in capsys.readouterr().err
    with pytest.raises(BadInput):
        read_all(Path("nowhere.yaml"))
