"""A plan -> SkyPilot task YAML, one for each kind of machine (fields: docs.skypilot.co, YAML spec, release 0.14)."""

from __future__ import annotations

from typing import Any, Final

from optplan.exports.document import Document, as_yaml
from optplan.exports.launch import Nodes, about, command, documents, files, provider_of, setup
from optplan.exports.unit import PORT, WEIGHTS, Unit, header, weights
from optplan.plan import Plan

TO: Final = "skypilot"
# Providers of the catalog that SkyPilot has as clouds, by its name of them (sky/clouds of release 0.14.1).
CLOUDS: Final = {
    name: name
    for name in (
        *("aws", "azure", "gcp", "lambda", "oci", "nebius", "runpod", "vast", "hyperbolic", "seeweb"),
        *("verda", "kubernetes"),
    )
}
# Families that SkyPilot calls otherwise than without blanks (its catalog, common/accelerators.csv, 2026-05-20).
NAMES: Final = {
    "A100 40GB": "A100",
    "A100 80GB": "A100-80GB",
    "V100 16GB": "V100",
    "V100 32GB": "V100-32GB",
    "RTX 6000 Ada": "RTX6000-Ada",
}
# Cards that one cloud calls otherwise (GPU_NAME_MAP of provision/runpod/utils.py, catalog/data_fetchers/fetch_vast.py):
# at RunPod a plain H100 is the PCIe card.
OF_CLOUD: Final = {
    "runpod": {
        "H100-SXM5-80GB": "H100-SXM",
        "H100-NVL-94GB": "H100-NVL",
        "H200-SXM-141GB": "H200-SXM",
        "A100-SXM4-80GB": "A100-80GB-SXM",
        "RTX-PRO-6000-WS": "RTXPRO6000-WK",
    },
    "vast": {"RTX-PRO-6000-WS": "RTXPRO6000WS"},
}
NODES: Final = Nodes("$SKYPILOT_NUM_NODES", "$SKYPILOT_NODE_RANK", '$(echo "$SKYPILOT_NODE_IPS" | head -n1)')


def export_skypilot(plan: Plan) -> list[Document]:
    """A task (of inference: a service) for each line. Raises BadInput for lines that SkyPilot cannot get."""
    return documents(plan, TO, _text)


def _text(unit: Unit, name: str) -> str:
    text = as_yaml(_task(unit, name))
    needs = [] if weights(unit.plan) else [f"needs {WEIGHTS}: the weights of {unit.plan.settled.model.name}"]
    return header(unit, f"start it with: {_start(unit)} FILE", *needs, *about(unit)) + text


def _start(unit: Unit) -> str:
    """The command; a managed job starts spot machines again that were taken away."""
    if unit.plan.task == "serve":
        return "sky serve up"
    return "sky jobs launch" if unit.card.purchase == "spot" else "sky launch"


def _task(unit: Unit, name: str) -> dict[str, Any]:
    serving = unit.plan.task == "serve"
    task: dict[str, Any] = {"name": name, "num_nodes": unit.spans if serving else unit.nodes}
    task["resources"] = _resources(unit)
    task["envs"] = {WEIGHTS: weights(unit.plan)}
    if files(unit):
        task["workdir"] = "."
    task["setup"] = setup(unit)
    task["run"] = command(unit, NODES) + "\n"
    if serving:
        task["service"] = {"readiness_probe": "/health", "replicas": unit.nodes // unit.spans}
        task["resources"]["ports"] = PORT
    return task


def _resources(unit: Unit) -> dict[str, Any]:
    card = unit.card
    cloud = provider_of(card, TO, "SkyPilot", "cloud", CLOUDS)
    family = unit.plan.catalog.cards[card.gpu].family
    anywhere = card.region in ("any", "default") or cloud == "kubernetes"
    found: dict[str, Any] = {"infra": cloud if anywhere else f"{cloud}/{card.region}"}
    named = " " not in card.instance  # else it is what a page of prices says, not a type
    if named and cloud not in ("kubernetes", "vast", "runpod"):  # the latter two name machines anew every day
        found["instance_type"] = card.instance
    name = OF_CLOUD.get(cloud, {}).get(card.gpu) or NAMES.get(family, family.replace(" ", ""))
    found["accelerators"] = f"{name}:{unit.cards}"
    found["use_spot"] = card.purchase == "spot"
    return found
