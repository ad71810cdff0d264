"""A training job: gangs of cards -> the cheapest that meets the deadline."""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass, replace

import numpy as np

from optplan.candidates import LARGE_SIZES, LAYOUT, MOST_IN_NODE, SIZES, Table, job_table, nodes_of
from optplan.catalog import Catalog
from optplan.distinct import among
from optplan.evaluate import Assessment
from optplan.planner.context import Context
from optplan.planner.costs.carbon import job_scales
from optplan.planner.costs.pricing import Pricing
from optplan.planner.found import SHOWN, Found, Option, Pick, Tally
from optplan.planner.search.shelf import shelf
from optplan.planner.search.steps import HOURS, judge
from optplan.program import Program
from optplan.program.jobs import Gangs, JobProgram, Lots, Price, Single, job_program, singles
from optplan.program.limits import scaled_most
from optplan.solve import Solution, solve_program
from optplan.units import TOLERANCE


@dataclass(slots=True)
class Field:
    """All gangs of one need: the table of candidates, the best layouts, the offers that could carry them.

    lots  the cheapest of those alike; by_site: at every site
    """

    table: Table
    assessment: Assessment
    holds: np.ndarray
    rows: np.ndarray
    gangs: Gangs
    lots: Lots
    by_site: Lots


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
    return large if large.picks else _telling(small, large)


def _telling(small: Found, large: Found) -> Found:
    """Which of two searches without a plan tells why: the larger gangs where no smaller one holds."""
    return large if len(large.table) and not small.holds.any() else small


def nothing_found(context: Context) -> Found:
    """The search of a need that no gang of any size can do: requirements on all candidates, which tell why."""
    most = context.settled.max_cards
    small = _refused(context, tuple(n for n in SIZES if most is None or n <= most))
    if small.holds.any() or (most is not None and most <= SIZES[-1]):
        return small
    return _telling(small, _refused(context, tuple(n for n in LARGE_SIZES if most is None or n <= most)))


def _refused(context: Context, sizes: tuple[int, ...]) -> Found:
    table = job_table(context.settled, context.catalog, sizes, joined=True)
    assessment, holds = judge(context, table)
    return without_plan(table, assessment, holds)


def without_plan(
    table: Table, assessment: Assessment, holds: np.ndarray, tally: Tally | None = None
) -> Found:
    """The outcome of a search that proves that there is no plan."""
    infeasible = Solution("infeasible", {}, math.inf, math.inf, 0.0, 0)
    return Found(table, assessment, holds, solution=infeasible, tally=tally)


def _search(context: Context, pricing: Pricing, sizes: tuple[int, ...]) -> Found:
    field = survey_jobs(context, sizes)
    price = _price(field, pricing)
    best = field.lots
    nodes = np.ceil(field.gangs.size / field.gangs.node)
    weigh = job_scales(context, pricing, field.gangs.hours, nodes)
    single = singles(best, field.gangs, price, context.limits, weigh)
    job = job_program(_name(context), field.by_site, field.gangs, price, context.limits, single, best, weigh)
    solution = solve_program(job.program, context.time_limit)
    found = Found(field.table, field.assessment, field.holds, job.program, solution, seconds=solution.seconds)
    if solution.values:
        solution = _tie_broken(job, solution, context, found)
        bound = solution.cost if solution.status == "optimal" else solution.bound
        found.solution = replace(solution, bound=bound)
        found.picks, found.elapsed = _picks(job, found.solution, field)
        found.options = job_options(single, best, field.gangs)
    return found


def _name(context: Context) -> str:
    return context.settled.need.name or context.settled.need.task


def survey_jobs(context: Context, sizes: tuple[int, ...]) -> Field:
    """Evaluate every candidate and keep, for each card, size and node, the fastest layout that holds."""
    table = job_table(context.settled, context.catalog, sizes, joined=True)
    assessment, holds = judge(context, table)
    hours = assessment.values[HOURS]
    rows = _fastest(table, hours, holds & np.isfinite(hours))
    memory = np.array([c.usable_gib for c in table.cards])
    gangs = Gangs(table.card[rows], table.gang[rows], table.node[rows], hours[rows], memory[table.card[rows]])
    return Field(table, assessment, holds, rows, gangs, lots_of(context, False), lots_of(context, True))


def joinable(table: Table, context: Context) -> Table:
    """The candidates without those of several nodes where no allowed offer has nodes that can work together."""
    joined = nodes_of(context.settled.allowed & context.catalog.offers.joins_nodes, context.catalog)
    keep = (table.gang <= table.node) | among(table.card * MOST_IN_NODE + table.node, joined)
    if keep.all():
        return table
    columns = ("card", *LAYOUT, *(("of_layouts",) if len(table.of_layouts) else ()))
    return replace(table, **{name: getattr(table, name)[keep] for name in columns})


def billing(context: Context, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Billing increment and least time billed (s) of offers, the latter in whole steps; 0 where the rules do not
    round up.
    """
    reads = context.pack.rules["billed_hours"].parameters
    step, least = _billing(context.catalog, "billing_step" in reads, "billing_minimum" in reads)
    return step[chosen], least[chosen]


@functools.lru_cache(maxsize=16)
def _billing(catalog: Catalog, stepped: bool, least: bool) -> tuple[np.ndarray, np.ndarray]:
    """The same of all offers, where the rules read steps and least times billed."""
    offers, nothing = catalog.offers, np.zeros(len(catalog.offers))
    step, shortest = offers.billing_s if stepped else nothing, offers.minimum_s if least else nothing
    with np.errstate(divide="ignore", invalid="ignore"):
        return step, np.where(step > 0, np.ceil(shortest / step) * step, shortest)


def _fastest(table: Table, hours: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """Rows of the fastest layout of each card, size and node; of equals the plainest, which comes first.

    Layouts of one card, size and node lie together in the table.
    """
    rows = np.flatnonzero(usable)
    if not len(rows):
        return rows
    rounded = np.round(np.log(np.maximum(hours[rows], 1e-12)), 9)  # equal within the tolerance is equal
    key = (table.card[rows] * MOST_IN_NODE + table.node[rows]) * MOST_IN_NODE + table.gang[rows]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    least = np.repeat(np.minimum.reduceat(rounded, start), np.diff(start, append=len(rows)))
    best = np.flatnonzero(rounded <= least)
    first: np.ndarray = rows[best[np.flatnonzero(np.diff(key[best], prepend=-1))]]
    return first[np.lexsort((table.node[first], table.gang[first], table.card[first]))]


def lots_of(context: Context, by_site: bool) -> Lots:
    """The cheapest of the allowed offers that are alike; a site is provider, region and kind of purchase."""
    clean = math.isfinite(context.limits.carbon)  # else the cheapest may stand for those on cleaner grids
    return shelf(context.catalog, clean).cheapest(context.settled.allowed, by_site)


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
    return replace(solution, values=again.values, cost=job.program.cost(again.values))


def _first_of_equals(job: JobProgram, cost: float, tied: list[int]) -> Program:
    """The program that keeps the cost and asks for the first of the tied classes."""
    program = Program(job.program.name + "_ties")
    rank = {z: float(n) for n, z in enumerate(job.chosen)}
    for i, variable in enumerate(job.program.variables):
        number = job.units[i][0] if i in job.units else job.chosen.index(i)
        upper = variable.upper if number in tied else 0.0
        program.variable(variable.name, rank.get(i, 0.0), upper, variable.integer)
    program.rows = list(job.program.rows)
    spent = {i: v.cost for i, v in enumerate(job.program.variables) if v.cost}
    scaled_most(program, "same_cost", spent, cost)
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


def job_options(single: Single, best: Lots, gangs: Gangs) -> list[Option]:
    """The cheapest allowed gang of each card and kind of purchase, cheapest first."""
    order = np.flatnonzero(single.allowed)
    profiles = int(best.profile.max(initial=0)) + 1
    key = best.card[single.lot[order]] * profiles + best.profile[single.lot[order]]
    first = cheapest_of_each(single.cost[order], gangs.size[single.gang[order]], key, np.zeros_like(order))
    # more than are shown, as those of the chosen card are not
    first = order[first[: SHOWN + profiles]]
    lot, gang = single.lot[first], single.gang[first]
    units = gangs.size[gang] // best.gpus[lot]
    columns = (best.offer[lot], units, single.cost[first], single.elapsed[first])
    return [Option(*one) for one in zip(*(column.tolist() for column in columns), strict=True)]


def cheapest_of_each(cost: np.ndarray, size: np.ndarray, key: np.ndarray, need: np.ndarray) -> np.ndarray:
    """Positions of the cheapest gang of each need and key, need by need, cheapest first; of equals the smaller."""
    rounded = np.round(np.log(np.maximum(cost, 1e-12)), 9)  # equal within the tolerance is equal
    order = np.lexsort((size, rounded, need))
    code = need[order] * (int(key.max(initial=0)) + 1) + key[order]
    found: np.ndarray = order[np.sort(np.unique(code, return_index=True)[1])]
    return found
