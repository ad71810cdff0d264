"""What an API charges for a need's traffic, as options: so much of each class of traffic as is sent to it."""

from __future__ import annotations

from datetime import date

import numpy as np

from optplan.catalog import Catalog
from optplan.portfolio.parts import MONTH_HOURS, Option, Wanted, Way
from optplan.units import HOUR
from optplan.ways.api import Sold, api_market, api_terms


def api_options(need: Wanted, catalog: Catalog, today: date) -> tuple[Option, ...]:
    """The cheapest API for each class of traffic; () where none is sold, with the reason noted in the need.

    One unit of a service's option is a request a second for the whole month, of a batch one request.
    """
    context = need.context
    market = api_market(context.settled, catalog, today)
    if market.note:
        need.refused.append(f"api: {market.note}")
    if not market.sold:
        return ()
    requests = MONTH_HOURS * HOUR if need.task == "serve" else 1.0
    classes = need.demand.shape[1]
    lengths = {
        name: np.broadcast_to(
            np.asarray(context.settled.quantities[name], dtype=float).reshape(-1), (classes,)
        )
        for name in ("prompt_tokens", "answer_tokens")
    }
    cached = context.scalar("cached_share", 0.0)

    def terms(sold: Sold, j: int) -> dict[str, float]:
        prompt, answer = (float(lengths[n][j]) for n in ("prompt_tokens", "answer_tokens"))
        found = api_terms(sold, requests, prompt, answer, cached, context.pack)
        return {name: float(amount) for name, amount in found.items() if amount}

    options = []
    for j in range(classes):
        sold = min(market.sold, key=lambda one: (sum(terms(one, j).values()), one.api.offer))
        cover = tuple(float(k == j) for k in range(classes))
        way = Way("api", sold.api.offer)
        options.append(Option(way, cover, terms(sold, j), integer=False))
    return tuple(options)
