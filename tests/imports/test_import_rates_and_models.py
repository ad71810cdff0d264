"""Exchange rates of the ECB, and config.json files of models."""

from __future__ import annotations

import datetime
import json
import zipfile
from pathlib import Path

import pytest

from optplan.catalog import Catalog
from optplan.errors import BadInput
from optplan.imports import write
from optplan.imports.ecb import OLDER, import_ecb
from optplan.imports.huggingface import import_huggingface

HISTORY = "Date,USD,JPY,CYP,CNY,\n2026-10-29,1.1,170,N/A,7.0,\n2026-10-30,1.2,180,N/A,7.2,\n"
DAILY = "Date, USD, JPY, CNY, \n30 October 2026, 1.2, 180, 7.2, \n"
LLAMA = {
    "model_type": "llama", "num_hidden_layers": 2, "hidden_size": 64, "num_attention_heads": 4,
    "num_key_value_heads": 2, "intermediate_size": 128, "vocab_size": 100, "max_position_embeddings": 512,
}  # fmt: skip


def test_rates_of_the_newest_day_are_turned_from_euros_to_dollars(tmp_path: Path) -> None:
    path = tmp_path / "hist.csv"
    path.write_text(HISTORY)
    found = import_ecb([path])
    rates = {row["quote"]: float(row["rate"]) for row in found.rows("fx")}
    assert rates == pytest.approx({"EUR": 1 / 1.2, "JPY": 150.0, "CNY": 6.0})
    assert {row["date"] for row in found.rows("fx")} == {"2026-10-30"}
    assert [(row.line, row.reason) for row in found.refused] == [(3, "no rate on 2026-10-30: CYP")]
    assert (found.read, found.aside[OLDER]) == (2, 1)
    catalog = Catalog.load([write(found, tmp_path / "out")])
    assert catalog.convert(6.0, "CNY", "USD") == pytest.approx(1.0)
    assert catalog.rate_date == datetime.date(2026, 10, 30)


def test_the_daily_file_is_read_out_of_its_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "eurofxref.zip", "w") as archive:
        archive.writestr("eurofxref.csv", DAILY)
    rows = import_ecb([tmp_path / "eurofxref.zip"]).rows("fx")
    assert {row["quote"] for row in rows} == {"EUR", "JPY", "CNY"}


@pytest.mark.parametrize(
    "text", ["a,b\n", "Date,JPY\n2026-10-30,1\n", "Date,USD\n", "Date,USD\n2026-10-30,N/A\n"]
)
def test_a_file_without_rates_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    with pytest.raises(BadInput):
        import_ecb([path])


def test_a_broken_day_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Date,USD\n2026-13-45,1.1\n2026-10-30,1.1\n")
    assert [(row.line, row.reason) for row in import_ecb([path]).refused] == [(2, "no day: `2026-13-45`")]


def test_a_model_is_named_counted_and_found_in_the_catalog(tmp_path: Path) -> None:
    folder = tmp_path / "org--Odd-Llama"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA))
    found = import_huggingface([folder])
    (row,) = found.rows("models")
    assert (row["name"], row["layers"], row["kv_heads"]) == ("Odd-Llama", "2", "2")
    # embeddings and head 2 x 100 x 64; a layer: q, o 64^2, k, v 64 x 32, 3 x 64 x 128, norms 2 x 64; the last norm
    expected = 2 * 6400 + 2 * (2 * 4096 + 2 * 2048 + 3 * 8192 + 128) + 64
    assert int(row["params_total"]) == expected
    model = Catalog.load([write(found, tmp_path / "out")]).model("Odd-Llama")
    assert model.params_total == expected


def test_an_imported_model_means_itself_where_an_alias_has_its_name(tmp_path: Path) -> None:
    (tmp_path / "Tiny-Llama.json").write_text(json.dumps(LLAMA))
    catalog = Catalog.load([write(import_huggingface([tmp_path / "Tiny-Llama.json"]), tmp_path / "out")])
    assert Catalog.load().model("Tiny-Llama").name != "Tiny-Llama"
    assert catalog.model("Tiny-Llama").layers == 2


def test_files_that_are_no_known_model_are_refused_and_the_others_taken(tmp_path: Path) -> None:
    for name, text in (
        ("a", json.dumps(LLAMA)),
        ("b", "{}"),
        ("c", "nonsense"),
        ("d", json.dumps({"model_type": "new"})),
    ):
        (tmp_path / f"{name}.json").write_text(text)
    found = import_huggingface([tmp_path / f"{name}.json" for name in "abcd"] + [tmp_path / "a.json"])
    assert [row["name"] for row in found.rows("models")] == ["a"]
    kinds = [row.reason.split(":")[0] for row in found.refused]
    assert sorted(kinds) == [
        "not-json",
        "same name as another file",
        "unknown-model-type",
        "unknown-model-type",
    ]
