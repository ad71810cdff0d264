"""Needs that share limits: who gets what, what is left of the limits, and what more of the scarce ones is worth."""

from __future__ import annotations

from rich.text import Text

from optplan.batch.together import Together
from optplan.batch.together.answer import LimitAccount
from optplan.errors import counted
from optplan.report import words
from optplan.report.console import bullet, grid, heading, table_console


def print_together(found: Together) -> None:
    """The account on standard output."""
    console = table_console()
    lead = f"Together: {counted(found.served, 'need')} for {words.money(found.total, found.currency)}"
    console.print(Text(lead, style="bold"))
    heading(console, "Who gets what")
    columns = ("need", "cards", "from", found.currency, "alone")
    rows = [
        [
            share.name,
            share.cards or "no room",
            share.providers,
            "" if share.cost is None else words.cash(share.cost),
            words.cash(share.alone),
        ]
        for share in found.needs
    ]
    total = ("total", "", "", words.cash(found.total), words.cash(found.alone))
    console.print(grid(console, columns, rows, right=(3, 4), total=total, drop=("from",)))
    if found.limits:
        heading(console, "Limits that all share")
        limits = [_limit(limit, found.currency) for limit in found.limits]
        console.print(grid(console, ("limit", "used", "allowed", "state"), limits, right=(1, 2)))
    console.print()
    for text in _told(found):
        bullet(console, text)
    console.print()
    proof = f"no plans that keep to these limits serve {'as many needs' if found.left_out else 'all needs'} for less"
    console.print(
        Text(f"Proof: {proof} than {words.money(found.bound, found.currency)} (gap {found.gap:.2%})")
    )


def _limit(limit: LimitAccount, currency: str) -> list[str]:
    money = limit.unit == currency
    used, allowed, spare = (
        words.money(n, currency) if money else f"{n:,.0f}" for n in (limit.used, limit.allowed, limit.spare)
    )
    return [limit.name, used, allowed, "all used" if limit.spare <= 0 else f"{spare} spare"]


def _told(found: Together) -> list[str]:
    """Sentences: the price of sharing, of the limits, and who was left out."""
    told = ["cards are counted as if all needs held theirs at once"] if found.limits else []
    more = found.total - found.alone
    if more > 0:
        told.append(
            f"the shared limits cost {words.money(more, found.currency)}: alone, the same needs cost"
            f" {words.money(found.alone, found.currency)}"
        )
    else:
        told.append("the shared limits cost nothing: every need served has the plan that it would have alone")
    for limit in found.limits:
        worth = limit.worth
        if worth is None:
            continue
        cards = f"one more {limit.name}" if worth.more == 1 else f"{worth.more} more {limit.name}"
        if worth.serves:
            needs = "one more need" if worth.serves == 1 else f"{worth.serves} more needs"
            told.append(f"{cards} would serve {needs}")
        else:
            each = " each" if worth.more > 1 else ""
            rate = (
                ""
                if worth.per_hour is None
                else f" ({words.money(worth.per_hour, found.currency + '/h')}{each})"
            )
            verb = "is" if worth.more == 1 else "are"
            told.append(f"{cards} {verb} worth {words.money(worth.saves, found.currency)}{rate}")
    if found.left_out:
        needs = "one need has" if found.left_out == 1 else f"{found.left_out} needs have"
        told.append(f"{needs} a plan alone, but no room here: as few as can be are left out")
    if found.all_served is not None:
        told.append(f"a budget of {words.money(found.all_served, found.currency)} would serve all")
    return told
