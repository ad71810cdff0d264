"""Melange problems: a need with a measured capacity table, solved to the published costs."""

from __future__ import annotations

import itertools
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest

from optplan import problem
from optplan.errors import BadInput
from optplan.imports.melange import melange_need, melange_text
from optplan.planner import solve
from optplan.planner.main import load_catalog

FOLDER = Path(__file__).parents[3] / "shared" / "peers" / "melange"
EXAMPLE = {
    "gpu_info": {
        "A10G": {"cost": 1.01, "tputs": [[2, 1], [5, 2]]},
        "A100-80GB": {"cost": 3.67, "tputs": [[20, 20], [40, 20]]},
    },
    "workload_distribution": [[0.2, 0.1], [0.5, 0.2]],
    "total_request_rate": 30.0,
    "slice_factor": 1,
}


def written(tmp_path: Path, **change: Any) -> Path:
    path = tmp_path / "problem.json"
    path.write_text(json.dumps(EXAMPLE | change))
    return path


def cost(path: Path, slices: bool = False) -> float:
    return solve(melange_need(path, slices), load_catalog()).total_cost


def test_the_example_costs_what_melange_says(tmp_path: Path) -> None:
    path = written(tmp_path)
    plan = solve(melange_need(path), load_catalog())
    assert plan.total_cost == pytest.approx(4.68)
    assert {card.gpu: card.count for card in plan.cards} == {"A10G": 1, "A100-80GB": 1}
    assert cost(path, slices=True) == pytest.approx(6.70)
    assert plan.status == "optimal"


def test_the_printed_need_reads_back_and_says_what_is_assumed(tmp_path: Path) -> None:
    text = melange_text(written(tmp_path), slices=True)
    (source,) = problem.read_text(text, "x.yaml")
    assert source.need == melange_need(tmp_path / "problem.json", slices=True)
    assert text.startswith("# The problem names no model")
    plan = solve(source.need, load_catalog())
    assert not [line for line in plan.assumed if line.startswith(("prompt_tokens", "engine", "precision"))]
    assert "memory_per_card" not in plan.lines[0].values


def test_a_card_that_cannot_serve_a_bucket_is_never_given_it(tmp_path: Path) -> None:
    cards = {
        "small": {"cost": 1.0, "tputs": [[5, 0], [5, 0]]},
        "large": {"cost": 3.0, "tputs": [[5, 5], [5, 5]]},
    }
    path = written(tmp_path, gpu_info=cards, total_request_rate=10.0)
    # buckets 2, 1, 5, 2 requests/s: 3 need the large card, one of which carries 5; the other 5 take one small card
    assert cost(path) == pytest.approx(4.0)


def test_buckets_without_traffic_are_left_out(tmp_path: Path) -> None:
    need = melange_need(written(tmp_path, workload_distribution=[[0.5, 0.0], [0.5, 0.0]]))
    assert need.traffic is not None
    assert need.capacity is not None
    assert [len(need.traffic), *(len(row.requests_per_second) for row in need.capacity)] == [2, 2, 2]


@pytest.mark.parametrize(
    "change",
    [
        {"gpu_info": {}},
        {"gpu_info": {"A": {"cost": 0, "tputs": [[1, 1], [1, 1]]}}},
        {"gpu_info": {"A": {"cost": 1, "tputs": [[1]]}}},
        {"gpu_info": {"A": {"cost": 1, "tputs": [[1, -1], [1, 1]]}}},
        {"total_request_rate": "many"},
        {"workload_distribution": None},
    ],
)
def test_a_broken_problem_is_told(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        melange_need(written(tmp_path, **change))


def brute(info: dict[str, Any], rates: list[float], slices: int) -> float:
    """Every way to give slices to types; each type then needs as many cards as its load."""
    names = list(info)
    best = math.inf
    parts = [list(itertools.combinations_with_replacement(names, slices)) for _ in rates]
    for choice in itertools.product(*parts):
        total = 0.0
        for name in names:
            flat = [t for row in info[name]["tputs"] for t in row]
            load = 0.0
            for bucket, given in enumerate(choice):
                if given.count(name):
                    served = flat[bucket]
                    load += math.inf if not served else rates[bucket] * given.count(name) / slices / served
            total += math.inf if math.isinf(load) else info[name]["cost"] * math.ceil(load - 1e-9)
        best = min(best, total)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_whole_slices_cost_what_trying_them_all_finds_and_never_less_than_a_free_split(
    tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    info = {
        name: {
            "cost": dice.choice([0.7, 1.0, 2.5, 3.6]),
            "tputs": [[dice.choice([0, 1, 2, 5, 9]) for _ in range(3)]],
        }
        for name in ("one", "two", "three")
    }
    info["three"]["tputs"] = [[4, 4, 4]]
    slices = dice.choice([1, 2, 3])
    change = {"gpu_info": info, "workload_distribution": [[0.5, 0.3, 0.2]], "slice_factor": slices}
    path = written(tmp_path, **change, total_request_rate=dice.choice([3.0, 11.0]))
    rates = [share * json.loads(path.read_text())["total_request_rate"] for share in (0.5, 0.3, 0.2)]
    found = cost(path, slices=True)
    assert found == pytest.approx(brute(info, rates, slices))
    assert cost(path) <= found + 1e-9


@pytest.mark.skipif(not FOLDER.is_dir(), reason="no Melange problems beside the checkout")
@pytest.mark.parametrize(
    ("name", "free", "sliced"),
    [
        ("example", 4.68, 6.70),
        ("aic8b4_mixed_r8_sf8", 11.16, 11.16),
        ("aic8b4_mixed_r64_sf8", 83.07, 83.07),
        ("synth4_mixed_r8_sf8", 15.56, 15.56),
        ("synth4_mixed_r64_sf8", 122.87, 122.87),
    ],
)
def test_the_published_problems_cost_what_is_published(name: str, free: float, sliced: float) -> None:
    path = FOLDER / f"{name}.json"
    assert cost(path) == pytest.approx(free)
    assert cost(path, slices=True) == pytest.approx(sliced)
