"""Who sells a need's tokens: the same open model or the nearest that is sold, and what a volume of them costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from optplan.catalog import Api, Catalog, Model
from optplan.evaluate import evaluate
from optplan.rule import Pack
from optplan.rules import pack
from optplan.settle import Settled
from optplan.units import number

API_CHARGES: Final = ("api_input", "api_cached", "api_output")
BATCH_HOURS: Final = 24.0  # within which OpenAI, Anthropic, Google and Bedrock answer a batch at half price
OTHER_FAMILY: Final = math.log(2.0)  # another family counts as much as twice the size


@dataclass(frozen=True, slots=True)
class Sold:
    """One API that can carry a need. Prices per million tokens, in the need's currency.

    batch   the prices are those of a batch that may wait a day
    cached  price of tokens that the provider still holds; the full input price where none is known
    """

    api: Api
    input: float
    cached: float
    output: float
    batch: bool = False

    @property
    def prices(self) -> dict[str, float]:
        """The inputs that the rules read."""
        return {
            "api_input_price": self.input,
            "api_cached_price": self.cached,
            "api_output_price": self.output,
        }


@dataclass(slots=True)
class Market:
    """What is sold for a need.

    model    the open model that is sold ("" where none is)
    same     it is the model that the need asks for
    sold     offers that take the need's requests, in no order of price
    refused  "provider/name: why", for those that do not
    note     the model that stands in, or why there is none; "" where it is the same
    """

    model: str
    same: bool
    sold: list[Sold] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    note: str = ""

    @property
    def refusals(self) -> str:
        """The refused, each reason once: "prompts of 9,000 tokens, it takes 8,192 (a/x, b/y); .."."""
        by_reason: dict[str, list[str]] = {}
        for text in self.refused:
            offer, _, why = text.partition(": ")
            by_reason.setdefault(why, []).append(offer)
        return "; ".join(f"{why} ({', '.join(offers)})" for why, offers in by_reason.items())


def api_market(settled: Settled, catalog: Catalog, today: date | None = None) -> Market:
    """The APIs that can take a need's requests; with reasons for those that cannot.

    The same open model where anyone sells it, else the one nearest in size and family. today: offers that
    end on or before it are no longer sold. A need to fine-tune has none.
    """
    if settled.need.task == "finetune":
        return Market(
            "", False, note="no API of the catalog trains a model: it sells tokens of finished ones"
        )
    model, note = _model(settled.model, catalog)
    market = Market(model, model == settled.model.name, note=note)
    for api in catalog.apis:
        if model and api.model == model:
            why = _refusal(api, settled, catalog, today or date.today())
            if why:
                market.refused.append(f"{api.offer}: {why}")
            else:
                market.sold.append(_sold(api, settled, catalog))
    if model and not market.sold:
        market.note = "; ".join(([market.note] if market.note else []) + [market.refusals])
    return market


def _model(asked: Model, catalog: Catalog) -> tuple[str, str]:
    """(the model that is sold, a note where it is another or none)."""
    sold = sorted({api.model for api in catalog.apis if api.model})
    if asked.name in sold:
        return asked.name, ""
    if not sold:
        return "", "the catalog has no API of an open model"
    best = min(sold, key=lambda name: (_distance(asked, catalog.models[name]), name))
    sizes = (
        f"{number(catalog.models[best].params_total / 1e9, 3)}B for {number(asked.params_total / 1e9, 3)}B"
    )
    known = asked.name in catalog.models or asked.origin == "config"
    what = asked.name if known else f"a model of {number(asked.params_total / 1e9, 3)}B"
    return best, f"no API sells {what}: {best} stands in, the nearest that is sold ({sizes})"


def _distance(asked: Model, other: Model) -> float:
    """How far apart two models are: in active and total size, by factors, and in family."""
    active = abs(math.log(other.params_active / asked.params_active))
    total = abs(math.log(other.params_total / asked.params_total))
    return active + total + (0.0 if other.family == asked.family else OTHER_FAMILY)


def _refusal(api: Api, settled: Settled, catalog: Catalog, today: date) -> str:
    limits = settled.need.limits
    if limits.providers is not None and api.provider.lower() not in {n.lower() for n in limits.providers}:
        return "not among the providers asked for"
    if api.provider.lower() in {n.lower() for n in limits.avoid_providers}:
        return "this provider is to be avoided"
    if api.ends is not None and api.ends <= today:
        return f"not sold since {api.ends.isoformat()}"
    prompt, answer = (float(np.max(settled.quantities[n])) for n in ("prompt_tokens", "answer_tokens"))
    if prompt > api.max_context:  # an unknown length (nan) refuses nothing
        return f"prompts of {number(prompt)} tokens, it takes {number(api.max_context)}"
    longest = catalog.models[api.model].max_context
    if longest and prompt + answer > longest:
        return f"{number(prompt + answer)} tokens a request, the model was made for {number(longest)}"
    if answer > api.max_output:
        return f"answers of {number(answer)} tokens, it gives {number(api.max_output)}"
    return ""


def _sold(api: Api, settled: Settled, catalog: Catalog) -> Sold:
    """Prices in the need's currency; those of a batch where the need may wait for one.

    A provider's discounts for batches and for cached tokens do not add up.
    """
    rate = catalog.convert(1.0, api.currency, settled.currency)
    waits = settled.need.task == "generate" and settled.hours >= BATCH_HOURS
    if waits and api.batch_input_per_mtok == api.batch_input_per_mtok:
        read = api.batch_input_per_mtok * rate
        write = api.output_per_mtok if math.isnan(api.batch_output_per_mtok) else api.batch_output_per_mtok
        return Sold(api, read, read, write * rate, True)
    cached = api.input_per_mtok if math.isnan(api.cached_per_mtok) else api.cached_per_mtok
    return Sold(api, api.input_per_mtok * rate, cached * rate, api.output_per_mtok * rate)


def api_terms(
    sold: Sold,
    requests: Any,
    prompt_tokens: Any,
    answer_tokens: Any,
    cached_share: Any,
    rules: Pack | None = None,
) -> Mapping[str, Any]:
    """Cost of so many requests by term, in the currency of `sold`; numbers or columns, which broadcast."""
    given = {
        "api_requests": requests,
        "prompt_tokens": prompt_tokens,
        "answer_tokens": answer_tokens,
        "cached_share": cached_share,
        **sold.prices,
    }
    values = evaluate(rules or pack("engineering", "serve"), given, API_CHARGES).values
    return {name: values[name] for name in API_CHARGES}


def api_cost(
    sold: Sold,
    requests: Any,
    prompt_tokens: Any,
    answer_tokens: Any,
    cached_share: Any,
    rules: Pack | None = None,
) -> Any:
    """The sum of the terms."""
    terms = api_terms(sold, requests, prompt_tokens, answer_tokens, cached_share, rules)
    return sum(terms.values())
