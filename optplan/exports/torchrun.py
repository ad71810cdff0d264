"""A training plan -> a script for torchrun: transformers' Trainer, FSDP where the plan shards, PEFT where it adapts."""

from __future__ import annotations

from typing import Any, Final

from optplan.exports.document import Document, refuse
from optplan.exports.template import SCRIPT_TEXT
from optplan.exports.unit import SCRIPT, Unit, units_of, weights
from optplan.plan import Plan

TO: Final = "torchrun"
OPTIMIZERS: Final = {
    "adamw": "adamw_torch",
    "adamw_8bit": "adamw_bnb_8bit",
    "adamw_bf16": "adamw_torch",
    "sgd": "sgd",
}
FRAMEWORKS: Final = ("fsdp", "hf")
# ZeRO stage -> whether FSDP shards, and whether it shards weights again after the forward pass; it has no stage 1.
SHARDING: Final = {0: (False, False), 2: (True, False), 3: (True, True)}
MODULES: Final = {
    **{name: f"{name}_proj" for name in ("q", "k", "v", "o", "gate", "up", "down")},
}
PORT: Final = 29500  # torchrun's own default


def export_torchrun(plan: Plan) -> list[Document]:
    """One script. Raises BadInput for a plan that is not training, or whose layout FSDP does not have."""
    unit = trainable(plan, TO)[0]
    return [Document(unit.about, script(unit))]


def trainable(plan: Plan, to: str) -> list[Unit]:
    """The lines of a plan that the script can train on, all in one gang; BadInput where it cannot."""
    units = units_of(plan, to)
    if plan.task != "finetune":
        raise refuse(to, f"the plan is to {plan.task}, not to train", "--to vllm writes the command for it")
    unit, framework = units[0], plan.settled.selectors["framework"]
    if framework not in FRAMEWORKS:
        cure = "solve the need with `framework: fsdp`"
        raise refuse(to, f"the plan is made for {framework}, whose habits the script does not have", cure)
    if "micro_batch" not in unit.line.values:
        cure = "solve the need with `rules: engineering`"
        raise refuse(
            to, f"the rules of {plan.pack.name} say nothing of micro-batches, which a script needs", cure
        )
    if unit.tp > 1 or unit.pp > 1:
        how = f"tensor parallel {unit.tp}, pipeline {unit.pp}"
        raise refuse(to, f"the plan splits the model itself ({how}), FSDP splits only its state", _FRAMEWORKS)
    if int(unit.line.values.get("zero_stage", 0)) not in SHARDING:
        raise refuse(
            to, "the plan shards optimizer states alone (ZeRO-1), for which FSDP has no name", _FRAMEWORKS
        )
    if len({(u.cards, u.card.gpu) for u in units}) > 1:
        kinds = " and ".join(f"{u.nodes} x ({u.cards} x {u.card.gpu})" for u in units)
        raise refuse(
            to, f"torchrun wants machines alike, the plan mixes {kinds}", "solve with `mix: one_type`"
        )
    if len(units) > 1:
        raise refuse(to, f"the gang is rented as {len(units)} offers; start them as one cluster", _CLUSTER)
    return units


_FRAMEWORKS = "leave `model_parallel_cards` as FSDP has it (1); the plan then shards over its cards instead"
_CLUSTER = "keep to one: limits: {providers: [..], regions: [..]}"


def needs_bitsandbytes(plan: Plan) -> bool:
    """Does the script load 4-bit weights, or keep 8-bit optimizer states?"""
    selectors = plan.settled.selectors
    return selectors["method"] == "qlora" or selectors["optimizer"] == "adamw_8bit"


def command(unit: Unit, nodes: str, rank: str, first: str, script_name: str) -> str:
    """The command of one machine; nodes, rank, first: shell words for what it knows of the others."""
    parts = [f"torchrun --nproc-per-node {unit.cards}"]
    if unit.nodes > 1:
        parts.append(f"--nnodes {nodes} --node-rank {rank} --master-addr {first} --master-port {PORT}")
    return " ".join([*parts, script_name])


def script(unit: Unit) -> str:
    """The text of the script: the plan's values in its head, the rest as it always is."""
    start = command(unit, "$NODES", "$RANK", "$FIRST", SCRIPT)
    head = f"# {unit.about}: {unit.line.layout}\n# start it with: {start}\n"
    constants = "\n".join(f"{name} = {value!r}" for name, value in settings(unit).items())
    return head + SCRIPT_TEXT.replace(
        "# THE PLAN\n", f"# What the plan says; change the plan, not these.\n{constants}\n"
    )


def settings(unit: Unit) -> dict[str, Any]:
    """What the script takes from the plan: name -> value."""
    plan, settled = unit.plan, unit.plan.settled
    selectors, values, quantities = settled.selectors, unit.line.values, settled.quantities
    method, zero = selectors["method"], int(values.get("zero_stage", 0))
    found: dict[str, Any] = {
        "WEIGHTS": weights(plan) or "",
        "MODEL_NAME": settled.model.name,
        "METHOD": method,
        "SEQUENCE": int(quantities["sequence"]),
        "EPOCHS": float(quantities["epochs"]),
        "MICRO_BATCH": unit.whole("micro_batch"),
        "ACCUMULATION": unit.whole("accumulation"),
        "RECOMPUTE": bool(values["recompute"]),
        "SHARD": SHARDING[zero if unit.dp > 1 else 0][0],
        "RESHARD": SHARDING[zero if unit.dp > 1 else 0][1],
        "OPTIMIZER": OPTIMIZERS[selectors["optimizer"]],
        "COMPUTE": {"fp32": "float32", "fp16": "float16"}.get(selectors["precision"], "bfloat16"),
        "HELD": _held(selectors),
    }
    if method != "full":
        found |= {"LORA_RANK": int(quantities["lora_rank"]), "LORA_TARGETS": targets(quantities)}
    else:
        found |= {"LORA_RANK": 0, "LORA_TARGETS": []}
    return found


def _held(selectors: dict[str, str]) -> str:
    """The format in which weights are held: trained ones in 32 bits for mixed precision, frozen ones as asked."""
    if selectors["precision"] == "fp32":
        return "float32"
    mixed = selectors["method"] == "full" and selectors["optimizer"] in ("adamw", "sgd")
    if mixed:
        return "float32"
    return "float16" if selectors["precision"] == "fp16" else "bfloat16"


def targets(quantities: dict[str, Any]) -> list[str] | str:
    """The matrices that get an adapter, by the names that most models have; "all-linear" for all."""
    chosen = [module for name, module in MODULES.items() if quantities[f"lora_{name}"]]
    return "all-linear" if len(chosen) == len(MODULES) else chosen
