"""What the lines of plans come to: terms of the cost, totals, and quantities with both ends; many plans at once."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from optplan.plan import ApiLine, Bands, Line
from optplan.plan.bands import About, bands_of
from optplan.plan.numbers import Stack
from optplan.planner.context import Context
from optplan.planner.costs.carbon import weighed
from optplan.rule import Pack

Part = Line | ApiLine


@dataclass(slots=True)
class Amounts:
    """Of one plan: what it costs by term, in all, and its quantities."""

    terms: dict[str, float] = field(default_factory=dict)
    total: float = math.nan
    bands: Bands = field(default_factory=Bands)


def amounts_of(contexts: Sequence[Context], lines: Sequence[Sequence[Part]]) -> list[Amounts]:
    """The amounts of each plan. contexts: of one task and pack; lines: of each plan, those of cards first."""
    found = [Amounts() for _ in contexts]
    some = [i for i, own in enumerate(lines) if own]
    if not some:
        return found
    contexts, lines, pack = [contexts[i] for i in some], [lines[i] for i in some], contexts[0].pack
    stack = Stack([part for own in lines for part in own])
    every = _charged(pack, stack, lines)
    costs = np.array([[math.fsum(own) for own in ends] for ends in every])
    every_band = _bands(contexts, stack, lines, costs)
    for i, ends, cost, bands in zip(some, every, costs[:, 0].tolist(), every_band, strict=True):
        found[i] = Amounts(_named(pack, ends[0]), cost, bands)
    return found


def charges(context: Context, lines: Sequence[Line]) -> dict[str, float]:
    """Cost term -> expected amount over all lines of one plan; terms that are nothing are left out."""
    return _named(context.pack, _charged(context.pack, Stack(lines), [lines])[0][0])


def _charged(pack: Pack, stack: Stack, lines: Sequence[Sequence[Part]]) -> list[list[list[float]]]:
    """(plans, ends, charges of the pack): summed over the lines of each plan, which has at least one."""
    names = [rule.name for rule in pack.of_kind("charge")]
    charged: list[list[list[float]]] = _summed(stack, names, lines).tolist()
    return charged


def _summed(stack: Stack, names: Sequence[str], lines: Sequence[Sequence[Part]]) -> np.ndarray:
    """(plans, ends, names): sums over the lines of each plan, rounded once."""
    columns, counts = stack.of(names), np.array([len(own) for own in lines])
    start = np.cumsum(counts) - counts
    sums: np.ndarray = np.add.reduceat(columns, start, axis=0)  # of up to two numbers it is rounded once
    for i in np.flatnonzero(counts > 2).tolist():
        every = columns[start[i] : start[i] + counts[i]].reshape(counts[i], sums[i].size)
        sums[i] = np.reshape([math.fsum(own) for own in every.T.tolist()], sums[i].shape)
    return sums


def _named(pack: Pack, row: Sequence[float]) -> dict[str, float]:
    names = [rule.name for rule in pack.of_kind("charge")]
    kept = {name: amount for name, amount in zip(names, row, strict=True) if amount}
    return kept or dict.fromkeys(names[:1], 0.0)  # what is free is said to be


def _bands(
    contexts: Sequence[Context], stack: Stack, lines: Sequence[Sequence[Part]], costs: np.ndarray
) -> list[Bands]:
    """Derived quantities of the line with most cards, or of all lines, and the costs: (plans, ends)."""
    pack, found = contexts[0].pack, [Bands() for _ in lines]
    totals = _summed(stack, weighed(pack), lines)
    counts = np.array([len(own) for own in lines])
    widest = np.cumsum(counts) - counts + [_widest(own) for own in lines]
    for one in stack.groups:
        plans = np.flatnonzero(np.isin(widest, one.places)).tolist()
        shown = _shown(pack, tuple(one.at))
        table = one.of([name for name, *_ in shown])[np.searchsorted(one.places, widest[plans])]
        at = {name: i for i, (name, *_) in enumerate(shown)}
        for k, name in enumerate(weighed(pack)):
            if name in at:
                table[:, :, at[name]] = totals[plans, :, k]
        table = np.concatenate([costs[plans, :, None], table], axis=2)
        codes = [contexts[i].settled.currency for i in plans]
        abouts = {code: _about(pack, code, tuple(one.at), shown) for code in set(codes)}
        bands = bands_of([abouts[code] for code in codes], table[:, 0], table[:, 1], table[:, 2])
        for i, own in zip(plans, bands, strict=True):
            found[i] = own
    return found


def _shown(pack: Pack, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Name, unit and label of the derived quantities among these."""

    def found() -> list[tuple[str, str, str]]:
        rules = [pack.rules[name] for name in names if name in pack.rules]
        return [(rule.name, rule.unit, rule.label) for rule in rules if rule.kind == "derive"]

    return pack.kept(("shown", names), found)


def _about(pack: Pack, currency: str, names: tuple[str, ...], shown: list[tuple[str, str, str]]) -> About:
    whole = ("total_cost", currency, "all terms")
    return pack.kept(("about", currency, names), lambda: About([whole, *shown]))


def widest(lines: Sequence[Line]) -> Line:
    """The line with most cards."""
    return lines[_widest(lines)]


def _widest(parts: Sequence[Part]) -> int:
    """Position of the line with most cards; of the first API where there is none."""
    lines = [part for part in parts if isinstance(part, Line)] if len(parts) > 1 else []
    return int(np.argmax([line.units * line.values["gpus_per_unit"] for line in lines])) if lines else 0
