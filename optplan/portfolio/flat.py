"""All needs and months in one integer program: exact, and the one that `--lp` prints."""

from __future__ import annotations

from dataclasses import dataclass

from optplan.portfolio.blocks import BlockVariables, build_block
from optplan.portfolio.capital import Capital, build_capital, use_of, write_rows
from optplan.portfolio.ledger import Ledger
from optplan.portfolio.parts import Instance
from optplan.program import Program


@dataclass(slots=True)
class Flat:
    """The program with what its variables mean."""

    ledger: Ledger
    capital: Capital
    blocks: list[BlockVariables]

    @property
    def program(self) -> Program:
        """The program itself."""
        return self.ledger.program


def flat_program(instance: Instance) -> Flat:
    """Lowest present value of all that is paid; rows are named after what was asked."""
    ledger = Ledger(Program(instance.name), instance.discount)
    capital = build_capital(instance, ledger)
    blocks = []
    for block in instance.blocks:
        made = build_block(instance, ledger, block)
        for x, option in zip(made.units, block.options, strict=True):
            for row, coefficient in use_of(instance, option, block.month).items():
                capital.rows[row][0][x] = coefficient
        blocks.append(made)
    write_rows(capital)
    return Flat(ledger, capital, blocks)
