"""Plans side by side: a line for each."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from optplan.compare import Sweep
from optplan.plan import Plan
from optplan.report import words
from optplan.report.console import grid, table_console


def print_plans(plans: Sequence[Plan]) -> None:
    """A line for each need: what, from whom, how long, what it costs."""
    console = table_console()
    rows = [[plan.name, *_cells(plan, True)] for plan in plans]
    columns = ["need", "cards", "from", "time", "GPU-hours", "cost"]
    console.print(grid(console, columns, rows, right=(3, 4, 5), drop=("GPU-hours",)))
    solved = [plan for plan in plans if plan.feasible]
    if len(solved) > 1 and len({plan.currency for plan in solved}) == 1:
        cheapest = min(solved, key=lambda plan: plan.total_cost)
        console.print()
        console.print(
            Text(f"Cheapest: {cheapest.name}, {words.money(cheapest.total_cost, cheapest.currency)}")
        )


def print_sweep(sweep: Sweep) -> None:
    """A line for each value: where nothing changes but the cost, the plan is not repeated."""
    console = table_console()
    plans = [point.plan for point in sweep.points]
    currency = plans[0].currency
    console.print(Text(f"{plans[0].name} over {sweep.over}", style="bold"))
    rows, before = [], ""
    for point in sweep.points:
        cells = _cells(point.plan, False)
        same, before = before == cells[0] + cells[1], cells[0] + cells[1]
        if same and point.plan.feasible:
            cells[0], cells[1] = '"', '"'
        rows.append([point.text, *cells])
    columns = [sweep.over, "cards", "from", "time", "GPU-hours", currency]
    console.print(grid(console, columns, rows, right=(0, 3, 4, 5), drop=("GPU-hours",)))
    none = next((plan for plan in plans if not plan.feasible and plan.reasons), None)
    if none is not None:
        console.print()
        console.print(Text(f"no plan where it says so: {none.reasons[0]}"))


def _cells(plan: Plan, with_currency: bool) -> list[str]:
    if not plan.feasible:
        return ["no plan", "", "", "", ""]
    calls = [f"{words.percent(line.share)} by {line.model or line.offer}" for line in plan.apis]
    cards = " + ".join([*words.fleet(plan.cards), *calls])
    places = dict.fromkeys(f"{line.provider} {line.region}" for line in plan.cards) | dict.fromkeys(
        line.provider for line in plan.apis
    )
    cost = words.money(plan.total_cost, plan.currency) if with_currency else words.cash(plan.total_cost)
    return [
        cards,
        " + ".join(places),
        words.hours(plan.hours, days=False),
        words.value(plan.gpu_hours, "1", ""),
        cost,
    ]
