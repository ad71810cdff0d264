"""Small made-up markets in several regions, on grids that differ, and every plan of a need on them.

Each provider is a market of its own: a need that names one provider sees only its few offers.
"""

from __future__ import annotations

import functools
import math
import random
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction as F
from pathlib import Path
from typing import Any

import numpy as np

sys.path += [str(Path(__file__).parents[1] / name) for name in ("planner", "program")]

import market
import oracle

from optplan.candidates import replica_table
from optplan.catalog import Catalog
from optplan.need import AnyNeed

REGIONS = ("SE", "PL", "US", "any")
MARKETS = 24
HOST, LOAD, PUE = F(3, 2), F(4, 5), F(7, 5)  # 1 + host_power_share, load_share, pue as the table has them
Values = tuple[F, ...]


@functools.cache
def catalog() -> Catalog:
    """The shipped catalog with the made-up markets g0, g1, .."""
    rng = random.Random(29)
    providers, offers = [], []
    for number in range(MARKETS):
        name = f"g{number}"
        providers.append(market.provider(name, rng.choice([(1, 1), (60, 60), (3600, 3600)])))
        for card in rng.sample(market.CARDS, 2):
            for region in rng.sample(REGIONS, 2):
                for gpus in rng.choice([(1,), (2,), (1, 2)]):
                    price = round(rng.randint(20, 200) / 100 * gpus, 4)
                    offers.append(market.offer(name, card, gpus, price, region=region))
    with tempfile.TemporaryDirectory() as folder:
        market.write(Path(folder), "providers", providers)
        market.write(Path(folder), "offers", offers)
        return Catalog.load([Path(folder)])


def job(number: int, **more: Any) -> AnyNeed:
    """A fine-tuning job on one market."""
    rng = random.Random(number)
    limits = {"providers": [f"g{number % MARKETS}"], "max_cards": 4} | more.pop("limits", {})
    data = f"{rng.randint(1, 60)}M tokens"
    return market.need(
        task="finetune",
        model="9B",
        method="qlora",
        data=data,
        sequence=512,
        limits=limits,
        currency="USD",
        **more,
    )


def service(number: int, **more: Any) -> AnyNeed:
    """A service on one market."""
    rng = random.Random(number)
    limits = {"providers": [f"g{number % MARKETS}"], "max_cards": 4} | more.pop("limits", {})
    traffic = {"requests_per_second": rng.randint(1, 12) / 4, "prompt_tokens": 500, "answer_tokens": 100}
    return market.need(
        task="serve", model={"params": "8B"}, precision="bf16", traffic=traffic, duration="100h", limits=limits,
        currency="USD", **more,
    )  # fmt: skip


def kilograms(offer: int, unit_hours: F) -> F:
    """CO2 equivalent of units of an offer, worked out by hand: power x host x load x hours x PUE x grid."""
    offers = catalog().offers
    card = catalog().cards[offers.cards[offers.card[offer]]]
    grid = catalog().grids.of_offer(offers, offer)
    kilowatts = F(card.power_w) * int(offers.gpus[offer]) * HOST / 1000
    return kilowatts * LOAD * PUE * unit_hours * F(grid.intensity_g_kwh) / 1000


def job_plans(asked: AnyNeed) -> Iterator[tuple[F, F, F]]:
    """(cost, hours, kilograms) of every gang of one card type that does the job."""
    case = market.job_of(asked)
    rows = {
        catalog().offers.name(int(o)): int(o)
        for o in np.flatnonzero(market.context_of(asked).settled.allowed)
    }
    for gang in oracle.gangs(case, mixed=False):
        first = case.offers[gang.units[0][0]]
        hours = oracle.billed(gang.elapsed, first.step_s, first.minimum_s)
        kg = sum((kilograms(rows[case.offers[k].name], hours * n) for k, n in gang.units), F(0))
        yield gang.cost, gang.elapsed, kg


def service_plans(asked: AnyNeed) -> Iterator[tuple[F, F, F]]:
    """(cost, hours, kilograms) of every fleet that carries the traffic."""
    context, case = market.context_of(asked), market.fleet_of(asked)
    offers, hours = context.catalog.offers, F(100)
    columns = _offers(context)
    for units in case.choices(4):
        if any(units) and oracle.carries(case, units):
            cost = sum((n * case.rate[i] * hours for i, n in enumerate(units)), F(0))
            spans = [F(case.gpus[i], int(offers.gpus[columns[i]])) for i in range(len(units))]
            kg = sum((kilograms(columns[i], hours * n * spans[i]) for i, n in enumerate(units)), F(0))
            yield cost, hours, kg


def _offers(context: Any) -> list[int]:
    """The offer of each column of the oracle's case, in its order."""
    table = replica_table(context.settled, context.catalog)
    holds, offers = context.assess(table).holds(len(table)), context.catalog.offers
    return [
        int(o)
        for row in np.flatnonzero(holds).tolist()
        for o in np.flatnonzero(context.settled.allowed & (offers.card == table.card[row])).tolist()
        if offers.gpus[o] == table.node[row]
    ]


def front(plans: Iterator[tuple[F, F, F]], of: tuple[int, ...]) -> list[Values]:
    """The values that no plan beats, in order; of: positions of the objectives."""
    values = sorted({tuple(plan[i] for i in of) for plan in plans})
    return [
        v
        for v in values
        if not any(w != v and all(a <= b for a, b in zip(w, v, strict=True)) for w in values)
    ]


def alike(one: tuple[float, ...], other: Values) -> bool:
    """Equal within the distance at which a front tells plans apart."""
    return all(math.isclose(a, float(b), rel_tol=2e-5) for a, b in zip(one, other, strict=True))


def batch(number: int, **more: Any) -> AnyNeed:
    """Offline requests on one market."""
    rng = random.Random(number)
    limits = {"providers": [f"g{number % MARKETS}"], "max_cards": 3} | more.pop("limits", {})
    traffic = {"requests": rng.randint(5_000, 60_000), "prompt_tokens": 500, "answer_tokens": 100}
    return market.need(
        task="generate", model={"params": "8B"}, precision="bf16", traffic=traffic, limits=limits,
        currency="USD", **more,
    )  # fmt: skip
