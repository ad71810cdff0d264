"""What would have to change where there is no plan: each limit freed alone, then pairs; each checked by solving."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

from optplan.plan import WayOut
from optplan.portfolio.flat import Flat, flat_program
from optplan.portfolio.parts import Instance
from optplan.program import Program
from optplan.program.model import Row, Variable, lp_name
from optplan.solve_long import Stop, search
from optplan.units import TOLERANCE, amount, number

SECONDS = 20.0  # for all of it
GAP = 0.01  # of the cost that is told with a way out


def ways_out(instance: Instance, stop: Stop) -> list[WayOut]:
    """The cheapest changes of shared limits that make a plan possible: single ones, else pairs. Cheapest first."""
    until = Stop(min(stop.until, Stop.after(SECONDS).until), stop.asked)
    flat = flat_program(instance)
    limits = limits_of(instance)
    found: list[WayOut] = []
    for size in (1, 2):
        for names in itertools.combinations(limits, size):
            if until.now:
                break
            way = _freed(flat, names, until)
            found += [way] if way else []
        if found:
            break
    return sorted(found, key=lambda way: way.cost)


def limits_of(instance: Instance) -> list[str]:
    """Names of the shared limits that are set."""
    names = [cap.name for cap in instance.caps]
    money = {"power": instance.power_kw, "budget": instance.budget, "monthly_budget": instance.monthly_budget}
    return names + [name for name, most in money.items() if math.isfinite(most)]


def most_of(instance: Instance, name: str) -> float:
    """A shared limit as it is set."""
    for cap in instance.caps:
        if cap.name == name:
            return cap.most
    return {"power": instance.power_kw, "budget": instance.budget, "monthly_budget": instance.monthly_budget}[
        name
    ]


def _freed(flat: Flat, names: Sequence[str], stop: Stop) -> WayOut | None:
    """The least that these limits must grow to, together, and what the plan then costs."""
    instance = flat.capital.instance
    least = search(_elastic(flat, names), stop, gap=GAP)
    if not least.values:
        return None
    first = len(flat.program.variables)
    wanted = {
        name: _rounded(name, least.values.get(first + i, 0.0) * max(1.0, most_of(instance, name)))
        for i, name in enumerate(names)
    }
    changed = {name: most for name, most in wanted.items() if most > most_of(instance, name)}
    if len(changed) < len(names):
        return None  # fewer changes do, and are told by themselves
    looser = with_limits(instance, changed)
    check = search(flat_program(looser).program, stop, gap=GAP)
    if not check.values:
        return None
    spent = flat.ledger.spent()
    cost = math.fsum(spent.get(x, 0.0) * value for x, value in check.values.items())
    before = [_said(instance, name, most_of(instance, name)) for name in changed]
    after = [_said(instance, name, most) for name, most in changed.items()]
    return WayOut(" and ".join(changed), " and ".join(before), " and ".join(after), cost)


def _elastic(flat: Flat, names: Sequence[str]) -> Program:
    """The same rows; limits of these names are variables in units of the limit, and only they cost."""
    whole = flat.program
    program = Program(whole.name)
    program.variables = [Variable(v.name, 0.0, v.upper, v.integer) for v in whole.variables]
    program.variables += [Variable(f"limit_{name}", 1.0, math.inf, False) for name in names]
    number_of = {lp_name(name): len(whole.variables) + i for i, name in enumerate(names)}
    for row in whole.rows:
        x = number_of.get(row.name) or number_of.get(row.name.rpartition("_m")[0])
        if x is None:
            program.rows.append(row)
        else:
            program.rows.append(Row(row.name, {**row.coefficients, x: -1.0}, row.low, 0.0))
    return program


def with_limits(instance: Instance, limits: dict[str, float]) -> Instance:
    """The same problem with other shared limits."""
    caps = [replace(cap, most=limits.get(cap.name, cap.most)) for cap in instance.caps]
    return replace(
        instance,
        caps=caps,
        budget=limits.get("budget", instance.budget),
        monthly_budget=limits.get("monthly_budget", instance.monthly_budget),
        power_kw=limits.get("power", instance.power_kw),
    )


def _rounded(name: str, value: float) -> float:
    """Up to whole cards, cents or hundredths of a kilowatt."""
    if name.startswith(("quota", "max_cards")):
        return float(math.ceil(value - 1e-6))
    return math.ceil(value * (1 + TOLERANCE) * 100 - 1e-6) / 100


def _said(instance: Instance, name: str, value: float) -> str:
    if name.startswith(("quota", "max_cards")):
        return f"{value:.0f} cards"
    return f"{number(value)} kW" if name == "power" else amount(value, instance.currency)
