"""A plan of inference -> the vLLM command of each kind of machine.

Arguments: vLLM's engine arguments, docs.vllm.ai (0.5.3 and later have all of them; data-parallel-size from 0.9).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from optplan.exports.document import Document, refuse
from optplan.exports.unit import PORT, REQUESTS, Unit, header, units_of, weights_word
from optplan.plan import Plan

DTYPES: Final = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}
ONLINE: Final = {"fp8": "fp8"}  # precisions that vLLM makes itself from 16-bit weights
STORED: Final = {"int8": "8", "int4": "4"}  # those that the weights must come in
KV_DTYPES: Final = {"bf16": "auto", "fp16": "auto", "fp8": "fp8"}
TO: Final = "vllm"


def export_vllm(plan: Plan) -> list[Document]:
    """A shell command for each line of the plan. Raises BadInput for what vLLM does not do."""
    return [Document(unit.about, shell(unit)) for unit in serving(plan, TO)]


def serving(plan: Plan, to: str) -> list[Unit]:
    """The lines of a plan of inference that vLLM can run; BadInput for any other plan."""
    units = units_of(plan, to)
    if plan.task == "finetune":
        raise refuse(
            to, "the plan trains a model, which vLLM does not", "--to torchrun writes a script for it"
        )
    engine = plan.settled.selectors["engine"]
    if engine != "vllm":
        raise refuse(to, f"the plan is made for {engine}, not for vLLM", "solve the need with `engine: vllm`")
    kv = plan.settled.selectors["kv_precision"]
    if kv not in KV_DTYPES:
        known = ", ".join(KV_DTYPES)
        raise refuse(to, f"vLLM keeps no {kv} cache of keys and values", f"kv_precision can be {known}")
    return units


def shell(unit: Unit) -> str:
    """The command with what a reader must know, as text for a shell."""
    return header(unit, *notes(unit)) + " \\\n  ".join(arguments(unit)) + "\n"


def notes(unit: Unit) -> list[str]:
    """What the command does not say itself."""
    found = []
    if unit.spans > 1:
        copies = unit.nodes // unit.spans
        found.append(f"{copies} x a Ray cluster of {unit.spans} machines; run this on its head")
    elif unit.nodes > 1:
        found.append(f"run it on each of the {unit.nodes} machines")
    if unit.plan.task == "generate":
        found.append(
            "REQUESTS is a file of requests as the OpenAI batch API has them, ANSWERS the file to write"
        )
    return found + cautions(unit)


def cautions(unit: Unit) -> list[str]:
    """What must be known wherever the command runs."""
    plan, found = unit.plan, []
    if plan.task == "generate" and unit.nodes > unit.spans:
        found.append(f"give each machine its share of the requests, 1 of {unit.nodes // unit.spans}")
    found.append(
        f"requests of more than {longest(plan):,} tokens are refused: the longest that the need names, "
        "prompt and answer"
    )
    precision = plan.settled.selectors["precision"]
    if precision in STORED:
        found.append(
            f"{precision}: give weights quantised to {STORED[precision]} bits; vLLM reads off them how"
        )
    if "fill_limit" not in unit.line.values and "fillable_memory" not in unit.line.values:
        found.append("the capacity was measured: memory and sequences at once are vLLM's own defaults")
    return found


def arguments(unit: Unit) -> list[str]:
    """The command as parts: first the verb and the model, then an option each."""
    plan, precision = unit.plan, unit.plan.settled.selectors["precision"]
    found = [_verb(plan), f"--tensor-parallel-size {unit.tp}"]
    if unit.pp > 1:
        found.append(f"--pipeline-parallel-size {unit.pp}")
    if unit.replicas > 1:
        found.append(f"--data-parallel-size {unit.replicas}")
    if unit.spans > 1:
        found.append("--distributed-executor-backend ray")
    fill = _fill(unit)
    if fill:
        found.append(f"--gpu-memory-utilization {fill:.3g}")
    found.append(f"--max-model-len {longest(plan)}")
    if "concurrent_requests" in unit.line.values:
        found.append(f"--max-num-seqs {unit.whole('concurrent_requests')}")
    found.append(f"--dtype {DTYPES.get(precision, 'auto')}")
    if precision in ONLINE:
        found.append(f"--quantization {ONLINE[precision]}")
    found.append(f"--kv-cache-dtype {KV_DTYPES[plan.settled.selectors['kv_precision']]}")
    return [*found, f"--port {PORT}"] if plan.task == "serve" else found


def _verb(plan: Plan) -> str:
    """A server for live traffic; for a batch the runner that reads requests from a file."""
    if plan.task == "serve":
        return f"vllm serve {weights_word(plan)}"
    files = f'-i "${{REQUESTS:-{REQUESTS}}}" -o "${{ANSWERS:-answers.jsonl}}"'
    return f"vllm run-batch {files} --model {weights_word(plan)}"


def longest(plan: Plan) -> int:
    """Tokens of the longest request: prompt and answer."""
    quantities = plan.settled.quantities
    total = np.asarray(quantities["prompt_tokens"]) + np.asarray(quantities["answer_tokens"])
    return math.ceil(float(np.max(total)))


def _fill(unit: Unit) -> float:
    """The share of a card's memory that the plan fills at most; 0 where it does not say."""
    values = unit.line.values
    if "fill_limit" in values:
        return values["fill_limit"]
    if "fillable_memory" in values and "usable_memory" in values:
        return min(1.0, values["fillable_memory"] / values["usable_memory"])
    return 0.0
