"""`kubectl get nodes -o json` -> what is owned already: rows of owned.csv, and every node left out.

Labels: NVIDIA GPU feature discovery (k8s-device-plugin, docs/gpu-feature-discovery at 0719b2a45286), GKE, Karpenter.
A list that also holds pods (`kubectl get nodes,pods -A -o json`, or a second file) leaves what they request out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.imports.account import Imported
from optplan.imports.cards import card_by_instance, card_by_name, card_of_driver
from optplan.imports.files import Lines, read_json, written_day

ORIGIN = "kubectl get nodes"
NO_CARDS = "nodes have no accelerator"
PROVIDER = "kubernetes"
RESOURCES = ("nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi")
# What GKE calls the card of one family of machines each (a3, a2, n1 with V100, g4), without "nvidia-".
GKE = "cloud.google.com/gke-accelerator"
GKE_NAMES = {
    "h100-80gb": "H100-SXM5-80GB",
    "h100-mega-80gb": "H100-SXM5-80GB",
    "h200-141gb": "H200-SXM-141GB",
    "a100-80gb": "A100-SXM4-80GB",
    "tesla-a100": "A100-SXM4-40GB",
    "tesla-v100": "V100-SXM2-16GB",
    "rtx-pro-6000": "RTX-PRO-6000-Server",
}
PRODUCTS = (
    "nvidia.com/gpu.product",
    "amd.com/gpu.product-name",
    GKE,
    "karpenter.k8s.aws/instance-gpu-name",
)
USUAL_TAINTS = ("nvidia.com/gpu", "amd.com/gpu", "habana.ai/gaudi")  # keep other work off, not this
DONE = ("Succeeded", "Failed")  # phases of pods that hold nothing any more
_HINT = "give the output of `kubectl get nodes -o json`"


@dataclass(frozen=True, slots=True)
class _Pool:
    """Nodes that are alike: free cards of one type on each."""

    region: str
    instance: str
    card: str
    free: int


def import_kubernetes(paths: list[Path], provider: str = "") -> Imported:
    """The free cards of a cluster. provider: what to call it. Raises BadInput for a file that lists no nodes."""
    out, catalog = Imported(ORIGIN), Catalog.load()
    held: Counter[str] = Counter()
    seen: set[str] = set()
    lists = [(path, *_items(path)) for path in paths]
    for _, items, _ in lists:
        held += _held(items)
    if not any(item.get("kind", "Node") == "Node" for _, items, _ in lists for item in items):
        raise BadInput(Fault("no-nodes", str(paths[0]), "lists no node", _HINT))
    for path, items, text in lists:
        pools: dict[_Pool, int] = defaultdict(int)
        lines = Lines(text)
        for item in items:
            if item.get("kind", "Node") == "Node":
                name = str(_part(item, "metadata").get("name", ""))
                out.read += 1
                line = lines.of(name)
                if name and name in seen:
                    out.refuse(path.name, line, "same node again: it counts once", f"node {name}")
                    continue
                seen.add(name)
                pool = _Node(item, name, path.name, line, held[name], catalog, out).pool()
                if pool is not None:
                    pools[pool] += 1
        _add(out, pools, provider or PROVIDER, path)
    out.sort()
    return out


def _part(item: object, key: str) -> dict[str, Any]:
    """What an object holds by that key, where that is an object; else an empty one."""
    found = item.get(key) if isinstance(item, dict) else None
    return found if isinstance(found, dict) else {}


def _list(item: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    found = item.get(key)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _items(path: Path) -> tuple[list[dict[str, Any]], str]:
    found, text = read_json(path, _HINT)
    items = found.get("items", [found] if found.get("kind") == "Node" else None)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadInput(Fault("not-kubernetes", str(path), "has no list of `items`", _HINT))
    return items, text


def _held(items: list[dict[str, Any]]) -> Counter[str]:
    """Node -> cards that its pods request."""
    held: Counter[str] = Counter()
    for item in items:
        spec, node = _part(item, "spec"), _part(item, "spec").get("nodeName")
        if item.get("kind") == "Pod" and node and _part(item, "status").get("phase") not in DONE:
            together = sum(_asked(one) for one in _list(spec, "containers"))
            held[str(node)] += max([together, *(_asked(one) for one in _list(spec, "initContainers"))])
    return held


def _asked(container: dict[str, Any]) -> int:
    """Cards that a container requests."""
    resources = _part(container, "resources")
    asked = _part(resources, "limits") | _part(resources, "requests")
    return sum(_count(asked.get(name)) for name in RESOURCES)


def _count(value: object) -> int:
    """A whole number of cards; 0 for anything else."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() else 0


class _Node:
    """One node: which pool it belongs to, or why it is left out."""

    def __init__(
        self,
        item: dict[str, Any],
        name: str,
        file: str,
        line: int,
        held: int,
        catalog: Catalog,
        out: Imported,
    ) -> None:
        self.item, self.name, self.file, self.line, self.held = item, name, file, line, held
        self.names, self.cards, self.out = catalog.names, catalog.cards, out
        labels = _part(_part(item, "metadata"), "labels")
        self.labels: Mapping[str, str] = {str(key): str(value) for key, value in labels.items()}

    def refuse(self, reason: str) -> None:
        self.out.refuse(self.file, self.line, reason, f"node {self.name}")

    def pool(self) -> _Pool | None:
        """The pool of the node's free cards; None where there are none, which is noted."""
        status = _part(self.item, "status")
        capacity = _part(status, "capacity")
        allocatable = _part(status, "allocatable") or capacity
        slices = [name for name in capacity if name.startswith("nvidia.com/mig-") and _count(capacity[name])]
        total = sum(_count(capacity.get(name)) for name in RESOURCES)
        if not total and not slices:
            self.out.aside[NO_CARDS] += 1
            return None
        reason = self._away() or self._parts(slices)
        if not reason:
            card, reason = self._card()
        if reason:
            self.refuse(reason)
            return None
        free = sum(_count(allocatable.get(name)) for name in RESOURCES)
        if free < total:
            self.refuse(f"cards held back by the node: {total - free} of {total} are not allocatable")
        if self.held:
            self.refuse(f"cards held by pods: {min(self.held, free)} of {free}")
        free -= min(self.held, free)
        region = self.labels.get("topology.kubernetes.io/region", "any") or "any"
        instance = self.labels.get("node.kubernetes.io/instance-type", "") or f"node-with-{total}"
        return _Pool(region, instance, card, free) if free else None

    def _away(self) -> str:
        """Why no pod of ours would get onto the node, or ""."""
        spec, status = _part(self.item, "spec"), _part(self.item, "status")
        ready = [c for c in _list(status, "conditions") if c.get("type") == "Ready"]
        if ready and ready[0].get("status") != "True":
            return f"NotReady: {ready[0].get('reason') or 'the node does not say why'}"
        if spec.get("unschedulable"):
            return "cordoned: the node takes no new pods"
        taints = [
            str(taint.get("key"))
            for taint in _list(spec, "taints")
            if taint.get("effect") in ("NoSchedule", "NoExecute") and taint.get("key") not in USUAL_TAINTS
        ]
        return f"tainted: {', '.join(taints)}" if taints else ""

    def _parts(self, slices: list[str]) -> str:
        """Why the node's units are no whole cards, or ""."""
        product = self.labels.get("nvidia.com/gpu.product", "")
        replicas = _count(self.labels.get("nvidia.com/gpu.replicas"))
        if slices or "-MIG-" in product:
            return f"MIG slices, not whole cards: {', '.join(slices) or product}"
        if replicas > 1 or product.endswith("-SHARED"):
            how = self.labels.get("nvidia.com/gpu.sharing-strategy", "time-slicing")
            return f"shared cards, not whole ones: {max(replicas, 2)} replicas of each ({how})"
        return ""

    def _card(self) -> tuple[str, str]:
        """(exact card, "") or ("", why not): by the label of the product, else by the instance type."""
        instance = self.labels.get("node.kubernetes.io/instance-type", "")
        said = next((self.labels[key] for key in PRODUCTS if self.labels.get(key)), "")
        mib = _count(self.labels.get("nvidia.com/gpu.memory"))
        by_instance = card_by_instance(instance)
        if not said:
            if by_instance:
                return by_instance, ""
            return "", "no label says which card: run GPU feature discovery, or label the instance type"
        plain = said.removeprefix("NVIDIA-").removeprefix("nvidia-")
        exact = GKE_NAMES.get(plain) if self.labels.get(GKE) == said else card_of_driver(said, self.names)
        card, why = card_by_name(exact or plain, mib / 1024.0, self.names, self.cards)
        if why and by_instance in self.names.find(plain):
            return by_instance, ""
        return card, why


def _add(out: Imported, pools: Mapping[_Pool, int], provider: str, path: Path) -> None:
    """A row for each pool. Pools of one instance type that differ in free cards or card get names of their own."""
    kinds = Counter((pool.region, pool.instance) for pool in pools)
    for pool, nodes in sorted(
        pools.items(), key=lambda item: (item[0].region, item[0].instance, -item[0].free)
    ):
        alone = kinds[pool.region, pool.instance] == 1
        out.add(
            "owned",
            {
                "provider": provider,
                "region": pool.region,
                "instance": pool.instance if alone else f"{pool.instance}-{pool.card}-{pool.free}-free",
                "card": pool.card,
                "gpus": str(pool.free),
                "nodes": str(nodes),
                "date": written_day(path),
                "source": f"{ORIGIN}, {path.name}",
            },
        )
