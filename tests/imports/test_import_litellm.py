"""LiteLLM's price list: offers of tokens, and every entry refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.imports import Imported, write
from optplan.imports.litellm import import_litellm

PRICE = {
    "litellm_provider": "acme",
    "mode": "chat",
    "input_cost_per_token": 3e-07,
    "output_cost_per_token": 6e-07,
}


def imported(tmp_path: Path, **entries: Any) -> Imported:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps({"sample_spec": {"mode": "one of .."}} | entries, indent=1), encoding="utf-8")
    return import_litellm([path])


def test_prices_become_dollars_a_million_tokens(tmp_path: Path) -> None:
    more = {
        "cache_read_input_token_cost": 1e-07,
        "input_cost_per_token_batches": 1.5e-07,
        "max_input_tokens": 8192,
    }
    found = imported(
        tmp_path, **{"acme/Llama-3.1-8B-Instruct": PRICE | more | {"deprecation_date": "2027-01-31"}}
    )
    (row,) = found.rows("apis")
    assert (row["provider"], row["name"], row["model"]) == ("acme", "Llama-3.1-8B-Instruct", "Llama-3.1-8B")
    assert (row["input_per_mtok"], row["cached_per_mtok"], row["output_per_mtok"]) == ("0.3", "0.1", "0.6")
    assert (row["batch_input_per_mtok"], row["batch_output_per_mtok"]) == ("0.15", "")
    assert (row["max_context"], row["ends"]) == ("8192", "2027-01-31")
    apis = Catalog.load([write(found, tmp_path / "out")]).apis
    assert [api.input_per_mtok for api in apis if api.offer == "acme/Llama-3.1-8B-Instruct"] == [0.3]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"mode": "embedding"}, "no text model: embedding"),
        ({"mode": None}, "no text model: no mode is stated"),
        ({"litellm_provider": ""}, "no provider"),
        ({"input_cost_per_token": None}, "no price a token"),
        ({"input_cost_per_token": 0.0, "output_cost_per_token": 0.0}, "no price: 0.0 and 0.0, a free tier"),
    ],
)
def test_an_entry_without_a_price_a_token_is_refused_with_its_line(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    found = imported(tmp_path, good=PRICE, bad=PRICE | change)
    (refused,) = found.refused
    assert refused.reason.startswith(reason)
    lines = (tmp_path / "prices.json").read_text().splitlines()
    assert lines[refused.line - 1].strip().startswith('"bad"')
    assert [row["name"] for row in found.rows("apis")] == ["good"]


def test_prompts_past_a_dearer_step_are_left_out_and_said_to_be(tmp_path: Path) -> None:
    found = imported(
        tmp_path, x=PRICE | {"max_input_tokens": 1_000_000, "input_cost_per_token_above_200k_tokens": 6e-07}
    )
    assert found.rows("apis")[0]["max_context"] == "200000"
    assert found.refused[0].reason.startswith("price of long prompts")


def test_a_discount_above_the_price_and_a_second_name_are_refused(tmp_path: Path) -> None:
    found = imported(
        tmp_path,
        x=PRICE | {"cache_read_input_token_cost": 9e-07, "deprecation_date": "soon"},
        **{"acme/x": PRICE},
    )
    assert sorted(row.reason.split(":")[0] for row in found.refused) == [
        "discount above the plain price",
        "end of sale",
        "same offer as another entry",
    ]
    assert found.read == 2
    assert len(found.rows("apis")) == 1


def test_another_file_is_told(tmp_path: Path) -> None:
    for text in ("{}", "[1]", "{", '{"a": {"b": 1}}'):
        path = tmp_path / "x.json"
        path.write_text(text)
        with pytest.raises(BadInput):
            import_litellm([path])


def test_an_entry_without_a_name_is_refused_and_what_is_written_loads(tmp_path: Path) -> None:
    found = imported(tmp_path, **{"good": PRICE, "": PRICE, f"{PRICE['litellm_provider']}/ ": PRICE})
    assert [row["name"] for row in found.rows("apis")] == ["good"]
    assert [row.reason.split(":")[0] for row in found.refused] == ["no name", "no name"]
    Catalog.load([write(found, tmp_path / "out")])
