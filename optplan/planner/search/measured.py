"""Capacities that the user measured, in place of those that the rules predict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from optplan.candidates import Table
from optplan.evaluate import evaluate, names_read
from optplan.plan import Line
from optplan.planner.costs.pricing import card_charges
from optplan.rule import Pack
from optplan.settle import Settled
from optplan.settle.values import Capacity


def measured_rows(settled: Settled, table: Table) -> list[tuple[Capacity, np.ndarray]]:
    """Each measured capacity with the mask of the candidates that it is of: its cards, in a replica of its size.

    The replica is in one node, where any node has so many cards.
    """
    found = []
    for capacity in settled.capacities:
        codes = [i for i, card in enumerate(table.cards) if card.name in capacity.cards]
        mask = np.isin(table.card, codes) & (table.gang == capacity.gang)
        inside = mask & (table.gang <= table.node)
        found.append((capacity, inside if inside.any() else mask))
    return found


def with_measured(
    settled: Settled, table: Table, predicted: Any, holds: np.ndarray
) -> tuple[Any, np.ndarray]:
    """(capacity, mask of the candidates that hold) with measured rows put in.

    Predictions of a card that was measured at all are left out: what was not measured of it is not known. A
    measurement stands for every requirement. capacity has shape (classes, rows).
    """
    if not settled.capacities:
        return predicted, holds
    shape = (len(settled.classes) or 1, len(table))
    capacity, holds = np.array(np.broadcast_to(predicted, shape), dtype=float), holds.copy()
    named = {card for row in settled.capacities for card in row.cards}
    holds &= ~np.isin(table.card, [i for i, card in enumerate(table.cards) if card.name in named])
    for row, mask in measured_rows(settled, table):
        capacity[:, mask] = np.array(row.rates)[:, None]
        holds |= mask & any(row.rates)
    return capacity, holds


def as_measured(settled: Settled, pack: Pack, targets: list[str], table: Table, line: Line) -> Line:
    """A line of a measured candidate: what rules predict of it is taken out, but for what its charges rest on.

    What reads the capacity follows from the measured one. targets: what candidates are judged by.
    """
    found = [row for row, mask in measured_rows(settled, table) if mask[line.table_row]]
    if not found:
        return line
    asked = np.atleast_1d(np.squeeze(settled.quantities["requests_per_second"]))
    rates = np.array(found[0].rates)
    with np.errstate(divide="ignore"):
        load = np.where(rates > 0, asked / rates, 0.0)  # a class that it cannot serve does not load it
    most = int(np.argmax(load))
    known = {"replica_capacity": float(rates[most]), "requests_per_second": float(asked[most])}
    charged = names_read(pack, card_charges(pack))
    predicted = (names_read(pack, targets) & set(pack.rules)) - charged
    follows = [
        n for n, one in pack.rules.items() if n in line.values and "replica_capacity" in one.parameters
    ]
    kept = []
    for values in (line.values, line.low, line.high):
        own = {n: v for n, v in values.items() if n not in predicted and n not in follows} | known
        again = evaluate(pack, own, follows).values
        kept.append(own | {name: float(again[name]) for name in follows})
    every = float(load.sum() / load[most]) if load[most] else 1.0
    together = tuple(own["needed_replicas"] * every for own in kept if "needed_replicas" in own)
    return replace(line, values=kept[0], low=kept[1], high=kept[2], verdicts={}, load=together)
