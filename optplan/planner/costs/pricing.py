"""What offers cost, by the pack's own charges: the objective, the printed terms and the explanation are these."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from optplan.candidates import assumption_columns
from optplan.catalog import PURCHASE, Catalog, Offers
from optplan.distinct import present
from optplan.evaluate import Scenario, evaluate
from optplan.planner.context import Context
from optplan.planner.costs.apis import API_CHARGES
from optplan.rule import Pack, Rule

BUY: Final = PURCHASE.index("buy")
SPOT: Final = PURCHASE.index("spot")
TIMES: Final = ("elapsed_hours", "billed_hours")  # of a training job
ON_DEMAND: Final = PURCHASE.index("on_demand")
YEAR_HOURS: Final = 8760.0
TERM_HOURS: Final = np.array(
    [{"reserved_1y": YEAR_HOURS, "reserved_3y": 3 * YEAR_HOURS}.get(kind, 0.0) for kind in PURCHASE]
)
_RESERVED: Final = {i for i, hours in enumerate(TERM_HOURS) if hours}
ONLY_FOR: Final = {
    "optplan.rules.ownership": {BUY},
    "optplan.rules.capital": {BUY} | _RESERVED,
    "optplan.rules.spot": {SPOT},
    "optplan.rules.spot_generate": {SPOT},
}
"""Modules of shipped rules whose charges are nothing for all other kinds of purchase."""
OF_NEED: Final = ("deadline_hours",)  # what charges read of the need


def card_charges(pack: Pack) -> list[str]:
    """The charges of cards: all but those of an API."""
    return [rule.name for rule in pack.of_kind("charge") if rule.name not in API_CHARGES]


class Pricing:
    """Charges of offers, from the pack's own rules: the objective and the printed terms are these."""

    def __init__(self, context: Context, scenario: Scenario = "expected") -> None:
        self.context, self.scenario = context, scenario
        self.charges = card_charges(context.pack)

    def offer_columns(self, offers: np.ndarray) -> dict[str, Any]:
        """What rules may read of offers, one row each, money in the need's currency."""
        every = _offer_columns(self.context.catalog, self.context.settled.currency)
        return {name: column[offers] for name, column in every.items()}

    def run(self, offers: np.ndarray, targets: Iterable[str], **given: Any) -> dict[str, Any]:
        """Evaluate charges (or what they rest on) for offers, with more inputs as columns."""
        return self._values(self._inputs(offers, targets), targets, given)

    def _inputs(self, offers: np.ndarray, targets: Iterable[str]) -> dict[str, Any]:
        """What the rules of the targets read of offers, and assumptions."""
        context, card = self.context, self.context.catalog.offers.card[offers]
        need = context.settled.quantities
        inputs: dict[str, Any] = {name: need[name] for name in OF_NEED if name in need}
        inputs |= self.offer_columns(offers)
        names = assumption_names(context.pack, targets, inputs, context.catalog)
        for name, column in assumption_columns(
            names, context.settled, context.catalog, self.scenario, context.used
        ).items():
            inputs[name] = column[card] if isinstance(column, np.ndarray) else column
        return inputs

    def _values(
        self, inputs: Mapping[str, Any], targets: Iterable[str], given: Mapping[str, Any]
    ) -> dict[str, Any]:
        fixed = {k: v for k, v in self.context.fixed.items() if k not in given}
        return evaluate(self.context.pack, {**inputs, **given}, targets, fixed).values

    def total(self, offers: np.ndarray, **given: Any) -> np.ndarray:
        """The sum of all charges, one number an offer."""
        due = self._due(offers)
        return _sum(self.run(offers, due, **given), due, len(offers))

    def _due(self, offers: np.ndarray) -> list[str]:
        """The charges that are not nothing for all of these offers: shipped ones of owning, terms and spot."""
        kinds = frozenset(present(self.context.catalog.offers.purchase[offers], len(PURCHASE)).tolist())
        pack = self.context.pack
        return pack.kept(("due", kinds), lambda: [n for n in self.charges if _concerns(pack.rules[n], kinds)])

    def of_jobs(
        self, offers: np.ndarray, hours: np.ndarray, nodes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(cost of one unit, elapsed hours) for a job of so many hours on so many nodes, pairwise."""
        due = self._due(offers)
        inputs = self._inputs(offers, [*TIMES, *due])
        elapsed, billed = self._times(inputs, len(offers), hours, nodes)
        given = {"units": 1.0, "unit_hours": billed, "owned_hours": elapsed}
        return _sum(self._values(inputs, due, given), due, len(offers)), elapsed

    def elapsed(self, offers: np.ndarray, hours: np.ndarray, nodes: np.ndarray) -> np.ndarray:
        """Elapsed hours as `of_jobs` gives them."""
        return self._times(self._inputs(offers, TIMES), len(offers), hours, nodes)[0]

    def _times(
        self, inputs: Mapping[str, Any], rows: int, hours: np.ndarray, nodes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        times = self._values(inputs, TIMES, {"job_hours": hours, "nodes": nodes})
        elapsed, billed = (np.asarray(times[name] + np.zeros(rows)) for name in TIMES)
        return elapsed, billed

    def of_units(self, offers: np.ndarray, owned_hours: Any) -> tuple[np.ndarray, np.ndarray]:
        """(cost of holding one unit, cost of one unit-hour): charges are linear in both."""
        # a column, so that a power of it is the same wherever it is computed
        owned_hours = np.broadcast_to(np.asarray(owned_hours, dtype=float), (len(offers),))
        due = self._due(offers)
        inputs, given = self._inputs(offers, due), {"units": 1.0, "owned_hours": owned_hours}
        fixed, both = (
            _sum(self._values(inputs, due, given | {"unit_hours": hours}), due, len(offers))
            for hours in (0.0, 1.0)
        )
        return fixed, both - fixed


@functools.lru_cache(maxsize=16)
def _offer_columns(catalog: Catalog, currency: str) -> dict[str, np.ndarray]:
    """What rules may read of the catalog's offers, money in a currency."""
    table = catalog.offers
    rate = np.array([catalog.convert(1.0, code, currency) for code in table.currencies])
    power = np.array([card.power_w for card in catalog.cards.values()])
    bought = table.purchase == BUY
    price = table.price * rate[table.currency]
    terms = TERM_HOURS[table.purchase]
    return {
        "price_per_unit_hour": np.where(bought, 0.0, price),
        "price_per_unit": np.where(bought, price, 0.0),
        "gpus_per_unit": table.gpus.astype(float),
        "is_spot": (table.purchase == SPOT).astype(float),
        "is_bought": bought.astype(float),
        "is_reserved": (terms > 0).astype(float),
        "is_bare": table.bare.astype(float),
        "term_hours": np.maximum(terms, 1.0),
        "on_demand_price": _on_demand(table, price),
        "billing_step": table.billing_s,
        "billing_minimum": table.minimum_s,
        "card_power": power[table.card],
        "grid_intensity": catalog.grids.intensities(table),
    }


def _on_demand(table: Offers, price: np.ndarray) -> np.ndarray:
    """The cheapest rent on demand of as many such cards as a spot unit has; of others their own price.

    It does not depend on the provider: of spot units alike the cheapest is then the cheapest in all.
    """
    rows = np.flatnonzero(table.purchase == ON_DEMAND)
    each = price[rows] / table.gpus[rows]
    least = np.full((2, len(table.cards)), np.inf)
    np.minimum.at(least, (table.by_name_only[rows].astype(int), table.card[rows]), each)
    of_card = np.where(np.isfinite(least[0]), least[0], least[1])[table.card] * table.gpus
    return np.where((table.purchase == SPOT) & np.isfinite(of_card), of_card, price)


def _sum(values: Mapping[str, Any], names: Iterable[str], rows: int) -> np.ndarray:
    zero = np.zeros(rows)
    return np.asarray(sum((np.broadcast_to(values[name], zero.shape) for name in names), zero))


def _concerns(rule: Rule, kinds: frozenset[int]) -> bool:
    """Whether a charge can be anything for offers of these kinds; a user's own rule always can."""
    of_module = ONLY_FOR.get(rule.function.__module__)
    return of_module is None or bool(of_module & kinds)


def assumption_names(
    pack: Pack, targets: Iterable[str], given: Mapping[str, Any], catalog: Catalog
) -> list[str]:
    """Assumptions that the rules of the targets read and nothing else gives."""
    wanted, known = tuple(targets), frozenset(given)
    leaves = pack.kept(("leaves", wanted, known), lambda: _leaves(pack, wanted, known))
    return [name for name in leaves if name in catalog.assumptions]


def _leaves(pack: Pack, targets: tuple[str, ...], given: frozenset[str]) -> list[str]:
    """Names that the rules of the targets read, and neither rules nor what is given tell."""
    seen: set[str] = set()
    stack, found = list(targets), []
    while stack:
        name = stack.pop()
        if name in seen or name in given:
            continue
        seen.add(name)
        if name in pack.rules:
            stack += pack.rules[name].parameters
        else:
            found.append(name)
    return sorted(found)
