"""The importers on real files of other tools, where these lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import pytest

from optplan.catalog import Catalog
from optplan.imports import write
from optplan.imports.formats import import_files

FOLDER = Path(__file__).parents[3] / "shared" / "facts" / "formats"
here = pytest.mark.skipif(not FOLDER.is_dir(), reason="no samples of formats beside the checkout")


@here
@pytest.mark.parametrize(
    ("kind", "pattern", "table", "taken", "refused"),
    [
        ("gpuhunt", "gpuhunt_v2_aws.csv", "offers", 2, 0),
        ("litellm", "litellm_model_prices.json", "apis", 3, 0),
        ("huggingface", "hf_config_*.json", "models", 4, 0),
        ("kubernetes", "k8s_nodes.json", "owned", 1, 2),
        ("ecb", "ecb_eurofxref.csv", "fx", 29, 12),
    ],
)
def test_a_sample_is_accounted_for_and_loads(
    tmp_path: Path, kind: str, pattern: str, table: str, taken: int, refused: int
) -> None:
    found = import_files(kind, sorted(FOLDER.glob(pattern)))
    assert (len(found.rows(table)), len(found.refused)) == (taken, refused)
    Catalog.load([write(found, tmp_path)])


@here
def test_the_rows_of_the_samples_are_those_of_the_files(tmp_path: Path) -> None:
    offers = import_files("gpuhunt", [FOLDER / "gpuhunt_v2_aws.csv"]).rows()
    prices = {
        row["instance"]: (row["card"], row["on_demand_per_hour"], row["spot_per_hour"]) for row in offers
    }
    assert prices["p5.48xlarge"] == ("H100-SXM5-80GB", "55.04", "16.9508")
    (pool,) = import_files("kubernetes", [FOLDER / "k8s_nodes.json"]).rows("owned")
    assert (pool["card"], pool["gpus"], pool["nodes"]) == ("A100-SXM4-40GB", "8", "1")
