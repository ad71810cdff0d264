"""Inference: replicas on nodes -> the cheapest fleet that carries the traffic or finishes the batch."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from optplan.candidates import Table, replica_table
from optplan.planner.context import Context, Pricing
from optplan.planner.found import Found, Option, Pick
from optplan.planner.jobs import billing, joinable, lots_of
from optplan.program.fleet import (
    SECOND,
    Columns,
    FleetProgram,
    first_of_equals,
    generate_program,
    serve_program,
)
from optplan.program.jobs import reduced
from optplan.solve import Solution, solve_program
from optplan.units import HOUR, TOLERANCE


def find_fleet(context: Context, pricing: Pricing) -> Found:
    """The cheapest units for a `serve` or `generate` need, proven by the integer program."""
    settled = context.settled
    table = joinable(replica_table(settled, context.catalog), context)
    assessment = context.assess(table)
    holds = assessment.holds(len(table))
    columns = fleet_columns(context, pricing, table, assessment.values["replica_capacity"], holds)
    name = settled.need.name or settled.need.task
    if settled.need.task == "serve":
        rates = np.atleast_1d(np.squeeze(settled.quantities["requests_per_second"])).tolist()
        fleet = serve_program(
            name, columns, rates, settled.hours, context.utilisation, context.limits, settled.mix
        )
    else:
        requests = float(settled.quantities["requests"])
        setup = context.scalar("setup_hours", 0.0)
        fleet = generate_program(
            name, columns, requests, context.utilisation, setup, context.limits, settled.mix
        )
    solution = solve_program(fleet.program, context.time_limit)
    found = Found(table, assessment, holds, fleet.program, solution, seconds=solution.seconds)
    if solution.values:
        setup = context.scalar("setup_hours", 0.0)
        solution = _exact(fleet, solution, setup)
        solution = _exact(fleet, _tie_broken(fleet, solution, context, found), setup)
        found.solution, found.picks = solution, _picks(fleet, solution)
        found.elapsed = _elapsed(fleet, solution, settled.hours, setup)
        found.options = _options(context, columns)
    return found


def _exact(fleet: FleetProgram, solution: Solution, setup: float) -> Solution:
    values = fleet.exact(solution.values, setup)
    return replace(solution, values=values, cost=fleet.program.cost(values))


def _tie_broken(fleet: FleetProgram, solution: Solution, context: Context, found: Found) -> Solution:
    """Among plans of equal cost: fewer cards, then more memory, then the first names."""
    if solution.status != "optimal" or solution.cost <= 0:
        return solution
    cards = sum(float(fleet.columns.gpus[i]) * solution.values.get(x, 0.0) for i, x in enumerate(fleet.units))
    again = solve_program(first_of_equals(fleet, solution.cost, cards), context.time_limit)
    found.runs, found.seconds = found.runs + 1, found.seconds + again.seconds
    if not again.values:
        return solution
    return replace(solution, values=again.values)


def fleet_columns(
    context: Context, pricing: Pricing, table: Table, capacity: np.ndarray, holds: np.ndarray
) -> Columns:
    """Each row of the table on the cheapest offers of its card and node; prices come only now."""
    lots = reduced(lots_of(context), by_site=False)
    fits = (table.card[:, None] == lots.card) & (table.node[:, None] == lots.gpus) & holds[:, None]
    row, lot = np.nonzero(fits & (lots.joins | (table.gang <= table.node)[:, None]))
    spans = np.ceil(table.gang[row] / table.node[row])
    inside = table.tp[row] * table.pp[row]
    replicas = np.where(spans > 1, 1, table.node[row] // inside)
    classes = len(context.settled.classes) or 1
    per_replica = np.broadcast_to(np.atleast_2d(capacity), (classes, len(table)))[:, row]
    unit = per_replica * replicas
    hours = _owned_hours(context, unit)
    fixed, rate = pricing.of_units(lots.offer[lot], hours)
    step, minimum = billing(context, lots.offer[lot])
    memory = np.array([c.usable_gib for c in table.cards])[table.card[row]]
    return Columns(
        lots.offer[lot], row, spans.astype(int), lots.card[lot], (lots.gpus[lot] * spans).astype(int),
        replicas.astype(int), unit,
        fixed * spans, rate * spans, memory, step / HOUR, minimum / HOUR,
        lambda i: _label(context, table, int(lots.offer[lot[i]]), int(row[i])),
        lambda card: table.cards[card].name,
        np.arange(len(row)),
    )  # fmt: skip


def _owned_hours(context: Context, unit: np.ndarray) -> np.ndarray | float:
    """How long a bought unit is kept: the service's duration, the deadline, or the work alone."""
    if math.isfinite(context.settled.hours):
        return context.settled.hours
    return np.asarray(float(context.settled.quantities["requests"]) / (unit[0] * context.utilisation * HOUR))


def _label(context: Context, table: Table, offer: int, row: int) -> str:
    layout = f"tp{int(table.tp[row])}" + (f"_pp{int(table.pp[row])}" if table.pp[row] > 1 else "")
    return f"{context.catalog.offers.name(offer)}_{layout}"


def _picks(fleet: FleetProgram, solution: Solution) -> list[Pick]:
    picks = []
    for i, x in enumerate(fleet.units):
        units = int(solution.values.get(x, 0))
        hours = solution.values.get(fleet.hours[i], 0.0) if fleet.hours else None
        if units:
            offer, row, spans = (
                int(fleet.columns.offer[i]),
                int(fleet.columns.row[i]),
                int(fleet.columns.spans[i]),
            )
            held = None if hours is None else hours * spans
            picks.append(Pick(offer, units * spans, row, unit_hours=held))
    return picks


def _elapsed(fleet: FleetProgram, solution: Solution, hours: float, setup: float) -> float:
    """Hours until the last unit is done, the billed steps spread over the units as evenly as they go."""
    if not fleet.hours:
        return hours
    longest = 0.0
    done = fleet.program.activity(
        next(row for row in fleet.program.rows if row.name == "work"), solution.values
    )
    for i, x in enumerate(fleet.units):
        units = solution.values.get(x, 0.0)
        if not units:
            continue
        busy = solution.values.get(fleet.busy[i], 0.0) / done + units * setup
        step = float(fleet.columns.step[i])
        billed = 0.0 if step <= SECOND else round(solution.values[fleet.hours[i]] / step)
        even, more = divmod(billed, units)
        last = (busy - (units - more) * even * step) / more if more else busy / units
        longest = max(longest, last)
    return min(longest, hours)


def _options(context: Context, columns: Columns) -> list[Option]:
    """Each card and kind of purchase alone: units, cost and hours, cheapest first."""
    settled, limits, used = context.settled, context.limits, context.utilisation
    with np.errstate(divide="ignore", invalid="ignore"):
        if settled.need.task == "serve":
            rates = np.atleast_1d(np.squeeze(settled.quantities["requests_per_second"]))[:, None]
            load = np.where(columns.capacity > 0, rates / (columns.capacity * used), math.inf).sum(axis=0)
            hours = np.full(len(columns), settled.hours)
            units = np.maximum(
                np.ceil(load * (1 - TOLERANCE)), np.ceil(limits.min_replicas / columns.replicas)
            )
            cost = units * (columns.fixed + columns.rate * settled.hours)
        else:
            setup = context.scalar("setup_hours", 0.0)
            alone = settled.quantities["requests"] / (columns.capacity[0] * used * HOUR)
            room = max(settled.hours - setup, 0.0)
            fewest = np.ceil(limits.min_replicas / columns.replicas) if limits.min_replicas > 1 else 1
            units = np.maximum(fewest, np.ceil(alone / room * (1 - TOLERANCE)))
            hours = alone / units + setup
            cost = units * columns.fixed + _billed(alone, units, setup, settled.hours, columns) * columns.rate
    allowed = np.isfinite(cost) & (cost <= limits.budget * (1 + TOLERANCE))
    allowed &= (units * columns.gpus <= limits.max_cards) & (
        units * columns.gpus <= limits.quota_of(columns.card)
    )
    options: list[Option] = []
    seen: set[tuple[int, int]] = set()
    offers = context.catalog.offers
    for i in np.flatnonzero(allowed)[np.argsort(cost[allowed], kind="stable")].tolist():
        offer = int(columns.offer[i])
        key = (int(columns.card[i]), int(offers.purchase[offer]))
        if key not in seen:
            seen.add(key)
            options.append(
                Option(offer, int(units[i]) * int(columns.spans[i]), float(cost[i]), float(hours[i]))
            )
    return options


def _billed(
    alone: np.ndarray, units: np.ndarray, setup: float, deadline: float, columns: Columns
) -> np.ndarray:
    """Unit-hours billed for so many units: whole steps each, none used past the deadline."""
    total, step = alone + units * setup, columns.step
    steps = np.ceil(total / step * (1 - TOLERANCE))
    if math.isfinite(deadline):
        full = np.floor(deadline / step * (1 + TOLERANCE))
        rest = np.maximum(deadline - full * step, TOLERANCE * step)
        late = np.ceil((total - units * full * step) / rest * (1 - TOLERANCE))
        steps = np.where(steps > units * full, units * full + late, steps)
    least = np.where(step <= SECOND, 0.0, np.ceil(setup / step * (1 - TOLERANCE)) * step)
    least = units * np.maximum(least, columns.minimum)
    billed: np.ndarray = np.maximum(np.where(step <= SECOND, total, steps * step), least)
    return billed
