"""How Google's rows in a SkyPilot catalog are to be read: accelerator and host are priced apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

# Google sells these accelerators inside one family of hosts; the host of each count is fixed.
HOSTS: Mapping[str, Mapping[int, tuple[str, ...]]] = {
    "A100": {1: ("a2-highgpu-1g",), 2: ("a2-highgpu-2g",), 4: ("a2-highgpu-4g",), 8: ("a2-highgpu-8g",)}
    | {16: ("a2-megagpu-16g",)},
    "A100-80GB": {n: (f"a2-ultragpu-{n}g",) for n in (1, 2, 4, 8)},
    "H100": {n: (f"a3-highgpu-{n}g",) for n in (1, 2, 4, 8)},
    "H100-MEGA": {8: ("a3-megagpu-8g",)},
    "H200": {8: ("a3-ultragpu-8g",)},
    "B200": {8: ("a4-highgpu-8g",)},
    "L4": {
        1: tuple(f"g2-standard-{n}" for n in (4, 8, 12, 16, 32)),
        2: ("g2-standard-24",),
        4: ("g2-standard-48",),
        8: ("g2-standard-96",),
    },
}


def committed_below(prices: Iterable[tuple[str, int, float, float]]) -> dict[str, float]:
    """Accelerator -> the price per card below which an on-demand price is a committed-use price.

    prices are (accelerator, cards, on-demand price, spot price). The file picks the committed price in some
    regions: it then lies below spot, or below half of what the dearest region asks, though true on-demand
    prices differ by less than a third between regions.
    """
    bound: dict[str, float] = {}
    for name, count, price, spot in prices:
        if count and price == price:
            each = price / count
            bound[name] = max(bound.get(name, 0.0), each / 2, each * 1.0001 if price < spot else 0.0)
    return bound
