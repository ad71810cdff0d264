"""A plan -> dstack run configurations, one for each kind of machine (fields: dstack 0.20, .dstack.yml reference)."""

from __future__ import annotations

from typing import Any, Final

from optplan.exports.document import Document, as_yaml, refuse
from optplan.exports.launch import Nodes, about, command, documents, files, provider_of, setup
from optplan.exports.unit import PORT, WEIGHTS, Unit, header, weights
from optplan.plan import Plan

TO: Final = "dstack"
# Providers of the catalog -> dstack's backends (BackendType of dstack 0.20).
BACKENDS: Final = {
    **{
        name: name for name in ("aws", "azure", "gcp", "lambda", "oci", "nebius", "runpod", "verda", "seeweb")
    },
    **{name: name for name in ("jarvislabs", "kubernetes")},
    "vast": "vastai",
}
# Cards that gpuhunt 0.1.34 calls otherwise than by their family without blanks, and families whose memory it states
# otherwise, GB (KNOWN_NVIDIA_GPUS).
NAMES: Final = {
    **{f"RTX-{name}": name for name in ("A4000", "A5000", "A6000")},
    "H100-NVL-94GB": "H100NVL",
    "H200-NVL-141GB": "H200NVL",
}
MEMORY: Final = {"B300": 270.0, "GB300": 270.0}
NODES: Final = Nodes("$DSTACK_NODES_NUM", "$DSTACK_NODE_RANK", "$DSTACK_MASTER_NODE_IP")
PYTHON: Final = "3.12"


def export_dstack(plan: Plan) -> list[Document]:
    """A task or a service for each line. Raises BadInput for lines that dstack cannot get."""
    return documents(plan, TO, _text)


def _text(unit: Unit, name: str) -> str:
    text = as_yaml(_run(unit, name))
    return header(unit, "start it with: dstack apply -f FILE", *about(unit)) + text


def _run(unit: Unit, name: str) -> dict[str, Any]:
    serving, known = unit.plan.task == "serve", weights(unit.plan)
    if serving and unit.spans > 1:
        why = f"a replica spans {unit.spans} machines, which a dstack service does not"
        raise refuse(TO, why, "--to skypilot, or limit the need to cards that hold a replica in one machine")
    run: dict[str, Any] = {"type": "service" if serving else "task", "name": name, "python": PYTHON}
    run["env"] = [f"{WEIGHTS}={known}" if known else WEIGHTS]
    if files(unit):
        run["files"] = files(unit)
    run["commands"] = [setup(unit), command(unit, NODES)]
    if serving:
        run |= {"port": PORT, "replicas": unit.nodes}
    else:
        run["nodes"] = unit.nodes
    return run | _machines(unit)


def _machines(unit: Unit) -> dict[str, Any]:
    card = unit.card
    backend = provider_of(card, TO, "dstack", "backend", BACKENDS)
    known = unit.plan.catalog.cards[card.gpu]
    gpu: dict[str, Any] = {"name": NAMES.get(card.gpu) or _name(known.family), "count": unit.cards}
    if known.memory_gb == known.memory_gb:
        gpu["memory"] = f"{MEMORY.get(known.family, known.memory_gb):.0f}GB"
    found: dict[str, Any] = {"backends": [backend], "resources": {"gpu": gpu}}
    if card.region not in ("any", "default") and backend != "kubernetes":
        found["regions"] = [card.region]
    found["spot_policy"] = "spot" if card.purchase == "spot" else "on-demand"
    return found


def _name(family: str) -> str:
    """ "A100 80GB" -> "A100", "RTX 4090" -> "RTX4090": gpuhunt's names, which state the memory apart."""
    words = [word for word in family.split() if not word.endswith("GB")]
    return "".join(words)
