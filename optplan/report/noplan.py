"""Why there is no plan, what was refused, and the cheapest ways out."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from optplan.plan import Plan, Refusal, WayOut
from optplan.report import words
from optplan.report.console import bullet, grid, heading


def print_no_plan(console: Console, plan: Plan) -> None:
    """The answer when nothing does: reasons, refusals, ways out."""
    console.print(Text(f"No plan: nothing in the catalog does {plan.name}", style="bold red"))
    if plan.reasons:
        heading(console, "Why")
        for reason in plan.reasons:
            bullet(console, reason)
    print_refusals(console, plan)
    print_ways_out(console, plan)


def print_ways_out(console: Console, plan: Plan) -> None:
    """Changes that make a plan possible, cheapest first."""
    if plan.ways_out:
        heading(console, "Ways out, cheapest first, each checked by solving again")
        for way in sorted(plan.ways_out, key=lambda way: way.cost):
            cost = words.money(way.cost, plan.currency)
            bullet(console, f"{steps(way)}; the plan then costs {cost}")


def steps(way: WayOut) -> str:
    """ "deadline 1 h -> 18 h, budget 100 USD -> 836 USD": what changes, each from what to what."""
    parts = [text.split(" and ") for text in (way.change, way.from_, way.to)]
    if len({len(part) for part in parts}) > 1:
        return f"{way.change}: {way.from_} -> {way.to}"
    return ", ".join(f"{what}: {before} -> {after}" for what, before, after in zip(*parts, strict=True))


def print_refusals(console: Console, plan: Plan) -> None:
    """Cards that cannot do it, by the requirement that refused them, each with its nearest miss."""
    if not plan.refusals:
        return
    heading(console, "Refused cards")
    groups: dict[str, list[Refusal]] = {}
    for refusal in plan.refusals:
        groups.setdefault(refusal.requirement, []).append(refusal)
    rows = []
    for name, found in sorted(groups.items(), key=lambda item: -len(item[1])):
        near = min(found, key=_miss)
        example = f"{near.gpu}: {words.shortfall(near.left, near.right, near.unit, plan.currency)}"
        rows.append([f"{near.label} ({name})", f"{len(found)}", example])
    console.print(grid(console, ["requirement", "cards", "nearest miss"], rows, right=(1,)))


def _miss(refusal: Refusal) -> float:
    """By how much of what it has a card falls short."""
    return refusal.left / refusal.right if refusal.right > 0 else float("inf")
