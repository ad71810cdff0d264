"""Training jobs on a mix of card types, inside one site, under the slowest link and the smallest card.

A class is (site, size, smallest node, layout). The work is shared in proportion to speed, so the gang's speed is
the sum of its units' and cost = rate x time is a ratio: solved by Dinkelbach's method, one integer program a
step, until no gang beats the ratio. Billing by the hour turns time into slots, and the program is linear again.
Short billing steps are not: there the ratio is a bound, each gang found is billed exactly and then left out, and
the search ends when no other could be cheaper even unrounded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from optplan.program.limits import Limits, pool_rows, scaled_most
from optplan.program.mixclasses import MixClass, MixLots
from optplan.program.model import Program
from optplan.units import TOLERANCE


@dataclass(slots=True)
class MixProgram:
    """The program with what its variables mean: variable -> (class, lot)."""

    program: Program
    classes: list[MixClass]
    chosen: list[int] = field(default_factory=list)
    units: dict[int, tuple[int, int]] = field(default_factory=dict)


def mix_program(
    name: str,
    classes: list[MixClass],
    lots: MixLots,
    limits: Limits,
    ratio: float,
    seen: Sequence[tuple[int, Mapping[int, int]]] = (),
) -> MixProgram:
    """Is there a gang cheaper than `ratio`? Its objective is negative exactly then.

    Billing by time: (cost - ratio) x speed x the slowest gang's hours, so that a bound on it bounds cost - ratio,
    too. By slots: cost - ratio.
    seen: gangs left out: the class's number, and units by position in its lots.
    """
    result = MixProgram(Program(name), classes)
    program = result.program
    held: dict[int, float] = {}
    for number, one in enumerate(classes):
        z = program.variable(f"gang_{number}_of_{one.size}_cards", -ratio if one.slot else 0.0, 1)
        result.chosen.append(z)
        fill, speeds, pay = {z: -float(one.size)}, {}, {}
        for lot, speed in zip(one.lots, one.speed, strict=True):
            rate, share = float(lots.rate[lot]), speed / one.stretch * one.slowest
            cost = rate * one.slot if one.slot else rate * one.slowest - ratio * share
            most = one.size // int(lots.gpus[lot])
            x = program.variable(f"units_{number}_{lots.names(int(lots.offer[lot]))}", cost, most)
            result.units[x] = (number, lot)
            fill[x] = held[x] = float(lots.gpus[lot])
            speeds[x] = speed / one.stretch
            pay[x] = rate * one.slot if one.slot else rate * one.slowest - limits.budget * share
        program.row(f"size:{number}", fill, low=0, high=0)
        _times(program, number, one, z, speeds, limits.deadline)
        if math.isfinite(limits.budget):
            scale = 1 / (limits.budget if one.slot else max(abs(v) for v in pay.values()) or 1.0)
            top = 1 + TOLERANCE if one.slot else TOLERANCE
            program.row(f"budget:{number}", {x: v * scale for x, v in pay.items()}, high=top)
    program.row("one_gang", dict.fromkeys(result.chosen, 1.0), low=1, high=1)
    scaled_most(program, "max_cards", held, limits.max_cards)
    for quota, mask, most in limits.quotas:
        counted = {x: n for x, n in held.items() if mask[lots.card[result.units[x][1]]]}
        scaled_most(program, f"quota:{quota}", counted, most)
    pool_rows(program, limits, held, {x: int(lots.offer[lot]) for x, (_, lot) in result.units.items()})
    for k, (number, units) in enumerate(seen):
        _leave_out(result, k, number, units)
    return result


def _times(
    program: Program, number: int, one: MixClass, z: int, speeds: dict[int, float], deadline: float
) -> None:
    """Fast enough for the deadline and the slot; where the minimum has its own slot, slower than that."""
    longest = min(one.slot or math.inf, deadline)
    if math.isfinite(longest):
        program.row(
            f"deadline:{number}", {x: v * longest for x, v in speeds.items()} | {z: -1.0}, low=-TOLERANCE
        )
    if not one.slot and one.minimum > one.step:
        slow = {x: v * one.minimum for x, v in speeds.items()}
        program.row(f"minimum:{number}", slow | {z: -1.0}, high=TOLERANCE)


def _leave_out(result: MixProgram, k: int, number: int, units: Mapping[int, int]) -> None:
    """Another gang of this class has more units of some lot, since its size is the same."""
    program, more = result.program, {}
    for x, (n, lot) in result.units.items():
        if n == number:
            least = units.get(result.classes[number].lots.index(lot), 0) + 1
            if least <= program.variables[x].upper:
                more[x] = (program.variable(f"other_{k}_{program.variables[x].name}", upper=1), least)
    program.row(
        f"other:{k}", dict.fromkeys((b for b, _ in more.values()), 1.0) | {result.chosen[number]: -1.0}, low=0
    )
    for x, (b, least) in more.items():
        program.row(f"other:{k}:{program.variables[x].name}", {x: 1.0, b: -float(least)}, low=0)


def gang_cost(one: MixClass, lots: MixLots, units: Mapping[int, int]) -> tuple[float, float]:
    """(cost, elapsed hours) of a gang; units: position in the class's lots -> units."""
    speed = math.fsum(one.speed[k] * n for k, n in units.items())
    rate = math.fsum(float(lots.rate[one.lots[k]]) * n for k, n in units.items())
    elapsed = one.stretch / speed
    return rate * one.billed(elapsed), elapsed
