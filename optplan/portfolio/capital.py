"""What all needs share, as part of the program: buys, reservations, rent, who uses what, queues of jobs, limits."""

from __future__ import annotations

import functools
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from optplan.portfolio.ledger import Ledger, Payment
from optplan.portfolio.market import paid
from optplan.portfolio.parts import Instance, Option, Source
from optplan.units import TOLERANCE

Use = dict[int, float]  # row of the shared part -> coefficient of one option


@dataclass(slots=True)
class Capital:
    """The shared variables and the coefficients of its rows, which needs add to before they are made.

    acquired  (source, month) -> variable: units bought or reserved at the start of the month
    held      (source, month) -> variable: units held in the month (none of hourly sources)
    flow      (class, source, month) -> variable: units of the source that work for the class
    queue     (class, width, month) -> variable: is there a queue of that many units?
    """

    instance: Instance
    ledger: Ledger
    acquired: dict[tuple[int, int], int] = field(default_factory=dict)
    held: dict[tuple[int, int], int] = field(default_factory=dict)
    flow: dict[tuple[int, int, int], int] = field(default_factory=dict)
    queue: dict[tuple[int, int, int], int] = field(default_factory=dict)
    rows: dict[str, tuple[dict[int, float], float]] = field(default_factory=dict)

    def at_most(self, name: str, coefficients: dict[int, float], most: float) -> None:
        """Note a row: sum <= most; equal names are one row."""
        self.rows.setdefault(name, ({}, most))[0].update(coefficients)


def needed(
    instance: Instance, months: Iterable[int]
) -> tuple[set[tuple[int, int]], set[tuple[int, int, int]]]:
    """(class, month) and (class, width, month) that some block could use."""
    wanted = set(months)
    groups: set[tuple[int, int]] = set()
    queues: set[tuple[int, int, int]] = set()
    for block in instance.blocks:
        if block.month not in wanted:
            continue
        for option in block.options:
            if option.group >= 0:
                groups.add((option.group, block.month))
                if option.width:
                    queues.add((option.group, option.width, block.month))
    return groups, queues


def build_capital(instance: Instance, ledger: Ledger) -> Capital:
    """Variables and rows of all that is shared, over all months."""
    capital = Capital(instance, ledger)
    groups, queues = needed(instance, range(instance.months))
    first: dict[int, int] = {}
    for group, month in sorted(groups, key=lambda key: key[1]):
        for s in instance.groups[group].sources:
            first.setdefault(s, month)
    for index in sorted(first):
        if not instance.sources[index].hourly:
            _acquisitions(capital, instance.sources[index])
    _flows(capital, sorted(groups), sorted(queues))
    _limits(capital)
    _budgets(capital)
    return capital


def acquisition(instance: Instance, source: Source, month: int) -> list[Payment]:
    """What is paid for one unit bought (and kept to the end, or its life) or reserved (for its term) in a month."""
    if source.kind == "buy":
        return [
            Payment(month + k, month + max(0, k - 1), charge, amount)
            for k, charge, amount in paid(instance.owned[source.index], kept(instance, source, month))
        ]
    return [
        Payment(month + k + 1, month + k, charge, amount)
        for k in range(source.term)
        for charge, amount in source.monthly.items()
    ]


def kept(instance: Instance, source: Source, month: int) -> int:
    """Months for which a unit bought at the start of a month is kept."""
    left = instance.months - month
    return min(left, source.term) if source.term else left


def present_values(instance: Instance, source: Source) -> np.ndarray:
    """Present value of the payments of one unit acquired in each month: those of `acquisition`, all at once."""
    discount, months = instance.discount, instance.months
    if source.kind != "buy":
        each = math.fsum(source.monthly.values())
        return np.array([each * discount[t + 1 : t + source.term + 1].sum() for t in range(months)])
    total = np.zeros(months)
    for sums in instance.owned[source.index].values():
        grown = np.diff(sums, prepend=0.0)
        for t in range(months):
            k = kept(instance, source, t)
            if sums[: k + 1].min() < 0:
                total[t] += sums[k] * discount[t + k]
            else:
                total[t] += float(grown[: k + 1] @ discount[t : t + k + 1])
    return total


def _acquisitions(capital: Capital, source: Source) -> None:
    """New units of a month, and units held: those of the month before and the new, less those whose term is over."""
    instance, ledger = capital.instance, capital.ledger
    verb = "buy" if source.kind == "buy" else "reserve"
    costs = present_values(instance, source)
    for t in range(instance.months):
        made = functools.partial(acquisition, instance, source, t)
        name = f"{verb}_{source.label}_m{t + 1}"
        capital.acquired[source.index, t] = ledger.acquisition(name, float(costs[t]), made)
        capital.held[source.index, t] = ledger.variable(f"held_{source.label}_m{t + 1}", integer=False)
    for t in range(instance.months):
        row = {capital.held[source.index, t]: 1.0, capital.acquired[source.index, t]: -1.0}
        if t:
            row[capital.held[source.index, t - 1]] = -1.0
        if source.term and t >= source.term:
            row[capital.acquired[source.index, t - source.term]] = 1.0
        ledger.program.row(f"stock:{source.label}:m{t + 1}", row, low=0.0, high=0.0)


def _flows(capital: Capital, groups: list[tuple[int, int]], queues: list[tuple[int, int, int]]) -> None:
    instance, ledger = capital.instance, capital.ledger
    used: dict[tuple[int, int], list[int]] = defaultdict(list)
    for group, t in groups:
        name = instance.groups[group].name
        for s in instance.groups[group].sources:
            source = instance.sources[s]
            payments = [Payment(t + 1, t, charge, amount) for charge, amount in source.running.items()]
            verb = "rent" if source.hourly else "use"
            x = ledger.variable(f"{verb}_{source.label}_for_{name}_m{t + 1}", payments, integer=False)
            capital.flow[group, s, t] = x
            used[s, t].append(x)
        row = {capital.flow[group, s, t]: -1.0 for s in instance.groups[group].sources}
        capital.at_most(class_row(instance, group, t), row, 0.0)
    for group, width, t in queues:
        v = ledger.variable(f"queue_{instance.groups[group].name}_{width}_m{t + 1}", upper=1)
        capital.queue[group, width, t] = v
        capital.at_most(class_row(instance, group, t), {v: float(width)}, 0.0)
        capital.at_most(queue_row(instance, group, width, t), {v: -1.0}, 0.0)
    for (s, t), flows in sorted(used.items()):
        if (s, t) in capital.held:
            row = dict.fromkeys(flows, 1.0) | {capital.held[s, t]: -1.0}
            capital.at_most(f"held:{instance.sources[s].label}:m{t + 1}", row, 0.0)


def class_row(instance: Instance, group: int, month: int) -> str:
    """Name of the row: units used of a class <= units of its sources at work."""
    return f"cards:{instance.groups[group].name}:m{month + 1}"


def queue_row(instance: Instance, group: int, width: int, month: int) -> str:
    """Name of the row: hours of the jobs in a queue <= hours of the month."""
    return f"queue:{instance.groups[group].name}:{width}:m{month + 1}"


def cap_row(name: str, month: int) -> str:
    """Name of the row of a limit on cards in a month."""
    return f"{name}:m{month + 1}"


def _limits(capital: Capital) -> None:
    instance = capital.instance
    for t in range(instance.months):
        for cap in instance.caps:
            row: dict[int, float] = {}
            for (s, month), x in capital.held.items():
                source = instance.sources[s]
                if month == t and cap.counts(source.card, instance.provider(source)):
                    row[x] = float(source.gpus)
            for (_, s, month), x in capital.flow.items():
                source = instance.sources[s]
                if month == t and source.hourly and cap.counts(source.card, instance.provider(source)):
                    row[x] = float(source.gpus)
            capital.at_most(cap_row(cap.name, t), row, cap.most)
        for pool, cards in enumerate(instance.pools):
            row = {
                x: float(instance.sources[s].gpus)
                for (_, s, month), x in capital.flow.items()
                if month == t and instance.sources[s].pool == pool
            }
            if row:
                capital.at_most(f"owned:{pool + 1}:m{t + 1}", row, float(cards))
        if np.isfinite(instance.power_kw):
            row = {
                x: instance.sources[s].power_kw
                for (s, month), x in capital.held.items()
                if month == t and instance.sources[s].power_kw
            }
            capital.at_most(f"power:m{t + 1}", row, instance.power_kw)


def _budgets(capital: Capital) -> None:
    instance, ledger = capital.instance, capital.ledger
    if np.isfinite(instance.monthly_budget):
        for t in range(instance.months):
            capital.at_most(f"monthly_budget:m{t + 1}", ledger.spent(t), instance.monthly_budget)
    if np.isfinite(instance.budget):
        capital.at_most("budget", ledger.spent(), instance.budget)


def use_of(instance: Instance, option: Option, month: int) -> dict[str, float]:
    """Coefficients of one option in the shared rows, limits not yet scaled to 1."""
    found: dict[str, float] = {}
    if option.terms and np.isfinite(instance.monthly_budget):
        found[f"monthly_budget:m{month + 1}"] = sum(amount for amount in option.terms.values() if amount > 0)
    if option.terms and np.isfinite(instance.budget):
        found["budget"] = option.cost
    if option.group >= 0:
        if option.width:
            found[queue_row(instance, option.group, option.width, month)] = option.units
        else:
            found[class_row(instance, option.group, month)] = option.units
    for cap in instance.caps:
        cards = sum(count for card, provider, count in option.hired if cap.counts(card, provider))
        if cards:
            found[cap_row(cap.name, month)] = float(cards)
    return found


def write_rows(capital: Capital) -> None:
    """Make the rows noted so far, their limits scaled to 1."""
    for name, (coefficients, most) in capital.rows.items():
        row = {i: c * scale_of(most) for i, c in coefficients.items()}
        capital.ledger.program.row(name, row, high=(1.0 + TOLERANCE) if most > 0 else 0.0)


def scale_of(most: float) -> float:
    """What a row is multiplied by, so that its limit is 1."""
    return 1 / most if most > 0 else 1.0
