"""Ways of having the same thing, side by side: what each costs, by term and by month, and where the verdict turns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.text import Text

from optplan.report import words
from optplan.report.console import bullet, grid, heading, table_console
from optplan.rules.constants import MONTH
from optplan.units import number
from optplan.ways import PriceFlip, RunsEven, VolumeEven, Way, WaysReport

ROWS: Final = 8  # months that the table of payments shows


def print_ways(report: WaysReport) -> None:
    """The verdict, a line for each way, its terms and payments, and every break-even."""
    console = table_console()
    console.print(Text(report.verdict, style="bold green" if report.best else "bold red"))
    _ways(console, report)
    _terms(console, report)
    _months(console, report)
    _points(console, report)
    turns = list(_turns(report))
    if turns:
        heading(console, "Where the verdict turns")
        for text in turns:
            bullet(console, text)
    _further(console, report)
    if report.notes:
        heading(console, "Notes")
        for note in report.notes:
            bullet(console, note)


def _solved(report: WaysReport) -> list[Way]:
    return [way for way in report.ways if way.plan is not None]


def _ways(console: Console, report: WaysReport) -> None:
    whole = report.months >= 2 and abs(report.months - round(report.months)) < 1e-6
    lasts = f"{round(report.months)} months" if whole else words.hours(report.months * MONTH)
    heading(console, f"{report.name} for {lasts}" if report.months > 0 else report.name)
    rows = []
    for way in sorted(report.ways, key=lambda way: math.inf if math.isnan(way.npv) else way.npv):
        if way.plan is None:
            rows.append([way.way, f"none: {way.reason}", "", "", ""])
        else:
            first = way.cumulative[0] if way.cumulative else 0.0
            rows.append(
                [
                    way.way,
                    way.label,
                    words.cash(way.npv),
                    words.cash(way.total),
                    words.cash(first) if first else "",
                ]
            )
    columns = ["way", "what", "today's money", "undiscounted", "at the start"]
    if not any(row[-1] for row in rows):
        columns, rows = columns[:-1], [row[:-1] for row in rows]
    right = range(2, len(columns))
    console.print(grid(console, columns, rows, right=right, keep=(0,), drop=columns[4:]))
    rate = words.percent(report.rate)
    text = (
        f"{report.currency}; today's money: net present value at {rate} a year, which the verdict follows; "
    )
    text += f"months of {MONTH:g} h"
    console.print(Text(text, style="dim"))


def _terms(console: Console, report: WaysReport) -> None:
    ways = _solved(report)
    names = list(dict.fromkeys(flow.term for way in ways for flow in way.flows))
    sums = {
        way.way: {name: math.fsum(f.amount for f in way.flows if f.term == name) for name in names}
        for way in ways
    }
    rows = [[name, *(_cash(sums[way.way][name]) for way in ways)] for name in names]
    if rows:
        heading(console, f"What each is paid for, undiscounted, {report.currency}")
        total = ["total", *(_cash(way.total) for way in ways)]
        columns = ["term", *(way.way for way in ways)]
        console.print(grid(console, columns, rows, right=range(1, len(columns)), total=total))


def _months(console: Console, report: WaysReport) -> None:
    ways = _solved(report)
    last = max((len(way.cumulative) for way in ways), default=0) - 1
    if last < 2:
        return
    step = max(1, -(-last // (ROWS - 1)))
    step = next((nice for nice in (1, 2, 3, 6, 12) if nice >= step), step)
    shown = [*range(0, last, step), last]
    rows = [[str(month), *(_cash(way.cumulative[month], whole=True) for way in ways)] for month in shown]
    heading(console, f"Paid until the end of month, undiscounted, {report.currency}")
    columns = ["month", *(way.way for way in ways)]
    console.print(grid(console, columns, rows, right=range(len(columns))))


def _points(console: Console, report: WaysReport) -> None:
    if not report.points:
        return
    heading(console, f"Over {report.over}, today's money, {report.currency}")
    names = [way.way for way in report.ways]
    rows = [
        [
            point.text,
            *(_cash(point.npv[name], whole=True) if name in point.npv else "none" for name in names),
            point.best,
            point.what.get(point.best, ""),
        ]
        for point in report.points
    ]
    columns = [report.over, *names, "cheapest", "with"]
    right = range(len(names) + 1)
    console.print(grid(console, columns, rows, right=right, drop=("with",)))


def _cash(value: float, whole: bool = False) -> str:
    if not value:
        return ""
    return f"{value:,.0f}" if whole and abs(value) >= 100 else words.cash(value)


def _turns(report: WaysReport) -> Iterator[str]:
    """Every break-even in words."""
    for even in report.months_even:
        yield (
            f"time: up to month {number(even.months, 3)} {even.before} costs less, beyond it {even.after} "
            "(ended there; what bought cards then fetch is counted)"
        )
    yield from _utilisation(report)
    for run in report.runs_even:
        yield _runs(run)
    for volume in report.volume_even:
        yield _volume(volume, report)
    for flip in report.flips:
        yield _price(flip, report)


def _utilisation(report: WaysReport) -> Iterator[str]:
    for use in report.utilisation_even:
        if 0 < use.share <= 1:
            yield (
                f"utilisation: {use.way} beats {use.against} from {words.percent(use.share)} of the hours on, if "
                f"{use.against} is paid for only in the hours of use"
            )
    for way in dict.fromkeys(use.way for use in report.utilisation_even):
        never = [use.against for use in report.utilisation_even if use.way == way and use.share > 1]
        if never:
            yield f"utilisation: {way} does not beat {' or '.join(never)}, even used all the time"


def _runs(run: RunsEven) -> str:
    if run.runs > run.most:
        return f"runs: {run.way} does not beat {run.against}, even with one job after another for {_years(run.years)}"
    return (
        f"runs: {run.way} beats {run.against} from {words.figure(math.ceil(run.runs))} such jobs on in "
        f"{_years(run.years)} (at most {words.figure(math.floor(run.most))} can be done)"
    )


def _volume(volume: VolumeEven, report: WaysReport) -> str:
    if math.isnan(volume.first):
        return f"volume: {volume.way} never reaches the API: {volume.reason}"
    text = f"volume: {volume.way} costs no more than the API from {_big(volume.first)} {report.unit} on"
    if volume.always > volume.first * 1.0001:
        text += f", and at every volume from {_big(volume.always)} on (whole cards make steps)"
    elif math.isnan(volume.always):
        text += " (whole cards make steps: not at every larger volume)"
    return f"{text}, with {volume.what}; asked are {_big(report.volume)}"


def _price(flip: PriceFlip, report: WaysReport) -> str:
    if math.isnan(flip.factor):
        stays = flip.way == report.best
        said = "stays the cheapest up to 1,000 times" if stays else "would not be the cheapest at any part of"
        return f"price: {flip.way} {said} its price"
    now, then = words.figure(flip.now), words.figure(flip.price)
    than = "less than" if flip.factor < 1 else "more than"
    return (
        f"price: {flip.winner} is the cheapest where {flip.way} costs {than} {words.percent(flip.factor)} of "
        f"its price, such as {then} {flip.unit} (now {now})"
    )


def _further(console: Console, report: WaysReport) -> None:
    if report.best:
        console.print()
        text = f"Each figure, down to its source: optplan explain NEED --way {report.best} --term TERM"
        console.print(Text(text, style="dim"))


def _years(value: float) -> str:
    return "a year" if value == 1 else f"{number(value, 3)} years"


def _big(value: float) -> str:
    return words.figure(value) if value < 1e6 else f"{number(value / 1e6)} million"
