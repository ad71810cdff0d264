"""Small portfolios in numbers, made by hand or at random, and their cheapest plans by trying everything."""

from __future__ import annotations

import functools
import itertools
import math
import random
from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from optplan.portfolio.capital import acquisition
from optplan.portfolio.parts import Block, Cap, Group, Instance, Option, Source, Wanted, Way

TERM = 2  # months of a reservation in these cases


def source(
    index: int, kind: str, running: float = 0.0, monthly: float = 0.0, power_kw: float = 0.0
) -> Source:
    """One offer of single cards; running and monthly in money a month."""
    terms = {"rent": running} if kind == "on_demand" else {"energy": running}
    return Source(
        index, index, kind, 0, 1, True, f"{kind}_{index}", terms if running else {},
        {"rent": monthly} if monthly else {}, TERM if kind.startswith("reserved") else 0, power_kw,
    )  # fmt: skip


def wanted(name: str, demand: list[float]) -> Wanted:
    """A service of one class of traffic without limits of its own."""
    table = np.array(demand)[:, None]
    return Wanted(name, "serve", "requests/s", cast(Any, None), table, ("buy",))


def held(cover: float, group: int = 0) -> Option:
    """One unit of a class carries `cover`."""
    return Option(Way("held", "card"), (cover,), {}, group, 1.0, replicas=1, cards=1, card=0)


def api(price: float) -> Option:
    """One unit of demand costs `price` a month at an API."""
    return Option(Way("api", "api"), (1.0,), {"api_output": price}, integer=False)


def instance(
    sources: list[Source],
    needs: list[Wanted],
    options: list[tuple[Option, ...]],
    owned: dict[int, dict[str, np.ndarray]],
    rate: float = 0.0,
    **limits: Any,
) -> Instance:
    """All needs on one class of all sources (class 0) and one of bought units only (class 1)."""
    months = needs[0].demand.shape[0]
    bought = tuple(s.index for s in sources if s.kind == "buy")
    groups = [Group(0, 1, tuple(s.index for s in sources), "card"), Group(0, 1, bought, "own")]
    blocks = [
        Block(n, t, tuple(need.demand[t].tolist()), options[n])
        for n, need in enumerate(needs)
        for t in range(months)
        if need.demand[t].any()
    ]
    discount = (1 + rate) ** (-np.arange(months + 40) / 12)
    return Instance(
        "case", months, "USD", sources, groups, needs, blocks, limits.pop("caps", []), owned, discount,
        providers=np.zeros(len(sources), dtype=int), **limits,
    )  # fmt: skip


def owning(price: float, resale: float, upkeep: float, months: int) -> dict[str, np.ndarray]:
    """Cumulative payments of a unit sold after 0..months months."""
    age = np.arange(months + 1)
    return {
        "purchase": np.full(months + 1, price),
        "resale": -price * resale * 0.97**age,
        "hosting": upkeep * age,
    }


def random_case(seed: int) -> Instance:
    """Two needs, three months, four ways to have a card, an API for one of the needs, now and then limits."""
    rng = random.Random(seed)
    months = 3
    rent = rng.uniform(80, 120)
    sources = [
        source(0, "buy", running=rng.uniform(0, 15), power_kw=1.0),
        source(1, "reserved_1y", monthly=rent * rng.uniform(0.6, 0.95)),
        source(2, "on_demand", running=rent),
    ]
    owned = {0: owning(rent * rng.uniform(1.5, 4), rng.uniform(0, 0.6), rng.uniform(0, 10), months)}
    needs = [
        wanted("one", [round(rng.uniform(0, 3), 2) for _ in range(months)]),
        wanted("two", [round(rng.uniform(0.5, 2), 2) for _ in range(months)]),
    ]
    house = rng.random() < 0.3
    first = (held(1.0), api(rent * rng.uniform(0.8, 3)))
    second = (held(rng.choice([0.7, 1.3]), 1 if house else 0),)
    limits: dict[str, Any] = {}
    if rng.random() < 0.4:
        limits["caps"] = [Cap("quota:card", float(rng.randint(2, 5)), cards=frozenset({0}))]
    if rng.random() < 0.3:
        limits["power_kw"] = float(rng.randint(1, 3))
    if rng.random() < 0.3:
        limits["monthly_budget"] = rent * rng.uniform(3, 9)
    return instance(sources, needs, [first, second], owned, rng.choice([0.0, 0.1]), **limits)


def brute_force(case: Instance, most: int = 5) -> float:
    """The least present value over all purchases, reservations and units used; inf where nothing does."""
    months, best = case.months, math.inf
    cheapest = functools.cache(lambda t, own, lent: min(_month(case, t, own, lent), default=math.inf))
    for bought in itertools.product(range(most), repeat=months):
        for reserved in itertools.product(range(most), repeat=months):
            best = min(best, _cost(case, bought, reserved, cheapest))
    return best


def _cost(
    case: Instance,
    bought: tuple[int, ...],
    reserved: tuple[int, ...],
    cheapest: Callable[[int, int, int], float],
) -> float:
    total, cash = 0.0, [0.0] * case.months
    for s, units in ((0, bought), (1, reserved)):
        for t, count in enumerate(units):
            for p in acquisition(case, case.sources[s], t) if count else ():
                total += count * p.amount * float(case.discount[p.when])
                if p.amount > 0 and p.month < case.months:
                    cash[p.month] += count * p.amount
    for t in range(case.months):
        month = cheapest(t, sum(bought[: t + 1]), sum(reserved[max(0, t - TERM + 1) : t + 1]))
        if cash[t] + month > case.monthly_budget + 1e-9:
            return math.inf
        total += month * float(case.discount[t + 1])
    return total


def _month(case: Instance, t: int, own: int, lent: int) -> Iterator[float]:
    """What the month costs by each number of units that the needs may use."""
    if own * case.sources[0].power_kw > case.power_kw:
        return
    blocks = [block for block in case.blocks if block.month == t]
    for units in itertools.product(range(6), repeat=len(blocks)):
        house, free, sent = 0, 0, 0.0
        for block, count in zip(blocks, units, strict=True):
            short = block.demand[0] - count * block.options[0].cover[0]
            if short > 1e-9 and len(block.options) < 2:
                break
            sent += max(0.0, short) * (block.options[1].cost if len(block.options) > 1 else 0.0)
            house += count * (block.options[0].group == 1)
            free += count * (block.options[0].group == 0)
        else:
            if house > own:
                continue
            use_lent = min(lent, free)
            use_own = min(own - house, free - use_lent)
            rented = free - use_lent - use_own
            if any(own + lent + rented > cap.most for cap in case.caps):
                continue
            cost = sent + (house + use_own) * sum(case.sources[0].running.values())
            yield cost + rented * sum(case.sources[2].running.values())
