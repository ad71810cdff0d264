"""What each block would choose at given prices of the shared rows, all blocks at once."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from optplan.portfolio.blocks import build_block, most_units
from optplan.portfolio.capital import cap_row, class_row, queue_row
from optplan.portfolio.ledger import Ledger
from optplan.portfolio.parts import Instance, Option
from optplan.portfolio.pricing import Cheapest, cheapest
from optplan.program import Program
from optplan.program.model import Variable
from optplan.solve_long import Stop, search

Pattern = tuple[tuple[int, float], ...]  # variable of the block (options first) -> amount
NOTHING = Cheapest(math.inf, math.inf, ())


@dataclass(slots=True)
class _Batch:
    """Blocks of one need that have the same options, as columns.

    blocks, months  which; most: (options, blocks)
    """

    blocks: list[int]
    months: np.ndarray
    options: tuple[Option, ...]
    cover: np.ndarray
    cost: np.ndarray
    units: np.ndarray
    place: np.ndarray
    integer: np.ndarray
    most: np.ndarray
    plain: bool


class Desk:
    """Prices of options for all blocks. rows: name of a shared row -> (number, scale)."""

    def __init__(self, instance: Instance, rows: dict[str, tuple[int, float]]) -> None:
        self.instance, self.rows = instance, rows
        self.places: dict[tuple[int, int], int] = {}  # (class, width of its queue or 0) -> number
        together: dict[tuple[int, int], list[int]] = defaultdict(list)
        for b, block in enumerate(instance.blocks):
            together[block.need, id(block.options)].append(b)
        self.batches = [self._batch(blocks) for blocks in together.values()]
        self.programs: dict[int, tuple[Program, list[Variable]]] = {}

    def _batch(self, blocks: list[int]) -> _Batch:
        instance = self.instance
        first = instance.blocks[blocks[0]]
        need, options = instance.needs[first.need], first.options
        places = [
            -1 if o.group < 0 else self.places.setdefault((o.group, o.width), len(self.places))
            for o in options
        ]
        most = [[most_units(need, instance.blocks[b], o) for b in blocks] for o in options]
        return _Batch(
            blocks,
            np.array([instance.blocks[b].month for b in blocks]),
            options,
            np.array([o.cover[0] for o in options]),
            np.array([o.cost for o in options]),
            np.array([o.units for o in options]),
            np.array(places, dtype=int),
            np.array([o.integer for o in options], dtype=bool),
            np.array(most, dtype=float).reshape(len(options), len(blocks)),
            need.plain(),
        )

    def priced(self, prices: np.ndarray, stop: Stop) -> list[Cheapest] | None:
        """The cheapest pattern of each block; None where stopped."""
        found = [NOTHING] * len(self.instance.blocks)
        table, factor = self._of_places(prices), self._of_money(prices)
        for batch in self.batches:
            if stop.now:
                return None
            matrix = self._matrix(batch, prices, table, factor)
            for k, b in enumerate(batch.blocks):
                if not batch.plain:
                    found[b] = self._small_program(b, matrix[:, k])
                elif len(batch.options):
                    demand = self.instance.blocks[b].demand[0]
                    one = cheapest(matrix[:, k], batch.cover, batch.most[:, k], batch.integer, demand)
                    found[b] = one or NOTHING
        return found

    def usual(self, kinds: tuple[str, ...], capital: dict[tuple[int, int], float]) -> np.ndarray:
        """Prices to begin with: a unit of a class costs what the cheapest of these kinds costs by the month.

        capital: (source, month) -> present value of one unit acquired then.
        """
        instance = self.instance
        prices = np.zeros(max((row for row, _ in self.rows.values()), default=-1) + 1)
        for group, width in self.places:
            for t in range(instance.months):
                name = queue_row(instance, group, width, t) if width else class_row(instance, group, t)
                if name not in self.rows:
                    continue
                each = []
                for s in instance.groups[group].sources:
                    source = instance.sources[s]
                    if source.kind in kinds:
                        left = min(instance.months - t, source.term or instance.months)
                        running = math.fsum(source.running.values()) * float(instance.discount[t + 1])
                        each.append(running + capital.get((s, t), 0.0) / left)
                prices[self.rows[name][0]] = -max(1, width) * min(each, default=math.inf)
        return prices

    def _of_places(self, prices: np.ndarray) -> np.ndarray:
        """(places, months): what one unit of a class, or the whole month of its queue, is worth.

        A queue is worth at least the units that it is made of: prices of queues that no pattern uses yet are not
        settled by the relaxed program, and may be raised that far without harm to the bound.
        """
        instance = self.instance
        table = np.zeros((len(self.places) + 1, instance.months))  # the last: options without a class

        def worth(name: str) -> float:
            row, scale = self.rows.get(name, (-1, 0.0))
            return max(0.0, -float(prices[row]) * scale) if row >= 0 else 0.0

        for (group, width), i in self.places.items():
            for t in range(instance.months):
                table[i, t] = worth(class_row(instance, group, t)) * max(1, width)
                if width:
                    table[i, t] = max(table[i, t], worth(queue_row(instance, group, width, t)))
        return table

    def _of_money(self, prices: np.ndarray) -> np.ndarray:
        """(months,): the present value of a unit of money paid at the end of a month, with what budgets make of it."""
        instance = self.instance
        factor = instance.discount[1 : instance.months + 1].copy()
        for t in range(instance.months):
            for name in (f"monthly_budget:m{t + 1}", "budget"):
                if name in self.rows:
                    row, scale = self.rows[name]
                    factor[t] += max(0.0, -prices[row] * scale)
        return np.asarray(factor)

    def _matrix(self, batch: _Batch, prices: np.ndarray, table: np.ndarray, factor: np.ndarray) -> np.ndarray:
        """(options, blocks): what one of an option costs."""
        matrix = batch.cost[:, None] * factor[batch.months][None, :]
        matrix = matrix + batch.units[:, None] * table[batch.place][:, batch.months]
        for i, option in enumerate(batch.options):
            for cap in self.instance.caps if option.hired else ():
                cards = sum(n for card, provider, n in option.hired if cap.counts(card, provider))
                for k, t in enumerate(batch.months.tolist()):
                    row, scale = self.rows[cap_row(cap.name, t)]
                    matrix[i, k] += cards * max(0.0, -prices[row] * scale)
        return np.asarray(matrix)

    def _small_program(self, b: int, prices: np.ndarray) -> Cheapest:
        """Several classes of traffic, or limits of the need's own: its rows as a program of their own."""
        block = self.instance.blocks[b]
        if b not in self.programs:
            ledger = Ledger(Program(self.instance.needs[block.need].name), self.instance.discount)
            build_block(self.instance, ledger, block)
            self.programs[b] = (ledger.program, list(ledger.program.variables))
        program, variables = self.programs[b]
        for i, price in enumerate(prices.tolist()):
            v = variables[i]
            known = math.isfinite(price)
            program.variables[i] = Variable(
                v.name, price if known else 0.0, v.upper if known else 0.0, v.integer
            )
        solution = search(program, Stop())
        if not solution.values:
            return NOTHING
        return Cheapest(solution.cost, solution.bound, tuple(sorted(solution.values.items())))
