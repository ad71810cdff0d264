"""Which exact card a row of a price list means, or why that cannot be told."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping
from typing import Any

from optplan.catalog.names import GpuNames
from optplan.catalog.values import Card

# Instance types whose form factor is certain, though the file names the accelerator without it.
_BY_INSTANCE: Mapping[str, tuple[tuple[str, str], ...]] = {
    "aws": (
        (r"p3dn\.", "V100-SXM2-32GB"),
        (r"p3\.", "V100-SXM2-16GB"),
        (r"p4de\.", "A100-SXM4-80GB"),
        (r"p4d\.", "A100-SXM4-40GB"),
        (r"p5\.", "H100-SXM5-80GB"),
        (r"p5en?\.", "H200-SXM-141GB"),
        (r"p6-b200\.", "B200-SXM-180GB"),
        (r"p6-b300\.", "B300-SXM-288GB"),
    ),
    "azure": (
        (r"Standard_NC\d+s_v3$|Standard_NC\d+rs_v3$", "V100-SXM2-16GB"),
        (r"Standard_ND40rs_v2$", "V100-SXM2-32GB"),
        (r"Standard_NC\d+ads_A100_v4$", "A100-PCIe-80GB"),
        (r"Standard_ND\d+amsr_A100_v4$", "A100-SXM4-80GB"),
        (r"Standard_ND\d+asr_v4$", "A100-SXM4-40GB"),
        (r"Standard_NCC?\d+adi?s_H100_v5$", "H100-NVL-94GB"),
        (r"Standard_ND\d+isr?f?_H100_v5$|Standard_ND\d+isrf?_H100_v5$", "H100-SXM5-80GB"),
        (r"Standard_ND\d+isr_H200_v5$", "H200-SXM-141GB"),
    ),
    "gcp": (
        (r"a2-(high|mega)gpu-", "A100-SXM4-40GB"),
        (r"a2-ultragpu-", "A100-SXM4-80GB"),
        (r"a3-(high|mega|edge)gpu-", "H100-SXM5-80GB"),
        (r"a3-ultragpu-", "H200-SXM-141GB"),
        (r"a4-highgpu-", "B200-SXM-180GB"),
        (r"g2-standard-", "L4"),
    ),
    "lambda": (
        (r"gpu_[124]x_a100$", "A100-PCIe-40GB"),
        (r"gpu_1x_a100_sxm4$", "A100-SXM4-40GB"),
        (r"gpu_8x_a100_80gb_sxm4$", "A100-SXM4-80GB"),
        (r"gpu_\dx_h100_pcie$", "H100-PCIe-80GB"),
        (r"gpu_\dx_h100_sxm5$", "H100-SXM5-80GB"),
        (r"gpu_8x_v100(_n)?$", "V100-SXM2-16GB"),
    ),
    "nebius": ((r"gpu-h100-sxm", "H100-SXM5-80GB"), (r"gpu-h200-sxm", "H200-SXM-141GB")),
}
# What NVIDIA's driver calls cards whose name leaves the form factor out (nvidia-smi's product names).
DRIVER_NAMES = {"H100 80GB HBM3": "H100-SXM5-80GB", "H200": "H200-SXM-141GB", "B200": "B200-SXM-180GB"}
_VAST = re.compile(r"\d+x-(?P<card>.+?)-\d+-\d+$")
_MIB_IN_GB = 1024.0


def card_of(
    provider: str, instance: str, said: str, memory_gib: float, names: GpuNames, cards: Mapping[str, Card]
) -> tuple[str, str]:
    """(exact card, "") or ("", why not). Decided by instance type, then by name and memory.

    memory_gib: of one card, 0 if the row does not say.
    """
    for pattern, card in _BY_INSTANCE.get(provider, ()):
        if re.match(pattern, instance):
            if memory_gib and not _fits(cards[card], memory_gib):
                return "", f"instance says {card}, its memory of {memory_gib:.4g} GiB a card does not"
            return card, ""
    inside = _VAST.match(instance)
    if provider == "vast" and inside:
        said = inside["card"]
    card, why = card_by_name(said, memory_gib, names, cards)
    if why:  # RunPod's machines have the driver's name of their card
        by_driver = card_of_driver(instance, names)
        if by_driver in names.find(said) and not (memory_gib and not _fits(cards[by_driver], memory_gib)):
            return by_driver, ""
    return card, why


def card_of_driver(product: str, names: GpuNames) -> str:
    """The card that NVIDIA's driver calls so ("NVIDIA H100 80GB HBM3"), "" if none or several."""
    product = re.sub(r"^nvidia[- ]", "", product, flags=re.IGNORECASE).replace("-", " ")
    found = names.find(DRIVER_NAMES.get(product, product))
    return found[0] if len(found) == 1 else ""


def card_by_instance(instance: str) -> str:
    """The card of an instance type, whichever cloud has it; "" if none or several do."""
    found = {
        card for kinds in _BY_INSTANCE.values() for pattern, card in kinds if re.match(pattern, instance)
    }
    return found.pop() if len(found) == 1 else ""


def card_by_name(said: str, memory_gib: float, names: GpuNames, cards: Mapping[str, Card]) -> tuple[str, str]:
    """(exact card, "") or ("", why not), by name and the memory of one card (0 if unknown)."""
    found = names.find(said.replace("_", " "))
    if not found:
        return "", f"no card is called `{said}`"
    fitting = [card for card in found if not memory_gib or _fits(cards[card], memory_gib)]
    if not fitting:
        return "", f"`{said}` with {memory_gib:.4g} GiB a card is none of {', '.join(found)}"
    if len(fitting) > 1:
        return "", f"`{said}` is ambiguous: {' or '.join(fitting)}"
    return fitting[0], ""


def _fits(card: Card, memory_gib: float) -> bool:
    """Tools report up to 7 % less than the vendor's figure, and never much more."""
    return 0.92 * card.memory_gb <= memory_gib <= 1.03 * card.memory_gb


def gib_of_vms(provider: str, text: str, count: int) -> float:
    """GiB of one card by the GpuInfo of a vms.csv (a Python repr, or JSON); 0 if it does not say."""
    info = _parse(text)
    gpus = info.get("Gpus") if isinstance(info, dict) else None
    if not isinstance(gpus, list) or not gpus or not isinstance(gpus[0], dict):
        return 0.0
    size = (gpus[0].get("MemoryInfo") or {}).get("SizeInMiB") or 0
    if not isinstance(size, int | float) or size <= 0:
        return 0.0
    if provider == "vast":  # the market place states the sum of all cards
        size = size / count
    return size / _MIB_IN_GB if size >= _MIB_IN_GB else float(size)  # runpod writes GB into the MiB field


def _parse(text: str) -> Any:
    if not text.startswith("{"):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return None
