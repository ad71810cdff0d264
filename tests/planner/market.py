"""Small made-up markets beside the shipped catalog, and what brute force makes of them.

Each provider is a market of its own: a need that names one provider sees only its few offers.
"""

from __future__ import annotations

import csv
import functools
import math
import random
import sys
import tempfile
from collections.abc import Sequence
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter

from optplan.candidates import job_table, replica_table
from optplan.catalog import PURCHASE, Catalog
from optplan.need import AnyNeed, Need
from optplan.planner.context import Context
from optplan.planner.main import prepare

sys.path.insert(0, str(Path(__file__).parents[1] / "program"))

from oracle import Fleet, Job, Offer

NEED: TypeAdapter[AnyNeed] = TypeAdapter(Need)
CARDS = ("L4", "RTX-4090", "L40S", "RTX-A6000")  # none has a link of its own, so a mix slows nobody's link
BILLING = [(1, 1), (1, 60), (1, 3600), (60, 60), (3600, 3600)]
MARKETS = 40
WRITTEN = "tests,2026-01-01"


def need(**parts: Any) -> AnyNeed:
    """A need from its written parts."""
    return NEED.validate_python(parts)


def write(folder: Path, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """One table of a catalog directory."""
    with (folder / f"{table}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def provider(name: str, billing: tuple[int, int]) -> dict[str, Any]:
    """A row of providers.csv."""
    return {
        "name": name, "billing_s": billing[0], "minimum_s": billing[1], "by_name_only": "yes", "joins_nodes": "yes",
        "status": "stated", "source": "tests", "date": "2026-01-01",
    }  # fmt: skip


def offer(
    name: str, card: str, gpus: int, price: float, spot: float | None = None, **more: Any
) -> dict[str, Any]:
    """A row of offers.csv."""
    return {
        "provider": name, "region": "any", "instance": f"{gpus}x {card}", "card": card, "gpus": gpus,
        "on_demand_per_hour": price, "spot_per_hour": "" if spot is None else spot, "currency": "USD",
        "date": "2026-01-01", "source": "tests", **more,
    }  # fmt: skip


def random_market(rng: random.Random, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A provider and its offers: two or three cards in one or two node sizes; 15 % with exact ties."""
    ties, offers = rng.random() < 0.15, []
    nodes = rng.choice([(1,), (2,), (1, 2), (1, 4), (2, 4)])
    for card in rng.sample(CARDS, rng.randint(2, 3)):
        each = float(rng.randint(1, 3)) if ties else rng.randint(20, 300) / 100
        for gpus in nodes:
            price = each * gpus * (1.0 if ties else rng.randint(90, 110) / 100)
            price = round(price, 4)
            spot = round(price * rng.randint(30, 90) / 100, 4) if rng.random() < 0.5 else None
            offers.append(offer(name, card, gpus, price, spot))
    return provider(name, rng.choice(BILLING)), offers


@functools.cache
def catalog() -> Catalog:
    """The shipped catalog with all the made-up markets m0, m1, .."""
    rng = random.Random(17)
    markets = [random_market(rng, f"m{k}") for k in range(MARKETS)]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), "providers", [row for row, _ in markets])
        write(Path(folder), "offers", [row for _, rows in markets for row in rows])
        return Catalog.load([Path(folder)])


def context_of(asked: AnyNeed) -> Context:
    """The planner's own reading of a need: which rules hold where is not what is tested here."""
    return prepare(asked, catalog())


def _limits(context: Context, case: Job | Fleet) -> None:
    settled, cards = context.settled, list(context.catalog.offers.cards)
    case.budget = None if math.isinf(settled.budget) else F(settled.budget)
    case.max_cards = settled.max_cards
    case.quotas = [({cards.index(c) for c in quota.cards}, quota.most) for quota in settled.quotas]
    if settled.need.task != "serve" and math.isfinite(settled.hours):
        case.deadline = F(settled.hours)


def interrupted(context: Context, *hours: str) -> F:
    """Share of the hours of a spot unit that interruptions take."""
    return F(context.scalar("interruption_rate", 0.0)) * sum(F(context.scalar(name, 0.0)) for name in hours)


def hourly(context: Context, o: int) -> F:
    """A unit-hour: the price, and for spot the hours on demand that cover what interruptions lose."""
    offers, task = context.catalog.offers, context.settled.need.task
    price = F(float(offers.price[o]))
    if PURCHASE[offers.purchase[o]] != "spot":
        return price
    same = (offers.card == offers.card[o]) & (offers.purchase == PURCHASE.index("on_demand"))
    listed = [
        F(float(offers.price[i])) * F(context.catalog.convert(1.0, offers.currencies[offers.currency[i]], "USD"))
        / int(offers.gpus[i])
        for i in np.flatnonzero(same & ~offers.by_name_only)
    ]  # fmt: skip
    on_demand = min(listed)
    premium = max(on_demand * int(offers.gpus[o]) - price, F(0))
    if task == "serve":
        return price + interrupted(context, "restart_hours") * premium
    lost = interrupted(context, "lost_hours", "restart_hours")
    again = lost * price if task == "generate" else 0
    reserve = F(context.scalar("reserve_factor", 0.0)) if math.isfinite(context.settled.hours) else 0
    return price + again + reserve * lost * premium


def job_of(asked: AnyNeed) -> Job:
    """The oracle's case of a finetune need: time and requirements by the rules, the rest by hand."""
    context = context_of(asked)
    offers, table = context.catalog.offers, job_table(context.settled, context.catalog)
    assessment = context.assess(table)
    hours = np.broadcast_to(np.asarray(assessment.values["job_hours"], dtype=float), (len(table),))
    job = Job([], {}, [c.usable_gib for c in table.cards])
    lost = interrupted(context, "lost_hours", "restart_hours")
    lost *= 1 + (F(context.scalar("reserve_factor", 0.0)) if math.isfinite(context.settled.hours) else 0)
    for o in np.flatnonzero(context.settled.allowed).tolist():
        spot = PURCHASE[offers.purchase[o]] == "spot"
        site = hash((int(offers.provider[o]), int(offers.region[o]), int(offers.purchase[o])))
        job.offers.append(
            Offer(
                offers.name(o), site, int(offers.card[o]), int(offers.gpus[o]), hourly(context, o),
                int(offers.billing_s[o]), int(offers.minimum_s[o]), lost if spot else F(0),
            )
        )  # fmt: skip
    layouts: dict[tuple[int, ...], int] = {}
    for row in np.flatnonzero(assessment.holds(len(table))).tolist():
        kind = (table.tp[row], table.pp[row], table.zero_stage[row], table.recompute[row])
        layout = layouts.setdefault(tuple(int(k) for k in kind), len(layouts))
        shape = (int(table.card[row]), int(table.gang[row]), int(table.node[row]), layout)
        job.hours[shape] = F(float(hours[row]))
    _limits(context, job)
    return job


def fleet_of(asked: AnyNeed) -> Fleet:
    """The oracle's case of a serve or generate need: capacity by the rules, the rest by hand."""
    context = context_of(asked)
    settled, offers = context.settled, context.catalog.offers
    table = replica_table(settled, context.catalog)
    assessment = context.assess(table)
    capacity = np.atleast_2d(assessment.values["replica_capacity"])
    fleet = Fleet(
        [], [], [], [], [], [], [], [], [], [], F(context.utilisation), min_replicas=settled.min_replicas
    )
    for row in np.flatnonzero(assessment.holds(len(table))).tolist():
        for o in np.flatnonzero(settled.allowed & (offers.card == table.card[row])).tolist():
            if offers.gpus[o] == table.node[row]:
                _column(
                    fleet, context, table, row, o, [F(float(c[row if len(c) > 1 else 0])) for c in capacity]
                )
    fleet.one_type = settled.mix == "one_type"
    _limits(context, fleet)
    if settled.need.task == "serve":
        rates = np.atleast_1d(np.squeeze(settled.quantities["requests_per_second"]))
        fleet.demand = [F(float(rate)) for rate in rates]
    else:
        fleet.demand = [F(float(settled.quantities["requests"]))]
        fleet.setup = F(context.scalar("setup_hours", 0.0))
    return fleet


def _column(fleet: Fleet, context: Context, table: Any, row: int, o: int, capacity: list[F]) -> None:
    offers = context.catalog.offers
    gang, node = int(table.gang[row]), int(table.node[row])
    spans = -(-gang // node)
    replicas = 1 if spans > 1 else node // int(table.tp[row] * table.pp[row])
    fleet.card.append(int(table.card[row]))
    fleet.gpus.append(node * spans)
    fleet.replicas.append(replicas)
    fleet.memory.append(table.cards[int(table.card[row])].usable_gib)
    fleet.capacity.append([c * replicas for c in capacity])
    fleet.fixed.append(F(0))
    fleet.rate.append(hourly(context, o) * spans)
    fleet.step_s.append(int(offers.billing_s[o]))
    fleet.minimum_s.append(int(offers.minimum_s[o]))
