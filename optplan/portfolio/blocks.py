"""One need in one month as part of a program: options, demand, and the need's own limits."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from optplan.portfolio.ledger import Ledger, Payment
from optplan.portfolio.parts import Block, Instance, Option, Wanted
from optplan.units import TOLERANCE


@dataclass(slots=True)
class BlockVariables:
    """The variables of one block, and the rows of its own; both in one run of numbers.

    units  option -> variable
    """

    block: Block
    variables: range
    rows: range
    units: list[int] = field(default_factory=list)


def payments_of(option: Option, month: int) -> list[Payment]:
    """What one of an option costs, paid at the end of the month."""
    return [Payment(month + 1, month, charge, amount) for charge, amount in option.terms.items()]


def most_units(need: Wanted, block: Block, option: Option) -> float:
    """No plan needs more of an option than would carry all of the block, and its fewest replicas, alone."""
    parts = [d / c for d, c in zip(block.demand, option.cover, strict=True) if c > 0 and d > 0]
    if not parts:
        return 0.0
    if not option.integer:
        return min(option.most, max(parts))
    alone = math.ceil(math.fsum(parts) * (1 - TOLERANCE))
    spare = need.min_replicas if need.min_replicas > 1 else 0
    return min(option.most, alone + len(parts) - 1 + spare)


def build_block(instance: Instance, ledger: Ledger, block: Block) -> BlockVariables:
    """Variables and own rows of a block; what it uses of the shared part is up to the caller."""
    need, t = instance.needs[block.need], block.month
    tag = f"{need.name}_m{t + 1}"
    program = ledger.program
    first, first_row = len(program.variables), len(program.rows)
    units = []
    for option in block.options:
        place = instance.groups[option.group].name if option.group >= 0 else ""
        queue = f"_queue{option.width}" if option.width else ""
        name = f"{option.way.kind}_{tag}_{place}_{option.way.label}{queue}"
        x = ledger.variable(name, payments_of(option, t), most_units(need, block, option), option.integer)
        units.append(x)
    made = BlockVariables(block, range(0), range(0), units)
    _demand(ledger, made, tag)
    _own_limits(ledger, need, made, tag)
    made.variables = range(first, len(program.variables))
    made.rows = range(first_row, len(program.rows))
    return made


def _demand(ledger: Ledger, made: BlockVariables, tag: str) -> None:
    block, program = made.block, ledger.program
    if len(block.demand) == 1:
        row = {
            x: option.cover[0] / block.demand[0] for x, option in zip(made.units, block.options, strict=True)
        }
        program.row(f"demand:{tag}", row, low=1.0)
        return
    loads: dict[int, dict[int, float]] = {}
    for j, demand in enumerate(block.demand):
        row = {}
        for x, option in zip(made.units, block.options, strict=True):
            if demand <= 0 or option.cover[j] <= 0:
                continue
            if sum(c > 0 for c in option.cover) == 1:
                row[x] = option.cover[j] / demand
                continue
            share = ledger.variable(f"share_{j}_{program.variables[x].name}", upper=1.0, integer=False)
            row[share] = 1.0
            loads.setdefault(x, {})[share] = demand / option.cover[j]
        if demand > 0:
            program.row(f"demand:{tag}:{j}", row, low=1.0)
    for x, load in loads.items():
        program.row(f"capacity:{program.variables[x].name}", load | {x: -1.0}, high=0.0)


def _own_limits(ledger: Ledger, need: Wanted, made: BlockVariables, tag: str) -> None:
    program = ledger.program
    pairs = list(zip(made.units, made.block.options, strict=True))
    if need.min_replicas > 1:
        row = {x: o.replicas / need.min_replicas for x, o in pairs if o.replicas}
        api = [(x, o) for x, o in pairs if o.way.kind == "api"]
        if api:
            all_api = ledger.variable(f"all_api_{tag}", upper=1)
            row[all_api] = 1.0
            for j, demand in enumerate(made.block.demand):
                sent = {x: o.cover[j] / demand for x, o in api if demand > 0 and o.cover[j] > 0}
                program.row(f"all_api:{tag}:{j}", sent | {all_api: -1.0}, low=0.0)
        program.row(f"min_replicas:{tag}", row, low=1.0)
    held = {x: float(o.cards) for x, o in pairs if o.cards}
    if math.isfinite(need.max_cards):
        row = {x: c / need.max_cards for x, c in held.items()}
        program.row(f"max_cards:{tag}", row, high=1.0 + TOLERANCE)
    for name, cards, most in need.quotas:
        scale = 1 / most if most else 1.0
        row = {x: o.cards * scale for x, o in pairs if o.card in cards}
        program.row(f"quota:{name}:{tag}", row, high=(1.0 + TOLERANCE) if most else 0.0)
    if need.one_type:
        types = {
            c: ledger.variable(f"type_{c}_{tag}", upper=1)
            for c in sorted({o.card for _, o in pairs if o.cards})
        }
        for x, option in pairs:
            top = program.variables[x].upper
            if option.cards and top:
                program.row(
                    f"one_type:{program.variables[x].name}", {x: 1 / top, types[option.card]: -1.0}, high=0.0
                )
        program.row(f"one_type:{tag}", dict.fromkeys(types.values(), 1.0), high=1.0)
