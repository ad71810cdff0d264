"""The answer in one sentence, from the JSON of a plan."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

from optplan.page.language import counted
from optplan.page.pointer import Ref
from optplan.page.words import Words

RENTED = ("on_demand", "spot", "reserved_1y", "reserved_3y")


def answer(plan: Ref, words: Words) -> Markup:
    """What to get, from whom, for how long, and what it costs."""
    say = words.language.text
    groups: dict[tuple[str, str], list[Ref]] = {}
    for card in plan.cards:
        groups.setdefault((str(card.purchase), str(card.provider)), []).append(card)
    parts = [
        fill(say(f"answer.{how}"), cards=cards(lines, words), provider=escape(provider))
        for (how, provider), lines in groups.items()
    ]
    for api in plan.apis:
        model = escape(str(api.model) or str(api.offer))
        parts.append(fill(say("answer.api"), model=model, provider=escape(str(api.provider))))
    what = Markup(say("answer.join")).join(dict.fromkeys(parts))
    what = Markup(escape(what[:1].upper())) + what[1:] if not what.startswith("<") else what
    total = words.money(plan.total_cost)
    if plan.hours.json is None:
        return fill(say("answer.timeless"), what=what, total=total)
    return fill(say("answer.whole"), what=what, hours=words.hours(plan.hours), total=total)


def proof(plan: Ref, words: Words) -> Markup:
    """That no plan costs less, or by how much one might."""
    say, offers = words.language.text, words.number(plan.catalog.offers, 12)
    if plan.status == "optimal":
        return fill(say("answer.proof"), offers=offers)
    if plan.gap.json is None:
        return Markup()
    return fill(say("answer.unproven"), offers=offers, gap=words.percent(plan.gap))


def joined(sentences: list[Markup], words: Words) -> Markup:
    """Sentences one after the other, with a blank between where the language has one."""
    return Markup(words.language.text("gap")).join(one for one in sentences if one)


def limit(name: str, words: Words) -> str:
    """What a limit is called; "" for what is a requirement of the rules."""
    kind, _, what = name.partition(":")
    if what:
        return words.language.text(f"limit.{kind}", name=what)
    return words.language.known(f"limit.{kind}", "")


def acts(plan: Ref, words: Words) -> Markup:
    """What a portfolio does: buys, reserves, rents, and sends to an API; the first month of each."""
    say, parts = words.language.text, []
    for one in plan.acquisitions:
        gpus = fill(say("cards"), count=words.number(one.cards), gpu=escape(str(one.gpu)))
        parts.append(fill(say(f"act.{one.kind}"), cards=gpus, month=words.number(one.month)))
    most = max(plan.by_month, key=lambda month: float(month.rented.json))
    if most.rented.json:
        parts.append(fill(say("act.rent"), count=words.number(most.rented), month=words.number(most.month)))
    if any(month["api_tokens"] for month in plan.by_month.json):
        parts.append(fill(say("act.api")))
    whole = Markup(say("answer.join")).join(parts)
    return Markup(escape(whole[:1].upper())) + whole[1:] + Markup(say("stop")) if parts else Markup()


def cards(lines: list[Ref], words: Words) -> Markup:
    """2 × H100-SXM5-80GB and 1 × L4."""
    texts = [
        fill(words.language.text("cards"), count=words.number(line["count"]), gpu=escape(str(line.gpu)))
        for line in lines
    ]
    return Markup(words.language.text("and")).join(texts)


def fill(message: str, **values: Any) -> Markup:
    """A message with marked-up values in its holes; the message itself is escaped."""
    return Markup(escape(counted(message, values))).format(**values)
