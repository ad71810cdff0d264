"""One need, solved in each way, with its traffic, time or prices changed; each question is solved once."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from optplan.catalog import PURCHASE, Catalog
from optplan.errors import BadInput, Fault, nearest
from optplan.need import AnyNeed, Generate, Serve
from optplan.planner import prepare, solve
from optplan.planner.context import Context
from optplan.rules.constants import MONTH
from optplan.ways.flows import flows_of, present_value, undiscounted
from optplan.ways.values import WAYS, Way


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a need is changed: traffic times scale, months of a service, prices of some ways times factors."""

    scale: float = 1.0
    months: float | None = None
    prices: tuple[tuple[str, float], ...] = ()


AS_IT_IS = Asked()


@dataclass(slots=True)
class Trials:
    """Solves a need in any way, changed or not; keeps what it found.

    rate  cost of capital, a year
    """

    need: AnyNeed
    catalog: Catalog
    fixed: Mapping[str, float]
    base: Path | None
    rate: float = 0.0
    _known: dict[tuple[str, Asked], Way] = field(default_factory=dict)

    def way(self, name: str, asked: Asked = AS_IT_IS) -> Way:
        """The cheapest plan of a way, or why there is none."""
        key = (name, asked)
        if key not in self._known:
            self._known[key] = self._solved(name, asked)
        return self._known[key]

    def npv(self, name: str, asked: Asked = AS_IT_IS) -> float:
        """Net present value of the cheapest plan of a way; infinite where there is none."""
        way = self.way(name, asked)
        return way.npv if way.plan is not None else math.inf

    def context(self, name: str) -> Context:
        """What planning reads, for one way and the need as it is."""
        return prepare(restricted(self.need, name), self.catalog, fixed=self.fixed, base=self.base)

    def _solved(self, name: str, asked: Asked) -> Way:
        need = lasting(scaled(restricted(self.need, name), asked.scale), asked.months)
        catalog = priced(self.catalog, dict(asked.prices))
        try:
            plan = solve(need, catalog, fixed=self.fixed, base=self.base, explore=False)
        except BadInput as error:
            if not _of_this_way(error):
                raise
            return Way(name, None, "; ".join(fault.message for fault in error.faults))
        if not plan.feasible:
            reason = next(iter(plan.reasons), "no plan")
            return Way(name, None, reason, notes=plan.notes)
        flows = flows_of(plan)
        return Way(
            name, plan, "", flows, undiscounted(flows), present_value(flows, self.rate), notes=plan.notes
        )


def known(ways: Sequence[str], place: str = "--ways") -> None:
    """Refuse ways that do not exist; place: where they were said."""
    wrong = [way for way in ways if way not in WAYS]
    if wrong or not ways:
        close = nearest(wrong[0], WAYS) if wrong else []
        hint = f"did you mean {', '.join(close)}?" if close else f"ways are {', '.join(WAYS)}"
        said = f"{wrong[0][:40]!r} is no way" if wrong else "no way is named"
        raise BadInput(Fault("unknown-way", place, said, hint))


def _of_this_way(error: BadInput) -> bool:
    """Whether a fault shuts out one way and not the need."""
    return all(fault.code in ("no-api", "longer-than-life") for fault in error.faults)


def restricted(need: AnyNeed, way: str, place: str = "--ways") -> AnyNeed:
    """The need, had in one way only. Raises BadInput `unknown-way` at the place."""
    known([way], place)
    return _with(need, limits=need.limits.model_copy(update={"purchase": list(WAYS[way])}))


def _with(need: AnyNeed, **update: Any) -> AnyNeed:
    return need.model_copy(update=update)


def scaled(need: AnyNeed, scale: float) -> AnyNeed:
    """The need with its traffic multiplied; a job to fine-tune has none and stays as it is."""
    if scale == 1.0:
        return need
    if isinstance(need, Serve) and need.traffic is not None:
        return _with(
            need,
            traffic=[
                part.model_copy(update={"requests_per_second": part.requests_per_second * scale})
                for part in need.traffic
            ],
        )
    if isinstance(need, Generate):
        if need.traffic is not None:
            more = {"requests": need.traffic.requests * scale}
            return _with(need, traffic=need.traffic.model_copy(update=more))
        if need.data is not None and need.data.tokens is not None:
            return _with(need, data=need.data.model_copy(update={"tokens": need.data.tokens * scale}))
    return need


def lasting(need: AnyNeed, months: float | None) -> AnyNeed:
    """The service for so many months of 730 hours."""
    return need if months is None else _with(need, duration=months * MONTH)


def priced(catalog: Catalog, factors: Mapping[str, float]) -> Catalog:
    """The catalog with the prices of some ways multiplied."""
    if all(factor == 1.0 for factor in factors.values()):
        return catalog
    each = np.ones(len(PURCHASE))
    for way, factor in factors.items():
        for kind in WAYS[way]:
            if kind in PURCHASE:
                each[PURCHASE.index(kind)] = factor
    other = copy.copy(catalog)
    other.offers = replace(catalog.offers, price=catalog.offers.price * each[catalog.offers.purchase])
    factor = factors.get("api", 1.0)
    columns = (
        "input_per_mtok",
        "cached_per_mtok",
        "output_per_mtok",
        "batch_input_per_mtok",
        "batch_output_per_mtok",
    )
    other.apis = tuple(
        replace(api, **{name: getattr(api, name) * factor for name in columns}) for api in catalog.apis
    )
    return other
