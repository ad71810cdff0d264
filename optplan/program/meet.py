"""The least volume at which whole units cost no more than a price in proportion to the volume.

Units x carry every volume up to their capacity K(x) at the cost C(x), so they cost no more than c v for the volumes v
from C(x) / c to K(x). The least of these is the cheapest C(x) / c of all units with C(x) <= c K(x).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from optplan.program.columns import Columns
from optplan.program.limits import Limits, scaled_most
from optplan.program.model import Program


def meeting_program(
    columns: Columns, rates: Sequence[float], hours: float, utilisation: float, limits: Limits, line: float
) -> Program:
    """The cheapest units that cost no more than `line` times a volume that they carry.

    rates: requests/s of each traffic class at the volume 1; line: cost of that volume elsewhere. The volume is the
    last variable; costs are in parts of `line`.
    """
    program = Program("meeting")
    cost = (columns.fixed + columns.rate * hours) / line
    units = [program.variable(f"units_{columns.label(i)}", float(cost[i])) for i in range(len(columns))]
    shares = {
        (j, i): program.variable(f"volume_{j}_{columns.label(i)}", integer=False)
        for j in range(len(rates))
        for i in range(len(columns))
        if columns.capacity[j, i] > 0
    }
    volume = program.variable("volume", integer=False)
    for j in range(len(rates)):
        carried = {w: 1.0 for (k, _), w in shares.items() if k == j}
        program.row(f"class:{j}", carried | {volume: -1.0}, low=0, high=0)
    for i, x in enumerate(units):
        loads = {
            w: rates[j] / (columns.capacity[j, i] * utilisation) for (j, k), w in shares.items() if k == i
        }
        program.row(f"capacity:{columns.label(i)}", loads | {x: -1.0}, high=0)
    program.row("no_dearer", dict(zip(units, cost.tolist(), strict=True)) | {volume: -1.0}, high=0)
    replicas = dict(zip(units, columns.replicas.astype(float).tolist(), strict=True))
    program.row("replicas", {x: r / limits.min_replicas for x, r in replicas.items()}, low=1)
    held = dict(zip(units, columns.gpus.astype(float).tolist(), strict=True))
    scaled_most(program, "max_cards", held, limits.max_cards)
    scaled_most(program, "budget", dict(zip(units, cost.tolist(), strict=True)), limits.budget / line)
    for quota, mask, most in limits.quotas:
        counted = {x: held[x] for i, x in enumerate(units) if mask[columns.card[i]]}
        scaled_most(program, f"quota:{quota}", counted, most)
    return program


def in_the_long_run(
    columns: Columns, rates: Sequence[float], hours: float, utilisation: float
) -> tuple[float, float]:
    """(cost of the volume 1 on the column that carries it cheapest, fully used; cost of one unit of it)."""
    cost = columns.fixed + columns.rate * hours
    with np.errstate(divide="ignore"):
        load = (np.array(rates)[:, None] / (columns.capacity * utilisation)).sum(axis=0)
        each = np.where(np.isfinite(load) & np.isfinite(cost), cost * load, math.inf)
    if not len(each):
        return math.inf, math.inf
    best = int(np.argmin(each))
    return float(each[best]), float(cost[best])
