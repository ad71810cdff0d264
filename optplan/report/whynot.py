"""Why a card is not the answer, in words and numbers."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from optplan.compare import WhyNot
from optplan.plan import Plan
from optplan.report import words
from optplan.report.console import bullet, grid, heading, table_console
from optplan.report.noplan import print_refusals, print_ways_out
from optplan.report.plan import cheapest, headline

MOST_MEANT = 6


def print_why_not(found: WhyNot) -> None:
    """One sentence with the reason, then what it rests on."""
    console = table_console()
    console.print(Text(sentence(found), style="bold"))
    if found.meant != [found.thing]:
        more = len(found.meant) - MOST_MEANT
        names = ", ".join(found.meant[:MOST_MEANT]) + (f" and {more} more" if more > 0 else "")
        console.print(Text(f"{found.thing} means {names}"))
    other = found.other
    if found.verdict in ("dearer", "equal") and other is not None:
        _side_by_side(console, found, other)
    if found.verdict == "refused" and other is not None:
        for reason in other.reasons:
            bullet(console, reason)
        print_refusals(console, other)
        print_ways_out(console, other)
    if found.best.feasible and found.verdict != "chosen":
        console.print()
        console.print(Text(headline(found.best)))


def sentence(found: WhyNot) -> str:
    """The verdict in one sentence."""
    thing, other = found.thing, found.other
    if found.verdict == "chosen":
        return f"{thing} is in the plan. {headline(found.best)}"
    if found.verdict == "not offered":
        return f"{thing}: the catalog knows the card but has no offer of it"
    if found.verdict == "shut out":
        limits = ", ".join(f"{name} = {_limit(found.best, name)}" for name in found.shut_out_by)
        return f"{thing}: the limits let no offer of it in: {limits}"
    if found.verdict == "refused" or other is None:
        return f"{thing}: no number and layout of it does this need"
    extra = found.extra_cost
    if extra is None:
        return f"{thing} could do it: {headline(other)}"
    if found.verdict == "equal":
        return f"{thing} would cost the same; of equals the plan with fewer cards, then more memory, is taken"
    share = extra / found.best.total_cost if found.best.total_cost else 0.0
    more = words.money(extra, found.best.currency)
    return f"{thing} could do it, but costs {more} more (+{words.percent(share)})"


def _limit(plan: Plan, name: str) -> str:
    """What the need says of a limit, or the default."""
    given = getattr(plan.settled.need.limits, name)
    avoided = getattr(plan.settled.need.limits, f"avoid_{name}", [])
    if avoided and not given:
        return f"all but {', '.join(avoided)}"
    if given:
        return ", ".join(given)
    return "on_demand (default)" if name == "purchase" else "default"


def _side_by_side(console: Console, found: WhyNot, other: Plan) -> None:
    best = found.best
    heading(console, "Side by side")
    rows = [
        ["cards", cheapest(best), cheapest(other)],
        ["from", _places(best), _places(other)],
        ["time", words.hours(best.hours), words.hours(other.hours)],
        ["GPU-hours", words.value(best.gpu_hours, "1", ""), words.value(other.gpu_hours, "1", "")],
    ]
    for shift in found.shifts:
        rows.append([f"{shift.name} {best.currency}", words.cash(shift.best), words.cash(shift.other)])
    rows.append([f"total {best.currency}", words.cash(best.total_cost), words.cash(other.total_cost)])
    console.print(grid(console, ["", "the plan", found.thing], rows))


def _places(plan: Plan) -> str:
    return " + ".join(dict.fromkeys(f"{line.provider} {line.region}" for line in plan.cards))
