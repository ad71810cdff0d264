"""Inference: replicas on nodes -> the cheapest fleet that carries the traffic or finishes the batch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from optplan.candidates import Table, card_columns, replica_table
from optplan.catalog import Catalog
from optplan.evaluate import Assessment
from optplan.planner.context import Context
from optplan.planner.costs.calls import read_shares, with_calls
from optplan.planner.costs.carbon import weighed_limits
from optplan.planner.costs.pricing import Pricing
from optplan.planner.found import Found, Pick
from optplan.planner.search.fleet_options import options_of
from optplan.planner.search.jobs import billing, joinable, lots_of
from optplan.planner.search.measured import with_measured
from optplan.planner.search.sliced import solve_sliced
from optplan.program.columns import SECOND, Columns
from optplan.program.fleet import FleetProgram, first_of_equals, generate_program, serve_program
from optplan.program.limits import Asked, Limits
from optplan.program.ready import Ready, Searched, ready_batch, ready_service
from optplan.program.search import Choice
from optplan.program.spans import Spans, spans_of
from optplan.program.worth import loads_of
from optplan.solve import PROVEN, Solution, solve_program
from optplan.units import HOUR, TOLERANCE

NONE: Final = Solution("infeasible", {}, math.inf, math.inf, 0.0, 0)  # all plans were looked at
FOUND: Final = Solution("optimal", {}, 0.0, 0.0, 0.0, 0)


def find_fleet(context: Context, pricing: Pricing) -> Found:
    """The cheapest units for a `serve` or `generate` need, proven by the integer program."""
    settled = context.settled
    table, assessment, holds, columns = survey_fleet(context, pricing)
    limits = weighed_limits(context, pricing, settled.hours if math.isfinite(settled.hours) else 1.0)
    return settle_fleet(context, columns, limits, Found(table, assessment, holds), prove=True)


def settle_fleet(context: Context, columns: Columns, limits: Limits, found: Found, prove: bool) -> Found:
    """The cheapest units of these columns. prove: by the solver even where all plans could be looked at."""
    demand = demand_on(context, columns, limits)
    search = ready_fleet(context, columns, demand, limits)
    return settled_fleet(context, columns, demand, search, limits, found, prove)


def settled_fleet(
    context: Context, columns: Columns, demand: Spans | np.ndarray, search: Searched, limits: Limits, found: Found,
    prove: bool,
) -> Found:  # fmt: skip
    """The same where the columns are searched already."""
    choice = search.choice
    if search.searched and not prove:
        found.solution = NONE if choice is None else replace(FOUND, cost=choice.cost)
        if choice is None:
            return found
        return chosen(context, found, columns, demand, search.columns, choice, limits)
    ready, choice = search.narrowed()
    fleet = fleet_program(context, ready, limits)
    found.calls = with_calls(fleet, context)
    free = _free_choice(context, fleet, limits) if fleet.slices else None
    sliced = solve_sliced(fleet, free, context.time_limit, lambda free, lower: _first(free, lower, context))
    known = None if choice is None else dict(zip(fleet.units, map(float, choice.units), strict=True))
    found.solution = solution = sliced or solve_program(fleet.program, context.time_limit, known)
    found.program, found.seconds = fleet.program, solution.seconds
    if not solution.values:
        return found
    if choice is None or abs(choice.cost - solution.cost) > PROVEN * solution.cost:
        choice = _first_choice(fleet, context, found, settled=sliced is not None)
    return chosen(context, found, columns, demand, ready.columns, choice, limits)


def _free_choice(context: Context, fleet: FleetProgram, limits: Limits) -> Choice | None:
    """The cheapest units of the columns of a sliced fleet if slices might be divided, where a search finds them."""
    settled, columns = context.settled, fleet.columns
    load = loads_of(columns, rates_of(context), context.utilisation)
    free = ready_service(columns, load, settled.hours, limits, settled.mix, cards_alone(context))
    if free.choice is None:
        return None
    units = dict(zip(free.columns.ident.tolist(), free.choice.units, strict=True))
    return Choice(free.choice.cost, tuple(units.get(one, 0) for one in columns.ident.tolist()))


def demand_on(context: Context, columns: Columns, limits: Limits) -> Spans | np.ndarray:
    """The hours of offline work on each column, or the units of it that carry each traffic class alone."""
    if context.settled.need.task == "serve":
        return loads_of(columns, rates_of(context), context.utilisation)
    return spans_of(columns, work_of(context), context.setup_hours, limits)


def work_of(context: Context) -> float:
    """Offline work, in hours of a unit of capacity."""
    return float(context.settled.quantities["requests"]) / (context.utilisation * HOUR)


def ready_fleet(context: Context, columns: Columns, demand: Spans | np.ndarray, limits: Limits) -> Searched:
    """The columns that a cheapest fleet could hold, and the fleet itself where a search finds it."""
    mix, plain = context.settled.mix, _plain(context)
    if isinstance(demand, Spans):
        return ready_batch(columns, demand, limits, mix, plain)
    return ready_service(columns, demand, context.settled.hours, limits, mix, plain)


def asked_of(context: Context, hours: float) -> Asked:
    """What the need asks of its columns. hours: of a service, or of a unit's start."""
    return Asked(hours, context.limits, context.settled.mix, _plain(context))


def _plain(context: Context) -> bool:
    """Whether cards do all the work, and no whole slices of it."""
    return cards_alone(context) and not getattr(context.settled.need, "slices", None)


def survey_fleet(context: Context, pricing: Pricing) -> tuple[Table, Assessment, np.ndarray, Columns]:
    """(candidates, what the rules say of them, which hold, those that hold on offers and with prices)."""
    settled = context.settled
    table = joinable(replica_table(settled, context.catalog), context)
    assessment = context.assess(table)
    holds = assessment.holds(len(table))
    capacity, holds = with_measured(settled, table, assessment.values["replica_capacity"], holds)
    return table, assessment, holds, fleet_columns(context, pricing, table, capacity, holds)


def fleet_program(context: Context, columns: Columns | Ready, limits: Limits) -> FleetProgram:
    """The integer program of a fleet. columns: all, or made ready."""
    settled, used, alone = context.settled, context.utilisation, cards_alone(context)
    name = settled.need.name or settled.need.task
    if settled.need.task == "serve":
        slices = getattr(settled.need, "slices", None)
        return serve_program(
            name, columns, rates_of(context), settled.hours, used, limits, settled.mix, slices, alone
        )
    requests, setup = float(settled.quantities["requests"]), context.setup_hours
    return generate_program(name, columns, requests, used, setup, limits, settled.mix, alone)


def cards_alone(context: Context) -> bool:
    """Whether cards must do all the work: no API may answer instead."""
    return "api" not in (context.settled.need.limits.purchase or ())


def rates_of(context: Context) -> list[float]:
    """Requests a second of each traffic class."""
    rates: list[float] = context.settled.quantities["requests_per_second"].reshape(-1).tolist()
    return rates


def chosen(
    context: Context, found: Found, columns: Columns, demand: Spans | np.ndarray, some: Columns, choice: Choice,
    limits: Limits,
) -> Found:  # fmt: skip
    """The search with its outcome. columns: all that hold, for the alternatives; some: those of the choice."""
    solution = found.solution
    bound = choice.cost if solution.status == "optimal" else solution.bound
    found.solution = replace(solution, cost=choice.cost, bound=bound)
    found.picks = picks_of(some, choice, context.utilisation)
    found.elapsed = _elapsed(some, choice, context.settled.hours, context.setup_hours)
    found.options = options_of(context, columns, demand, limits)
    return found


def _first_choice(fleet: FleetProgram, context: Context, found: Found, settled: bool) -> Choice:
    """Of the solver's plans of equal cost: fewer cards, then more memory, then the first names.

    settled: this is done already.
    """
    solution, setup = found.solution, context.setup_hours
    values = fleet.exact(solution.values, setup)
    solution = replace(solution, values=values, cost=fleet.program.cost(values))
    if solution.status == "optimal" and solution.cost >= 0 and not settled:
        again = _first(fleet, solution, context)
        found.runs, found.seconds = found.runs + 1, found.seconds + again.seconds
        if again.values:
            values = fleet.exact(again.values, setup)
            solution = replace(solution, values=values, cost=fleet.program.cost(values))
    if found.calls is not None:
        read_shares(found.calls, solution)
    return _choice(fleet, solution)


def _choice(fleet: FleetProgram, solution: Solution) -> Choice:
    """What a solution of the program means."""
    values = solution.values
    units = tuple(round(values.get(x, 0.0)) for x in fleet.units)
    if not fleet.hours:
        return Choice(solution.cost, units)
    work = next(row for row in fleet.program.rows if row.name == "work")
    done = fleet.program.activity(work, values)
    hours = tuple(values.get(y, 0.0) for y in fleet.hours)
    return Choice(solution.cost, units, hours, tuple(values.get(b, 0.0) / done for b in fleet.busy))


def _first(fleet: FleetProgram, solution: Solution, context: Context) -> Solution:
    """The first of the plans that cost as little as this one."""
    cards = sum(float(fleet.columns.gpus[i]) * solution.values.get(x, 0.0) for i, x in enumerate(fleet.units))
    return solve_program(first_of_equals(fleet, solution.cost, cards), context.time_limit)


def fleet_columns(
    context: Context, pricing: Pricing, table: Table, capacity: np.ndarray, holds: np.ndarray
) -> Columns:
    """Each row of the table on the cheapest offers of its card and node; prices come only now."""
    lots = lots_of(context, by_site=False)
    fits = (table.card[:, None] == lots.card) & (table.node[:, None] == lots.gpus) & holds[:, None]
    row, lot = np.nonzero(fits & (lots.joins | (table.gang <= table.node)[:, None]))
    classes = len(context.settled.classes) or 1
    units = units_of(table, context.catalog)
    per_replica = np.broadcast_to(np.atleast_2d(capacity), (classes, len(table)))[:, row]
    unit = per_replica * units.replicas[row]
    fixed, rate = pricing.of_units(lots.offer[lot], owned_hours(context, unit, lots.offer[lot]))
    return columns_of(context, table, units, lots.offer[lot], row, unit, fixed, rate)


@dataclass(frozen=True, slots=True)
class Units:
    """What one unit of each row of a table is: nodes that it takes, replicas in it, memory of its cards (GiB)."""

    spans: np.ndarray
    replicas: np.ndarray
    memory: np.ndarray


def units_of(table: Table, catalog: Catalog) -> Units:
    """A node, or as many as one replica needs."""
    spans = np.ceil(table.gang / table.node).astype(int)
    replicas = np.where(spans > 1, 1, table.node // (table.tp * table.pp)).astype(int)
    return Units(spans, replicas, card_columns(catalog, "bf16", "")["usable_memory"][table.card])


def columns_of(
    context: Context, table: Table, units: Units, offer: np.ndarray, row: np.ndarray,
    unit: np.ndarray, fixed: np.ndarray, rate: np.ndarray,
) -> Columns:  # fmt: skip
    """Pairs of a row of the table and an offer, as columns.

    units: of the table's rows; unit: (classes, pairs) capacity of one; fixed, rate: cost of one node and of its hour.
    """
    spans, offers = units.spans[row], context.catalog.offers
    step, minimum = billing(context, offer)
    return Columns(
        offer, row, spans, offers.card[offer], offers.gpus[offer] * spans, units.replicas[row], unit, fixed * spans,
        rate * spans, units.memory[row], step / HOUR, minimum / HOUR,
        lambda i: _label(context, table, int(offer[i]), int(row[i])),
        lambda card: table.cards[card].name,
        np.arange(len(row)),
    )  # fmt: skip


def owned_hours(context: Context, unit: np.ndarray, offers: np.ndarray) -> np.ndarray | float:
    """How long a unit is kept: the service's duration, the deadline, or the hours billed if it does all the work alone.

    unit: (classes, pairs) capacity; offers: of the pairs.
    """
    if math.isfinite(context.settled.hours):
        return context.settled.hours
    work = float(context.settled.quantities["requests"]) / (unit[0] * context.utilisation * HOUR)
    hours = work + context.setup_hours
    step, least = (seconds / HOUR for seconds in billing(context, offers))
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(step > SECOND, np.ceil(hours / step * (1 - TOLERANCE)) * step, hours)
    return np.asarray(np.maximum(whole, least))


def _label(context: Context, table: Table, offer: int, row: int) -> str:
    layout = f"tp{int(table.tp[row])}" + (f"_pp{int(table.pp[row])}" if table.pp[row] > 1 else "")
    return f"{context.catalog.offers.name(offer)}_{layout}"


def picks_of(columns: Columns, choice: Choice, utilisation: float) -> list[Pick]:
    """The units held, as lines of a plan; of offline work with the hours billed and the requests answered in them."""
    picks = []
    for i, units in enumerate(choice.units):
        if units:
            spans = int(columns.spans[i])
            one = Pick(int(columns.offer[i]), units * spans, int(columns.row[i]))
            if choice.hours:
                requests = choice.busy[i] * float(columns.capacity[0, i]) * utilisation * HOUR
                one = replace(one, unit_hours=choice.hours[i] * spans, requests=requests)
            picks.append(one)
    return picks


def _elapsed(columns: Columns, choice: Choice, hours: float, setup: float) -> float:
    """Hours until the last unit is done, the billed steps spread over the units as evenly as they go."""
    if not choice.hours:
        return hours
    longest = 0.0
    for i, units in enumerate(choice.units):
        if units:
            busy, step = choice.busy[i] + units * setup, float(columns.step[i])
            billed = 0.0 if step <= SECOND else round(choice.hours[i] / step)
            even, more = divmod(billed, units)
            last = (busy - (units - more) * even * step) / more if more else busy / units
            longest = max(longest, last)
    return min(longest, hours)
