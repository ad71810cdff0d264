"""Fronts and tornadoes as tables: a line for each plan, a bar for each assumption."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from optplan.compare.front import Front, FrontPoint
from optplan.compare.swings import Bar, Tornado
from optplan.compare.whatif import cards
from optplan.plan import Plan
from optplan.report import words
from optplan.report.console import bullet, grid, table_console
from optplan.report.noplan import print_no_plan

WIDE: Final = 100  # columns: from here on a tornado has bars
BAR: Final = 24  # cells of the longest bar


def print_front(front: Front, apart: bool = False) -> None:
    """Every plan that nothing beats, the cheapest first, and how that was proven. apart: a blank line first."""
    console = table_console()
    if apart:
        console.print()
    if front.none is not None:
        print_no_plan(console, front.none)
        return
    against = " and ".join(front.objectives[1:])
    count = len(front.points)
    plans = "1 plan" if count == 1 else f"{count} plans"
    state = "the exact front" if front.exact else _state(front)
    console.print(Text(f"{front.name}: {plans} of cost against {against}, {state}", style="bold"))
    console.print(_points(console, front))
    console.print()
    for text in (front.method, *front.notes):
        bullet(console, text)


def _state(front: Front) -> str:
    smooth = any(point.smooth for point in front.points)
    return "proven points of the front" if smooth else "a front, not proven whole"


def _points(console: Console, front: Front) -> Table:
    carbon = all(math.isfinite(point.carbon_kg) for point in front.points)
    columns = [front.currency, "more", "time", "carbon", "cards", "from"]
    absent = {"carbon"} if not carbon else set()
    absent |= {"time"} if front.points[0].plan.task == "serve" else set()
    first = front.points[0].cost
    cells = [dict(zip(columns, _point(run, first), strict=True)) for run in _runs(front.points)]
    columns = [name for name in columns if name not in absent]
    rows = [[row[name] for name in columns] for row in cells]
    drop = (
        "more",
        *(name for name in ("carbon", "time") if name not in front.objectives and name in columns),
    )
    return grid(console, columns, rows, right=tuple(range(len(columns) - 2)), drop=drop)


def _runs(points: Sequence[FrontPoint]) -> list[list[FrontPoint]]:
    """Neighbours on a smooth part that take the same units of the same offers, as one."""
    runs: list[list[FrontPoint]] = []
    for point in points:
        last = runs[-1][-1] if runs else None
        if last is not None and last.smooth and point.smooth and _held(last.plan) == _held(point.plan):
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def _held(plan: Plan) -> list[tuple[str, int]]:
    return [(line.offer, line.units) for line in plan.cards]


def _point(run: Sequence[FrontPoint], first: float) -> list[str]:
    start, end = run[0], run[-1]
    more = start.cost - first
    places = dict.fromkeys(f"{line.provider} {line.region}" for line in start.plan.cards)
    return [
        _ends(words.cash(start.cost), words.cash(end.cost)) + ("*" if start.smooth else ""),
        f"+{words.cash(more)}" if more else "",
        _ends(words.hours(start.hours, days=False), words.hours(end.hours, days=False)),
        _ends(*(f"{words.figure(point.carbon_kg, 3)} kg" for point in (start, end))),
        cards(start.plan),
        " + ".join(places),
    ]


def _ends(one: str, other: str) -> str:
    return one if one == other else f"{one} .. {other}"


def print_tornado(found: Tornado, apart: bool = False) -> None:
    """The assumptions that move the total most, each with what its ends make of it. apart: a blank line first."""
    console = table_console()
    if apart:
        console.print()
    if not found.plan.feasible:
        print_no_plan(console, found.plan)
        return
    console.print(Text(_sentence(found), style="bold"))
    if not found.bars:
        return
    rows = [_bar(bar, found, console.width >= WIDE) for bar in found.bars]
    columns = ["assumption", "low", "expected", "high", "at low", "at high", ""]
    shown = columns if console.width >= WIDE else columns[:-1]
    console.print(grid(console, shown, rows, right=(1, 2, 3, 4, 5), keep=(0,), drop=("expected",)))
    console.print()
    _notes(console, found)


def _sentence(found: Tornado) -> str:
    cost = words.money(found.base_cost, found.currency)
    if not found.bars:
        return f"{found.plan.name}: no assumption moves the {cost} that it costs"
    top = found.bars[0]
    ends = [_cost(value) for value in (top.cost_low, top.cost_high)]
    return (
        f"{found.plan.name} costs {cost}; {top.name.replace('_', ' ')} moves that most: "
        f"{ends[0]} at its low end, {ends[1]} at its high end"
    )


def _notes(console: Console, found: Tornado) -> None:
    still = found.varied - found.moving
    bullet(
        console,
        f"totals in {found.currency}, the plan solved again at each end; {still} of {found.varied} assumptions "
        "that it reads do not move the total",
    )
    broken = [bar for bar in found.bars if bar.breaks]
    if broken:
        names = ", ".join(f"{bar.name} at its {' and '.join(bar.breaks)} end" for bar in broken)
        bullet(console, f"the plan as it is would no longer do: {names}")
    for bar in found.bars:
        if bar.cost_low is None or bar.cost_high is None:
            bullet(console, f"no plan at one end of {bar.name}")


def _cost(value: float | None) -> str:
    return "no plan" if value is None else words.cash(value)


def _bar(bar: Bar, found: Tornado, wide: bool) -> list[str]:
    ends = [words.figure(value, 3) for value in (bar.low, bar.expected, bar.high)]
    row = [bar.name, *ends, _cost(bar.cost_low), _cost(bar.cost_high)]
    return [*row, _drawn(bar, found)] if wide else row


def _drawn(bar: Bar, found: Tornado) -> str:
    """The bar from the lower to the higher total, "|" where the plan stands: ####|######."""
    known = [b for b in found.bars if math.isfinite(b.swing)]
    totals = [v for b in known for v in (b.cost_low, b.cost_high) if v is not None]
    if not math.isfinite(bar.swing) or bar.cost_low is None or bar.cost_high is None:
        return "?"
    low, high = min(*totals, found.base_cost), max(*totals, found.base_cost)
    scale = BAR / (high - low) if high > low else 0.0
    start, end = sorted((bar.cost_low, bar.cost_high))
    middle = round((found.base_cost - low) * scale)
    cells = [" "] * (BAR + 1)
    for at in range(round((start - low) * scale), round((end - low) * scale) + 1):
        cells[at] = "#"
    cells[middle] = "|"
    return "".join(cells)
