"""Two plans side by side: as asked, and with something changed."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from optplan.compare.whatif import Shift, WhatIf, cards
from optplan.plan import Plan
from optplan.report import words
from optplan.report.console import bullet, grid, heading, table_console
from optplan.report.noplan import print_refusals, print_ways_out

NAMES = {
    "total_cost": "total",
    "hours": "time",
    "gpu_hours": "GPU-hours",
    "energy_kwh": "electricity",
    "carbon_kg": "carbon",
}


def print_what_if(found: WhatIf) -> None:
    """The answer in a sentence, what was changed, both plans side by side, and the terms that moved."""
    console = table_console()
    console.print(Text(found.sentence, style="bold"))
    heading(console, "Changed")
    rows = [[change.name, change.from_, change.to] for change in found.changes]
    console.print(grid(console, ["what", "as it is", "what if"], rows))
    if found.both:
        _side_by_side(console, found)
        _moves(console, found)
    if not found.after.feasible:
        heading(console, "Why there is no plan")
        for reason in found.after.reasons:
            bullet(console, reason)
        print_refusals(console, found.after)
        print_ways_out(console, found.after)
    warnings = [text for text in found.after.warnings if text not in found.before.warnings]
    if warnings:
        heading(console, "Warnings of the new plan")
        for text in warnings:
            bullet(console, text, "yellow")


def _side_by_side(console: Console, found: WhatIf) -> None:
    heading(console, "Side by side")
    before, after = found.before, found.after
    rows = [
        ["cards", cards(before), cards(after)],
        ["from", _places(before), _places(after)],
        ["how", _how(before), _how(after)],
        ["layout", _layouts(before), _layouts(after)],
    ]
    console.print(grid(console, ["", "as it is", "what if"], [row for row in rows if row[1] or row[2]]))


def _moves(console: Console, found: WhatIf) -> None:
    heading(console, "What moved")
    rows = [_row(shift, shift.name, found.before.currency) for shift in found.terms]
    rows += [_row(s, NAMES.get(s.name, s.name), found.before.currency) for s in found.totals]
    console.print(
        grid(console, ["", "as it is", "what if", "more", "unit"], rows, right=(1, 2, 3), keep=(0,))
    )


def _row(shift: Shift, name: str, currency: str) -> list[str]:
    money = shift.unit == currency
    show = words.cash if money else words.figure
    sign = "+" if shift.more > 0 else ""
    more = f"{sign}{show(shift.more)}" if shift.more else "0"
    return [name, show(shift.before), show(shift.after), more, words.unit(shift.unit, currency)]


def _places(plan: Plan) -> str:
    return " + ".join(dict.fromkeys(f"{line.provider} {line.region}" for line in plan.cards))


def _how(plan: Plan) -> str:
    return " + ".join(dict.fromkeys(words.PURCHASE[line.purchase] for line in plan.cards))


def _layouts(plan: Plan) -> str:
    return " + ".join(dict.fromkeys(line.layout for line in plan.cards))
