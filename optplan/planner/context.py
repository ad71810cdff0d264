"""What every step of planning shares: the settled need, the rules, the table of candidates, the prices."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from optplan.candidates import Table, assumption_columns, columns
from optplan.catalog import PURCHASE, Catalog
from optplan.evaluate import Assessment, Scenario, check_names, evaluate
from optplan.program.limits import Limits
from optplan.rule import Pack
from optplan.settle import Settled

TARGETS: Final = {
    "finetune": ("memory_per_card", "least_memory", "train_tokens", "tokens_per_second", "job_hours"),
    "generate": ("memory_per_card", "least_memory", "replica_capacity"),
    "serve": ("memory_per_card", "least_memory", "replica_capacity"),
}
BUY: Final = PURCHASE.index("buy")
SPOT: Final = PURCHASE.index("spot")


@dataclass
class Context:
    """One need on one catalog under one pack.

    fixed       quantities and assumptions that the user set by name
    base        folder that a relative path to a config.json starts from
    """

    settled: Settled
    catalog: Catalog
    pack: Pack
    fixed: dict[str, float]
    base: Path | None = None
    time_limit: float | None = None
    used: dict[str, Any] = field(default_factory=dict)

    @property
    def targets(self) -> list[str]:
        """What the rules must give: the task's quantities and every requirement of the pack."""
        wanted = [name for name in TARGETS[self.settled.need.task] if name in self.pack.rules]
        return [*wanted, *(rule.name for rule in self.pack.of_kind("require"))]

    @cached_property
    def utilisation(self) -> float:
        """Share of a replica's capacity that planned traffic may use."""
        return self.scalar("utilisation", 1.0)

    def scalar(self, name: str, absent: float) -> float:
        """One assumption that no card changes, or `absent` where the pack has none."""
        if name in self.fixed:
            return self.fixed[name]
        if name not in self.catalog.assumptions:
            return absent
        value = assumption_columns([name], self.settled, self.catalog, "expected", self.used)[name]
        return float(value)

    def assess(
        self,
        table: Table,
        scenario: Scenario | None = None,
        rows: np.ndarray | None = None,
        override: Mapping[str, Any] | None = None,
    ) -> Assessment:
        """All rules on all rows of the table; with `confidence: high` at the worse end of the assumptions."""
        if scenario is None:
            scenario = "worse" if self.settled.need.confidence == "high" else "expected"
        given = columns(table, self.settled, self.catalog, self.pack, self.targets, scenario, rows)
        return evaluate(self.pack, given | dict(override or {}), self.targets, self.fixed)

    @cached_property
    def limits(self) -> Limits:
        """The need's limits, with quotas as masks over the catalog's cards."""
        settled, cards = self.settled, self.catalog.offers.cards
        quotas = tuple(
            (quota.name, np.array([card in quota.cards for card in cards]), quota.most)
            for quota in settled.quotas
        )
        most = math.inf if settled.max_cards is None else float(settled.max_cards)
        deadline = math.inf if settled.need.task == "serve" else settled.hours
        return Limits(deadline, settled.budget, most, settled.min_replicas, quotas)


class Pricing:
    """Charges of offers, from the pack's own rules: the objective and the printed terms are these."""

    def __init__(self, context: Context, scenario: Scenario = "expected") -> None:
        self.context, self.scenario = context, scenario
        self.charges = [rule.name for rule in context.pack.of_kind("charge")]

    @cached_property
    def _rate(self) -> np.ndarray:
        convert, code = self.context.catalog.convert, self.context.settled.currency
        return np.array([convert(1.0, c, code) for c in self.context.catalog.offers.currencies])

    @cached_property
    def _power(self) -> np.ndarray:
        return np.array([card.power_w for card in self.context.catalog.cards.values()])

    def offer_columns(self, offers: np.ndarray) -> dict[str, Any]:
        """What rules may read of offers, one row each, money in the need's currency."""
        table = self.context.catalog.offers
        bought = table.purchase[offers] == BUY
        price = table.price[offers] * self._rate[table.currency[offers]]
        return {
            "price_per_unit_hour": np.where(bought, 0.0, price),
            "price_per_unit": np.where(bought, price, 0.0),
            "gpus_per_unit": table.gpus[offers].astype(float),
            "is_spot": (table.purchase[offers] == SPOT).astype(float),
            "is_bought": bought.astype(float),
            "billing_step": table.billing_s[offers],
            "billing_minimum": table.minimum_s[offers],
            "card_power": self._power[table.card[offers]],
        }

    def run(self, offers: np.ndarray, targets: Iterable[str], **given: Any) -> dict[str, Any]:
        """Evaluate charges (or what they rest on) for offers, with more inputs as columns."""
        context, table = self.context, self.context.catalog.offers
        inputs: dict[str, Any] = {**self.offer_columns(offers), **given}
        wanted = list(targets)
        names = assumption_names(context.pack, wanted, inputs, context.catalog)
        for name, column in assumption_columns(
            names, context.settled, context.catalog, self.scenario, context.used
        ).items():
            inputs[name] = column[table.card[offers]] if isinstance(column, np.ndarray) else column
        fixed = {k: v for k, v in context.fixed.items() if k not in given}
        return evaluate(context.pack, inputs, wanted, fixed).values

    def total(self, offers: np.ndarray, **given: Any) -> np.ndarray:
        """The sum of all charges, one number an offer."""
        values = self.run(offers, self.charges, **given)
        zero = np.zeros(len(offers))
        return np.asarray(sum((np.broadcast_to(values[name], zero.shape) for name in self.charges), zero))

    def of_jobs(
        self, offers: np.ndarray, hours: np.ndarray, nodes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(cost of one unit, elapsed hours) for a job of so many hours on so many nodes, pairwise."""
        times = self.run(offers, ["elapsed_hours", "billed_hours"], job_hours=hours, nodes=nodes)
        shape = np.zeros(len(offers))
        elapsed = np.asarray(times["elapsed_hours"] + shape)
        cost = self.total(
            offers, units=1.0, unit_hours=np.asarray(times["billed_hours"] + shape), owned_hours=elapsed
        )
        return cost, elapsed

    def of_units(self, offers: np.ndarray, owned_hours: Any) -> tuple[np.ndarray, np.ndarray]:
        """(cost of holding one unit, cost of one unit-hour): charges are linear in both."""
        fixed = self.total(offers, units=1.0, unit_hours=0.0, owned_hours=owned_hours)
        both = self.total(offers, units=1.0, unit_hours=1.0, owned_hours=owned_hours)
        return fixed, both - fixed


def assumption_names(
    pack: Pack, targets: Iterable[str], given: Mapping[str, Any], catalog: Catalog
) -> list[str]:
    """Assumptions that the rules of the targets read and nothing else gives."""
    seen: set[str] = set()
    stack, found = list(targets), set()
    while stack:
        name = stack.pop()
        if name in seen or name in given:
            continue
        seen.add(name)
        if name in pack.rules:
            stack += pack.rules[name].parameters
        elif name in catalog.assumptions:
            found.add(name)
    return sorted(found)


def check_fixed(fixed: Mapping[str, float], pack: Pack, catalog: Catalog, place: str) -> None:
    """Refuse fixed values that name nothing, or are not finite."""
    check_names(fixed, pack, catalog.assumptions, place)
