"""Training needs that differ only in how much there is to do share one look at the rules.

Speed, memory and every requirement read the model, the method, the batch and the like, but not the amount of data, the
deadline or the budget. Which names those are follows from the rules' graph. Needs with equal values of them form a
kind: its fastest layouts of every card, size and node are found once and kept; hours are then computed for those few.

Sound where the hours fall as the speed rises and read nothing else of a layout. The first is so for the shipped rules;
layouts within MARGIN of the fastest are kept, so that rounding chooses among them as it does among all, and the hours
just outside of the margin are checked to be longer.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optplan.candidates import currency_of
from optplan.catalog import Catalog
from optplan.evaluate import evaluate
from optplan.inputs import INPUTS
from optplan.many.cards import Card, Survey, candidates_of, every_card, offered_by, usable
from optplan.many.grids import Grid, slots_of
from optplan.many.kept import Kept
from optplan.planner.context import Context
from optplan.planner.grid import SCENARIOS, assumed
from optplan.planner.pricing import assumption_names
from optplan.program.jobs import Gangs

SPEED, HOURS = "tokens_per_second", "job_hours"
AMOUNTS = ("train_tokens", HOURS)  # targets that depend on the amount of work
MARGIN = 1e-6  # of the fastest: layouts as fast count as near
MOST_BYTES = 64_000_000  # of kept kinds
MOST_MET = 20_000  # kinds that are remembered as met once
CELLS = 24_000  # kinds x candidates at once: columns that stay in the cache


@dataclass(frozen=True, slots=True)
class Fast:
    """The fastest layouts of a kind of need, and those near.

    row    of the table of all candidates; group: of `Groups`
    speed  token/s
    """

    row: np.ndarray
    group: np.ndarray
    speed: np.ndarray

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self.row.nbytes + self.group.nbytes + self.speed.nbytes)


@dataclass(frozen=True, slots=True)
class Groups:
    """Every card, size and node of a catalog, in this order. of_row: group of each row of the table of candidates."""

    card: np.ndarray
    size: np.ndarray
    node: np.ndarray
    memory: np.ndarray
    order: np.ndarray
    of_row: np.ndarray


kept: Kept[Fast] = Kept(MOST_BYTES, MOST_MET)


def kinds_of(contexts: Sequence[Context]) -> list[Any]:
    """The kind of each need, None where it is not worth sharing; all have one task, pack and catalog."""
    if not _splits(contexts[0]):
        return [None] * len(contexts)
    keys = [_key(context) for context in contexts]
    many = Counter(keys)
    worth = {key for key in many if many[key] > 1 or kept.get(key) is not None or kept.met(key)}
    return [key if key in worth else None for key in keys]


def shared_surveys(contexts: Sequence[Context], kinds: Sequence[Any]) -> list[Survey | None]:
    """The fastest layouts of each need on all cards that it may have; None where the margin is too small."""
    if not contexts:
        return []
    fast = _fast_of(contexts, kinds)
    parts = []
    for i, (context, kind) in enumerate(zip(contexts, kinds, strict=True)):
        settled, one = context.settled, fast[kind]
        some = _allowed(context.catalog, settled.allowed.tobytes(), settled.max_cards or 0)[one.group]
        row = one.row[some]
        parts.append((np.full(len(row), i), row, one.group[some], one.speed[some]))
    need, row, group, speed = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    groups = every_group(contexts[0].catalog)
    hours = _hours(contexts, need, groups.card[group], speed)
    finite = np.isfinite(hours)
    need, row, group, speed, hours = (column[finite] for column in (need, row, group, speed, hours))
    rounded = _rounded(hours)
    key = need * len(groups.card) + group
    start = np.flatnonzero(np.diff(key, prepend=-1))
    if not len(start):
        return [None] * len(contexts)
    least = np.minimum.reduceat(rounded, start)
    best = np.flatnonzero(rounded <= np.repeat(least, np.diff(start, append=len(key))))
    first = best[np.flatnonzero(np.diff(key[best], prepend=-1))]
    slower = np.maximum.reduceat(speed, start) * (1 - MARGIN)
    outside = _rounded(_hours(contexts, need[start], groups.card[group[start]], slower))
    unsure = set(need[start[outside <= least]].tolist())
    ends = np.searchsorted(need[first], np.arange(1, len(contexts)))
    chosen = group[first]
    columns = (
        groups.card[chosen], groups.size[chosen], groups.node[chosen], hours[first], groups.memory[chosen],
        row[first],
    )  # fmt: skip
    split = zip(*(np.split(column, ends) for column in columns), strict=True)
    return [None if i in unsure else Survey(Gangs(*own[:5]), own[5]) for i, own in enumerate(split)]


def _rounded(hours: np.ndarray) -> np.ndarray:
    """Hours as they are compared: equal within the tolerance is equal."""
    rounded: np.ndarray = np.round(np.log(np.maximum(hours, 1e-12)), 9)
    return rounded


def _splits(context: Context) -> bool:
    """Whether the hours follow from the speed and from what is the same for all layouts of a card."""
    rules = context.pack.rules
    if SPEED not in rules or HOURS not in rules or HOURS in context.fixed:
        return False
    read = _read_by_hours(context)
    varies = {name for name, one in INPUTS.items() if one.origin not in ("need", "model")}
    return SPEED in read and not read & varies


def _read_by_hours(context: Context) -> frozenset[str]:
    """Names that the hours read, the speed among them and not what it rests on."""
    pack, fixed = context.pack, frozenset(context.fixed)

    def found() -> frozenset[str]:
        inputs = pack.read_by([HOURS]) - set(pack.rules)
        steps = pack.order([HOURS], inputs | fixed | {SPEED})
        return frozenset(name for rule in steps for name in rule.parameters)

    return pack.kept(("read by hours", fixed), found)


def speed_targets(context: Context) -> list[str]:
    """What must be known of layouts before the amount of work is."""
    return [name for name in context.targets if name not in AMOUNTS]


def _key(context: Context) -> Any:
    """All that the speed of layouts, and whether they can be used, depends on."""
    settled, pack = context.settled, context.pack
    targets = speed_targets(context)
    read = pack.read_by(targets)
    values = tuple(
        (name, value.tobytes() if isinstance(value, np.ndarray) else value)
        for name, value in settled.quantities.items()
        if name in read
    )
    fixed = tuple(sorted((name, value) for name, value in context.fixed.items() if name in read))
    need = settled.need
    wanted, money = _picks(context.catalog, read)
    return (
        context.catalog, pack, values, fixed, tuple((k, settled.selectors.get(k)) for k in wanted),
        settled.currency if money else None, need.confidence, getattr(need, "recompute", None),
    )  # fmt: skip


@functools.lru_cache(maxsize=64)
def _picks(catalog: Catalog, read: frozenset[str]) -> tuple[tuple[str, ...], bool]:
    """What of a need picks the rows of assumptions that are read, and columns of cards; whether any is money."""
    rows = [
        row for name in sorted(read & set(catalog.assumptions)) for row in catalog.assumptions[name].values()
    ]
    named = {part.partition("=")[0] for row in rows for part in row.key.split(",") if part}
    return tuple(sorted({"precision", "method"} | named)), any(currency_of([row]) for row in rows)


def _fast_of(contexts: Sequence[Context], kinds: Sequence[Any]) -> dict[Any, Fast]:
    """The fastest layouts of each kind; those not known yet are found together, card by card."""
    fast = {kind: kept.get(kind) for kind in kinds}
    new = [kind for kind, one in fast.items() if one is None]
    if new:
        some = [contexts[kinds.index(kind)] for kind in new]
        for kind, one in zip(new, _surveyed(some), strict=True):
            fast[kind] = one
            kept.put(kind, one)
    return {kind: one for kind, one in fast.items() if one is not None}


def _surveyed(contexts: Sequence[Context]) -> list[Fast]:
    grid, groups = Grid(contexts, slots_of(contexts)), every_group(contexts[0].catalog)
    rows: list[list[np.ndarray]] = [[] for _ in contexts]
    speeds: list[list[np.ndarray]] = [[] for _ in contexts]
    offset = 0
    for card in every_card(contexts[0].catalog)[0]:
        step = max(1, CELLS // len(card.table))
        for begin in range(0, len(contexts), step):
            some = np.arange(begin, min(begin + step, len(contexts)))
            near, speed = _near(contexts, card, grid, some)
            for k, i in enumerate(some.tolist()):
                here = np.flatnonzero(near[k])
                rows[i].append(here + offset)
                speeds[i].append(speed[k, here])
        offset += len(card.table)
    found = []
    for row, fast in zip((np.concatenate(r) for r in rows), (np.concatenate(s) for s in speeds), strict=True):
        group = groups.of_row[row]
        order = np.lexsort((row, group))
        found.append(Fast(row[order].astype(np.int32), group[order].astype(np.int32), fast[order]))
    return found


def _near(
    contexts: Sequence[Context], card: Card, grid: Grid, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(kinds, layouts of a card): where a layout is the fastest of its size and node, or near; speed (token/s)."""
    assessment = grid.on(card.table, rows, one_card=True, targets=speed_targets(contexts[0]))
    shape = (len(rows), len(card.table))
    can = usable(contexts, card, rows, assessment)
    speed = np.broadcast_to(np.asarray(assessment.values[SPEED], dtype=float), shape)
    can &= speed > 0
    best = np.maximum.reduceat(np.where(can, speed, -math.inf), card.start, axis=1)
    widths = np.diff(card.start, append=shape[1])
    return can & (speed >= np.repeat(best * (1 - MARGIN), widths, axis=1)), speed


def _hours(contexts: Sequence[Context], need: np.ndarray, card: np.ndarray, speed: np.ndarray) -> np.ndarray:
    """Hours of the job by the rules, of each pair of need and layout."""
    first = contexts[0]
    given: dict[str, Any] = {SPEED: speed}
    read = _read_by_hours(first) - {SPEED}
    for name in first.settled.quantities:
        if name in read:
            given[name] = np.array([c.settled.quantities[name] for c in contexts], dtype=float)[need]
    names = tuple(assumption_names(first.pack, [HOURS], given, first.catalog))
    ends = [SCENARIOS.index("worse" if c.settled.need.confidence == "high" else "expected") for c in contexts]
    given |= assumed(contexts, names, need, np.array(ends)[need], card)
    fixed = {name: np.array([c.fixed[name] for c in contexts])[need] for name in first.fixed if name in read}
    hours = evaluate(first.pack, given, [HOURS], fixed).values[HOURS]
    return np.asarray(np.broadcast_to(hours, speed.shape), dtype=float)


@functools.lru_cache(maxsize=8)
def every_group(catalog: Catalog) -> Groups:
    """Every card, size and node that a training job could have."""
    cards, _ = every_card(catalog)
    code = np.concatenate([np.full(len(card.start), card.code) for card in cards])
    size, node = (np.concatenate([getattr(card, name) for card in cards]) for name in ("gang", "node"))
    widths = np.concatenate([np.diff(card.start, append=len(card.table)) for card in cards])
    order = np.lexsort((node, size, code))
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    memory = np.array([c.usable_gib for c in catalog.cards.values()])
    return Groups(code[order], size[order], node[order], memory[code[order]], order, np.repeat(place, widths))


@functools.lru_cache(maxsize=256)
def _allowed(catalog: Catalog, allowed: bytes, most: int) -> np.ndarray:
    """Which groups are candidates under these offers and so many cards (0 = any)."""
    offered = offered_by(catalog, allowed)
    can = [candidates_of(card, catalog, offered, most) for card in every_card(catalog)[0]]
    found: np.ndarray = np.concatenate(can)[every_group(catalog).order]
    return found
