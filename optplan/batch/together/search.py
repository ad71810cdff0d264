"""All needs as one program: which plan each of them gets, so that the shared limits hold and the total is least.

Every need has a tree of boxes. A box is a range of what a plan may take of each cell; its plan is the cheapest
below the upper end. A plan that takes u of a cell splits its box at less than u: the lower and the upper half of what
is left are boxes of their own. Whatever plan of a need there is, one that was looked at is as cheap and takes no more,
or it lies in a box that was not looked at; such a box costs no less than the plan above it and takes no less than its
lower end. The program chooses among plans and boxes; while it chooses a box, that box is looked at. Once it
chooses plans alone, no choice of any plans costs less.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from optplan.batch.together.alone import Caps, Piece
from optplan.batch.together.limits import Cells
from optplan.program import Program
from optplan.program.limits import scaled_most
from optplan.solve import Solution, solve_program
from optplan.units import TOLERANCE

Look = Callable[[Sequence[tuple[int, Caps]]], Sequence[Piece]]


@dataclass(frozen=True, slots=True)
class Box:
    """A range of usage that was not looked at: at least `floor`, at most `caps`, at no less than `cost`."""

    floor: tuple[int, ...]
    caps: Caps
    cost: float


@dataclass(slots=True)
class Options:
    """What is known of one need: plans by what they take, and boxes still closed. Costs in the common currency."""

    plans: dict[tuple[int, ...], tuple[float, Piece]] = field(default_factory=dict)
    boxes: set[Box] = field(default_factory=set)
    seen: set[Box] = field(default_factory=set)

    def add(self, box: Box, cost: float, piece: Piece) -> None:
        """The plan of a box (infinite cost: there is none), and the boxes that this leaves."""
        self.boxes.discard(box)
        self.seen.add(box)
        if math.isinf(cost):
            return
        known = self.plans.get(piece.usage)
        if known is None or cost < known[0]:
            self.plans[piece.usage] = (cost, piece)
        for cell, used in enumerate(piece.usage):
            low = box.floor[cell]
            if used > low:
                middle = (low + used - 1) // 2
                self._open(box, cell, low, middle, cost)
                if middle < used - 1:
                    self._open(box, cell, middle + 1, used - 1, cost)

    def _open(self, box: Box, cell: int, low: int, high: int, cost: float) -> None:
        floor = (*box.floor[:cell], low, *box.floor[cell + 1 :])
        caps = (*box.caps[:cell], high, *box.caps[cell + 1 :])
        new = Box(floor, caps, cost)
        if new not in self.seen:
            self.boxes.add(new)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the common program chose.

    given    need -> its plan; a need that is absent got none
    total    cost of all plans, in the common currency
    bound    no choice that serves as many needs costs less
    """

    given: dict[int, Piece]
    total: float
    bound: float


class Search:
    """The common program over the needs that have a plan at all.

    look     works out plans of needs under caps
    convert  (amount, currency) -> the common currency
    """

    def __init__(self, cells: Cells, look: Look, convert: Callable[[float, str], float]) -> None:
        self.cells, self.look, self.convert = cells, look, convert
        self.options: dict[int, Options] = {}
        self.looks = 0
        self.programs = 0

    def start(self, firsts: dict[int, Piece]) -> None:
        """The plan of each need as if it were alone."""
        nothing = (0,) * len(self.cells.roots)
        for number, piece in firsts.items():
            options = self.options[number] = Options()
            cost = self.convert(piece.cost, piece.currency)
            options.add(Box(nothing, self.cells.roots, 0.0), cost, piece)

    def best(self, most: Sequence[float], budget: float = math.inf) -> Choice:
        """As many needs as the limits let in, at the least total cost. most: cards of each limit."""
        while True:
            absent = self._fewest(most, budget)
            loose, columns = self._run(most, budget, absent, boxes=True)
            closed = [
                (number, what)
                for x, (number, what) in columns.items()
                if loose.values.get(x) and isinstance(what, Box)
            ]
            found = loose
            if closed:  # plans alone may be as good
                found, columns = self._run(most, budget, absent, boxes=False)
            if found.values or not self.options:
                given = {
                    number: what
                    for x, (number, what) in columns.items()
                    if found.values.get(x) and isinstance(what, Piece)
                }
                total = math.fsum(self.convert(piece.cost, piece.currency) for piece in given.values())
                if not closed or total <= loose.cost * (1 + TOLERANCE):
                    return Choice(given, total, min(loose.bound, total))
            self._look(closed)

    def _look(self, closed: Sequence[tuple[int, Box]]) -> None:
        pieces = self.look([(number, box.caps) for number, box in closed])
        self.looks += len(closed)
        for (number, box), piece in zip(closed, pieces, strict=True):
            cost = self.convert(piece.cost, piece.currency) if math.isfinite(piece.cost) else math.inf
            self.options[number].add(box, cost, piece)

    def _fewest(self, most: Sequence[float], budget: float) -> int | None:
        """The fewest needs that must be left out as far as is known; None where all have room."""
        if self._run(most, budget, None, boxes=True)[0].values or not self.options:
            return None
        return round(self._run(most, budget, len(self.options), boxes=True, count=True)[0].cost)

    def _run(
        self, most: Sequence[float], budget: float, absent: int | None, boxes: bool, count: bool = False
    ) -> tuple[Solution, dict[int, tuple[int, Piece | Box]]]:
        self.programs += 1
        program, columns = self._program(most, budget, absent, boxes, count)
        return solve_program(program), columns

    def _program(
        self, most: Sequence[float], budget: float, absent: int | None, boxes: bool, count: bool
    ) -> tuple[Program, dict[int, tuple[int, Piece | Box]]]:
        """The program over plans, and boxes where asked for.

        absent: so many needs may be left out; count: minimise their number, not the cost.
        """
        program = Program("together")
        columns: dict[int, tuple[int, Piece | Box]] = {}
        cost: dict[int, float] = {}
        usage: dict[int, tuple[int, ...]] = {}
        left_out: list[int] = []
        for number, options in self.options.items():
            chosen: dict[int, float] = {}
            for amount, taken, what in _columns(options, boxes):
                x = program.variable(f"need_{number}_plan", 0.0 if count else amount, upper=1)
                columns[x], cost[x], usage[x] = (number, what), amount, taken
                chosen[x] = 1.0
            if absent is not None:
                y = program.variable(f"need_{number}_left_out", 1.0 if count else 0.0, upper=1)
                left_out.append(y)
                chosen[y] = 1.0
            program.row(f"need:{number}", chosen, low=1, high=1)
        if absent is not None:
            program.row("left_out", dict.fromkeys(left_out, 1.0), high=absent)
        for limit, name in enumerate(self.cells.names):
            counts = np.flatnonzero(self.cells.counts[limit])
            taken_of = {x: float(sum(taken[c] for c in counts)) for x, taken in usage.items()}
            scaled_most(program, f"quota:{name}", {x: n for x, n in taken_of.items() if n}, most[limit])
        scaled_most(program, "budget", cost, budget)
        return program, columns


def _columns(options: Options, boxes: bool) -> list[tuple[float, tuple[int, ...], Piece | Box]]:
    """Plans and boxes of a need without those that another beats in cost and in every cell; plans go first."""
    every: list[tuple[float, tuple[int, ...], Piece | Box]] = [
        (cost, usage, piece) for usage, (cost, piece) in options.plans.items()
    ]
    every += [(box.cost, box.floor, box) for box in options.boxes if boxes]
    every.sort(key=lambda one: (one[0], isinstance(one[2], Box), one[1]))
    kept: list[tuple[float, tuple[int, ...], Piece | Box]] = []
    for one in every:
        if not any(all(a <= b for a, b in zip(k[1], one[1], strict=True)) for k in kept):
            kept.append(one)
    return kept
