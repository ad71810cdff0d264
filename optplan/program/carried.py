"""Whether units carry traffic classes that may be divided among them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Sequence

import numpy as np

from optplan.units import TOLERANCE

Tree = tuple[tuple[int, int], ...]  # pairs of classes


def short_of(load: np.ndarray, held: Sequence[int]) -> np.ndarray | None:
    """None where units carry all classes; else what a unit of each column earns at prices that they cannot earn: 1.

    load: (classes, columns) units that carry a class alone. Units carry all classes unless some prices of the classes
    make all of the work worth more than the units can earn, each of them with the class that pays it best. What they
    earn beyond that is convex in the prices, and linear but where two classes pay a column alike; so only prices that
    follow from such pairs, class by class, need a look.
    """
    used = [i for i, n in enumerate(held) if n]
    units = np.array([held[i] for i in used], dtype=float)
    least, worst = 1 - TOLERANCE, None
    with np.errstate(divide="ignore", invalid="ignore"):
        speed = 1.0 / load  # of a class carried by one unit
        for members, tree in trees(len(load)):
            prices = _prices(speed[:, used], members, tree)
            earned = (prices[:, :, None] * speed[:, used]).max(axis=1) @ units
            if len(earned) and earned.min() < least:
                least, worst = float(earned.min()), prices[int(earned.argmin())]
    return None if worst is None else np.asarray((worst[:, None] * speed).max(axis=0))


def _prices(speed: np.ndarray, members: tuple[int, ...], tree: Tree) -> np.ndarray:
    """(prices, classes): those at which each pair of a tree pays one of the columns alike; their sum is 1."""
    classes, columns = speed.shape
    if not tree:
        prices = np.zeros((1, classes))
        prices[0, members[0]] = 1.0
        return prices
    picks = np.array(list(itertools.product(range(columns), repeat=len(tree))))
    prices = np.zeros((len(picks), classes))
    prices[:, members[0]] = 1.0
    for pick, (known, other) in zip(picks.T, tree, strict=True):
        prices[:, other] = prices[:, known] * speed[known, pick] / speed[other, pick]
    good = np.isfinite(prices).all(axis=1)
    prices = prices[good & (prices[:, list(members)] > 0).all(axis=1)]
    return np.asarray(prices / prices.sum(axis=1, keepdims=True))


@functools.lru_cache(maxsize=16)
def trees(classes: int) -> list[tuple[tuple[int, ...], Tree]]:
    """Every set of classes with every tree that spans it, an edge from a class already reached to a new one."""
    found = []
    for size in range(1, classes + 1):
        for members in itertools.combinations(range(classes), size):
            pairs = list(itertools.combinations(members, 2))
            for edges in itertools.combinations(pairs, size - 1):
                tree = _rooted(members[0], edges)
                if len(tree) == size - 1:
                    found.append((members, tree))
    return found


def _rooted(root: int, edges: tuple[tuple[int, int], ...]) -> Tree:
    """The edges in the order in which they reach new classes; fewer where they do not reach all."""
    reached, rest, tree = {root}, list(edges), []
    while step := next((e for e in rest if len(reached & set(e)) == 1), None):
        rest.remove(step)
        known, other = step if step[0] in reached else step[::-1]
        reached.add(other)
        tree.append((known, other))
    return tuple(tree)
