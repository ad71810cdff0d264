"""`optplan compare --ways` and `optplan explain --way` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optplan.cli import run

NEED = """
name: chat
task: serve
model: Llama-3.1-8B
traffic: {requests_per_second: 2, prompt_tokens: 1000, answer_tokens: 100}
duration: 3 years
limits: {gpus: [H100, L40S, A100]}
"""
Capture = pytest.CaptureFixture[str]


@pytest.fixture
def need(tmp_path: Path) -> str:
    path = tmp_path / "chat.yaml"
    path.write_text(NEED)
    return str(path)


def test_every_way_has_a_line_and_every_break_even_a_sentence(
    need: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    assert run(["compare", need, "--ways", "rent,reserved,spot,buy,api", "--over", "months=12,36"]) == 0
    shown = capsys.readouterr().out
    for word in ("today's money", "undiscounted", "purchase", "reservation", "hosting", "api_input"):
        assert word in shown
    for start in ("- utilisation: buy", "- volume: rent", "- price: "):
        assert start in shown
    assert "net present value at 8 % a year, which the verdict follows" in shown


def test_a_narrow_terminal_is_not_overrun(
    need: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(["compare", need, "--ways", "all"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_json_has_the_numbers_of_the_table(need: str, capsys: Capture) -> None:
    assert run(["compare", need, "--ways", "rent,buy", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best"] in ("rent", "buy")
    buy = found["ways"][1]
    assert buy["total"] == pytest.approx(sum(flow["amount"] for flow in buy["flows"]))
    assert run(["compare", need, "--ways", "rent,buy"]) == 0
    assert f"{buy['npv']:,.2f}" in capsys.readouterr().out


def test_an_unknown_way_ends_with_a_message_and_code_2(need: str, capsys: Capture) -> None:
    assert run(["compare", need, "--ways", "lease"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "unknown-way" in shown.err


def test_no_way_at_all_ends_with_code_1(need: str, capsys: Capture, tmp_path: Path) -> None:
    path = tmp_path / "job.yaml"
    path.write_text("task: finetune\nmodel: 9B\ndata: 1e6 tokens\n")
    assert run(["compare", str(path), "--ways", "api"]) == 1
    shown = capsys.readouterr().out
    assert "No way has a plan" in shown
    assert "no API of the catalog trains a model" in shown


def test_explain_shows_the_plan_of_one_way(need: str, capsys: Capture) -> None:
    assert run(["explain", need, "--way", "buy", "--term", "capital", "--depth", "0"]) == 0
    shown = capsys.readouterr().out
    for word in ("capital", "even_discount", "discount_rate", "purchase", "Damodaran"):
        assert word in shown
    assert run(["explain", need, "--way", "api", "--term", "api_output"]) == 0
    assert "api_output_price" in capsys.readouterr().out


def test_a_sentence_can_be_had_in_several_ways(capsys: Capture) -> None:
    assert run(["compare", "serve llama-3.1-8b at 2 req/s for 1 year", "--ways", "rent,api"]) == 0
    assert "Llama-3.1-8B at" in capsys.readouterr().out


def test_the_catalog_shows_its_apis_with_their_prices(capsys: Capture) -> None:
    assert run(["catalog", "show", "apis", "--provider", "groq", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["provider"] for row in rows} == {"groq"}
    assert all(row["input"] > 0 and row["output"] > 0 for row in rows)
    assert all(row["cached"] is None or 0 < row["cached"] <= row["input"] for row in rows)


def test_every_shipped_api_names_a_model_of_the_catalog_or_none() -> None:
    from optplan.catalog import Catalog

    catalog = Catalog.load()
    assert len(catalog.apis) >= 90
    assert {api.model for api in catalog.apis} - {""} <= set(catalog.models)
    assert all(api.source and api.date.year >= 2026 for api in catalog.apis)
