"""The chosen units -> lines with every quantity behind them: rules, inputs, charges, in three scenarios.

Many needs of one task, pack and set of fixed names go through the rules together; one alone is a block of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.candidates import LAYOUT, Table, assumptions_for
from optplan.evaluate import Verdict, evaluate
from optplan.plan import Line
from optplan.plan.numbers import Numbers
from optplan.planner.answer.flat import Chosen, Elements, elements_of, given
from optplan.planner.context import Context
from optplan.planner.costs.carbon import weighed
from optplan.planner.costs.pricing import Pricing, assumption_names, card_charges
from optplan.planner.found import Found, Pick
from optplan.planner.grid import SCENARIOS
from optplan.planner.search.measured import as_measured


@dataclass(slots=True)
class Lines:
    """Quantities of lines.

    at      position of each name in values
    values  (lines, SCENARIOS, names): of the traffic class that loads the fleet most
    sides   requirement -> left, right and whether it holds (for every class) of each line, as expected
    load    of each line, by SCENARIOS: replicas that all classes of a service take together; () for other tasks
    """

    at: dict[str, int]
    values: np.ndarray
    sides: dict[str, tuple[list[float], list[float], list[bool]]]
    load: list[tuple[float, ...]]


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
    hours = lines.values[:, 0, lines.at["unit_hours"]].tolist()
    sides = [*zip(*(map(Verdict, *columns) for columns in lines.sides.values()), strict=True)]
    found = []
    for (table, one), own, paid, rows, load in zip(
        picks, sides, hours, lines.values, lines.load, strict=True
    ):
        values, low, high = (Numbers(lines.at, row) for row in rows)
        layout, verdicts = table.describe(one.row), dict(zip(lines.sides, own, strict=True))
        found.append(Line(one.offer, one.units, paid, one.row, layout, values, low, high, verdicts, load))
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
    table = _table([paid.values[name] for name in order], len(at))[:, keep]
    table = table.reshape(len(order), len(chosen), len(SCENARIOS)).transpose(1, 2, 0)
    places = {name: i for i, name in enumerate(order)}
    load = _load(at, done.values, len(chosen))
    return Lines(places, np.ascontiguousarray(table), _sides(done.verdicts, at, keep), load)


def _numbers(values: Sequence[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in values])


def _table(columns: Sequence[Any], elements: int) -> np.ndarray:
    """(columns, elements) of columns that are numbers, too."""
    found = np.empty((len(columns), elements))
    for row, column in zip(found, columns, strict=True):
        row[:] = column
    return found


def _load(at: Elements, values: Mapping[str, Any], lines: int) -> list[tuple[float, ...]]:
    """See `Lines`; each line is taken alone."""
    if "needed_replicas" not in values:
        return [()] * lines
    needed = np.broadcast_to(np.asarray(values["needed_replicas"], dtype=float), len(at))
    every = np.bincount(at.line * len(SCENARIOS) + at.scenario, needed)
    return [tuple(own) for own in every.reshape(lines, len(SCENARIOS)).tolist()]


def _sides(
    verdicts: Mapping[str, Verdict], at: Elements, keep: np.ndarray
) -> dict[str, tuple[list[float], list[float], list[bool]]]:
    """See `Lines`; keep: the element of each line and scenario that is shown."""
    expected = np.flatnonzero(at.scenario == 0)
    left, right, holds = (
        _table([getattr(verdict, side) for verdict in verdicts.values()], len(at))
        for side in ("left", "right", "holds")
    )
    start = np.flatnonzero(np.diff(at.line[expected], prepend=-1))
    every = np.logical_and.reduceat(holds[:, expected], start, axis=1)
    shown = keep[:: len(SCENARIOS)]
    columns = (left[:, shown].tolist(), right[:, shown].tolist(), every.tolist())
    return dict(zip(verdicts, zip(*columns, strict=True), strict=True))


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
