"""Inference as an integer program: independent replicas, any mix of types.

`serve`: whole units x, shares w of each traffic class, capacity rows. `generate`: whole units x held at once,
billed unit-hours y, and busy hours within both. Columns that serve alike are merged first: equal columns slow the
search and make its answer depend on their order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

import numpy as np

from optplan.program.limits import Limits, scaled_most
from optplan.program.model import Program
from optplan.units import HOUR, TOLERANCE

SECOND = 1.0 / HOUR  # hours; billing by the second is continuous


@dataclass(frozen=True, slots=True)
class Columns:
    """Ways to run replicas, one a column.

    offer       index into the catalog's offers
    row         row of the table of candidates
    spans       nodes that one unit takes
    card, gpus  card index, cards of one unit (a node, or several that one replica spans)
    replicas    in one unit
    capacity    (classes, columns) requests/s of one unit
    names       ident -> text; ident is the position before any were dropped
    types       card index -> name of the card
    step        hours of one billing step
    minimum     hours that every held unit is billed for at least: a whole number of steps
    fixed       cost of holding one unit, whatever its hours
    rate        cost of one unit-hour
    """

    offer: np.ndarray
    row: np.ndarray
    spans: np.ndarray
    card: np.ndarray
    gpus: np.ndarray
    replicas: np.ndarray
    capacity: np.ndarray
    fixed: np.ndarray
    rate: np.ndarray
    memory: np.ndarray
    step: np.ndarray
    minimum: np.ndarray
    names: Callable[[int], str]
    types: Callable[[int], str]
    ident: np.ndarray

    def __len__(self) -> int:
        return len(self.offer)

    def take(self, rows: np.ndarray) -> Columns:
        """The columns of these positions."""
        picked = {
            f.name: getattr(self, f.name)[..., rows] for f in fields(self) if f.name not in ("names", "types")
        }
        return replace(self, **picked)

    def label(self, i: int) -> str:
        """The name of a column: offer and layout."""
        return self.names(int(self.ident[i]))


@dataclass(slots=True)
class FleetProgram:
    """The program with what its variables mean, a variable a column; offline also billed and busy hours.

    steps  of each column: the variables whose sum is its billing steps; none where billing is continuous
    least  hours that each held unit of a column is billed for at least
    """

    program: Program
    columns: Columns
    units: list[int] = field(default_factory=list)
    hours: list[int] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    steps: list[tuple[int, ...]] = field(default_factory=list)
    least: list[float] = field(default_factory=list)

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


def undominated(columns: Columns, hours: float, limits: Limits, mix: str = "any") -> Columns:
    """Drop columns that copies of another beat in cost, cards and every capacity, whatever else is in the plan.

    Under a quota, or where all must be of one type, only a column of the same card can stand in. Steps of billing
    count only where the program chooses the hours (hours = infinite). Of equals the one of fewer cards, then more
    memory, then the first name stays.
    """
    cost = columns.fixed + columns.rate * (hours if math.isfinite(hours) else 1.0)
    usable = np.flatnonzero((columns.capacity > 0).any(axis=0) & np.isfinite(cost))
    per_card = np.round(np.log(np.maximum(cost / columns.gpus, 1e-12)), 9)  # equal within the tolerance
    keys = (columns.offer[usable], -columns.memory[usable], columns.gpus[usable], per_card[usable])
    rest, kept = usable[np.lexsort(keys)], []
    while len(rest):
        kept.append(int(rest[0]))
        beaten = _beaten(columns, rest, limits, mix, math.isinf(hours))
        beaten[0] = True  # it stays, but is done with
        rest = rest[~beaten]
    return columns.take(np.array(kept, dtype=int))


def _beaten(columns: Columns, rest: np.ndarray, limits: Limits, mix: str, stepped: bool) -> np.ndarray:
    """Which of the rest copies of the first one beat."""
    one, more, less = rest[0], 1 + TOLERANCE, 1 - TOLERANCE
    copies = columns.gpus[rest] // columns.gpus[one]
    beaten = (copies > 0) & (columns.replicas[one] * copies >= columns.replicas[rest])
    beaten &= (columns.capacity[:, [one]] * copies >= columns.capacity[:, rest] * less).all(axis=0)
    beaten &= columns.fixed[one] * copies <= columns.fixed[rest] * more
    beaten &= columns.rate[one] * copies <= columns.rate[rest] * more
    if stepped:
        whole = np.mod(columns.step[rest], max(columns.step[one], SECOND)) == 0
        beaten &= whole | (columns.step[one] <= SECOND)
        beaten &= columns.minimum[one] <= columns.minimum[rest]
    free = mix == "any" and bool(np.isinf(limits.quota_of(columns.card[[one]]))[0])
    return np.asarray(beaten if free else beaten & (columns.card[rest] == columns.card[one]))


def serve_program(
    name: str,
    columns: Columns,
    rates: Sequence[float],
    hours: float,
    utilisation: float,
    limits: Limits,
    mix: str,
) -> FleetProgram:
    """Cheapest units whose capacity carries every traffic class.

    rates: requests/s of each class; utilisation: the share of capacity that planned traffic may use.
    """
    columns = undominated(columns, hours, limits, mix)
    result = FleetProgram(Program(name), columns)
    program, classes = result.program, len(rates)
    cost = columns.fixed + columns.rate * hours
    most = _most_units(columns, rates, utilisation, limits)
    result.units = [
        program.variable(f"units_{columns.label(i)}", float(cost[i]), float(most[i]))
        for i in range(len(columns))
    ]
    shares = {
        (j, i): program.variable(f"share_{j}_{columns.label(i)}", upper=1.0, integer=False)
        for j in range(classes)
        for i in range(len(columns))
        if columns.capacity[j, i] > 0
    }
    for j in range(classes):
        program.row(f"class:{j}", {w: 1.0 for (k, _), w in shares.items() if k == j}, low=1)
    for i, x in enumerate(result.units):
        loads = {
            w: rates[j] / (columns.capacity[j, i] * utilisation) for (j, k), w in shares.items() if k == i
        }
        program.row(f"capacity:{columns.label(i)}", loads | {x: -1.0}, high=0)
    _common_rows(result, dict(zip(result.units, cost.tolist(), strict=True)), limits, mix)
    return result


def _most_units(columns: Columns, rates: Sequence[float], utilisation: float, limits: Limits) -> np.ndarray:
    """No plan needs more of a column than would carry all the traffic (or the least replicas) alone."""
    with np.errstate(divide="ignore"):
        alone = np.where(
            columns.capacity > 0, np.array(rates)[:, None] / (columns.capacity * utilisation), 0.0
        )
    need = np.ceil(alone.sum(axis=0) + len(rates)) + limits.min_replicas
    most: np.ndarray = np.minimum(need, np.floor(limits.max_cards / columns.gpus))
    return most


def generate_program(
    name: str,
    columns: Columns,
    requests: float,
    utilisation: float,
    setup_hours: float,
    limits: Limits,
    mix: str,
) -> FleetProgram:
    """Cheapest unit-hours that answer all requests before the deadline.

    Every unit is paid for its start, too. Hours are billed in steps; within a second they are continuous.
    """
    columns = undominated(columns, math.inf, limits, mix)
    if limits.deadline <= setup_hours:
        columns = columns.take(np.zeros(0, dtype=int))
    result = FleetProgram(Program(name), columns)
    program = result.program
    share = columns.capacity[0] * utilisation * HOUR / requests  # of the work, by one unit in an hour
    for i in range(len(columns)):
        _unit_hours(result, i, float(1 / share[i]), setup_hours, limits)
    program.row("work", dict(zip(result.busy, share.tolist(), strict=True)), low=1.0)
    spent = dict(zip(result.units, columns.fixed.tolist(), strict=True))
    spent |= dict(zip(result.hours, columns.rate.tolist(), strict=True))
    _common_rows(result, spent, limits, mix)
    return result


def _unit_hours(result: FleetProgram, i: int, alone: float, setup: float, limits: Limits) -> None:
    """Units held, hours billed and hours busy of one column. alone: hours in which one unit would do all work.

    A unit that works to the very deadline may have begun a last step that it cannot use up: such steps are
    counted apart, one a unit.
    """
    program, columns = result.program, result.columns
    label, step, minimum = columns.label(i), float(columns.step[i]), float(columns.minimum[i])
    stepped, one_is_enough = step > SECOND, math.isinf(limits.deadline)
    longest = alone + setup if one_is_enough else limits.deadline
    longest = _up(longest / step) * step if one_is_enough and stepped else longest
    full = math.floor(longest / step * (1 + TOLERANCE)) if stepped else 0
    rest = longest - full * step if longest - full * step > TOLERANCE * longest else 0.0
    minimum = max(minimum, _up(setup / step) * step) if stepped and setup else minimum  # less would be no use
    usual = full * step if full * step > setup * (1 + TOLERANCE) else longest
    most = _up(alone / (usual - setup)) + limits.min_replicas
    x = program.variable(f"units_{label}", float(columns.fixed[i]), most)
    y = program.variable(f"hours_{label}", float(columns.rate[i]), integer=False)
    busy = program.variable(f"busy_{label}", integer=False)
    if stepped:
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
        program.row(f"deadline:{label}", {steps: 1 / max(1, full), x: -1.0}, high=0)
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


def _up(value: float) -> int:
    """The next whole number, at least 1; float noise is let pass."""
    return max(1, math.ceil(value * (1 - TOLERANCE)))


def _common_rows(result: FleetProgram, spent: dict[int, float], limits: Limits, mix: str) -> None:
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
    if mix == "one_type":
        cards = np.unique(columns.card).tolist()
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
    rank = np.empty(len(columns))
    rank[np.lexsort((columns.offer, -columns.memory))] = np.arange(len(columns)) / (
        len(columns) * (cards + 1.0)
    )
    wish = dict(zip(fleet.units, (columns.gpus + rank).tolist(), strict=True))
    program = Program(first.name + "_ties")
    for i, variable in enumerate(first.variables):
        program.variable(variable.name, wish.get(i, 0.0), variable.upper, variable.integer)
    for row in first.rows:
        program.row(row.name, row.coefficients, row.low, row.high)
    program.row("same_cost", {i: v.cost / cost for i, v in enumerate(first.variables)}, high=1.0 + TOLERANCE)
    return program
