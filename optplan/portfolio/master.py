"""Patterns: the relaxed program whose columns are ways to carry a block, found as its prices ask for them.

A pattern is a whole-number way to carry one need in one month. The relaxed program takes fractions of patterns and
of purchases; its prices say what a unit of each class is worth in each month. Its cost, less what any block could
still gain by another pattern, is a bound on every plan: each pattern that a plan uses was allowed for.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from optplan.portfolio.capital import Capital, build_capital, scale_of, use_of, write_rows
from optplan.portfolio.ledger import Ledger
from optplan.portfolio.lift import lifted
from optplan.portfolio.offers import Desk, Pattern
from optplan.portfolio.parts import Instance
from optplan.program import Program
from optplan.solve_long import Relaxed, Stop

ENOUGH = 5e-4  # relative: a bound this near to the relaxed cost is near enough
GAIN = 1e-9  # relative to what a block is paid: a pattern must be cheaper by more
ROUNDS = 40
NOT_CARRIED = 10.0  # times the dearest variable: what leaving a block out costs in the relaxed program


@dataclass(slots=True)
class Master:
    """The relaxed program over shared variables and patterns.

    rows      name of a shared row -> its number, and its scale
    columns   columns of the program after the shared ones and the blocks left out -> (block, pattern)
    bound     no plan costs less; cost: of the relaxed program as it is
    amounts   of its columns
    """

    instance: Instance
    capital: Capital
    desk: Desk
    relaxed: Relaxed
    rows: dict[str, tuple[int, float]]
    convexity: int
    columns: list[tuple[int, Pattern]] = field(default_factory=list)
    known: set[tuple[int, Pattern]] = field(default_factory=set)
    bound: float = -math.inf
    cost: float = math.inf
    amounts: np.ndarray = field(default_factory=lambda: np.zeros(0))
    rounds: int = 0

    @property
    def shared(self) -> int:
        """How many columns are shared variables."""
        return len(self.capital.ledger.program.variables)

    @property
    def first(self) -> int:
        """The column of the first pattern."""
        return self.shared + len(self.instance.blocks)


def build_master(instance: Instance) -> Master:
    """The master without patterns, each block left out at a prohibitive price."""
    ledger = Ledger(Program(instance.name), instance.discount)
    capital = build_capital(instance, ledger)
    before = len(ledger.program.rows)
    write_rows(capital)
    rows = {name: (before + i, scale_of(most)) for i, (name, (_, most)) in enumerate(capital.rows.items())}
    relaxed = Relaxed(ledger.program)
    blocks = len(instance.blocks)
    first = relaxed.add_rows(1.0, math.inf, blocks)
    dearest = max((v.cost for v in ledger.program.variables), default=1.0)
    dearest = max([dearest, *(o.cost for block in instance.blocks for o in block.options if o.integer)])
    relaxed.add_columns([NOT_CARRIED * dearest] * blocks, [[(first + b, 1.0)] for b in range(blocks)])
    return Master(instance, capital, Desk(instance, rows), relaxed, rows, first)


def add(master: Master, patterns: list[tuple[int, Pattern]]) -> int:
    """Add the patterns that are new; returns how many were."""
    costs, columns = [], []
    for b, pattern in patterns:
        if (b, pattern) in master.known:
            continue
        master.known.add((b, pattern))
        master.columns.append((b, pattern))
        block = master.instance.blocks[b]
        discount = float(master.instance.discount[block.month + 1])
        sums: dict[int, float] = {master.convexity + b: 1.0}
        cost = 0.0
        for i, amount in pattern:
            if i >= len(block.options):  # a share inside the block
                continue
            option = block.options[i]
            cost += option.cost * discount * amount
            for name, coefficient in use_of(master.instance, option, block.month).items():
                row, scale = master.rows[name]
                sums[row] = sums.get(row, 0.0) + coefficient * scale * amount
        costs.append(cost)
        columns.append(list(sums.items()))
    master.relaxed.add_columns(costs, columns)
    return len(costs)


def generate(master: Master, stop: Stop, say: Callable[[float], None]) -> bool:
    """Add patterns until the bound meets the relaxed cost. False where stopped before the first bound.

    Some patterns must be there already.
    """
    while master.rounds < ROUNDS and not stop.now:
        solved = master.relaxed.solve(stop)
        if solved is None:
            break
        master.cost, master.amounts, duals, _ = solved
        paid = duals[master.convexity :]
        found = master.desk.priced(lifted(master.capital, master.rows, duals[: master.convexity]), stop)
        if found is None:
            break
        gains = math.fsum(min(0.0, one.bound - have) for one, have in zip(found, paid, strict=True))
        master.bound = max(master.bound, master.cost + gains)
        master.rounds += 1
        say(master.bound)
        better = [
            (b, one.pattern)
            for b, (one, have) in enumerate(zip(found, paid, strict=True))
            if one.pattern and one.price < have - GAIN * abs(have)
        ]
        if master.cost - master.bound <= ENOUGH * abs(master.cost) or not add(master, better):
            break
    return math.isfinite(master.bound)
