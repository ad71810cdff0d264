"""Large portfolios: patterns give a bound and prices, then purchases are made whole, then each month by itself.

1 Patterns (`master`): a relaxed program and a bound on every plan.
2 Capital: purchases, reservations and queues whole, patterns still in parts.
3 Months: with these purchases the months have nothing in common but budgets; each is a small program.
4 Purchases once more, for exactly what the months use. Shortfalls of step 3 are mended here.

From step 2 on, blocks have only the options that some pattern of step 1 used: the bound is that of all options.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np

from optplan.portfolio.carve import Carver
from optplan.portfolio.flat import Flat, flat_program
from optplan.portfolio.master import Master, add, build_master, generate
from optplan.portfolio.offers import Pattern
from optplan.portfolio.parts import Instance
from optplan.solve_long import Stop, search

Take = Callable[[str, Flat, dict[int, float], float], None]  # step, program, values, cost of a plan found
Tell = Callable[[str, float], None]  # step, bound
CAPITAL_SECONDS = 12.0
CAPITAL_SHARE = 0.25  # of the time left
CAPITAL_GAP = 5e-4
SHARE = 0.6  # of the time left: for a round of months
AIM = 0.9  # of the gap asked for: what a round of months aims at
LEAST = 0.2  # of the gap asked for: what a round of months may always cost more
WORTH = 2e-4  # relative: a round that gains less is the last
TOGETHER = 2  # months that are searched at once
MENDING_SECONDS = 6.0
KINDS = (("buy", "reserved_3y", "reserved_1y", "on_demand", "spot"), ("on_demand", "spot"), ("owned", "buy"))


@dataclass(slots=True)
class Decomposition:
    """The state of a search.

    flat    the program over the options that patterns use, as far as there is one; plan: the best of it
    places  block -> option -> its place among those kept ({}: all are)
    """

    instance: Instance
    master: Master
    take: Take
    tell: Tell
    goal: float
    best: float = math.inf
    plan: dict[int, float] | None = None
    flat: Flat | None = None
    carver: Carver | None = None
    places: list[dict[int, int]] = field(default_factory=list)

    @property
    def bound(self) -> float:
        """No plan costs less."""
        return self.master.bound

    @property
    def good(self) -> bool:
        """Is the gap as small as was asked?"""
        return self.best - self.bound <= self.goal * abs(self.best)


def decompose(instance: Instance, stop: Stop, goal: float, take: Take, tell: Tell) -> float:
    """Search until the gap is at most `goal` or it is time to stop; plans go to `take`. Returns the bound."""
    state = Decomposition(instance, build_master(instance), take, tell, goal)
    _begin(state)
    if stop.now or not generate(state.master, stop, lambda bound: tell("patterns", bound)):
        return state.bound
    _narrow(state)
    _by_prices(state, stop)
    if stop.now or state.good:
        return state.bound
    capital = _capital(state, stop)
    if capital is None and state.plan is not None:  # no purchases in time: those of the best plan so far
        shared = set(_shared(_program(state)[0]))
        capital = state.plan, {x: v for x, v in state.plan.items() if x not in shared}
    if capital is not None and not stop.now:
        _months(state, *capital, stop)
    return state.bound


def _begin(state: Decomposition) -> None:
    """First patterns, by what a month of each kind usually costs; the first of them as a plan."""
    master = state.master
    first: dict[int, Pattern] = {}
    capital = {
        key: master.capital.ledger.program.variables[x].cost for key, x in master.capital.acquired.items()
    }
    for kinds in KINDS:
        found = master.desk.priced(master.desk.usual(kinds, capital), Stop()) or []
        add(master, [(b, one.pattern) for b, one in enumerate(found) if one.pattern])
        for b, one in enumerate(found):
            if one.pattern:
                first.setdefault(b, one.pattern)
    if len(first) == len(state.instance.blocks):
        _narrow(state)
        _purchases(state, _carried(state, first.items()), Stop.after(MENDING_SECONDS), "first plan")


def _narrow(state: Decomposition) -> None:
    """The program over the options that some pattern uses; blocks with rows of their own keep all of theirs."""
    used: list[set[int]] = [set() for _ in state.instance.blocks]
    for b, pattern in state.master.columns:
        used[b].update(i for i, _ in pattern)
    blocks = []
    state.places = []
    for block, some in zip(state.instance.blocks, used, strict=True):
        every = not state.instance.needs[block.need].plain()
        kept = range(len(block.options)) if every else sorted(some)
        state.places.append({} if every else {i: k for k, i in enumerate(kept)})
        blocks.append(replace(block, options=tuple(block.options[i] for i in kept)))
    state.flat = flat_program(replace(state.instance, blocks=blocks))
    state.carver = Carver(state.flat.program)
    state.plan = None  # its numbers are those of another program


def _program(state: Decomposition) -> tuple[Flat, Carver]:
    if state.flat is None or state.carver is None:
        raise RuntimeError("no patterns yet")
    return state.flat, state.carver


def _carried(
    state: Decomposition, patterns: Iterable[tuple[int, Pattern]], share: float = 1.0
) -> dict[int, float]:
    """Patterns as values of the program's variables."""
    flat, _ = _program(state)
    values: dict[int, float] = {}
    for b, pattern in patterns:
        first, places = flat.blocks[b].variables.start, state.places[b]
        for i, amount in pattern:
            values[first + (places[i] if places else i)] = amount * share
    return values


def _by_prices(state: Decomposition, stop: Stop) -> None:
    """Each block by the pattern that has most of it in the relaxed program."""
    most = _most(state, state.master.amounts)
    if len(most) == len(state.instance.blocks):
        _purchases(state, _carried(state, most.items()), stop, "patterns")


def _most(state: Decomposition, amounts: np.ndarray) -> dict[int, Pattern]:
    """block -> the pattern that has most of it."""
    best: dict[int, tuple[float, Pattern]] = {}
    master = state.master
    for (b, pattern), amount in zip(master.columns, amounts[master.first :], strict=False):
        if amount > best.get(b, (0.0, ()))[0]:
            best[b] = (float(amount), pattern)
    return {b: pattern for b, (_, pattern) in best.items()}


def _shared(flat: Flat) -> list[int]:
    """Variables of no block."""
    mine = {x for made in flat.blocks for x in made.variables}
    return [x for x in range(len(flat.program.variables)) if x not in mine]


def _purchases(state: Decomposition, carried: dict[int, float], stop: Stop, step: str) -> None:
    """The cheapest purchases for exactly these ways to carry the needs."""
    flat, carver = _program(state)
    part, chosen = carver.part(_shared(flat), carried)
    found = search(part, stop, gap=CAPITAL_GAP, seconds=MENDING_SECONDS)
    if found.values:
        values = carried | {chosen[i]: value for i, value in found.values.items()}
        cost = flat.program.cost(values)
        if cost < state.best:
            state.best, state.plan = cost, values
            state.take(step, flat, values, cost)


def _capital(state: Decomposition, stop: Stop) -> tuple[dict[int, float], dict[int, float]] | None:
    """All variables, with purchases whole and needs carried by fractions of patterns; and those by their largest."""
    master, (flat, _) = state.master, _program(state)
    found = master.relaxed.whole(
        stop, seconds=min(CAPITAL_SECONDS, CAPITAL_SHARE * stop.left), gap=CAPITAL_GAP
    )
    if found is None:
        return None
    amounts = found[2]
    values: dict[int, float] = {}
    number = {v.name: x for x, v in enumerate(flat.program.variables)}
    for i, v in enumerate(master.capital.ledger.program.variables):
        if amounts[i] > 1e-9 and v.name in number:
            values[number[v.name]] = float(round(amounts[i])) if v.integer else float(amounts[i])
    for (b, pattern), share in zip(master.columns, amounts[master.first :], strict=True):
        if share > 1e-9:
            for x, amount in _carried(state, [(b, pattern)], float(share)).items():
                values[x] = values.get(x, 0.0) + amount
    state.tell("capital", state.bound)
    return values, _carried(state, _most(state, amounts).items())


def _months(state: Decomposition, values: dict[int, float], whole: dict[int, float], stop: Stop) -> None:
    """Each month as a program of its own; then purchases once more. Again while that helps.

    values: purchases, and needs carried by fractions; whole: what a month begins with.
    """
    flat, _ = _program(state)
    shared = set(_shared(flat))
    over = (1 + AIM * state.goal) * state.bound - flat.program.cost(values)
    slack: float | None = max(LEAST * state.goal * abs(state.bound), over)
    while not stop.now:
        before = state.best
        carried = _each_month(state, values, whole, slack, stop)
        whole = {x: v for x, v in carried.items() if x not in shared}
        _purchases(state, whole, Stop.after(MENDING_SECONDS), "months")
        if state.good or state.best > before - WORTH * abs(before) or state.plan is None:
            return
        values, slack = state.plan, None
        whole = {x: v for x, v in values.items() if x not in shared}


def _each_month(
    state: Decomposition, values: dict[int, float], whole: dict[int, float], slack: float | None, stop: Stop
) -> dict[int, float]:
    """All variables with the months' needs carried by whole numbers.

    slack: how much all months together may cost more than `values`; None: as little as the time allows.
    """
    flat, carver = _program(state)
    months = sorted({made.block.month for made in flat.blocks})
    carried = dict(values)

    def one(done: int) -> tuple[list[int], dict[int, float]]:
        t = months[done]
        part, chosen = carver.part(_free(flat, t), carried, _shortfalls(flat, t))
        now = math.fsum(flat.program.variables[x].cost * carried.get(x, 0.0) for x in chosen)
        start = {i: whole[x] for i, x in enumerate(chosen) if x in whole}
        found = search(
            part,
            stop,
            gap=state.goal / 8,
            target=None if slack is None else now + slack / len(months),
            seconds=max(0.3, SHARE * TOGETHER * stop.left / (len(months) - done)),
            start=start,
        )
        usual = {x: whole[x] for x in chosen if x in whole}
        return chosen, {chosen[i]: v for i, v in found.values.items() if i < len(chosen)} or usual

    apart = not math.isfinite(state.instance.budget)  # a budget over all months ties them together
    with ThreadPoolExecutor(TOGETHER if apart else 1) as pool:
        waiting = [pool.submit(one, done) for done in range(len(months))] if apart else []
        for done, t in enumerate(months):
            chosen, got = waiting[done].result() if apart else one(done)
            for x in chosen:
                carried.pop(x, None)
            carried |= got
            state.tell(f"month {t + 1} of {state.instance.months}", state.bound)
    return carried


def _free(flat: Flat, month: int) -> list[int]:
    """Variables of one month: its blocks, who uses what, its queues."""
    capital = flat.capital
    free = [x for made in flat.blocks if made.block.month == month for x in made.variables]
    free += [x for (_, _, t), x in capital.flow.items() if t == month]
    return free + [x for (_, _, t), x in capital.queue.items() if t == month]


def _shortfalls(flat: Flat, month: int) -> dict[int, float]:
    """Units held -> what one more costs: a month may go short of some, and the purchases are mended after."""
    capital, program = flat.capital, flat.program
    return {
        x: max(0.0, program.variables[capital.acquired[s, t]].cost)
        for (s, t), x in capital.held.items()
        if t == month
    }
