"""A portfolio's plan as tables: what to get when, what is used month by month, by whom, at what cost, and the proof."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from optplan.portfolio.plan import Acquisition, MonthTotal, PortfolioPlan, SharedUse
from optplan.report import words
from optplan.report.console import bullet, footnotes, grid, heading, table_console
from optplan.report.noplan import steps
from optplan.units import number

MOST_NEEDS = 40  # rows of the table of needs
HOW = {"buy": "buy", "reserved_1y": "reserve 1 year", "reserved_3y": "reserve 3 years"}
BY = ("owned", "reserved", "rented", "queue", "hired", "api")


def print_portfolio(plan: PortfolioPlan, place: str = "") -> None:
    """The whole answer for a portfolio. place: where it is from, when there are several."""
    console = table_console()
    if place:
        console.print(Text(f"== {place}: {plan.name} ==", style="bold"))
    if not plan.feasible:
        _no_plan(console, plan)
    else:
        console.print(Text(headline(plan), style="bold green"))
        _acquisitions(console, plan)
        _months(console, plan)
        _needs(console, plan)
        _terms(console, plan)
        _limits(console, plan)
        _proof(console, plan)
    footnotes(console, plan.notes, "the needs do", plan.assumed, plan.warnings)


def headline(plan: PortfolioPlan) -> str:
    """The answer in one sentence."""
    needs = len(plan.needs_total)
    what = f"{needs} need{'s' if needs > 1 else ''} over {plan.months} month{'s' if plan.months > 1 else ''}"
    cost = words.money(plan.total_cost, plan.currency)
    if not plan.discount_rate:
        return f"{_first(plan)} for {what}: {cost}"
    npv = words.money(plan.npv, plan.currency)
    rate = number(100 * plan.discount_rate)
    return f"{_first(plan)} for {what}: {npv} net present value at {rate} % a year ({cost} undiscounted)"


def _first(plan: PortfolioPlan) -> str:
    return "Cheapest plan" if plan.status == "optimal" else "Best plan found"


def _acquisitions(console: Console, plan: PortfolioPlan) -> None:
    if not plan.acquisitions:
        return
    heading(console, "What to buy and reserve")
    rows = []
    for one in plan.acquisitions:
        months = f"{one.month}-{one.last}" if one.last > one.month else f"{one.month}"
        rows.append([months, HOW[one.kind], f"{one.cards} x {one.gpu}", _where(one), words.cash(one.cost)])
    total = ["", "", "", "in all", words.cash(math.fsum(one.cost for one in plan.acquisitions))]
    columns = ["months", "how", "cards", "from", plan.currency]
    console.print(grid(console, columns, rows, right=(4,), total=total, keep=(0, 2)))


def _where(one: Acquisition) -> str:
    return one.provider if one.region in ("any", one.provider) else f"{one.provider} {one.region}"


def _months(console: Console, plan: PortfolioPlan) -> None:
    """Cards by kind; months that are alike in one row, their cost summed."""
    heading(console, "Cards held and money paid, month by month")
    rows = []
    for _, alike in groupby(plan.months_total, key=_shape):
        months = list(alike)
        first, last = months[0], months[-1]
        span = f"{first.month}" if first is last else f"{first.month}-{last.month}"
        tokens = math.fsum(month.api_tokens for month in months)
        counts = [_count(n) for n in (first.owned, first.reserved, first.rented, first.hired, first.idle)]
        rows.append([span, *counts, _tokens(tokens), words.cash(math.fsum(month.cost for month in months))])
    columns = ["months", "owned", "reserved", "rented", "hired", "idle", "API tokens", plan.currency]
    total = [*[""] * 7, words.cash(plan.total_cost)]
    console.print(grid(console, columns, rows, right=tuple(range(1, 8)), total=total, keep=(0,)))
    console.print(
        Text("idle: of the owned and reserved; hired: by the hour, for jobs; income of resale is taken off")
    )


def _shape(month: MonthTotal) -> tuple[int, ...]:
    return (month.owned, month.reserved, month.rented, month.hired, month.idle, int(month.api_tokens > 0))


def _count(cards: int) -> str:
    return f"{cards:,}" if cards else "-"


def _tokens(tokens: float) -> str:
    for size, sign in ((1e12, "T"), (1e9, "B"), (1e6, "M")):
        if tokens >= size:
            return f"{number(tokens / size, 3)} {sign}"
    return number(tokens, 3) if tokens else "-"


def _needs(console: Console, plan: PortfolioPlan) -> None:
    heading(console, "Who is carried by what, in per cent of demand")
    used = [how for how in BY if any(need.by.get(how) for need in plan.needs_total)]
    shown = sorted(plan.needs_total, key=lambda need: -need.cost)[:MOST_NEEDS]
    order = {need.need: i for i, need in enumerate(plan.needs_total)}
    shown.sort(key=lambda need: order[need.need])
    rows = [
        [need.need, *(_percent(need.by.get(how, 0.0)) for how in used), words.cash(need.cost)]
        for need in shown
    ]
    columns = ["need", *("API" if how == "api" else how for how in used), plan.currency]
    right = tuple(range(1, len(columns)))
    console.print(grid(console, columns, rows, right=right))
    if len(plan.needs_total) > MOST_NEEDS:
        rest = plan.needs_total
        console.print(Text(f"the {MOST_NEEDS} dearest of {len(rest)} needs; --json has all, by month"))
    idle = plan.total_cost - math.fsum(need.cost for need in plan.needs_total)
    if abs(idle) >= 0.01:
        console.print(Text(f"{words.money(idle, plan.currency)} more is for cards that nobody uses"))


def _percent(share: float) -> str:
    return f"{100 * share:.0f}" if share >= 0.005 else ("<1" if share > 0 else "-")


def _terms(console: Console, plan: PortfolioPlan) -> None:
    heading(console, "What it costs")
    npv = {term.name: term.amount for term in plan.npv_terms}
    both = plan.discount_rate > 0
    rows = [
        [
            plan.labels.get(t.name, t.name),
            t.name,
            words.cash(t.amount),
            *([words.cash(npv[t.name])] if both else []),
        ]
        for t in plan.terms
    ]
    columns = ["term", "name", plan.currency, *(["present value"] if both else [])]
    total = ["total", "", words.cash(plan.total_cost), *([words.cash(plan.npv)] if both else [])]
    console.print(grid(console, columns, rows, right=tuple(range(2, len(columns))), total=total, keep=(1,)))


def _limits(console: Console, plan: PortfolioPlan) -> None:
    if not plan.limits:
        return
    heading(console, "Limits, in the month that uses most of each")
    rows = [
        [
            use.name,
            "all" if not use.month else f"{use.month}",
            words.value(use.used, use.unit, plan.currency),
            words.value(use.allowed, use.unit, plan.currency),
            _state(use),
        ]
        for use in plan.limits
    ]
    console.print(grid(console, ["limit", "month", "used", "allowed", "state"], rows, right=(1, 2, 3)))


def _state(use: SharedUse) -> str:
    if not use.binds:
        return "spare"
    return f"binds in {use.months_binding} months" if use.months_binding > 1 else "binds"


def _proof(console: Console, plan: PortfolioPlan) -> None:
    solver = plan.solver
    console.print()
    how = "all in one program" if plan.method == "flat" else "by patterns, purchases and months"
    if math.isfinite(plan.bound):
        bound = words.money(plan.bound, plan.currency)
        value = "net present value" if plan.discount_rate else "cost"
        text = f"Proof: no plan has a {value} below {bound} (gap {plan.gap:.2%}); "
    else:
        text = "No bound was proven in the time allowed; "
    console.print(Text(f"{text}{solver.name}, {how}, {solver.seconds:.1f} s"))


def _no_plan(console: Console, plan: PortfolioPlan) -> None:
    console.print(Text(f"No plan: nothing carries {plan.name}", style="bold red"))
    _list(console, "Why", plan.reasons)
    ways = [
        f"{steps(way)}; the plan then costs {words.money(way.cost, plan.currency)}" for way in plan.ways_out
    ]
    _list(console, "Ways out, cheapest first, each checked by solving again", ways)


def _list(console: Console, title: str, texts: Sequence[str]) -> None:
    if texts:
        heading(console, title)
        for text in texts:
            bullet(console, text)
