"""Requests that an API answers instead of cards: offers into the program, shares back into the plan."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from optplan.candidates import assumption_columns
from optplan.evaluate import Scenario, evaluate, pick
from optplan.plan import ApiLine
from optplan.planner.context import Context
from optplan.planner.costs.apis import API_CHARGES, BATCH_HOURS, Market, Sold, api_market
from optplan.solve import Solution

if TYPE_CHECKING:
    from optplan.program.fleet import FleetProgram

LEAST_SHARE = 1e-7  # of a class: less than this is the solver's tolerance


@dataclass(slots=True)
class Calls:
    """The APIs that a need may use: for each traffic class the cheapest, and what it costs for all of it.

    variables  of the program, a class each
    shares     of each class, once the program is solved
    """

    market: Market
    cheapest: list[Sold | None]
    costs: list[float]
    variables: list[int]
    shares: list[float]


def with_calls(fleet: FleetProgram, context: Context) -> Calls | None:
    """Let APIs answer any share of the requests, where the need allows it."""
    from optplan.program.calls import add_calls  # of fleets, which training jobs have none of

    settled = context.settled
    if "api" not in (settled.need.limits.purchase or ()):
        return None
    market = api_market(settled, context.catalog)
    classes = len(settled.classes) or 1
    cheapest: list[Sold | None] = []
    costs: list[float] = []
    for j in range(classes):
        found = [(_cost(context, sold, j), sold.api.offer, sold) for sold in market.sold]
        cost, _, best = min(found, default=(math.inf, "", None), key=lambda one: one[:2])
        cheapest.append(best)
        costs.append(cost)
    variables = add_calls(fleet, costs, context.limits, settled.need.task == "generate")
    return Calls(market, cheapest, costs, variables, [0.0] * classes)


def _cost(context: Context, sold: Sold, of_class: int) -> float:
    values = _values(context, sold, of_class, 1.0, "expected")
    return math.fsum(values[name] for name in API_CHARGES)


def _values(
    context: Context, sold: Sold, of_class: int, share: float, scenario: Scenario
) -> dict[str, float]:
    """Every quantity behind the cost of a share of one class."""
    names = ("prompt_tokens", "answer_tokens", "requests_per_second", "duration_hours", "requests")
    quantities = context.settled.quantities
    given: dict[str, Any] = {n: pick(quantities[n], 0, of_class) for n in names if n in quantities}
    wanted, assumed = [*API_CHARGES], ["cached_share"]
    if "even_discount" in context.pack.rules:  # what the explanation of the net present value reads
        hours = context.settled.hours
        given["owned_hours"] = hours if math.isfinite(hours) else BATCH_HOURS
        wanted, assumed = [*wanted, "even_discount"], [*assumed, "discount_rate"]
    given |= assumption_columns(assumed, context.settled, context.catalog, scenario, context.used)
    given |= {"api_share": share, **sold.prices}
    values = evaluate(context.pack, given, wanted, context.fixed).values
    return {name: float(np.asarray(value)) for name, value in values.items()}


def read_shares(calls: Calls, solution: Solution) -> None:
    """Note the shares that the program chose."""
    for j, variable in enumerate(calls.variables):
        share = solution.values.get(variable, 0.0)
        calls.shares[j] = 0.0 if share < LEAST_SHARE else min(share, 1.0)


def api_lines(context: Context, calls: Calls | None) -> list[ApiLine]:
    """A line for each class of which an API answers a share."""
    if calls is None:
        return []
    return [
        _line(context, sold, j, share)
        for j, (sold, share) in enumerate(zip(calls.cheapest, calls.shares, strict=True))
        if share and sold is not None
    ]


def _line(context: Context, sold: Sold, of_class: int, share: float) -> ApiLine:
    expected, low, high = (
        _values(context, sold, of_class, share, scenario) for scenario in ("expected", "better", "worse")
    )
    classes: Sequence[Any] = context.settled.classes
    name = (classes[of_class].name or "") if classes else ""
    api, rate = sold.api, context.catalog.convert(1.0, context.settled.currency, sold.api.currency)
    return ApiLine(
        offer=api.offer,
        provider=api.provider,
        model=api.model,
        traffic=name,
        share=share,
        requests=expected["api_requests"],
        input_per_mtok=sold.input * rate,
        cached_per_mtok=sold.cached * rate,
        output_per_mtok=sold.output * rate,
        batch=sold.batch,
        currency=api.currency,
        price_date=api.date.isoformat(),
        source=api.source,
        values=expected,
        low=low,
        high=high,
    )


def call_reasons(calls: Calls | None) -> list[str]:
    """Why no API answers, where the need allows one and none is left."""
    return [] if calls is None or calls.market.sold else [calls.market.note]


def call_notes(context: Context, calls: Calls | None, lines: Sequence[ApiLine]) -> list[str]:
    """What to know of an API that the plan calls, or why it calls none."""
    if calls is None:
        return []
    if not calls.market.sold:
        return [f"no API can answer: {calls.market.note}"]
    notes = [calls.market.note] if calls.market.note else []
    if lines and calls.market.refused:
        notes.append(f"APIs that are not called: {calls.market.refusals}")
    latency = getattr(context.settled.need, "latency", None)
    if lines and latency is not None and (latency.first_token or latency.per_token):
        notes.append("no latency of an API is known: the limits on latency hold for the cards only")
    if lines and context.settled.need.limits.carbon is not None:
        notes.append("no greenhouse gases of an API are known: the limit on carbon holds for the cards only")
    for line in lines:
        ends = next(api.ends for api in context.catalog.apis if api.offer == line.offer)
        if ends is not None:
            notes.append(f"{line.offer} is sold until {ends.isoformat()} only")
    return notes
