"""Small files of measurements, for the tests of validation."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

MEASURED = Path(__file__).parents[3] / "shared" / "measured"

MEMORY = {
    "case_id": "m1", "model": "Llama-3.1-8B", "params_b": "8.0303", "layers": "32", "hidden": "4096",
    "heads": "32", "kv_heads": "8", "intermediate": "14336", "vocab": "128256", "framework": "HF PEFT",
    "method": "lora", "trained_embeddings": "", "lora_rank": "8", "lora_targets": "all-linear",
    "precision": "bf16", "optimizer": "AdamW", "quant_bits": "", "seq_len": "1024", "lengths": "fixed",
    "micro_batch": "1", "grad_accum": "4", "recompute": "full", "flash_attention": "yes",
    "strategy": "single", "tp": "", "pp": "", "dp": "1", "gpu": "A100-SXM4-80GB", "n_gpus": "1",
    "peak_memory_gib_per_gpu": "20.0", "memory_kind": "reserved", "source_repo": "one/one", "notes": "",
}  # fmt: skip
SPEED = {k: v for k, v in MEMORY.items() if k not in ("peak_memory_gib_per_gpu", "memory_kind")} | {
    "case_id": "s1", "global_batch_tokens": "4096", "cp": "", "ep": "", "active_params_b": "8.0303",
    "tokens_per_s_per_gpu": "3000",
}  # fmt: skip


def write(path: Path, *rows: Mapping[str, str]) -> Path:
    """A file of rows, all with the columns of the first."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def variants(row: Mapping[str, str], changes: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """The row once for each change, numbered."""
    return [{**row, "case_id": f"v{i}", **change} for i, change in enumerate(changes)]
