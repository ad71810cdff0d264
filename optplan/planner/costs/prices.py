"""Charges of offers for many needs at once: the same rules as `Pricing`, on pairs of need and offer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from optplan.evaluate import evaluate
from optplan.planner.context import Context
from optplan.planner.costs.pricing import OF_NEED, TIMES, Pricing, assumption_names, card_charges
from optplan.planner.grid import assumed, grouped


class Prices:
    """Prices for needs of one task, pack, catalog and set of fixed names."""

    def __init__(self, contexts: Sequence[Context]) -> None:
        self.contexts, self.first = contexts, contexts[0]
        self.charges = card_charges(self.first.pack)
        self.fixed = {name: np.array([c.fixed[name] for c in contexts]) for name in self.first.fixed}
        self.need = {
            name: np.array([c.settled.quantities[name] for c in contexts], dtype=float)
            for name in OF_NEED
            if name in self.first.settled.quantities
        }
        self._codes, self._code = grouped([c.settled.currency for c in contexts])

    def of_jobs(
        self, need: np.ndarray, offers: np.ndarray, hours: np.ndarray, nodes: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(cost of one unit, elapsed hours), as `Pricing.of_jobs`; need: position of each pair's context."""
        if not len(offers):
            return np.zeros(0), np.zeros(0)
        inputs = self._inputs(need, offers, [*TIMES, *self.charges])
        times = self._values(inputs, need, TIMES, {"job_hours": hours, "nodes": nodes})
        shape = np.zeros(len(offers))
        elapsed, billed = (np.asarray(times[name] + shape) for name in TIMES)
        given = {"units": 1.0, "unit_hours": billed, "owned_hours": elapsed}
        return self._sum(self._values(inputs, need, self.charges, given), len(offers)), elapsed

    def of_units(
        self, need: np.ndarray, offers: np.ndarray, owned_hours: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """(cost of holding one unit, cost of one unit-hour), as `Pricing.of_units`."""
        if not len(offers):
            return np.zeros(0), np.zeros(0)
        inputs = self._inputs(need, offers, self.charges)
        given = {"units": 1.0, "unit_hours": 0.0, "owned_hours": owned_hours}
        fixed = self._sum(self._values(inputs, need, self.charges, given), len(offers))
        both = self._sum(self._values(inputs, need, self.charges, given | {"unit_hours": 1.0}), len(offers))
        return fixed, both - fixed

    def _inputs(self, need: np.ndarray, offers: np.ndarray, targets: Iterable[str]) -> dict[str, Any]:
        inputs: dict[str, Any] = {name: column[need] for name, column in self.need.items()}
        inputs |= self.offer_columns(need, offers)
        names = assumption_names(self.first.pack, targets, inputs, self.first.catalog)
        card = self.first.catalog.offers.card[offers]
        return inputs | assumed(self.contexts, tuple(names), need, 0, card)

    def offer_columns(self, need: np.ndarray, offers: np.ndarray) -> dict[str, np.ndarray]:
        """What rules may read of offers, money in the currency of each pair's need."""
        found: dict[str, np.ndarray] = {}
        code = self._code[need]
        for i in range(len(self._codes)):
            here = np.flatnonzero(code == i) if len(self._codes) > 1 else slice(None)
            some = need[here]
            if len(some):
                columns = Pricing(self.contexts[int(some[0])]).offer_columns(offers[here])
                for name, column in columns.items():
                    found.setdefault(name, np.empty(len(offers)))[here] = column
        return found

    def _values(
        self, inputs: dict[str, Any], need: np.ndarray, targets: Iterable[str], given: dict[str, Any]
    ) -> dict[str, Any]:
        fixed = {name: column[need] for name, column in self.fixed.items() if name not in given}
        return evaluate(self.first.pack, {**inputs, **given}, targets, fixed).values

    def _sum(self, values: dict[str, Any], rows: int) -> np.ndarray:
        zero = np.zeros(rows)
        return np.asarray(sum((np.broadcast_to(values[name], zero.shape) for name in self.charges), zero))
