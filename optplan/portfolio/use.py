"""Who uses which cards in which month, and what that costs each need."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from optplan.portfolio.flat import Flat
from optplan.portfolio.parts import MONTH_HOURS, Block, Instance, Option
from optplan.portfolio.plan import Carried, NeedMonth
from optplan.units import HOUR

HOW = {
    "buy": "owned",
    "reserved_1y": "reserved",
    "reserved_3y": "reserved",
    "on_demand": "rented",
    "spot": "rented",
    "owned": "owned",
}
# whose cards a need is said to use first
FIRST_USED = ("owned", "buy", "reserved_3y", "reserved_1y", "on_demand", "spot")
SMALL = 1e-9


class Use:
    """Units of a solution by whose they are, and what each costs. Cards that `needs` has given out are gone."""

    def __init__(self, flat: Flat, values: Mapping[int, float]) -> None:
        self.flat, self.values = flat, values
        self.instance: Instance = flat.capital.instance
        # (class, month) -> source -> units
        self.flow: dict[tuple[int, int], dict[int, int]] = defaultdict(dict)
        for (group, s, t), x in flat.capital.flow.items():
            units = round(values.get(x, 0.0))
            if units:
                self.flow[group, t][s] = units
        self.at_work = self._at_work()
        self.cost = self._cost_of_units()
        self.cost_of_turns = self._cost_of_turns()
        self.left = self._all()

    def _all(self) -> dict[tuple[int, int], dict[int, int]]:
        return {key: dict(flows) for key, flows in self.flow.items()}

    def _at_work(self) -> dict[tuple[int, int], int]:
        """(source, month) -> units at work."""
        used: dict[tuple[int, int], int] = defaultdict(int)
        for (_, t), flows in self.flow.items():
            for s, units in flows.items():
                used[s, t] += units
        return used

    def needs(self) -> list[NeedMonth]:
        """Each need in each month, in the order of the document."""
        found = []
        for made in self.flat.blocks:
            block = made.block
            need = self.instance.needs[block.need]
            carried: list[Carried] = []
            counts: dict[str, int] = defaultdict(int)
            cost, tokens = 0.0, 0.0
            chosen = [
                (option, self.values[x])
                for x, option in zip(made.units, block.options, strict=True)
                if self.values.get(x, 0.0) > SMALL
            ]
            carries = math.fsum(_covers(block, option, amount) for option, amount in chosen)
            for option, amount in chosen:
                share = _covers(block, option, amount) / carries if carries else 0.0
                for part, paid in self._parts(block, option, amount, share):
                    carried.append(part)
                    counts[part.how] += part.cards
                    cost += paid
                    tokens += part.tokens
            found.append(
                NeedMonth(
                    need.name, block.month + 1, math.fsum(block.demand), need.unit, counts["owned"],
                    counts["reserved"], counts["rented"], counts["hired"], tokens, cost, carried,
                )
            )  # fmt: skip
        return found

    def _parts(
        self, block: Block, option: Option, amount: float, share: float
    ) -> list[tuple[Carried, float]]:
        """What an option does for its block, and what it costs; units of a class are told by whose they are."""
        t, way = block.month, option.way
        alone = amount * option.cost
        if way.kind == "api":
            tokens = self._tokens(block, option, amount)
            return [(Carried("api", way.label, share, tokens=tokens, cost=alone), alone)]
        if way.kind == "hire":
            cards = round(amount) * sum(count for _, _, count in option.hired)
            return [(Carried("hired", way.label, share, cards, way.hours, cost=alone), alone)]
        if way.kind == "queue":
            gpus = self.instance.groups[option.group].gpus
            paid = amount * option.units * option.width * self.cost_of_turns[option.group, t]
            hours = amount * option.units * MONTH_HOURS
            return [(Carried("queue", way.label, share, option.width * gpus, hours), paid)]
        units, found = round(amount * option.units), []
        for s, taken in self._taken(self.left.get((option.group, t), {}), units):
            source, part = self.instance.sources[s], share * taken / units
            one = Carried(HOW[source.kind], way.label, part, taken * source.gpus)
            found.append((one, taken * self.cost[s]))
        return found

    def _taken(self, flows: dict[int, int], units: int) -> list[tuple[int, int]]:
        """(source, units) of so many units, in the order in which needs are said to use them; taken off the flows."""
        found = []
        for s in sorted(flows, key=lambda s: (FIRST_USED.index(self.instance.sources[s].kind), s)):
            taken = min(units, flows[s])
            if taken:
                flows[s] -= taken
                units -= taken
                found.append((s, taken))
        return found

    def _cost_of_turns(self) -> dict[tuple[int, int], float]:
        """(class, month) -> cost of the units that queues have there, over the unit-months that their jobs take."""
        left = self._all()
        busy: dict[tuple[int, int], float] = defaultdict(float)
        for made in self.flat.blocks:
            for x, option in zip(made.units, made.block.options, strict=True):
                key, amount = (option.group, made.block.month), self.values.get(x, 0.0)
                if amount > SMALL and option.width:
                    busy[key] += amount * option.units * option.width
                elif amount > SMALL and option.group >= 0:
                    self._taken(left.get(key, {}), round(amount * option.units))
        return {
            key: math.fsum(units * self.cost[s] for s, units in left.get(key, {}).items()) / share
            for key, share in busy.items()
        }

    def _tokens(self, block: Block, option: Option, amount: float) -> float:
        """Tokens read and written in the month."""
        need = self.instance.needs[block.need]
        j = int(np.argmax(option.cover))
        lengths = 0.0
        for name in ("prompt_tokens", "answer_tokens"):
            values = np.asarray(need.context.settled.quantities[name], dtype=float).reshape(-1)
            lengths += float(values[j if len(values) > 1 else 0])
        requests = amount * (MONTH_HOURS * HOUR if need.task == "serve" else 1.0)
        return requests * lengths

    def _cost_of_units(self) -> dict[int, float]:
        """Source -> what a unit at work for a month costs: all that the source costs over all units at work."""
        spent: dict[int, float] = defaultdict(float)
        used: dict[int, int] = defaultdict(int)
        capital = self.flat.capital
        for key, x in [*capital.acquired.items(), *((k[1:], x) for k, x in capital.flow.items())]:
            value = self.values.get(x, 0.0)
            if value > SMALL:
                spent[key[0]] += value * math.fsum(p.amount for p in self.flat.ledger.payments(x))
        for (s, _), units in self.at_work.items():
            used[s] += units
        return {s: spent[s] / used[s] if used[s] else 0.0 for s in {*spent, *used}}


def _covers(block: Block, option: Option, amount: float) -> float:
    """Share of the block's demand that so many of an option could carry."""
    parts = [c / d for c, d in zip(option.cover, block.demand, strict=True) if d > 0]
    return min(1.0, amount * sum(parts) / len(parts)) if parts else 0.0
