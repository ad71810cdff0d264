"""The account of a common program: who got what, what the limits took, what one more of the scarce ones is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import orjson

from optplan.batch.store import Line
from optplan.batch.together.alone import Piece
from optplan.batch.together.limits import OWNED, Cells, Shared
from optplan.batch.together.search import Choice, Search
from optplan.units import TOLERANCE

STEPS: Final = (1, 2, 4, 8)  # cards more that are tried, until they help: nodes come in these sizes


@dataclass(frozen=True, slots=True)
class Worth:
    """What more of a limit brings, found by solving again.

    more      cards more
    saves     less cost in all, in the common currency
    per_hour  the same a card and hour, over the longest time that a need which gains cards holds them; None
              where nobody holds them for a known time
    serves    needs more that get a plan
    """

    more: int
    saves: float
    per_hour: float | None
    serves: int


@dataclass(frozen=True, slots=True)
class LimitAccount:
    """One shared limit: in cards, or in money for the budget. worth: None where more would bring nothing."""

    name: str
    unit: str
    used: float
    allowed: float
    worth: Worth | None = None

    @property
    def spare(self) -> float:
        """What is left."""
        return self.allowed - self.used


@dataclass(frozen=True, slots=True)
class Share:
    """What one need gets. cards: "8 x H100 + API ..", "" where there was no room; costs in the common currency."""

    place: str
    name: str
    cards: str
    providers: str
    cost: float | None
    alone: float


@dataclass(frozen=True, slots=True)
class Together:
    """The account.

    total, bound  cost of all plans, and what no choice that serves as many needs goes below
    alone         the same needs, each as if it were the only one: what sharing costs is the difference
    left_out      of them, how many have a plan alone, but no room under the shared limits
    needs         all that have a plan alone, in order
    all_served    what it would cost to serve them all with more budget; None where that is not it
    """

    currency: str
    total: float
    bound: float
    alone: float
    served: int
    left_out: int
    needs: tuple[Share, ...]
    limits: tuple[LimitAccount, ...]
    all_served: float | None
    looks: int
    programs: int

    @property
    def gap(self) -> float:
        """(total - bound) / total; 0 is proof."""
        return max(0.0, (self.total - self.bound) / self.total) if self.total else 0.0

    def json(self) -> dict[str, Any]:
        """For programs."""
        limits = [asdict(limit) | {"spare": limit.spare} for limit in self.limits]
        return asdict(self) | {"gap": self.gap, "limits": limits}


def account(
    search: Search,
    choice: Choice,
    firsts: dict[int, Piece],
    lines: Sequence[Line],
    shared: Shared,
    currency: str,
) -> Together:
    """Everything but the plans themselves. Solves again with more of each limit that is nearly used up."""
    cells = search.cells
    most = [float(cards) for cards in cells.most]
    budget = (
        math.inf if shared.budget is None else search.convert(shared.budget.amount, shared.budget.currency)
    )
    limits = []
    for limit, name in enumerate(cells.names):
        used = _used(choice, cells, limit)
        owned = name.startswith(
            OWNED
        )  # a single plan cannot take more than there is, so more has no price here
        worth = None if owned else _worth(search, choice, cells, limit, most, budget)
        limits.append(LimitAccount(name, "cards", used, most[limit], worth))
    all_served = None
    if shared.budget is not None:
        limits.append(LimitAccount("budget", currency, choice.total, budget))
        free = search.best(most) if len(choice.given) < len(firsts) else choice
        all_served = free.total if len(choice.given) < len(free.given) == len(firsts) else None
    alone = math.fsum(search.convert(firsts[n].cost, firsts[n].currency) for n in choice.given)
    shares = tuple(_share(search, lines[n], piece, choice.given.get(n)) for n, piece in firsts.items())
    left_out = len(firsts) - len(choice.given)
    served = len(choice.given)
    return Together(
        currency, choice.total, choice.bound, alone, served, left_out, shares, tuple(limits), all_served,
        search.looks, search.programs,
    )  # fmt: skip


def _share(search: Search, line: Line, alone: Piece, given: Piece | None) -> Share:
    cards, providers, cost = "", "", None
    if given is not None:
        row = orjson.loads(b"{" + given.answer.rest)
        found = [f"{card['count']} x {card['gpu']}" for card in row["cards"]]
        cards = " + ".join([*found, *(f"API {line['model'] or line['offer']}" for line in row["apis"])])
        providers = " + ".join(dict.fromkeys(line["provider"] for line in (*row["cards"], *row["apis"])))
        cost = search.convert(given.cost, given.currency)
    name = line.name or line.place
    return Share(line.place, name, cards, providers, cost, search.convert(alone.cost, alone.currency))


def _used(choice: Choice, cells: Cells, limit: int) -> float:
    counts = cells.counts[limit]
    return float(
        sum(n for piece in choice.given.values() for n, on in zip(piece.usage, counts, strict=True) if on)
    )


def _worth(
    search: Search, choice: Choice, cells: Cells, limit: int, most: Sequence[float], budget: float
) -> Worth | None:
    """The fewest cards more that help, and how much."""
    if _used(choice, cells, limit) + STEPS[-1] <= most[limit]:
        return None
    for more in STEPS:
        raised = [cards + more * (i == limit) for i, cards in enumerate(most)]
        better = search.best(raised, budget)
        serves, saves = len(better.given) - len(choice.given), choice.total - better.total
        if serves > 0 or saves > TOLERANCE * choice.total:
            hours = _held(better, choice, cells, limit)
            return Worth(more, saves, saves / more / hours if hours else None, serves)
    return None


def _held(better: Choice, choice: Choice, cells: Cells, limit: int) -> float:
    """The longest time that a need holds cards which it gets from the raised limit."""
    counts = np.flatnonzero(cells.counts[limit])

    def taken(piece: Piece | None) -> int:
        return 0 if piece is None else sum(piece.usage[cell] for cell in counts)

    gaining = [p for n, p in better.given.items() if taken(p) > taken(choice.given.get(n))]
    return max((p.hours for p in gaining if math.isfinite(p.hours)), default=0.0)
