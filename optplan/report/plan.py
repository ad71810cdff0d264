"""A plan as a page of tables: what to get, what it costs, what it rests on, and the proof."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from optplan.plan import TIGHT, Band, CardLine, Line, Plan
from optplan.report import words
from optplan.report.apis import called, print_apis
from optplan.report.console import bullet, footnotes, grid, heading, table_console
from optplan.report.noplan import print_no_plan, print_refusals

# What a reader asks for first, in this order, in fewer words than the rules have.
SHORT: Final = {
    "memory_per_card": "memory needed on each card",
    "train_tokens": "tokens to train on",
    "efficiency": "share of peak speed in use",
    "tokens_per_second": "speed of all cards together",
    "concurrent_requests": "requests at once, a replica",
    "per_token_time": "time between two tokens",
    "first_token_time": "time to the first token",
    "replica_capacity": "capacity of a replica",
    "work_hours": "hours of work, all units",
    "job_hours": "wall clock, uninterrupted",
    "elapsed_hours": "wall clock",
    "billed_hours": "hours billed for each unit",
    "total_cost": "total cost",
}
MEANS: Final = {
    "elapsed_hours": "wall clock, mean of the units",
    "billed_hours": "hours billed, mean of the units",
}
"""The same where units may be held for different times: offline inference on several."""
ALTERNATIVES: Final = 3


def print_understood(yaml: str, notes: Sequence[str] = ()) -> None:
    """The need that a sentence was understood as, and the readings that were a choice."""
    console = table_console()
    console.print(Text("Understood as", style="bold"))
    for line in yaml.rstrip("\n").splitlines():
        console.print(Text(f"  {line}"))
    for note in notes:
        bullet(console, note)
    console.print()


def print_plan(plan: Plan, heading: str = "") -> None:
    """The whole answer to one need. heading: where the need is from, when there are several."""
    console = table_console()
    if heading:
        console.print(Text(f"== {heading}: {plan.name} ==", style="bold"))
    if not plan.feasible:
        print_no_plan(console, plan)
        footnotes(console, plan.notes, "the need does", plan.assumed, plan.warnings)
        return
    console.print(Text(headline(plan), style="bold green"))
    _cards(console, plan)
    print_apis(console, plan)
    _terms(console, plan)
    _rests_on(console, plan)
    _limits(console, plan)
    _proof(console, plan)
    _alternatives(console, plan)
    print_refusals(console, plan)
    footnotes(console, plan.notes, "the need does", plan.assumed, plan.warnings)
    _further(console, plan)


def headline(plan: Plan) -> str:
    """The answer in one sentence."""
    what = cheapest(plan)
    places = {(line.provider, line.region, line.purchase) for line in plan.cards}
    where = ""
    if len(places) == 1 and not plan.apis:
        provider, region, purchase = places.pop()
        where = f", {words.PURCHASE[purchase]}, at {provider} ({region})"
    head = "Cheapest" if plan.status == "optimal" else "Best found, not proven cheapest"
    return (
        f"{head}: {what}{where} for {words.hours(plan.hours)} = {words.money(plan.total_cost, plan.currency)}"
    )


def cheapest(plan: Plan) -> str:
    """The cards of the plan: 8 x H100-SXM5-80GB + 1 x L4."""
    return " + ".join([*words.fleet(plan.cards), *([called(plan.apis)] if plan.apis else [])])


def _cards(console: Console, plan: Plan) -> None:
    if not plan.cards:
        return
    heading(console, "What to get")
    rows = []
    for line in plan.cards:
        units = f"{line.units} x {line.count // max(line.units, 1)}"
        how = words.PURCHASE[line.purchase]
        rows.append([words.cards(line), units, line.provider, line.region, how, unit_price(line)])
    columns = ["cards", "units", "provider", "region", "how", "a unit costs"]
    console.print(grid(console, columns, rows, right=(5,), keep=(0, 1)))
    for line, detail in zip(plan.cards, plan.lines, strict=True):
        text = f"{line.offer}, price of {line.price_date}: {line.layout}; "
        console.print(Text(text, style="dim") + _fit(plan, detail))


def unit_price(line: CardLine) -> str:
    """What one unit costs, in its own currency: 1.29 USD/h, or 358,000.00 USD when bought."""
    if line.purchase == "buy":
        return words.money(line.price_per_unit, line.currency)
    return f"{words.money(line.price_per_unit_hour, line.currency)}/h"


def _terms(console: Console, plan: Plan) -> None:
    heading(console, "What it costs")
    rows = [[_label(plan, term.name), term.name, words.cash(term.amount)] for term in plan.terms]
    total = ["total", "", words.cash(plan.total_cost)]
    console.print(grid(console, ["term", "name", plan.currency], rows, right=(2,), total=total))
    rate = (
        f"{words.money(plan.hourly_cost, plan.currency)} an hour while it runs; " if plan.hourly_cost else ""
    )
    if not plan.lines:
        return
    took = f"{words.figure(plan.gpu_hours)} GPU-hours in {words.hours(plan.hours)} of wall clock"
    console.print(Text(rate + took))


def _label(plan: Plan, name: str) -> str:
    return plan.pack.rules[name].label if name in plan.pack.rules else name


def _fit(plan: Plan, line: Line) -> Text:
    """How full a card is, in words: fits, or just fits."""
    if "memory_per_card" not in line.values:
        return Text("capacity as measured" if plan.settled.capacities else "", style="dim")
    unit = plan.pack.rules["memory_per_card"].unit
    needs = line.values["memory_per_card"]
    has = line.values["card_memory_gb" if unit == "GB" else "usable_memory"]
    tight = line.fill >= TIGHT
    amounts = f"{words.figure(needs)} of {words.value(has, unit, '')}"
    text = f"{amounts} a card, {words.percent(needs / has)} full, {'just fits' if tight else 'fits'}"
    return Text(text, style="yellow" if tight else "dim")


def _rests_on(console: Console, plan: Plan) -> None:
    names = [name for name in SHORT if name in plan.quantities]
    if _same_numbers(plan, "job_hours", "elapsed_hours"):
        names.remove("job_hours")
    if not names:
        return
    most = words.cards(max(plan.cards, key=lambda line: line.count)) if plan.cards else ""
    heading(console, "What it rests on" + (f", for the {most}" if len(plan.cards) > 1 else ""))
    said = SHORT | (MEANS if _several_times(plan) else {})
    rows = [[said[name], *_band(plan, plan.quantities[name])] for name in names]
    console.print(grid(console, ["quantity", "low", "expected", "high", "unit"], rows, right=(1, 2, 3)))


def _same_numbers(plan: Plan, one: str, other: str) -> bool:
    a, b = plan.quantities.get(one), plan.quantities.get(other)
    return a is not None and b is not None and (a.low, a.value, a.high) == (b.low, b.value, b.high)


def _several_times(plan: Plan) -> bool:
    return plan.task == "generate" and any(line.units > 1 for line in plan.lines)


def _band(plan: Plan, band: Band) -> list[str]:
    ends = (band.low, band.value, band.high)
    factor, unit = words.scale(band.value, band.unit)
    money = band.unit == plan.currency
    numbers = [words.cash(v) if money else words.figure(factor * v) for v in ends]
    return [*numbers, words.unit(unit, plan.currency)]


def _limits(console: Console, plan: Plan) -> None:
    if not plan.limits:
        return
    heading(console, "Limits")
    rows = []
    for use in plan.limits:
        spare = words.value(use.spare, use.unit, plan.currency, 3)
        numbers = [words.value(v, use.unit, plan.currency) for v in (use.used, use.allowed)]
        rows.append([use.name, *numbers, "binds" if use.binds else f"{spare} spare"])
    console.print(grid(console, ["limit", "used", "allowed", "state"], rows, right=(1, 2)))


def _proof(console: Console, plan: Plan) -> None:
    solver = plan.solver
    bound = words.money(plan.bound, plan.currency)
    proven = (
        f"no plan of these {len(plan.catalog.offers):,} offers costs less than {bound} (gap {plan.gap:.2%})"
    )
    runs = f"{solver.runs} run" + ("" if solver.runs == 1 else "s")
    console.print()
    console.print(
        Text(f"Proof: {proven}; {solver.name}, {runs}, {solver.seconds:.2f} s; rules: {plan.pack.name}")
    )


def _alternatives(console: Console, plan: Plan) -> None:
    if not plan.alternatives:
        return
    heading(console, "Next best")
    rows = []
    for other in plan.alternatives[:ALTERNATIVES]:
        costs = [words.cash(other.total_cost), f"+{words.cash(other.extra_cost)}"]
        how = words.PURCHASE.get(other.purchase, other.purchase)
        rows.append(
            [
                other.cards,
                f"{other.provider} {other.region}",
                how,
                words.hours(other.hours, days=False),
                *costs,
            ]
        )
    columns = ["cards", "from", "how", "time", plan.currency, f"{plan.currency} more"]
    console.print(grid(console, columns, rows, right=(3, 4, 5), keep=(0,)))


def _further(console: Console, plan: Plan) -> None:
    console.print()
    over = "duration=720h..8760h" if plan.task == "serve" else "deadline=12h..96h"
    console.print(Text("Ask next, with the same need:", style="dim"))
    for command, what in (
        ("optplan explain NEED", "where every number comes from"),
        ("optplan why-not NEED GPU", "why not another card"),
        (f"optplan compare NEED --over {over}", "what a change would cost"),
    ):
        console.print(Text(f"  {command}  {what}", style="dim"))
