"""What every step of planning shares: the settled need, the rules, the table of candidates, the prices."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from optplan.candidates import Table, assumption_columns, columns
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.evaluate import Assessment, Scenario, check_names, evaluate
from optplan.inputs import INPUTS
from optplan.program.limits import Limits
from optplan.rule import Pack
from optplan.settle import Settled
from optplan.units import number

TARGETS: Final = {
    "finetune": ("memory_per_card", "least_memory", "train_tokens", "tokens_per_second", "job_hours"),
    "generate": ("memory_per_card", "least_memory", "replica_capacity"),
    "serve": ("memory_per_card", "least_memory", "replica_capacity"),
}
OF_CHOICE: Final = {
    "finetune": ("elapsed_hours", "billed_hours"),
    "generate": ("replicas", "elapsed_hours", "billed_hours"),
    "serve": ("replicas", "needed_replicas"),
}


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
        return [*wanted, *self.requirements]

    @property
    def requirements(self) -> list[str]:
        """Names of the pack's requirements."""
        return [rule.name for rule in self.pack.of_kind("require")]

    @property
    def of_choice(self) -> tuple[str, ...]:
        """What the rules tell of the units chosen, beyond what candidates are judged by."""
        return OF_CHOICE[self.settled.need.task]

    @property
    def judged(self) -> Scenario:
        """The end of assumptions at which a plan must hold: with `confidence: high` the worse one."""
        return "worse" if self.settled.need.confidence == "high" else "expected"

    @cached_property
    def utilisation(self) -> float:
        """Share of a replica's capacity that a plan counts on."""
        return self.scalar("utilisation", 1.0, self.judged)

    @cached_property
    def setup_hours(self) -> float:
        """Hours in which a unit starts and does no work."""
        return self.scalar("setup_hours", 0.0, self.judged)

    def scalar(self, name: str, absent: float, scenario: Scenario = "expected") -> float:
        """One assumption that no card changes, or `absent` where the pack has none."""
        if name in self.fixed:
            return self.fixed[name]
        if name not in self.catalog.assumptions:
            return absent
        value = assumption_columns([name], self.settled, self.catalog, scenario, self.used)[name]
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
            scenario = self.judged
        given = columns(table, self.settled, self.catalog, self.pack, self.targets, scenario, rows)
        return evaluate(self.pack, given | dict(override or {}), self.targets, self.fixed)

    @cached_property
    def limits(self) -> Limits:
        """The need's limits, with quotas as masks over the catalog's cards."""
        settled = self.settled
        quotas = tuple((q.name, _among(self.catalog, q.cards), q.most) for q in settled.quotas)
        most = math.inf if settled.max_cards is None else float(settled.max_cards)
        deadline = math.inf if settled.need.task == "serve" else settled.hours
        return Limits(
            deadline, settled.budget, most, settled.min_replicas, quotas, self._pools(), self._carbon()
        )

    def _carbon(self) -> float:
        """The most greenhouse gases (kg CO2 equivalent; infinite = no limit); BadInput if the rules count none."""
        most = self.settled.need.limits.carbon
        if most is None:
            return math.inf
        if "carbon_kg" not in self.pack.rules:
            message = f"the rules {self.pack.name} count no greenhouse gases"
            hint = "take the engineering rules, or leave `carbon` out"
            raise BadInput(Fault("no-carbon-rules", "limits.carbon", message, hint))
        return most

    def _pools(self) -> tuple[tuple[str, frozenset[int], int], ...]:
        """Pools of owned cards: name, the allowed offers that share it, cards in it."""
        offers = self.catalog.offers
        if not offers.pools:
            return ()
        found: dict[int, list[int]] = {}
        for offer in np.flatnonzero(self.settled.allowed & (offers.pool >= 0)).tolist():
            found.setdefault(int(offers.pool[offer]), []).append(offer)
        largest = {pool: max(many, key=lambda o: int(offers.gpus[o])) for pool, many in found.items()}
        return tuple(
            (offers.instances[offers.instance[largest[pool]]], frozenset(many), offers.pools[pool])
            for pool, many in sorted(found.items())
        )


@functools.lru_cache(maxsize=256)
def _among(catalog: Catalog, cards: tuple[str, ...]) -> np.ndarray:
    """Which cards of the catalog are among these; not to be written to."""
    mask = np.array([card in cards for card in catalog.offers.cards])
    mask.flags.writeable = False  # many needs share it
    return mask


def check_fixed(fixed: Mapping[str, float], pack: Pack, catalog: Catalog, place: str) -> None:
    """Refuse fixed values that name nothing, and prices below 0."""
    if not fixed:
        return
    faults = [
        Fault("negative-price", f"{place} {name}", f"{number(value)} is below 0", "a price is 0 or more")
        for name, value in fixed.items()
        if value < 0 and _is_price(name, catalog)
    ]
    if faults:
        raise BadInput(faults)
    check_names(fixed, pack, catalog.assumptions, place)


def _is_price(name: str, catalog: Catalog) -> bool:
    """Whether a quantity that may be fixed is money: a price among the inputs, or an assumption in a currency."""
    if name in INPUTS:
        return INPUTS[name].unit.startswith("currency")
    rows = catalog.assumptions.get(name, {}).values()
    return any(row.unit.partition("/")[0] in catalog.rates for row in rows)
