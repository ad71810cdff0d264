"""Training needs that differ only in how much there is to do share what the rules say of layouts.

Speed, memory and every requirement read the model, the method, the batch and the like, but not the amount of data, the
deadline or the budget. Which names those are follows from the rules' graph. Needs with equal values of them are of one
kind; hours follow from the speed, need by need.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from optplan.candidates import currency_of
from optplan.catalog import Catalog
from optplan.evaluate import evaluate, selectors_of
from optplan.inputs import INPUTS
from optplan.many.columns import column
from optplan.many.grids import Grid, slots_of
from optplan.planner.context import Context
from optplan.planner.costs.pricing import assumption_names
from optplan.planner.grid import OfCards, grouped
from optplan.rule import Pack

SPEED, HOURS = "tokens_per_second", "job_hours"
VARIES = frozenset(name for name, one in INPUTS.items() if one.origin not in ("need", "model"))
AMOUNTS = ("train_tokens", HOURS)  # targets that depend on the amount of work


class Kinds:
    """Needs by kind.

    keys, first  of each kind, and one need of it; of: kind of each need
    """

    def __init__(self, contexts: Sequence[Context], keys: Sequence[Any]) -> None:
        self.keys, self.of = grouped(keys)
        at = np.unique(self.of, return_index=True)[1].tolist()
        self.first = [contexts[i] for i in at]

    @functools.cached_property
    def grid(self) -> Grid:
        """What the rules read of one need of each kind."""
        return Grid(self.first, slots_of(self.first))


def key_of(context: Context) -> Any:
    """All that the speed of layouts, and whether they can be used, depends on; of its own where that is not known."""
    if not splits(context):
        return id(context)
    settled, pack, need = context.settled, context.pack, context.settled.need
    read = pack.read_by(speed_targets(context))
    every = tuple(settled.quantities)
    names = pack.kept(("of key", read, every), lambda: tuple([name for name in every if name in read]))
    wanted, money = _picks(context.catalog, read)
    fixed, values = context.fixed, [settled.quantities[name] for name in names]
    if np.ndarray in map(type, values):
        values = [value.tobytes() if isinstance(value, np.ndarray) else value for value in values]
    return (
        names, tuple(values),
        tuple([(name, fixed[name]) for name in sorted(fixed) if name in read]),
        tuple([settled.selectors.get(key) for key in wanted]),
        settled.currency if money else None, need.confidence, getattr(need, "recompute", None),
    )  # fmt: skip


def splits(context: Context) -> bool:
    """Whether the hours follow from the speed and from what is the same for all layouts of a card."""
    rules = context.pack.rules
    if SPEED not in rules or HOURS not in rules or HOURS in context.fixed:
        return False
    read = _read_by_hours(context)
    return SPEED in read and not read & VARIES


def speed_targets(context: Context) -> list[str]:
    """What must be known of layouts before the amount of work is."""
    return [name for name in context.targets if name not in AMOUNTS]


class Hours:
    """Hours of jobs from their speed, by the rules."""

    def __init__(self, contexts: Sequence[Context]) -> None:
        """contexts: all have one pack, catalog and set of fixed names."""
        first = contexts[0]
        self.pack = first.pack
        self.target = SPEED if splits(first) else HOURS
        read = _read_by_hours(first) - {SPEED}
        quantities, fixed = first.settled.quantities, [name for name in first.fixed if name in read]
        own = [name for name in quantities if name in read and name not in fixed]
        known = {
            name: np.array([[c.settled.quantities[name]] for c in contexts], dtype=float) for name in own
        }
        known |= {name: np.array([[c.fixed[name]] for c in contexts]) for name in fixed}
        names = assumption_names(first.pack, [HOURS], {**known, SPEED: 0.0}, first.catalog)
        known |= OfCards(contexts, tuple(names)).of
        early, late = _steps(first.pack, frozenset(known))
        values = evaluate(self.pack, known, early).values
        self._given = {name: column(values[name]) for name in late if self.target == SPEED}
        self._cards = len(first.catalog.cards)

    def __call__(self, need: np.ndarray, card: np.ndarray, found: np.ndarray) -> np.ndarray:
        """Hours of pairs of need (position of the context) and card (of the catalog). found: token/s, or the hours."""
        if self.target == HOURS:
            return found
        given = {name: own.at(need, card, need * self._cards + card) for name, own in self._given.items()}
        hours = evaluate(self.pack, {**given, SPEED: found}, [HOURS]).values[HOURS]
        return np.asarray(np.broadcast_to(hours, found.shape), dtype=float)


def _steps(pack: Pack, known: frozenset[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Rules of the hours that the speed does not change, and what the others read of those and of what is known."""

    def found() -> tuple[tuple[str, ...], frozenset[str]]:
        order, changed = pack.order([HOURS], known | {SPEED}), {SPEED}
        for rule in order:
            if changed.intersection(rule.parameters):
                changed.add(rule.name)
        early = tuple(rule.name for rule in order if rule.name not in changed)
        reads = {name for rule in order if rule.name in changed for name in rule.parameters}
        return early, frozenset(reads - changed)

    return pack.kept(("steps of hours", known), found)


def _read_by_hours(context: Context) -> frozenset[str]:
    """Names that the hours read, the speed among them and not what it rests on."""
    pack, fixed = context.pack, frozenset(context.fixed)

    def found() -> frozenset[str]:
        inputs = pack.read_by([HOURS]) - set(pack.rules)
        steps = pack.order([HOURS], inputs | fixed | {SPEED})
        return frozenset(name for rule in steps for name in rule.parameters)

    return pack.kept(("read by hours", fixed), found)


@functools.lru_cache(maxsize=64)
def _picks(catalog: Catalog, read: frozenset[str]) -> tuple[tuple[str, ...], bool]:
    """What of a need picks the rows of assumptions that are read, and columns of cards; whether any is money."""
    rows = [
        row for name in sorted(read & set(catalog.assumptions)) for row in catalog.assumptions[name].values()
    ]
    named = {key for row in rows for key in selectors_of(row.key)}
    return tuple(sorted({"precision", "method"} | named)), any(currency_of([row]) for row in rows)
