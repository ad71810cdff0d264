"""Nodes of a cluster: free cards become owned offers, every other node is accounted for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optplan.catalog import PURCHASE, Catalog
from optplan.errors import BadInput
from optplan.imports import Imported, write
from optplan.imports.kubernetes import NO_CARDS, import_kubernetes

A100 = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB", "nvidia.com/gpu.memory": "81920"}


def node(name: str, labels: dict[str, str], cards: int = 8, **more: Any) -> dict[str, Any]:
    status = {
        "capacity": {"nvidia.com/gpu": str(cards), "cpu": "96"},
        "allocatable": {"nvidia.com/gpu": str(more.get("free", cards))},
        "conditions": [{"type": "Ready", "status": more.get("ready", "True"), "reason": "KubeletDown"}],
    }
    return {
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": more.get("spec", {}),
        "status": status,
    }


def pod(on: str, cards: int, phase: str = "Running") -> dict[str, Any]:
    requests = {"limits": {"nvidia.com/gpu": str(cards)}}
    spec = {"nodeName": on, "containers": [{"resources": requests}, {"resources": {}}]}
    return {"kind": "Pod", "metadata": {"name": "p"}, "spec": spec, "status": {"phase": phase}}


def imported(tmp_path: Path, *items: dict[str, Any]) -> Imported:
    path = tmp_path / "nodes.json"
    path.write_text(json.dumps({"kind": "List", "items": items}, indent=1))
    return import_kubernetes([path])


def test_nodes_alike_are_one_pool_with_their_number(tmp_path: Path) -> None:
    labels = A100 | {"topology.kubernetes.io/region": "fra", "node.kubernetes.io/instance-type": "dgx"}
    found = imported(tmp_path, node("a", labels), node("b", labels), node("cpu", {}, cards=0))
    (row,) = found.rows("owned")
    assert (row["region"], row["instance"], row["card"]) == ("fra", "dgx", "A100-SXM4-80GB")
    assert (row["gpus"], row["nodes"]) == ("8", "2")
    assert found.aside[NO_CARDS] == 1


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (node("x", A100, ready="False"), "NotReady: KubeletDown"),
        (node("x", A100, spec={"unschedulable": True}), "cordoned"),
        (node("x", A100, spec={"taints": [{"key": "team", "effect": "NoSchedule"}]}), "tainted: team"),
        (node("x", A100 | {"nvidia.com/gpu.replicas": "4"}), "shared cards, not whole ones: 4 replicas"),
        (node("x", {"nvidia.com/gpu.product": "A100-SXM4-40GB-MIG-1g.5gb"}), "MIG slices"),
        (node("x", {"nvidia.com/gpu.product": "GeForce-GT-710"}), "no card is called `GeForce-GT-710`"),
        (node("x", {}), "no label says which card"),
    ],
)
def test_a_node_that_cannot_be_used_is_listed_with_line_and_reason(
    tmp_path: Path, item: dict[str, Any], reason: str
) -> None:
    found = imported(tmp_path, node("good", A100), item)
    (refused,) = found.refused
    assert refused.reason.startswith(reason)
    assert refused.text == "node x"
    lines = (tmp_path / "nodes.json").read_text().splitlines()
    assert '"name": "x"' in lines[refused.line - 1]
    assert len(found.rows("owned")) == 1


def test_cards_held_back_and_cards_of_pods_are_not_free(tmp_path: Path) -> None:
    items = [node("a", A100, free=6), node("b", A100), pod("a", 2), pod("b", 8), pod("a", 4, "Succeeded")]
    found = imported(tmp_path, *items)
    assert [(row["gpus"], row["nodes"]) for row in found.rows("owned")] == [("4", "1")]
    assert sorted(row.reason for row in found.refused) == [
        "cards held back by the node: 2 of 8 are not allocatable",
        "cards held by pods: 2 of 6",
        "cards held by pods: 8 of 8",
    ]


def test_without_a_label_of_the_card_the_instance_type_tells_it(tmp_path: Path) -> None:
    found = imported(tmp_path, node("a", {"node.kubernetes.io/instance-type": "p5.48xlarge"}))
    assert found.rows("owned")[0]["card"] == "H100-SXM5-80GB"


def test_a_pool_is_handed_out_in_parts_that_share_its_cards(tmp_path: Path) -> None:
    found = imported(tmp_path, node("a", A100), node("b", A100))
    offers = Catalog.load([write(found, tmp_path / "out")]).offers
    rows = np.flatnonzero(offers.purchase == PURCHASE.index("owned"))
    assert sorted(offers.gpus[rows].tolist()) == [1, 2, 4, 8]
    assert set(offers.pool[rows].tolist()) == {0}
    assert offers.pools == (16,)
    assert offers.price[rows].tolist() == [0.0] * 4
    whole = offers.gpus[rows] == 8
    assert offers.joins_nodes[rows].tolist() == whole.tolist()


def test_another_file_is_told(tmp_path: Path) -> None:
    for text in ('{"items": 1}', '{"items": []}', "{"):
        path = tmp_path / "x.json"
        path.write_text(text)
        with pytest.raises(BadInput):
            import_kubernetes([path])


@pytest.mark.parametrize(
    ("said", "card"),
    [
        ("nvidia-h100-mega-80gb", "H100-SXM5-80GB"),
        ("nvidia-a100-80gb", "A100-SXM4-80GB"),
        ("nvidia-tesla-a100", "A100-SXM4-40GB"),
        ("nvidia-tesla-v100", "V100-SXM2-16GB"),
        ("nvidia-l4", "L4"),
    ],
)
def test_the_accelerators_of_gke_are_exact_cards(tmp_path: Path, said: str, card: str) -> None:
    (row,) = imported(tmp_path, node("a", {"cloud.google.com/gke-accelerator": said})).rows("owned")
    assert row["card"] == card


def test_a_node_that_is_listed_twice_counts_once(tmp_path: Path) -> None:
    found = imported(tmp_path, node("a", A100), node("b", A100), node("a", A100))
    assert [row["nodes"] for row in found.rows("owned")] == ["2"]
    assert [row.text for row in found.refused] == ["node a"]


def test_a_pod_holds_the_most_that_starting_or_running_it_takes(tmp_path: Path) -> None:
    starting = pod("a", 1)
    asked = {"resources": {"requests": {"nvidia.com/gpu": "4"}}}
    starting["spec"]["initContainers"] = [asked, {"resources": None}]
    (row,) = imported(tmp_path, node("a", A100), starting).rows("owned")
    assert row["gpus"] == "4"


def test_parts_of_the_wrong_kind_are_as_if_absent(tmp_path: Path) -> None:
    junk = {"kind": "Node", "metadata": {"name": "x", "labels": ["y"]}, "spec": [], "status": "up"}
    odd = {"kind": "Pod", "metadata": None, "spec": {"nodeName": "a", "containers": "none"}, "status": None}
    found = imported(tmp_path, node("a", A100), junk, odd, {"kind": "Node", "metadata": None})
    assert [row["gpus"] for row in found.rows("owned")] == ["8"]
    assert found.aside[NO_CARDS] == 2
