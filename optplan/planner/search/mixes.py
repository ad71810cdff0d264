"""A training job on several card types: searched where the need allows it, told where it would be cheaper."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from optplan.candidates import Table
from optplan.distinct import distinct
from optplan.errors import BadInput, Fault
from optplan.planner.context import Context
from optplan.planner.costs.pricing import BUY, TERM_HOURS, Pricing
from optplan.planner.found import Found, Pick
from optplan.planner.search.jobs import billing, lots_of
from optplan.program import Program
from optplan.program.mixclasses import MixClass, MixGangs, MixLots, mix_classes, worth_mixing
from optplan.solve import Solution, solve_program
from optplan.units import TOLERANCE, amount

if TYPE_CHECKING:
    from optplan.program.mix import MixProgram

MOST_ROUNDS = 100
PROVEN = 2e-9  # of the cost: less than this is float noise of the ratio
AT_ONCE = 100  # classes in one program
LEVELS = 1000  # link speeds told apart in a layout code


def with_mix(found: Found, context: Context, pricing: Pricing, explore: bool) -> Found:
    """The same search over mixes of types: taken where `mix: any`, else only said when it would be cheaper."""
    wanted = context.settled.mix == "any"
    if math.isfinite(context.limits.carbon):
        return _without_carbon(found, wanted)
    if not wanted and not explore:
        return found
    upper = found.solution.cost if found.picks else math.inf
    if not wanted and math.isinf(upper):
        return found
    lots = _lots(context, pricing)
    ceiling = min(upper, context.limits.budget * (1 + 2 * TOLERANCE))
    rows = worth_mixing(lots, _as_they_are(found), context.limits, ceiling)
    classes = mix_classes(lots, _gangs(context, found, rows), context.limits, ceiling) if len(rows) else []
    if not classes:
        return found
    mixed = _search(found, context, lots, classes, upper)
    if mixed is None:
        return found
    if wanted:
        return mixed
    if mixed.picks is found.picks:
        return found
    saved = upper - mixed.solution.cost
    cards = " + ".join(_cards(context, pick) for pick in mixed.picks)
    found.notes.append(
        f"a mix of types would cost {amount(saved, context.settled.currency)} less ({saved / upper:.1%}): "
        f"{cards}; ask for it with `limits: {{mix: any}}`"
    )
    return found


def _without_carbon(found: Found, wanted: bool) -> Found:
    """A limit on greenhouse gases is a row of the search over one type only; BadInput where a mix is asked for."""
    if wanted:
        message = "mixes of types in one training job are not searched under a limit on greenhouse gases"
        raise BadInput(Fault("mix-and-carbon", "limits.mix", message, "leave out `mix: any` or `carbon`"))
    return found


def _cards(context: Context, chosen: Pick) -> str:
    offers = context.catalog.offers
    return f"{int(offers.gpus[chosen.offer]) * chosen.units} x {offers.cards[offers.card[chosen.offer]]}"


def _lots(context: Context, pricing: Pricing) -> MixLots:
    """Offers paid by the hour alone, none bought or reserved: the cheapest of each card and node at each site."""
    lots = lots_of(context, by_site=True)
    offers = context.catalog.offers
    by_hour = (TERM_HOURS[offers.purchase[lots.offer]] == 0) & (offers.purchase[lots.offer] != BUY)
    lots = lots.take(np.flatnonzero(lots.joins & by_hour))
    _, rate = pricing.of_units(lots.offer, 1.0)
    hour = np.ones(len(lots))
    step, minimum = billing(context, lots.offer)
    one, two = (pricing.elapsed(lots.offer, hour, nodes * hour) for nodes in (1, 2))
    return MixLots(
        lots.offer, lots.site, lots.card, lots.gpus, rate, one, two - one, step, minimum, offers.name
    )


def _as_they_are(found: Found) -> MixGangs:
    """Every row that holds, each card on its own link: at least as fast as in any mix."""
    table = found.table
    hours = np.broadcast_to(np.asarray(found.assessment.values["job_hours"], dtype=float), (len(table),))
    rows = np.flatnonzero(found.holds & np.isfinite(hours))
    hours = hours[rows]
    return MixGangs(
        rows, table.card[rows], table.gang[rows], table.node[rows], _layout_codes(table, rows), hours
    )


def _gangs(context: Context, found: Found, rows: np.ndarray) -> MixGangs:
    """The rows, once for each link speed that a slower partner would bring the gang to."""
    table = found.table
    layout = _layout_codes(table, rows)
    link = np.broadcast_to(found.assessment.values["link_bandwidth"], (len(table),))[rows]
    fast = np.broadcast_to(found.assessment.values["fast_link"], (len(table),))[rows]
    blocks = []
    for level, speed in enumerate(distinct(link)):
        here = link >= speed
        some, slowest = rows[here], fast[link == speed].min()
        override = {"link_bandwidth": np.full(len(some), speed), "fast_link": np.full(len(some), slowest)}
        again = context.assess(table, rows=some, override=override)
        hours = np.broadcast_to(np.asarray(again.values["job_hours"], dtype=float), (len(some),))
        ok = again.holds(len(some)) & np.isfinite(hours)
        blocks.append((some[ok], layout[here][ok] * LEVELS + level, hours[ok]))
    row, code, hours = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return MixGangs(row, table.card[row], table.gang[row], table.node[row], code, hours)


def _layout_codes(table: Table, rows: np.ndarray) -> np.ndarray:
    """One number a layout; tp, pp, zero and recompute tell it (dp follows from the size)."""
    code = (table.tp[rows] * 64 + table.pp[rows]) * 8 + table.zero_stage[rows] * 2 + table.recompute[rows]
    return np.asarray(code, dtype=np.int64)


def _search(
    found: Found, context: Context, lots: MixLots, classes: list[MixClass], upper: float
) -> Found | None:
    """The cheapest gang of these classes, if it is cheaper than `upper`; None where there is no plan at all."""
    hunt = _Hunt(context, lots, upper)
    left = classes
    while left and not hunt.stopped:
        hunt.among(left[:AT_ONCE])
        left = [one for one in left[AT_ONCE:] if one.bound < hunt.ratio * (1 - TOLERANCE)]
    known = math.isfinite(upper) or hunt.best is not None
    runs, seconds = found.runs + hunt.runs, found.seconds + hunt.seconds
    if not known and not hunt.stopped:
        return None
    if not known:
        unknown = replace(found.solution, status="unknown", bound=-math.inf)
        return replace(found, solution=unknown, runs=runs, seconds=seconds)
    solution = _proof(hunt, found.solution)
    if hunt.best is None:
        return replace(found, solution=solution, runs=runs, seconds=seconds)
    one, units, elapsed = hunt.best
    hours = elapsed / one.stretch
    picks = [Pick(int(lots.offer[one.lots[k]]), n, one.rows[k], job_hours=hours) for k, n in units.items()]
    return replace(
        found,
        program=hunt.program,
        solution=solution,
        picks=picks,
        elapsed=elapsed,
        runs=runs,
        seconds=seconds,
    )


class _Hunt:
    """Asks for a gang cheaper than the best known until there is none; each is billed exactly and left out.

    ratio    the least cost known (infinite = none yet)
    bound    no gang seen to costs less
    stopped  by the clock, Ctrl-C or the limit of rounds: what was not searched is not known
    """

    def __init__(self, context: Context, lots: MixLots, upper: float) -> None:
        self.context, self.lots, self.ratio, self.bound = context, lots, upper, upper
        self.best: tuple[MixClass, dict[int, int], float] | None = None
        self.stopped = False
        self.runs = self.nodes = 0
        self.seconds = 0.0
        self.program = Program("mix")

    def among(self, classes: list[MixClass]) -> None:
        """Search these classes to the end."""
        from optplan.program.mix import gang_cost, mix_program  # most jobs have no class worth a search

        limits, seen = self.context.limits, list[tuple[int, dict[int, int]]]()
        while True:
            ratio = self.ratio if math.isfinite(self.ratio) else _first_ratio(classes, self.lots)
            program = mix_program("mix", classes, self.lots, limits, ratio, seen)
            last = solve_program(program.program, self.context.time_limit)
            self.program, self.runs, self.nodes = program.program, self.runs + 1, self.nodes + last.nodes
            self.seconds += last.seconds
            better = bool(last.values) and last.cost < -TOLERANCE * ratio
            if better:
                number, units = _gang(program, last)
                cost, elapsed = gang_cost(classes[number], self.lots, units)
                seen.append((number, units))
                if cost < self.ratio * (1 - TOLERANCE) and cost <= limits.budget * (1 + TOLERANCE):
                    self.best, self.ratio = (classes[number], units, elapsed), cost
            self.stopped = last.status not in ("optimal", "infeasible") or len(seen) == MOST_ROUNDS
            if self.stopped or not better:
                missing = 0.0 if last.status == "infeasible" else min(0.0, last.bound)
                self.bound = min(self.bound, self.ratio, ratio + missing)
                return


def _gang(program: MixProgram, solution: Solution) -> tuple[int, dict[int, int]]:
    """The class that was chosen, and its units by position in the class's lots."""
    number = next(n for n, z in enumerate(program.chosen) if solution.values.get(z))
    lots = program.classes[number].lots
    return number, {
        lots.index(lot): int(solution.values[x])
        for x, (n, lot) in program.units.items()
        if n == number and solution.values.get(x)
    }


def _first_ratio(classes: list[MixClass], lots: MixLots) -> float:
    """A cost that any gang of these classes beats: all cards of the dearest lots for the longest time."""
    worst = 0.0
    for one in classes:
        dearest = max(float(lots.rate[k]) / float(lots.gpus[k]) for k in one.lots) * one.size
        worst = max(worst, dearest * one.billed(one.slowest))
    return worst * 2


def _proof(hunt: _Hunt, single: Solution) -> Solution:
    """The proof that the searches give: no gang is cheaper than their bound says.

    single: the search of one type, which may have been stopped, too.
    """
    cost, bound = hunt.ratio, min(hunt.ratio, hunt.bound)
    proven = not hunt.stopped and cost - bound <= PROVEN * cost
    bound = cost if proven else bound
    if single.status in ("feasible", "unknown"):
        proven, bound = False, min(bound, single.bound)
    return Solution("optimal" if proven else "feasible", {0: 1.0}, cost, bound, hunt.seconds, hunt.nodes)
