"""Offers that could carry gangs, as ranges of a sorted list: the same pairs as a need alone finds one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optplan import Catalog
from optplan.candidates import LARGE_SIZES, SIZES, job_table
from optplan.many.cards import Sizes, every_group
from optplan.many.lots import Carriers, Span, offered_by, single_span, sums_span
from optplan.need import TASKS
from optplan.planner import prepare
from optplan.planner.search.jobs import lots_of
from optplan.program.jobs import Gangs, Lots, mixed_nodes, reduced, single_pairs, sum_pairs
from optplan.program.limits import Limits

LIMITS: list[dict[str, Any]] = [
    {},
    {"max_cards": 12},
    {"gpus": ["H100", "A100", "4090"]},
    {"purchase": ["spot", "on_demand"]},
    {"purchase": ["buy", "reserved_1y"], "gpus": ["L40S"]},
    {"providers": ["aws", "lambda"]},
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


@pytest.mark.parametrize(("limits", "sizes"), [(own, SIZES) for own in LIMITS] + [({}, LARGE_SIZES)], ids=str)
def test_groups_and_offers_are_those_that_a_need_alone_has(
    limits: dict[str, Any], sizes: Sizes, catalog: Catalog
) -> None:
    need = {"task": "finetune", "model": "9B", "data": "1GB", "limits": limits}
    context = prepare(TASKS["finetune"].model_validate(need), catalog)
    most = context.settled.max_cards
    own, groups = (
        offered_by(catalog, context.settled.allowed.tobytes(), sizes, most),
        every_group(catalog, sizes),
    )
    table = job_table(
        context.settled, catalog, tuple(n for n in sizes if most is None or n <= most), joined=True
    )
    at = np.flatnonzero(own.groups)
    assert {*zip(groups.card[at], groups.size[at], groups.node[at], strict=True)} == {
        *zip(table.card, table.gang, table.node, strict=True)
    }
    gangs = Gangs(groups.card, groups.size, groups.node, groups.memory * 0, groups.memory)
    best, near = lots_of(context, False), reduced(mixed_nodes(lots_of(context, True)), by_site=False)
    alone = [single_pairs(best, gangs), sum_pairs(near, gangs, Limits())]

    def listed(lots: Lots, pairs: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
        return sorted(zip(pairs[1].tolist(), lots.offer[pairs[0]].tolist(), strict=True))

    def carried(carriers: Carriers) -> list[tuple[int, int]]:
        group, offer = carriers.pairs(np.zeros(len(gangs), dtype=np.int64), np.arange(len(gangs)))
        return sorted(zip(group.tolist(), offer.tolist(), strict=True))

    spans: list[Span] = [single_span(groups), sums_span(catalog, groups)]
    assert carried(Carriers([own.single], spans[0])) == listed(best, alone[0])
    assert carried(Carriers([own.sums], spans[1])) == listed(near, alone[1])
