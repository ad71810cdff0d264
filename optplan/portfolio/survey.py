"""Each need -> its options: layouts that hold on the nodes of each class, hires as the planner finds them, an API."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optplan.candidates import SIZES, Table, replica_table
from optplan.planner.context import Context
from optplan.planner.costs.pricing import Pricing
from optplan.planner.found import Found
from optplan.planner.search.fleets import find_fleet
from optplan.planner.search.jobs import find_job, joinable, survey_jobs
from optplan.planner.search.measured import with_measured
from optplan.portfolio.parts import MONTH_HOURS, Option, Source, Wanted, Way
from optplan.units import HOUR, TOLERANCE

Grouped = Callable[[tuple[int, ...]], int]  # sources -> class, numbered when first used
WIDTHS = (1, 2, 4, 8, 16)  # units of the queues of a class


@dataclass(frozen=True, slots=True)
class Shape:
    """One layout that holds: `spans` units of a kind of node carry `capacity` requests/s (or one gang of a job).

    hours  of one run of a job
    """

    card: int
    gpus: int
    spans: int
    capacity: tuple[float, ...]
    label: str
    replicas: int = 1
    hours: float = 0.0


class Survey:
    """All options of one need, month by month."""

    def __init__(self, need: Wanted, sources: list[Source], group: Grouped) -> None:
        self.need, self.group = need, group
        allowed = need.context.settled.allowed
        self.sources = [s for s in sources if allowed[s.offer]]
        self.hires: dict[float, list[Option]] = {}

    def options(self, month: int) -> tuple[Option, ...]:
        """The options of a month with demand. Equal demand of jobs and equal services share the same objects."""
        demand = self.need.demand[month]
        if self.need.task == "serve":
            return self._of_service
        if self.need.task == "finetune":
            return self._of_runs
        return self._of_batch(float(demand[0]))

    @cached_property
    def shapes(self) -> list[Shape]:
        """The best layout on each number of nodes of each kind."""
        if self.need.task == "finetune":
            return _gangs(self.need.context)
        return _replicas(self.need.context)

    def _places(self, shape: Shape) -> Iterable[int]:
        """Classes on whose units the shape can run: all sources of its node; one source where nodes must join."""
        fit = [s for s in self.sources if s.card == shape.card and s.gpus == shape.gpus]
        if not fit:
            return []
        if shape.spans == 1:
            return [self.group(tuple(s.index for s in fit))]
        return [self.group((s.index,)) for s in fit if s.joins]

    @cached_property
    def _of_service(self) -> tuple[Option, ...]:
        utilisation = self.need.context.utilisation
        return tuple(
            Option(
                Way("held", shape.label),
                tuple(c * utilisation for c in shape.capacity),
                {},
                place,
                float(shape.spans),
                replicas=shape.replicas,
                cards=shape.gpus * shape.spans,
                card=shape.card,
            )
            for shape in self.shapes
            for place in self._places(shape)
        )

    @cached_property
    def _of_runs(self) -> tuple[Option, ...]:
        """Gangs kept busy run after run, places in a queue, and hires by the hour; each covers whole runs."""
        deadline = self.need.context.settled.hours
        found = list(self._hired(1.0, 1.0))
        for shape in self.shapes:
            if shape.hours > min(deadline, MONTH_HOURS) * (1 + TOLERANCE):
                continue
            runs = math.floor(MONTH_HOURS / shape.hours * (1 + TOLERANCE))
            for place in self._places(shape):
                found.append(self._held(shape, place, float(runs)))
                found += self._queued(shape, place, 1.0, shape.hours)
        return tuple(found)

    def _of_batch(self, requests: float) -> tuple[Option, ...]:
        """Units kept for the month, a place in a queue for all of it, and a hire of all of it by the hour."""
        context = self.need.context
        setup = context.setup_hours
        longest = min(context.settled.hours, MONTH_HOURS)
        found = list(self._hired(requests, requests))
        for shape in self.shapes:
            rate = shape.capacity[0] * context.utilisation * HOUR  # requests an hour
            if longest <= setup:
                continue
            for place in self._places(shape):
                found.append(self._held(shape, place, rate * (longest - setup)))
                for width in WIDTHS:
                    hours = (
                        requests / (rate * (width // shape.spans)) + setup
                        if width >= shape.spans
                        else math.inf
                    )
                    if hours <= longest:
                        whole = replace(shape, hours=hours, spans=width)
                        found += self._queued(whole, place, requests, hours, (width,))
        return tuple(found)

    def _held(self, shape: Shape, place: int, cover: float) -> Option:
        return Option(
            Way("held", shape.label, hours=shape.hours),
            (cover,),
            {},
            place,
            float(shape.spans),
            replicas=shape.replicas,
            cards=shape.gpus * shape.spans,
            card=shape.card,
        )

    def _queued(
        self, shape: Shape, place: int, cover: float, hours: float, widths: tuple[int, ...] = WIDTHS
    ) -> list[Option]:
        """A place in the narrowest queue of the class that is wide enough."""
        fit = [width for width in widths if width >= shape.spans]
        if not fit:
            return []
        return [
            Option(
                Way("queue", shape.label, hours=hours),
                (cover,),
                {},
                place,
                hours / MONTH_HOURS,
                fit[0],
                cards=shape.gpus * shape.spans,
                card=shape.card,
            )
        ]

    def _hired(self, amount: float, cover: float) -> list[Option]:
        """What the planner finds for one run, or for all requests of a month, among offers by the hour."""
        if amount not in self.hires:
            self.hires[amount] = self._hire(amount, cover)
        return self.hires[amount]

    def _hire(self, amount: float, cover: float) -> list[Option]:
        context = self.need.context
        hourly = np.zeros_like(context.settled.allowed)
        hourly[[s.offer for s in self.sources if s.kind in ("on_demand", "spot")]] = True
        hourly &= context.settled.allowed
        if not hourly.any():
            return []
        settled = replace(context.settled, allowed=hourly, budget=math.inf)
        if self.need.task == "generate":
            settled = replace(settled, quantities={**settled.quantities, "requests": amount})
        alone = replace(context, settled=settled)
        pricing = Pricing(alone)
        job = self.need.task == "finetune"
        found = find_job(alone, pricing) if job else find_fleet(alone, pricing)
        if not found.picks:
            return []
        return [self._as_option(alone, pricing, found, cover)]

    def _as_option(self, context: Context, pricing: Pricing, found: Found, cover: float) -> Option:
        """The plan found as one option, its terms those of the planner's charges."""
        from optplan.planner.answer.amounts import charges
        from optplan.planner.answer.lines import line_of

        lines = [line_of(context, found, chosen) for chosen in found.picks]
        offers = context.catalog.offers
        hired = tuple(
            (int(offers.card[p.offer]), int(offers.provider[p.offer]), int(offers.gpus[p.offer]) * p.units)
            for p in found.picks
        )
        way = Way(
            "hire",
            " + ".join(f"{cards} x {offers.cards[card]}" for card, _, cards in hired),
            tuple((p.offer, p.units) for p in found.picks),
            found.elapsed,
        )
        return Option(way, (cover,), charges(context, lines), hired=hired)


def _replicas(context: Context) -> list[Shape]:
    """The layouts of a service or batch that hold: for each kind of node and number of nodes, those not beaten."""
    table = joinable(replica_table(context.settled, context.catalog), context)
    assessment = context.assess(table)
    predicted, holds = assessment.values["replica_capacity"], assessment.holds(len(table))
    known, holds = with_measured(context.settled, table, predicted, holds)
    rows = np.flatnonzero(holds)
    classes = len(context.settled.classes) or 1
    capacity = np.broadcast_to(np.atleast_2d(np.asarray(known, dtype=float)), (classes, len(table)))
    found: dict[tuple[int, int, int], list[Shape]] = {}
    for row in rows.tolist():
        spans = -(-int(table.gang[row]) // int(table.node[row]))
        replicas = 1 if spans > 1 else int(table.node[row]) // int(table.tp[row] * table.pp[row])
        unit = tuple(float(c) * replicas for c in capacity[:, row])
        key = (int(table.card[row]), int(table.node[row]), spans)
        shape = Shape(*key, unit, _label(table, row), replicas)
        if any(unit):
            _keep(found.setdefault(key, []), shape)
    return _useful([shape for shapes in found.values() for shape in shapes])


def _keep(shapes: list[Shape], shape: Shape) -> None:
    """Add a shape unless one there is as good in every class; drop those that it beats."""

    def beats(one: Shape, other: Shape) -> bool:
        return one.replicas >= other.replicas and all(
            a >= b for a, b in zip(one.capacity, other.capacity, strict=True)
        )

    if not any(beats(kept, shape) for kept in shapes):
        shapes[:] = [kept for kept in shapes if not beats(shape, kept)] + [shape]


def _useful(shapes: list[Shape]) -> list[Shape]:
    """Without layouts over several nodes that as many single nodes beat."""
    alone: dict[tuple[int, int], list[Shape]] = {}
    for shape in shapes:
        if shape.spans == 1:
            alone.setdefault((shape.card, shape.gpus), []).append(shape)

    def beaten(shape: Shape) -> bool:
        return any(
            one.replicas * shape.spans >= shape.replicas
            and all(a * shape.spans >= b for a, b in zip(one.capacity, shape.capacity, strict=True))
            for one in alone.get((shape.card, shape.gpus), [])
        )

    return [shape for shape in shapes if shape.spans == 1 or not beaten(shape)]


def _label(table: Table, row: int) -> str:
    return f"{int(table.gang[row])} x {table.cards[int(table.card[row])].name}, {table.describe(row)}"


def _gangs(context: Context) -> list[Shape]:
    """The fastest gang of each card and size, on equal nodes; larger ones only where they save time."""
    most = context.settled.max_cards
    field = survey_jobs(context, tuple(n for n in SIZES if most is None or n <= most))
    if not len(field.gangs):
        return []
    nodes = np.ceil(field.gangs.size / field.gangs.node)
    hours = _elapsed(context, field.gangs.hours, nodes)
    shapes = []
    for i, row in enumerate(field.rows.tolist()):
        size, node = int(field.gangs.size[i]), int(field.gangs.node[i])
        if size % node == 0 and math.isfinite(hours[i]):
            label = _label(field.table, row)
            shapes.append(
                Shape(int(field.gangs.card[i]), node, size // node, (1.0,), label, hours=float(hours[i]))
            )
    return _quicker(shapes)


def _elapsed(context: Context, hours: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Wall clock of runs on cards that nobody takes away."""
    pricing = Pricing(context)
    steady = np.flatnonzero(context.catalog.offers.purchase == 0)[:1]
    offers = np.repeat(steady, len(hours))
    found = pricing.run(offers, ["elapsed_hours"], job_hours=hours, nodes=nodes)["elapsed_hours"]
    return np.asarray(np.broadcast_to(found, hours.shape), dtype=float)


def _quicker(shapes: list[Shape]) -> list[Shape]:
    """Of one kind of node: a larger gang only where a run then takes less time."""
    kept: list[Shape] = []
    best: dict[tuple[int, int], float] = {}
    for shape in sorted(shapes, key=lambda s: (s.card, s.gpus, s.spans, s.hours)):
        key = (shape.card, shape.gpus)
        if shape.hours < best.get(key, math.inf) * (1 - TOLERANCE):
            best[key] = shape.hours
            kept.append(shape)
    return kept
