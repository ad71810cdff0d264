"""Measure peak memory and step time of real training steps, as rows that `optplan validate` reads.

    pip install 'optplan[measure]'      (and bitsandbytes for qlora)
    python benchmarks/measure_gpu.py [--out FOLDER] [--count 24] [--models A,B] [--methods full,lora,qlora]
    optplan validate FOLDER/training_memory.csv FOLDER/training_speed.csv

Models have random weights in the shapes of the catalog, as a Llama of these shapes; weights are 16-bit,
adapters 32-bit under autocast, AdamW as PyTorch has it. Memory is what PyTorch's allocator says at the peak,
once as allocated and once as reserved. What does not fit is a line of FOLDER/log.csv, not an end.
`--device cpu --tiny` tries the script on a small model: step times only, of no card.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.metadata
import importlib.util
import itertools
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gpu_steps import LINEAR, RANK, Setup, attempt, check_dense

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.units import GIB
from optplan.validate.predict import predict
from optplan.validate.read import Case

MODELS = (
    "Llama-3.2-1B", "TinyLlama-1.1B", "Qwen2.5-1.5B", "Llama-3.2-3B", "Qwen2.5-3B", "Mistral-7B-v0.3",
    "Llama-2-7b-hf", "Qwen2.5-7B", "Llama-3.1-8B", "GLM-4-9B",
)  # fmt: skip
TINY = {
    "name": "tiny", "params_total": 164_160.0, "params_active": 164_160.0, "layers": 2, "hidden": 64,
    "heads": 4, "kv_heads": 2, "head_dim": 16, "intermediate": 192, "vocab": 512, "tied_embeddings": False,
    "full_attention_layers": 2, "max_context": 128,
}  # fmt: skip
ROOM = 0.92  # share of the card that a prediction may fill for a case to be tried
LEFT_OVER = 2**26  # bytes that an earlier case may have left behind
COMMON = (
    "case_id", "model", "params_b", "layers", "hidden", "heads", "kv_heads", "intermediate", "vocab",
)  # fmt: skip
MEMORY = (
    *COMMON, "framework", "method", "trained_embeddings", "lora_rank", "lora_targets", "trainable_params",
    "precision", "optimizer", "quant_bits", "seq_len", "lengths", "micro_batch", "grad_accum", "recompute",
    "flash_attention", "strategy", "tp", "pp", "dp", "gpu", "n_gpus", "peak_memory_gib_per_gpu",
    "memory_kind", "grade", "source_repo", "source_path", "source_commit", "notes",
)  # fmt: skip
SPEED = (
    *COMMON, "active_params_b", "framework", "method", "trained_embeddings", "lora_rank", "precision",
    "optimizer", "quant_bits", "seq_len", "lengths", "micro_batch", "grad_accum", "recompute",
    "flash_attention", "strategy", "tp", "pp", "dp", "cp", "ep", "gpu", "n_gpus", "global_batch_tokens",
    "tokens_per_s_per_gpu", "grade", "source_repo", "source_path", "source_commit", "notes",
)  # fmt: skip
LOG = ("case_id", "status", "predicted_gib", "allocated_gib", "reserved_gib", "step_s", "reason")


class Table:
    """A CSV file that grows by a row at a time, so that what was measured stays whatever comes after."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self.path, self.columns = path, columns
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.DictWriter(file, columns, lineterminator="\n").writeheader()

    def add(self, row: dict[str, Any]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, self.columns, extrasaction="ignore", lineterminator="\n")
            writer.writerow(row)


def row_of(setup: Setup, gpu: str, notes: str) -> dict[str, Any]:
    """The setup as a row of both files, what was measured left open."""
    model, lora = setup.model, setup.method != "full"
    return {
        "case_id": f"own-{setup.name}", "model": model.name, "params_b": f"{model.params_total / 1e9:.6g}",
        "active_params_b": f"{model.params_active / 1e9:.6g}", "layers": model.layers,
        "hidden": model.hidden, "heads": model.heads, "kv_heads": model.kv_heads,
        "intermediate": model.intermediate, "vocab": model.vocab, "framework": "HF PEFT" if lora else "HF transformers",
        "method": setup.method, "lora_rank": RANK if lora else "",
        "lora_targets": ",".join(LINEAR) if lora else "", "precision": "bf16", "optimizer": "AdamW",
        "quant_bits": 4 if setup.method == "qlora" else "", "seq_len": setup.sequence, "lengths": "fixed",
        "micro_batch": setup.micro_batch, "grad_accum": 1, "recompute": setup.recompute,
        "flash_attention": "yes", "strategy": "single", "dp": 1, "gpu": gpu, "n_gpus": 1,
        "global_batch_tokens": setup.sequence * setup.micro_batch, "grade": "A",
        "source_repo": "own measurements", "source_path": "benchmarks/measure_gpu.py", "notes": notes,
    }  # fmt: skip


def predicted_gib(setups: Sequence[Setup], gpu: str, catalog: Catalog) -> list[float]:
    """Reserved memory of each setup in GiB, by the rules that plans use."""
    rows = [
        {name: str(value) for name, value in row_of(setup, gpu, "").items()}
        | {"memory_kind": "reserved", "peak_memory_gib_per_gpu": "1"}
        for setup in setups
    ]
    cases = [Case("own", "training_memory", row["case_id"], row, "own") for row in rows]
    found = predict(cases, catalog)
    if found.refused:
        index, reason = found.refused[0]
        raise BadInput(Fault("unpredictable", setups[index].name, reason))
    return [float(value) for value in found.predicted]


def chosen(setups: Sequence[Setup], memory: Sequence[float], room: float, count: int) -> list[int]:
    """Positions of `count` setups that fit, evenly over method and recompute, small to large in each."""
    groups: dict[tuple[str, str], list[int]] = {}
    for i in sorted(range(len(setups)), key=lambda i: memory[i]):
        if memory[i] <= room:
            groups.setdefault((setups[i].method, setups[i].recompute), []).append(i)
    picked: set[int] = set()
    for left, group in zip(range(len(groups), 0, -1), sorted(groups.values(), key=len), strict=True):
        share = min(len(group), -(-(count - len(picked)) // left))
        last = max(share - 1, 1)
        picked |= {group[step * (len(group) - 1) // last] for step in range(share)}
    return sorted(picked, key=lambda i: memory[i])


def card_of(torch: Any, catalog: Catalog) -> str:
    """The catalog's name of the card at hand."""
    size = torch.cuda.get_device_properties(0).total_memory / 1e9
    return card_named(torch.cuda.get_device_name(0), size, catalog)


def card_named(said: str, size: float, catalog: Catalog) -> str:
    """The card of a driver's name: the nearest in memory (GB), then the one of most power.

    Drivers leave the form out of the name of the strongest: "NVIDIA H200" is the SXM card, not the NVL.
    """
    names: list[str] = catalog.gpus(said.replace("NVIDIA ", ""))
    cards = catalog.cards
    return min(names, key=lambda name: (abs(cards[name].memory_gb - size), -cards[name].power_w))


def notes_of(torch: Any, device: str) -> str:
    """Card, versions and date, as they go into every row."""
    packages = ("torch", "transformers", "peft", "bitsandbytes")
    have = [p for p in packages if importlib.util.find_spec(p) is not None]
    card = torch.cuda.get_device_name(0) if device == "cuda" else "no card: CPU"
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in have)
    runtime = f"; CUDA {torch.version.cuda}" if device == "cuda" else ""
    return f"{card}; {versions}{runtime}; measured={datetime.date.today().isoformat()}; random weights"


def setups_of(asked: argparse.Namespace, catalog: Catalog) -> list[Setup]:
    """Every combination that is asked for and that the software at hand can run."""
    methods = words(asked.methods)
    for method in [m for m in methods if m not in ("full", "lora", "qlora")]:
        raise BadInput(Fault("unknown-method", "--methods", f"{method!r} is none of full, lora, qlora"))
    for method, package in (("lora", "peft"), ("qlora", "peft"), ("qlora", "bitsandbytes")):
        if method in methods and importlib.util.find_spec(package) is None:
            print(f"{method} is skipped: {package} is not installed")
            methods.remove(method)
    models = [catalog.model(name) for name in words(asked.models)]
    if asked.tiny:
        models = [replace(models[0], **TINY)]
    sequences = [32] if asked.tiny else [int(word) for word in words(asked.sequences)]
    batches = [int(word) for word in words(asked.micro_batches)]
    for model in models:
        check_dense(model)
    combined = itertools.product(models, methods, ("none", "full"), sequences, batches)
    return [Setup(*one) for one in combined]


def shown(gib: float) -> str:
    return "" if math.isnan(gib) else f"{gib:.3f}"


def words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("measured"), help="folder of the files written")
    parser.add_argument("--count", type=int, default=24, help="configurations to measure (default 24)")
    parser.add_argument("--steps", type=int, default=5, help="steps that are timed (default 5)")
    parser.add_argument("--models", default=",".join(MODELS), help="names of the catalog")
    parser.add_argument("--methods", default="full,lora,qlora")
    parser.add_argument("--sequences", default="512,1024,2048,4096", help="tokens")
    parser.add_argument("--micro-batches", default="1,2,4,8")
    parser.add_argument("--gpu", help="the catalog's name of the card, where its own name does not tell")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--tiny", action="store_true", help="a model of a million parameters")
    return parser.parse_args(arguments)


def run(asked: argparse.Namespace) -> int:
    import torch

    if asked.device == "cuda" and not torch.cuda.is_available():
        hint = "--device cpu --tiny tries the script"
        raise BadInput(Fault("no-card", "--device", "PyTorch finds no CUDA GPU", hint))
    catalog = Catalog.load()
    cuda = asked.device == "cuda"
    gpu = catalog.gpu(asked.gpu) if asked.gpu else card_of(torch, catalog) if cuda else "CPU"
    setups = setups_of(asked, catalog)
    memory, room = [float("nan")] * len(setups), float("inf")
    order = list(range(len(setups)))[: asked.count]
    if cuda:
        memory = predicted_gib(setups, gpu, catalog)
        room = ROOM * torch.cuda.get_device_properties(0).total_memory / GIB
        order = chosen(setups, memory, room, asked.count)
    notes = notes_of(torch, asked.device)
    print(f"{len(order)} of {len(setups)} configurations on {gpu}: {notes}")
    asked.out.mkdir(parents=True, exist_ok=True)
    tables = [Table(asked.out / f"{name}.csv", columns) for name, columns in FILES.items()]
    for i in order:
        one(torch, setups[i], memory[i], (gpu, notes), asked, tables)
    return 0


FILES = {"training_memory": MEMORY, "training_speed": SPEED, "log": LOG}


def one(
    torch: Any, setup: Setup, predicted: float, said: tuple[str, str], asked: argparse.Namespace,
    tables: Sequence[Table],
) -> None:  # fmt: skip
    """Measure one setup and write its rows."""
    memory, speed, log = tables
    row = row_of(setup, *said)
    held = torch.cuda.memory_allocated() if asked.device == "cuda" else 0
    if held > LEFT_OVER:
        status, reason, found = "skipped", f"an earlier case left {held / GIB:.2f} GiB", None
    else:
        status, reason, found = attempt(torch, setup, asked.device, asked.steps)
    line = {
        "case_id": row["case_id"],
        "status": status,
        "predicted_gib": shown(predicted),
        "reason": reason,
    }
    if found is not None:
        row["trainable_params"] = found.trained
        line |= {"allocated_gib": shown(found.allocated), "reserved_gib": shown(found.reserved)}
        line["step_s"] = f"{found.seconds:.5f}"
        rate = setup.sequence * setup.micro_batch / found.seconds
        speed.add({**row, "tokens_per_s_per_gpu": f"{rate:.2f}"})
        for kind in ("allocated", "reserved") if asked.device == "cuda" else ():
            kinds = {"case_id": f"{row['case_id']}-{kind}", "memory_kind": kind}
            memory.add({**row, **kinds, "peak_memory_gib_per_gpu": f"{getattr(found, kind):.4f}"})
    log.add(line)
    print("  ".join(str(value) for value in line.values() if value), flush=True)


def main(arguments: Sequence[str]) -> int:
    """Measure and write; 2 where something asked for is not there."""
    for package in ("torch", "transformers"):
        if importlib.util.find_spec(package) is None:
            print(f"{package} is not installed: pip install 'optplan[measure]'", file=sys.stderr)
            return 2
    try:
        return run(parsed(arguments))
    except BadInput as error:
        for fault in error.faults:
            print(f"{fault.place}: {fault.message}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
