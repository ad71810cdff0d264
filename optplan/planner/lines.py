"""The chosen units -> lines with every quantity behind them: rules, inputs, charges, in three scenarios.

Many needs of one task, pack and set of fixed names go through the rules together; one alone is a block of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.candidates import LAYOUT, Table, assumptions_for
from optplan.evaluate import Verdict, evaluate
from optplan.plan import Line
from optplan.plan.numbers import Numbers
from optplan.planner.carbon import weighed
from optplan.planner.context import Context
from optplan.planner.flat import Chosen, Elements, elements_of, given
from optplan.planner.found import Found, Pick
from optplan.planner.grid import SCENARIOS
from optplan.planner.measured import as_measured
from optplan.planner.pricing import Pricing, assumption_names, card_charges


@dataclass(slots=True)
class Lines:
    """Quantities of lines, in the order of SCENARIOS along the last axis.

    values  name -> (lines, scenarios): of the traffic class that loads the fleet most
    left, right, holds  requirement -> (lines, scenarios); it holds where it does for every class
    load    (lines, scenarios): replicas that all classes of a service take together; empty for other tasks
    """

    values: dict[str, np.ndarray]
    left: dict[str, np.ndarray]
    right: dict[str, np.ndarray]
    holds: dict[str, np.ndarray]
    load: np.ndarray


def line_of(context: Context, found: Found, chosen: Pick) -> Line:
    """All quantities of one line, at the expected, better and worse assumptions."""
    return lines_of(context, found.table, [chosen])[0]


def lines_of(context: Context, table: Table, picks: Sequence[Pick]) -> list[Line]:
    """All quantities of the lines of one plan."""
    if not picks:
        return []
    chosen = [Chosen(0, one, row_of(table, one.row)) for one in picks]
    kind = tuple(sorted(context.settled.selectors.items()))
    for name in names_of(context):
        context.used[name] = assumptions_for(context.catalog, kind, "expected").column(name)[1]
    found = _lines(evaluated([context], chosen), [(table, one) for one in picks])
    return [as_measured(context.settled, context.pack, context.targets, table, line) for line in found]


def lines_of_many(contexts: Sequence[Context], found: Sequence[Found]) -> list[list[Line]]:
    """The lines of many plans; the contexts have one task and pack, and fix the same names."""
    picks = [(i, one.table, pick) for i, one in enumerate(found) for pick in one.picks]
    every: list[list[Line]] = [[] for _ in contexts]
    if picks:
        chosen = [Chosen(i, pick, row_of(table, pick.row)) for i, table, pick in picks]
        lines = _lines(evaluated(contexts, chosen), [(table, pick) for _, table, pick in picks])
        for (i, _, _), line in zip(picks, lines, strict=True):
            every[i].append(line)
    return every


def _lines(lines: Lines, picks: Sequence[tuple[Table, Pick]]) -> list[Line]:
    """Columns of lines -> lines."""
    at = {name: i for i, name in enumerate(lines.values)}
    every = np.stack([*lines.values.values()], axis=-1)  # (lines, scenarios, names)
    hours = lines.values["unit_hours"][:, 0].tolist()
    sides = {
        name: (lines.left[name][:, 0].tolist(), lines.right[name][:, 0].tolist(), holds[:, 0].tolist())
        for name, holds in lines.holds.items()
    }
    found = []
    for i, (table, one) in enumerate(picks):
        values, low, high = (Numbers(at, row) for row in every[i])
        verdicts = {
            name: Verdict(left[i], right[i], holds[i]) for name, (left, right, holds) in sides.items()
        }
        layout = table.describe(one.row)
        load = tuple(lines.load[i].tolist()) if len(lines.load) else ()
        found.append(Line(one.offer, one.units, hours[i], one.row, layout, values, low, high, verdicts, load))
    return found


def row_of(table: Table, row: int) -> tuple[int, ...]:
    """Card and layout of a row of a table of candidates."""
    return (int(table.card[row]), *(int(getattr(table, name)[row]) for name in LAYOUT))


def names_of(context: Context) -> tuple[str, ...]:
    """Assumptions that the rules of a line read: of its task, of its hours and of its charges."""
    pack = context.pack
    targets = [*context.targets, *context.of_choice, *card_charges(pack), *weighed(pack)]
    return tuple(assumption_names(pack, targets, {}, context.catalog))


def evaluated(contexts: Sequence[Context], chosen: Sequence[Chosen]) -> Lines:
    """All rules on all lines; the contexts have one task and pack, and fix the same names."""
    first, at = contexts[0], elements_of(contexts, chosen)
    values = given(contexts, at, names_of(first), Pricing)
    if first.settled.need.task == "generate":
        values["carried_requests"] = _numbers([c.pick.requests for c in chosen])[at.line]
    fixed: dict[str, Any] = {
        name: np.array([context.fixed[name] for context in contexts])[at.need] for name in first.fixed
    }
    jobs = _numbers([c.pick.job_hours for c in chosen])[at.line]
    if np.isfinite(jobs).any():  # all or none: types are mixed only in needs that come alone
        fixed["job_hours"] = jobs
    charges = [*card_charges(first.pack), *weighed(first.pack)]
    done = evaluate(first.pack, values, [*first.targets, *first.of_choice], fixed)
    hours = _hours(contexts, chosen, at, done.values)
    paid = evaluate(first.pack, done.values | hours, charges, {k: v for k, v in fixed.items() if k in hours})
    order = [*done.values, *(name for name in paid.values if name not in done.values)]
    keep = _tightest(contexts, at, done.values, len(chosen))
    shape = (len(chosen), len(SCENARIOS))
    lines = Lines({}, {}, {}, {}, _load(at, done.values, shape))
    for name in order:
        lines.values[name] = _at(paid.values[name], keep, shape)
    for name, verdict in done.verdicts.items():
        lines.left[name], lines.right[name] = _at(verdict.left, keep, shape), _at(verdict.right, keep, shape)
        lines.holds[name] = _all(verdict.holds, at, shape)
    return lines


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def _at(column: Any, keep: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    array = np.asarray(column, dtype=float)
    return (array[keep] if array.ndim else np.full(len(keep), array)).reshape(shape)


def _load(at: Elements, values: dict[str, Any], shape: tuple[int, int]) -> np.ndarray:
    """Replicas that the traffic of all classes takes, on this line alone; (0, scenarios) where there is no traffic."""
    if "needed_replicas" not in values:
        return np.empty((0, shape[1]))
    needed = np.broadcast_to(np.asarray(values["needed_replicas"], dtype=float), len(at))
    return np.bincount(at.line * shape[1] + at.scenario, needed).reshape(shape)


def _all(holds: Any, at: Elements, shape: tuple[int, int]) -> np.ndarray:
    """Where every class of a line and scenario holds."""
    misses = np.bincount(
        at.line * len(SCENARIOS) + at.scenario, ~np.broadcast_to(np.asarray(holds, dtype=bool), len(at))
    )
    return np.asarray(misses == 0).reshape(shape)


def _hours(
    contexts: Sequence[Context], chosen: Sequence[Chosen], at: Elements, values: dict[str, Any]
) -> dict[str, Any]:
    """Billed hours over units, and hours of ownership.

    Of a job from its own time, of a service from the need. Of offline work as the program chose them, at the expected
    assumptions; at others, and where it chose none, as long as the same units take for the same requests.
    """
    task = contexts[0].settled.need.task
    if task == "finetune":
        return {"unit_hours": values["billed_hours"] * at.units, "owned_hours": values["elapsed_hours"]}
    hours = np.array([context.settled.hours for context in contexts])[at.need]
    if task == "serve":
        return {"unit_hours": at.units * hours, "owned_hours": hours}
    billed = _numbers([c.pick.unit_hours for c in chosen])[at.line]
    billed = np.where((at.scenario == 0) & np.isfinite(billed), billed, values["billed_hours"] * at.units)
    return {"unit_hours": billed, "owned_hours": np.where(np.isfinite(hours), hours, billed / at.units)}


def _tightest(contexts: Sequence[Context], at: Elements, values: dict[str, Any], lines: int) -> np.ndarray:
    """The element of each line and scenario whose traffic class loads the fleet most."""
    start = np.flatnonzero(np.diff(at.line * len(SCENARIOS) + at.scenario, prepend=-1))
    if len(start) == len(at):
        return start
    load = values["requests_per_second"] / np.maximum(values["replica_capacity"], 1e-300)
    ends = np.append(start[1:], len(at))
    return np.array([a + int(np.argmax(load[a:b])) for a, b in zip(start, ends, strict=True)])
