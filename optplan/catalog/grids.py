"""Electric grids, and which of them a provider's region draws from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optplan.errors import Fault, nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from optplan.catalog.read import Table
    from optplan.catalog.values import Offers

WORLD = "WORLD"  # the grid of a region that no row knows
ANYONE = "*"  # as a provider: any that has no row of its own for the region


@dataclass(frozen=True, slots=True)
class Grid:
    """Greenhouse gases of a kilowatt-hour, in grams of CO2 equivalent, as a mean over a place and a year.

    basis  lifecycle (fuel supply and building counted) or combustion
    """

    name: str
    place: str
    intensity_g_kwh: float
    year: int
    basis: str
    source: str
    date: str
    note: str


class Grids:
    """All grids by name, and the rule by which a region is in one.

    A row for the very region wins over one with a star at its end, the longest first; rows of the provider win
    over those of any provider.
    """

    def __init__(self, grids: dict[str, Grid], regions: Table) -> None:
        self.grids = grids
        self._exact: dict[tuple[str, str], str] = {}
        self._starts: dict[str, list[tuple[str, str]]] = {}
        columns = (regions.columns[name] for name in ("provider", "region", "grid"))
        for provider, region, grid in zip(*columns, strict=True):
            key, place = provider.lower(), region.lower()
            if place.endswith("*"):
                self._starts.setdefault(key, []).append((place[:-1], grid))
            else:
                self._exact[key, place] = grid
        for starts in self._starts.values():
            starts.sort(key=lambda start: -len(start[0]))
        self._known: tuple[Offers, NDArray[np.float64]] | None = None

    def find(self, provider: str, region: str) -> Grid:
        """The grid of a provider's region; the world mean (name WORLD) where no row knows it."""
        place = region.lower()
        for key in (provider.lower(), ANYONE):
            if (key, place) in self._exact:
                return self.grids[self._exact[key, place]]
            for start, grid in self._starts.get(key, ()):
                if place.startswith(start):
                    return self.grids[grid]
        return self.grids[WORLD]

    def of_offer(self, offers: Offers, i: int) -> Grid:
        """The grid of one offer."""
        return self.find(offers.providers[offers.provider[i]], offers.regions[offers.region[i]])

    def intensities(self, offers: Offers) -> NDArray[np.float64]:
        """Grams of CO2 equivalent a kilowatt-hour, one number an offer; worked out once for the same offers."""
        import numpy as np

        if self._known is None or self._known[0] is not offers:
            count = len(offers.regions)
            codes, inverse = np.unique(offers.provider * count + offers.region, return_inverse=True)
            found = [
                self.find(offers.providers[code // count], offers.regions[code % count]).intensity_g_kwh
                for code in codes.tolist()
            ]
            self._known = offers, np.array(found, dtype=float)[inverse]
        return self._known[1]


def grid_faults(grids: Table, regions: Table) -> Iterator[Fault]:
    """Regions of a grid that no row gives; a table without the world mean."""
    names = set(grids.columns["name"])
    if WORLD not in names:
        yield Fault("no-world-mean", "grids", f"no grid is called `{WORLD}`", "add the mean of the world")
    for i, grid in enumerate(regions.columns["grid"]):
        if grid not in names:
            close = nearest(grid, names, 1)
            hint = f"did you mean `{close[0]}`?" if close else "a row of grids.csv adds one"
            yield Fault("unknown-grid", regions.place(i), f"no grid is called `{grid}`", hint)
