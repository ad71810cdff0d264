"""The formats by name."""

from __future__ import annotations

from typing import Final

from optplan.exports.document import Document, refuse
from optplan.plan import Plan

FORMATS: Final = {
    "skypilot": "SkyPilot task YAML",
    "vllm": "vLLM command",
    "torchrun": "training script for torchrun, with FSDP and PEFT",
    "dstack": "dstack run configuration",
    "csv": "cost of each line and term",
    "focus": "cost as FOCUS rows",
}


def export(plan: Plan, to: str) -> list[Document]:
    """The documents that start a plan, or tell its cost: one for each kind of machine, rows of cost in one.

    Raises BadInput where the plan is nothing for the tool.
    """
    if to == "skypilot":
        from optplan.exports.skypilot import export_skypilot

        return export_skypilot(plan)
    if to == "vllm":
        from optplan.exports.vllm import export_vllm

        return export_vllm(plan)
    if to == "torchrun":
        from optplan.exports.torchrun import export_torchrun

        return export_torchrun(plan)
    if to == "dstack":
        from optplan.exports.dstack import export_dstack

        return export_dstack(plan)
    if to == "csv":
        from optplan.exports.costs import export_csv

        return export_csv(plan)
    if to == "focus":
        from optplan.exports.focus import export_focus

        return export_focus(plan)
    raise refuse(to, "is no format", f"formats: {', '.join(FORMATS)}")
