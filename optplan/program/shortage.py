"""Whether units carry many traffic classes that may be divided among them: by prices of columns, which are few."""

from __future__ import annotations

import numpy as np

from optplan.units import TOLERANCE

MOST_PIVOTS = 500  # a test takes 0 to 70
SMALL = 1e-11  # of a pivot


class Undecided(Exception):
    """More pivots than are made."""


def earned_at(load: np.ndarray, prices: np.ndarray) -> np.ndarray:
    """What a unit of each column earns where a class pays what it costs where it costs least, and all of them pay 1.

    load: (classes, columns) units that carry a class alone; prices: of a unit of each column, infinite where it is
    not to be had. Units that carry all classes earn 1 or more, whatever the prices.
    """
    with np.errstate(invalid="ignore"):
        paid = np.where(np.isfinite(load) & np.isfinite(prices), load * prices, np.inf).min(axis=1)
    earned: np.ndarray = (paid[:, None] / load).max(axis=0) / paid.sum()
    return earned


def short_of_many(load: np.ndarray, held: np.ndarray) -> np.ndarray | None:
    """None where units carry all classes; else what a unit of each column earns at prices at which they earn below 1.

    load: (classes, columns) units that carry a class alone; held: units of each column, of some at least one. Raises
    Undecided.
    """
    used = np.flatnonzero(held)
    alone = np.isfinite(load[:, used]).any(axis=1)
    if not alone.all():
        return np.asarray(1.0 / load[int(np.argmin(alone))])
    short = _short(load[:, used], held[used].astype(float))
    if short is None:
        return None
    prices = np.full(len(held), np.inf)
    prices[used] = short
    return earned_at(load, prices)


def _short(load: np.ndarray, units: np.ndarray) -> np.ndarray | None:
    """Prices at which all of the work costs more than the units, which cost 1; None where they carry it.

    By how much all units would have to grow for a mixture of ways to give each class to one column to fit into them: a
    linear program with a row for each column, whose best way at the prices of the rows is easily found.
    """
    fits, rows, count = np.isfinite(load), np.arange(len(load)), len(units)
    finite = np.where(fits, load, 0.0)

    def cheapest(prices: np.ndarray) -> tuple[float, np.ndarray]:
        """(cost, units of each column) of the way that gives each class to the column where it costs least."""
        cost = np.where(fits, finite * prices, np.inf)
        best = cost.argmin(axis=1)
        return float(cost[rows, best].sum()), np.bincount(best, finite[rows, best], count)

    inverse = _begun(units, cheapest(1.0 / units)[1])
    for _ in range(MOST_PIVOTS):
        growth, prices = inverse[0, count], inverse[0, :count]
        if growth <= 1 + TOLERANCE:
            return None
        paid: np.ndarray = np.maximum(prices, 0.0)
        paid /= paid @ units
        cost, way = cheapest(paid)
        if cost > 1 + TOLERANCE:
            return paid
        column = np.append(-way, 1.0)
        if prices.min() < -SMALL:  # more units than that way takes
            column = np.zeros(count + 1)
            column[int(np.argmin(prices))] = -1.0
        _enter(inverse, column)
    raise Undecided


def _begun(units: np.ndarray, way: np.ndarray) -> np.ndarray:
    """The inverse of the first basis: the growth, unused units of all columns but one, and a way to give classes.

    Rows of the program: growth x units - those of the ways - unused ones = 0, a column each; the parts of ways are 1.
    """
    count = len(units)
    basis = np.zeros((count + 1, count + 1))
    basis[:count, 0] = units
    others = np.flatnonzero(np.arange(count) != np.argmax(way / units))
    basis[others, np.arange(1, count)] = -1.0
    basis[:count, count], basis[count, count] = -way, 1.0
    return np.asarray(np.linalg.inv(basis))


def _enter(inverse: np.ndarray, column: np.ndarray) -> None:
    """Take a column into the basis, in place of the one that is used up first."""
    used = inverse @ column
    some = used > SMALL
    if not some.any():
        raise Undecided
    leaves = int(np.argmin(np.where(some, inverse[:, -1] / np.where(some, used, 1.0), np.inf)))
    inverse[leaves] /= used[leaves]
    used[leaves] = 0.0
    inverse -= used[:, None] * inverse[leaves]
