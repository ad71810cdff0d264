"""Part of a program as a program: some variables are free, the others are at given values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from optplan.program import Program
from optplan.program.model import Row, Variable


class Carver:
    """Cuts parts out of one program; what each variable is in is looked up once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.rows_of: list[list[int]] = [[] for _ in program.variables]
        for r, row in enumerate(program.rows):
            for x in row.coefficients:
                self.rows_of[x].append(r)

    def part(
        self, free: Iterable[int], values: Mapping[int, float], more: Mapping[int, float] | None = None
    ) -> tuple[Program, list[int]]:
        """(the program over the free variables, which those are); limits are less what the others use.

        more: variables that are not free, but of which more whole ones can be had at this cost each, in the rows
        of the free ones; they come last in the program.
        """
        whole, chosen = self.program, sorted(free)
        number = {x: i for i, x in enumerate(chosen)}
        part = Program(whole.name)
        part.variables = [whole.variables[x] for x in chosen]
        for r in sorted({r for x in chosen for r in self.rows_of[x]}):
            row = whole.rows[r]
            kept, used = {}, 0.0
            for x, c in row.coefficients.items():
                if x in number:
                    kept[number[x]] = c
                elif x in values:
                    used += c * values[x]
            for i, x in enumerate(more or ()):
                if x in row.coefficients:
                    kept[len(chosen) + i] = row.coefficients[x]
            part.rows.append(Row(row.name, kept, row.low - used, row.high - used))
        for x, cost in (more or {}).items():
            part.variables.append(Variable(f"more_{whole.variables[x].name}", cost, math.inf, True))
        return part, chosen
