"""A training job: gangs of cards -> the cheapest that meets the deadline."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optplan.candidates import LARGE_SIZES, MOST_IN_NODE, SIZES, Table, job_table
from optplan.evaluate import Assessment
from optplan.planner.context import Context, Pricing
from optplan.planner.found import Found, Option, Pick
from optplan.program import Program
from optplan.program.jobs import Gangs, JobProgram, Lots, Price, Single, job_program, reduced, singles
from optplan.solve import Solution, solve_program
from optplan.units import TOLERANCE


@dataclass(slots=True)
class Field:
    """All gangs of one need: the table of candidates, the best layouts, the offers that could carry them."""

    table: Table
    assessment: Assessment
    holds: np.ndarray
    rows: np.ndarray
    gangs: Gangs
    lots: Lots


def find_job(context: Context, pricing: Pricing) -> Found:
    """The cheapest gang of one card type, proven by the integer program.

    Gangs of up to 64 cards are tried; larger ones only where those do not do, or where the need says so.
    """
    most = context.settled.max_cards
    small = _search(context, pricing, tuple(n for n in SIZES if most is None or n <= most))
    if small.picks or (most is not None and most <= SIZES[-1]):
        return small
    large = _search(context, pricing, tuple(n for n in LARGE_SIZES if most is None or n <= most))
    large.runs, large.seconds = large.runs + small.runs, large.seconds + small.seconds
    return large if large.picks or (len(large.table) and not small.holds.any()) else small


def _search(context: Context, pricing: Pricing, sizes: tuple[int, ...]) -> Found:
    field = survey_jobs(context, sizes)
    price = _price(field, pricing)
    best = reduced(field.lots, by_site=False)
    single = singles(best, field.gangs, price, context.limits)
    job = job_program(_name(context), field.lots, field.gangs, price, context.limits, single, best)
    solution = solve_program(job.program, context.time_limit)
    found = Found(field.table, field.assessment, field.holds, job.program, solution, seconds=solution.seconds)
    if solution.values:
        found.solution = _tie_broken(job, solution, context, found)
        found.picks, found.elapsed = _picks(job, found.solution, field)
        found.options = _options(single, best, field.gangs)
    return found


def _name(context: Context) -> str:
    return context.settled.need.name or context.settled.need.task


def survey_jobs(context: Context, sizes: tuple[int, ...]) -> Field:
    """Evaluate every candidate and keep, for each card, size and node, the fastest layout that holds."""
    table = joinable(job_table(context.settled, context.catalog, sizes), context)
    assessment = context.assess(table)
    holds = assessment.holds(len(table))
    hours = np.broadcast_to(np.asarray(assessment.values["job_hours"], dtype=float), (len(table),))
    rows = _fastest(table, hours, holds & np.isfinite(hours))
    memory = np.array([c.usable_gib for c in table.cards])
    gangs = Gangs(table.card[rows], table.gang[rows], table.node[rows], hours[rows], memory[table.card[rows]])
    return Field(table, assessment, holds, rows, gangs, lots_of(context))


def joinable(table: Table, context: Context) -> Table:
    """The candidates without those of several nodes where no allowed offer has nodes that can work together."""
    offers, allowed = context.catalog.offers, context.settled.allowed & context.catalog.offers.joins_nodes
    joined = np.unique(offers.card[allowed] * MOST_IN_NODE + offers.gpus[allowed])
    keep = (table.gang <= table.node) | np.isin(table.card * MOST_IN_NODE + table.node, joined)
    if keep.all():
        return table
    columns = ("card", "gang", "node", "tp", "pp", "dp", "zero_stage", "recompute")
    return replace(table, **{name: getattr(table, name)[keep] for name in columns})


def billing(context: Context, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Billing increment and least time billed (s) of offers, the latter in whole steps; 0 where the rules do not
    round up.
    """
    offers, reads = context.catalog.offers, context.pack.rules["billed_hours"].parameters
    nothing = np.zeros(len(chosen))
    step = offers.billing_s[chosen] if "billing_step" in reads else nothing
    least = offers.minimum_s[chosen] if "billing_minimum" in reads else nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        whole = np.where(step > 0, np.ceil(least / step) * step, least)
    return step, whole


def _fastest(table: Table, hours: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Rows of the fastest layout of each card, size and node; of equals the plainest, which comes first."""
    rows = np.flatnonzero(usable)
    rounded = np.round(np.log(np.maximum(hours[rows], 1e-12)), 9)  # equal within the tolerance is equal
    order = np.lexsort((rows, rounded, table.node[rows], table.gang[rows], table.card[rows]))
    rows = rows[order]
    keys = np.stack([table.card[rows], table.gang[rows], table.node[rows]])
    first = np.ones(len(rows), dtype=bool)
    first[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    return rows[first]


def lots_of(context: Context) -> Lots:
    """The allowed offers as columns; a site is provider, region and kind of purchase."""
    offers = context.catalog.offers
    rows = np.flatnonzero(context.settled.allowed)
    regions, kinds = len(offers.regions), int(offers.purchase.max(initial=0)) + 1
    site = (offers.provider[rows] * regions + offers.region[rows]) * kinds + offers.purchase[rows]
    terms = (
        offers.purchase[rows],
        offers.billing_s[rows],
        offers.minimum_s[rows],
        offers.currency[rows],
        offers.joins_nodes[rows],
    )
    return Lots(
        rows,
        site,
        offers.card[rows],
        offers.gpus[rows],
        _kinds(terms),
        offers.price[rows],
        offers.joins_nodes[rows],
        offers.name,
    )


def _kinds(columns: tuple[np.ndarray, ...]) -> np.ndarray:
    """One number for each distinct combination of the columns' values."""
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, inverse = np.unique(column, return_inverse=True)
        code = np.unique(code * len(values) + inverse, return_inverse=True)[1]
    return code


def _price(field: Field, pricing: Pricing) -> Price:
    nodes = np.ceil(field.gangs.size / field.gangs.node)

    def price(offers: np.ndarray, gangs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return pricing.of_jobs(offers, field.gangs.hours[gangs], nodes[gangs])

    return price


def _tie_broken(job: JobProgram, solution: Solution, context: Context, found: Found) -> Solution:
    """Among plans of equal cost: fewer cards, then more memory, then the first name (the classes' order)."""
    level = solution.cost * (1 + TOLERANCE)
    tied = [n for n, one in enumerate(job.classes) if one.bound <= level]
    if len(tied) < 2 or solution.status != "optimal":
        return solution
    second = _first_of_equals(job, solution.cost, tied)
    again = solve_program(second, context.time_limit)
    found.runs, found.seconds = found.runs + 1, found.seconds + again.seconds
    if not again.values:
        return solution
    cost = job.program.cost(again.values)
    return replace(solution, values=again.values, cost=cost)


def _first_of_equals(job: JobProgram, cost: float, tied: list[int]) -> Program:
    """The program that keeps the cost and asks for the first of the tied classes."""
    program = Program(job.program.name + "_ties")
    rank = {z: float(n) for n, z in enumerate(job.chosen)}
    for i, variable in enumerate(job.program.variables):
        number = job.units[i][0] if i in job.units else job.chosen.index(i)
        upper = variable.upper if number in tied else 0.0
        program.variable(variable.name, rank.get(i, 0.0), upper, variable.integer)
    program.rows = list(job.program.rows)
    spent = {i: v.cost / cost for i, v in enumerate(job.program.variables) if v.cost}
    program.row("same_cost", spent, high=1 + TOLERANCE)
    return program


def _picks(job: JobProgram, solution: Solution, field: Field) -> tuple[list[Pick], float]:
    number = next(n for n, z in enumerate(job.chosen) if solution.values.get(z))
    one = job.classes[number]
    row = int(field.rows[one.gang])
    units = [
        (o, int(solution.values[x]))
        for x, (n, o) in job.units.items()
        if n == number and x in solution.values
    ]
    return [Pick(offer, count, row) for offer, count in units], one.elapsed


def _options(single: Single, best: Lots, gangs: Gangs) -> list[Option]:
    """The cheapest allowed gang of each card and kind of purchase, cheapest first."""
    order = np.flatnonzero(single.allowed)
    cost = np.round(np.log(np.maximum(single.cost[order], 1e-12)), 9)  # equal within the tolerance is equal
    order = order[np.lexsort((gangs.size[single.gang[order]], cost))]
    options: list[Option] = []
    seen: set[tuple[int, int]] = set()
    for i in order.tolist():
        lot = single.lot[i]
        key = (int(best.card[lot]), int(best.profile[lot]))
        if key not in seen:
            seen.add(key)
            units = int(gangs.size[single.gang[i]] // best.gpus[lot])
            options.append(
                Option(int(best.offer[lot]), units, float(single.cost[i]), float(single.elapsed[i]))
            )
    return options
