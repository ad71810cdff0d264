"""Inference as an integer program: independent replicas, any mix of types.

`serve`: whole units x, shares w of each traffic class, capacity rows. `generate`: whole units x held at once,
billed unit-hours y, and busy hours within both. Columns that serve alike are merged first: equal columns slow the
search and make its answer depend on their order.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from optplan.distinct import distinct
from optplan.program.columns import SECOND, Columns, places
from optplan.program.limits import Limits, carbon_row, pool_rows, scaled_most
from optplan.program.model import Program
from optplan.program.ready import Ready, ready_batch, ready_service
from optplan.program.spans import Spans, spans_of
from optplan.program.worth import loads_of
from optplan.units import HOUR


@dataclass(slots=True)
class FleetProgram:
    """The program with what its variables mean, a variable a column; offline also billed and busy hours.

    steps  of each column: the variables whose sum is its billing steps; none where billing is continuous
    least  hours that each held unit of a column is billed for at least
    slices  variables that count whole slices of a traffic class; none where classes divide freely
    """

    program: Program
    ready: Ready
    units: list[int] = field(default_factory=list)
    hours: list[int] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    steps: list[tuple[int, ...]] = field(default_factory=list)
    least: list[float] = field(default_factory=list)
    slices: list[int] = field(default_factory=list)

    @property
    def columns(self) -> Columns:
        """The columns of the program."""
        return self.ready.columns

    def exact(self, values: Mapping[int, float], setup: float) -> dict[int, float]:
        """The values with billed hours that follow from the whole numbers, free of the search's tolerance."""
        found = dict(values)
        work = next((row.coefficients for row in self.program.rows if row.name == "work"), {})
        by_time = {b: work[b] for b, steps in zip(self.busy, self.steps, strict=True) if not steps}
        done = math.fsum(c * values.get(b, 0.0) for b, c in by_time.items())
        others = math.fsum(c * values.get(b, 0.0) for b, c in work.items() if b not in by_time)
        for i, y in enumerate(self.hours):
            units, step, busy = values.get(self.units[i], 0.0), float(self.columns.step[i]), self.busy[i]
            if busy in by_time and done:
                found[busy] = values.get(busy, 0.0) * max(0.0, 1.0 - others) / done
            billed = step * math.fsum(values.get(s, 0.0) for s in self.steps[i])
            billed = billed if self.steps[i] else found.get(busy, 0.0) + units * setup
            found[y] = max(billed, units * self.least[i]) if units else 0.0
        return found


def serve_program(
    name: str,
    columns: Columns | Ready,
    rates: Sequence[float],
    hours: float,
    utilisation: float,
    limits: Limits,
    mix: str,
    slices: int | None = None,
    alone: bool = True,
) -> FleetProgram:
    """Cheapest units whose capacity carries every traffic class. columns: all, or made ready.

    rates: requests/s of each class; utilisation: the share of capacity that planned traffic may use. slices: equal
    parts of each class, which are not divided further; the share of a column is then a whole number of them. alone:
    nothing but these columns will do work, so that hopeless ones can be left out.
    """
    if isinstance(columns, Ready):
        ready = columns
    else:
        load = loads_of(columns, rates, utilisation)
        ready, _ = ready_service(columns, load, hours, limits, mix, alone and not slices).narrowed()
    columns = ready.columns
    result = FleetProgram(Program(name), ready)
    program, classes, parts = result.program, len(rates), slices or 1
    used = utilisation * parts
    cost = columns.fixed + columns.rate * hours
    result.units = [
        program.variable(f"units_{columns.label(i)}", float(cost[i]), float(ready.most[i]))
        for i in range(len(columns))
    ]
    shares = {
        (j, i): program.variable(f"share_{j}_{columns.label(i)}", upper=float(parts), integer=bool(slices))
        for j in range(classes)
        for i in range(len(columns))
        if columns.capacity[j, i] > 0
    }
    result.slices = list(shares.values()) if slices else []
    for j in range(classes):
        program.row(f"class:{j}", {w: 1.0 / parts for (k, _), w in shares.items() if k == j}, low=1, high=1)
    for i, x in enumerate(result.units):
        loads = {w: rates[j] / (columns.capacity[j, i] * used) for (j, k), w in shares.items() if k == i}
        program.row(f"capacity:{columns.label(i)}", loads | {x: -1.0}, high=0)
    _common_rows(result, dict(zip(result.units, cost.tolist(), strict=True)), limits, mix, hours)
    return result


def generate_program(
    name: str,
    columns: Columns | Ready,
    requests: float,
    utilisation: float,
    setup_hours: float,
    limits: Limits,
    mix: str,
    alone: bool = True,
) -> FleetProgram:
    """Cheapest unit-hours that answer all requests before the deadline. columns: all, or made ready.

    Every unit is paid for its start, too. Hours are billed in steps; within a second they are continuous.
    """
    if isinstance(columns, Ready):
        ready = columns
    else:
        spans = spans_of(columns, requests / (utilisation * HOUR), setup_hours, limits)
        ready, _ = ready_batch(columns, spans, limits, mix, alone).narrowed()
    assert ready.spans is not None  # those of offline work
    columns, spans = ready.columns, replace(ready.spans, most=ready.most)
    result = FleetProgram(Program(name), ready)
    program, share = result.program, 1 / spans.alone
    for i in range(len(columns)):
        _unit_hours(result, i, spans)
    program.row("work", dict(zip(result.busy, share.tolist(), strict=True)), low=1.0)
    spent = dict(zip(result.units, columns.fixed.tolist(), strict=True))
    spent |= dict(zip(result.hours, columns.rate.tolist(), strict=True))
    _common_rows(result, spent, limits, mix)
    return result


def _unit_hours(result: FleetProgram, i: int, spans: Spans) -> None:
    """Units held, hours billed and hours busy of one column.

    A unit that works to the very deadline may have begun a last step that it cannot use up: such steps are
    counted apart, one a unit.
    """
    program, columns, setup = result.program, result.columns, spans.setup
    label, step, minimum = columns.label(i), float(columns.step[i]), float(spans.minimum[i])
    longest, full, rest, most = (
        float(column[i]) for column in (spans.longest, spans.full, spans.rest, spans.most)
    )
    x = program.variable(f"units_{label}", float(columns.fixed[i]), most)
    y = program.variable(f"hours_{label}", float(columns.rate[i]), integer=False)
    busy = program.variable(f"busy_{label}", integer=False)
    if stepped := step > SECOND:
        steps = program.variable(f"steps_{label}", upper=full * most)
        last = program.variable(f"last_steps_{label}", upper=most if rest else 0)
        program.row(f"billing:{label}", {y: 1 / step, steps: -1.0, last: -1.0}, low=0)
        used = {
            busy: 1 / longest,
            x: setup / longest,
            steps: -step / longest,
            last: -rest / longest,
        }
        program.row(f"busy:{label}", used, high=0)
        program.row(f"deadline:{label}", {steps: 1 / max(1.0, full), x: -1.0}, high=0)
        if rest:
            program.row(f"deadline_last:{label}", {last: 1.0, x: -1.0}, high=0)
    else:
        program.row(f"busy:{label}", {busy: 1 / longest, x: setup / longest, y: -1 / longest}, high=0)
        program.row(f"deadline:{label}", {busy: 1 / longest, x: setup / longest - 1.0}, high=0)
    if minimum > SECOND:
        program.row(f"least_billed:{label}", {y: 1 / minimum, x: -1.0}, low=0)
    result.units.append(x)
    result.hours.append(y)
    result.busy.append(busy)
    result.least.append(minimum)
    result.steps.append((steps, last) if stepped else ())


def _common_rows(
    result: FleetProgram, spent: dict[int, float], limits: Limits, mix: str, hours: float = 1.0
) -> None:
    """Rows of a service and of a batch alike. hours: that every unit runs, where the program does not choose them."""
    program, columns = result.program, result.columns
    held = dict(zip(result.units, columns.gpus.astype(float).tolist(), strict=True))
    if limits.min_replicas > 1 or not result.hours:
        replicas = dict(zip(result.units, columns.replicas.astype(float).tolist(), strict=True))
        program.row("min_replicas", {x: r / limits.min_replicas for x, r in replicas.items()}, low=1)
    scaled_most(program, "budget", spent, limits.budget)
    scaled_most(program, "max_cards", held, limits.max_cards)
    for quota, mask, most in limits.quotas:
        counted = {x: held[x] for i, x in enumerate(result.units) if mask[columns.card[i]]}
        scaled_most(program, f"quota:{quota}", counted, most)
    spans = columns.spans.astype(float).tolist()
    times = result.hours or result.units
    carbon_row(
        program,
        limits,
        {x: int(o) for many in (result.units, times) for x, o in zip(many, columns.offer, strict=True)},
        dict(zip(result.units, spans, strict=True)),
        dict(zip(times, [s * (1.0 if result.hours else hours) for s in spans], strict=True)),
    )
    pool_rows(program, limits, held, dict(zip(result.units, columns.offer.tolist(), strict=True)))
    if mix == "one_type":
        cards = distinct(columns.card).tolist()
        types = {c: program.variable(f"type_{columns.types(c)}", upper=1) for c in cards}
        for i, x in enumerate(result.units):
            top = program.variables[x].upper
            if top:  # none fit into max_cards
                kind = types[int(columns.card[i])]
                program.row(f"one_type:{columns.label(i)}", {x: 1 / top, kind: -1.0}, high=0)
        program.row("one_type", dict.fromkeys(types.values(), 1.0), high=1)


def first_of_equals(fleet: FleetProgram, cost: float, cards: float) -> Program:
    """The program that keeps the cost and asks for the fewest cards, then more memory, then the first names.

    cards: of the plan found, so that the second and third wish never outweigh one card.
    """
    columns, first = fleet.columns, fleet.program
    rank = places(columns) / (len(columns) * (cards + 1.0))
    wish = dict(zip(fleet.units, (columns.gpus + rank).tolist(), strict=True))
    program = Program(first.name + "_ties")
    for i, variable in enumerate(first.variables):
        program.variable(variable.name, wish.get(i, 0.0), variable.upper, variable.integer)
    for row in first.rows:
        program.row(row.name, row.coefficients, row.low, row.high)
    scaled_most(program, "same_cost", {i: v.cost for i, v in enumerate(first.variables)}, cost)
    return program
