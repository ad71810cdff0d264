"""A portfolio document and a catalog -> the problem in numbers: demand by month, prices, options, limits."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault, nearest
from optplan.need import AnyNeed
from optplan.planner.context import Context, check_fixed
from optplan.planner.costs.pricing import Pricing
from optplan.planner.main import prepare
from optplan.portfolio.api import api_options
from optplan.portfolio.market import Market
from optplan.portfolio.parts import Block, Cap, Group, Instance, Option, Source, Wanted
from optplan.portfolio.survey import Survey
from optplan.portfolio_need import MONTHS_PER_YEAR, WAYS, Entry, FinetuneEntry, Portfolio
from optplan.rules import pack as pack_of

LONGEST_TERM = 36  # months of a reservation, which may go on after the plan's end
UNITS = {"serve": "requests/s", "generate": "requests", "finetune": "runs"}


def instance_of(
    portfolio: Portfolio,
    catalog: Catalog,
    *,
    base: Path | None = None,
    fixed: Mapping[str, float] | None = None,
    today: date | None = None,
) -> Instance:
    """Everything that the program reads. Raises BadInput with every name that means nothing, of all needs."""
    needs, caps, budgets = check(portfolio, catalog, base, fixed or {})
    currency = needs[0].context.settled.currency
    shared = _shared_context(portfolio, needs[0].context, fixed or {})
    market = Market(Pricing(shared), portfolio.months)
    sources = _families(market.sources(needs, caps), portfolio.share_idle)
    months = portfolio.months
    rate = discount_rate(portfolio, shared)
    discount = (1 + rate) ** (-np.arange(months + LONGEST_TERM + 1) / MONTHS_PER_YEAR)
    instance = Instance(
        portfolio.name or "portfolio",
        months,
        currency,
        sources,
        [],
        needs,
        [],
        caps,
        market.owned(sources),
        discount,
        budgets[0],
        budgets[1],
        portfolio.limits.power or math.inf,
        catalog.offers.provider,
        catalog.offers.pools,
    )
    _blocks(instance, catalog, portfolio.share_idle, today or date.today())
    return instance


def check(
    portfolio: Portfolio, catalog: Catalog, base: Path | None, fixed: Mapping[str, float]
) -> tuple[list[Wanted], list[Cap], list[float]]:
    """Needs, limits on cards, and budgets (in all, by month) in numbers.

    Raises BadInput with every fault; places are fields, such as "needs.0.limits.providers".
    """
    check_fixed(portfolio.assume, pack_of(portfolio.rules, portfolio.needs[0].task), catalog, "assume")
    if portfolio.currency:
        catalog.convert(1.0, "USD", portfolio.currency)
    faults: list[Fault] = []
    needs = []
    for index, entry in enumerate(portfolio.needs):
        try:
            needs.append(wanted(portfolio, entry, catalog, base, fixed))
        except BadInput as error:
            faults += [_of_need(fault, index) for fault in error.faults]
    caps = _caps(portfolio, catalog, faults)
    currency = needs[0].context.settled.currency if needs else "USD"
    budgets = [_money(portfolio, name, currency, catalog, faults) for name in ("budget", "monthly_budget")]
    if faults:
        raise BadInput(faults)
    return needs, caps, budgets


def _of_need(fault: Fault, index: int) -> Fault:
    return fault if fault.place.startswith("-") else replace(fault, place=f"needs.{index}.{fault.place}")


def discount_rate(portfolio: Portfolio, context: Context) -> float:
    """Cost of money a year: as the portfolio says, else as the assumption is fixed or expected."""
    if portfolio.discount_rate is not None:
        return portfolio.discount_rate
    return context.scalar("discount_rate", 0.0)


def _shared_context(portfolio: Portfolio, context: Context, fixed: Mapping[str, float]) -> Context:
    """A context for prices: cards are shared, so a need's own assumptions do not count."""
    return replace(context, fixed={**portfolio.assume, **fixed}, used=context.used)


def wanted(
    portfolio: Portfolio, entry: Entry, catalog: Catalog, base: Path | None, fixed: Mapping[str, float]
) -> Wanted:
    """One need, settled as a single plan would, with its demand by month."""
    ways = ways_of(portfolio, entry)
    context = prepare(single_need(portfolio, entry), catalog, fixed=fixed, base=base)
    settled = context.settled
    if set(ways) == {"api"}:
        settled = replace(settled, allowed=np.zeros_like(settled.allowed))
        context = replace(context, settled=settled)
    quotas = tuple(
        (
            quota.name,
            frozenset(i for i, card in enumerate(catalog.offers.cards) if card in quota.cards),
            quota.most,
        )
        for quota in settled.quotas
    )
    return Wanted(
        entry.name or entry.task,
        entry.task,
        UNITS[entry.task],
        context,
        demand_of(entry, settled.quantities, portfolio.months),
        ways,
        settled.min_replicas,
        math.inf if settled.max_cards is None else float(settled.max_cards),
        entry.task == "serve" and settled.mix == "one_type",
        quotas,
    )


def ways_of(portfolio: Portfolio, entry: Entry) -> tuple[str, ...]:
    """The kinds of purchase open to a need, and whether an API is."""
    return tuple(entry.purchase or entry.limits.purchase or portfolio.purchase or WAYS)


def single_need(portfolio: Portfolio, entry: Entry) -> AnyNeed:
    """The entry as a need of its own, on cards only."""
    cards = [way for way in ways_of(portfolio, entry) if way != "api"]
    limits = entry.limits.model_copy(update={"purchase": cards or ["on_demand"], "budget": None})
    return portfolio.need(entry.model_copy(update={"limits": limits}))


def demand_of(entry: Entry, quantities: Mapping[str, Any], months: int) -> np.ndarray:
    """(months, classes): how much there is of each class of traffic in each month; 0 outside of start..end."""
    demand = entry.demand
    first, last = demand.start - 1, (demand.end or months)
    if isinstance(entry, FinetuneEntry):
        own = np.ones(1)
    else:
        name = "requests_per_second" if entry.task == "serve" else "requests"
        own = np.asarray(quantities[name], dtype=float).reshape(-1)
    span = np.arange(last - first)
    said = demand.by_month
    scale = (demand.growth or 1.0) ** span if said is None else np.array(said) / own.sum()
    found = np.zeros((months, len(own)))
    found[first:last] = scale[:, None] * own[None, :]
    return found


def _families(sources: list[Source], share_idle: bool) -> list[Source]:
    """Where jobs may not use what services leave free, each has its own units of a source."""
    if share_idle:
        return sources
    both = [replace(s, family=family) for s in sources for family in ("serve", "jobs")]
    return [replace(s, index=i) for i, s in enumerate(both)]


def _money(portfolio: Portfolio, name: str, currency: str, catalog: Catalog, faults: list[Fault]) -> float:
    limit = getattr(portfolio.limits, name)
    if limit is None:
        return math.inf
    try:
        return catalog.convert(limit.amount, limit.currency, currency)
    except BadInput as error:
        faults += [replace(f, place=f"limits.{name}") for f in error.faults]
        return math.inf


def _caps(portfolio: Portfolio, catalog: Catalog, faults: list[Fault]) -> list[Cap]:
    """Quotas of cards and of providers, and the most cards in all."""
    offers, limits = catalog.offers, portfolio.limits
    found = [Cap("max_cards", float(limits.max_cards))] if limits.max_cards else []
    providers = {name.lower(): i for i, name in enumerate(offers.providers)}
    for name, most in limits.quota.items():
        if name.lower() in providers:
            found.append(Cap(f"quota:{name}", most, providers=frozenset({providers[name.lower()]})))
            continue
        try:
            names = set(catalog.gpus(name))
        except BadInput as error:
            close = nearest(name, [*offers.providers, *catalog.gpu_names()], 1)
            hint = f"did you mean {close[0]}?" if close else error.faults[0].hint
            message = f"{name!r} is neither a card nor a provider of the catalog"
            faults.append(Fault("unknown-quota", f"limits.quota.{name}", message, hint))
            continue
        cards = frozenset(i for i, card in enumerate(offers.cards) if card in names)
        found.append(Cap(f"quota:{name}", most, cards=cards))
    return found


def _blocks(instance: Instance, catalog: Catalog, share_idle: bool, today: date) -> None:
    """The options of each need in each month with demand; classes are numbered as they are met."""
    numbers: dict[tuple[int, ...], int] = {}

    def group(sources: tuple[int, ...]) -> int:
        if sources not in numbers:
            numbers[sources] = len(numbers)
            instance.groups.append(_group(instance, sources, catalog))
        return numbers[sources]

    for index, need in enumerate(instance.needs):
        family = {True: ("",), False: ("", "serve" if need.task == "serve" else "jobs")}[share_idle]
        own = [s for s in instance.sources if s.family in family]
        survey = Survey(need, own, group)
        api: tuple[Option, ...] = api_options(need, catalog, today) if "api" in need.ways else ()
        for month in range(instance.months):
            demand = tuple(need.demand[month].tolist())
            if any(demand):
                options = survey.options(month) + api
                instance.blocks.append(Block(index, month, demand, options))


def _group(instance: Instance, sources: tuple[int, ...], catalog: Catalog) -> Group:
    first = instance.sources[sources[0]]
    name = f"{first.gpus}x{catalog.offers.cards[first.card]}"
    same = sum(g.card == first.card and g.gpus == first.gpus for g in instance.groups)
    if first.family:
        name += f"_{first.family}"
    return Group(first.card, first.gpus, sources, f"{name}_{same + 1}" if same else name)
