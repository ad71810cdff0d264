"""Blocks of `finetune` needs -> what the search of each one finds.

Rules and prices are evaluated for all needs of a block at once, and only for candidates that could be the plan or one
of the alternatives that are shown. Gangs of equal nodes are then compared directly; a need whose nodes of several sizes
could be cheaper is left to the program.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optplan.candidates import LARGE_SIZES, SIZES
from optplan.many.bounds import SLACK
from optplan.many.cards import Sizes
from optplan.many.kinds import key_of
from optplan.many.refused import refused
from optplan.many.search import Search
from optplan.many.survey import Survey
from optplan.planner.context import Context
from optplan.planner.found import Found
from optplan.planner.grid import grouped

BLOCK = 128  # needs that are searched together


def jobs(contexts: Sequence[Context]) -> list[Found | None]:
    """The search of each need, None where only the program can tell; all have one task, pack and catalog."""
    found: list[Found | None] = [None] * len(contexts)
    keys = [key_of(context) for context in contexts]
    alike = np.argsort(grouped(keys)[1], kind="stable").tolist()
    for start in range(0, len(alike), BLOCK):
        some = alike[start : start + BLOCK]
        for i, one in zip(some, _block([contexts[i] for i in some], [keys[i] for i in some]), strict=True):
            found[i] = one
    return found


def _block(contexts: Sequence[Context], keys: Sequence[Any]) -> list[Found | None]:
    """The usual sizes; larger gangs where those do not do, and the need says nothing of them."""
    search = _sized(contexts, keys, SIZES)
    found, closed = list(search.found), np.flatnonzero(search.closed).tolist()
    more = [i for i in closed if contexts[i].settled.max_cards is None]
    larger = _sized([contexts[i] for i in more], [keys[i] for i in more], LARGE_SIZES) if more else None
    for i in closed:
        k = more.index(i) if i in more else None
        if larger is None or k is None:
            found[i] = refused(search.survey, i, None, 0)
        elif larger.closed[k]:
            found[i] = refused(search.survey, i, larger.survey, k)
        else:
            found[i] = larger.found[k]
    return found


def _sized(contexts: Sequence[Context], keys: Sequence[Any], sizes: Sizes) -> Search:
    """The search of each need over gangs of these sizes. keys: of the needs' kinds."""
    survey = Survey(contexts, keys, sizes)
    search, seen = Search(contexts, survey), survey.first()
    search.price(survey.look(seen))
    search.set_levels()
    search.price(survey.look((survey.least.cost <= search.level[survey.need] * (1 + SLACK)) & ~seen))
    search.over()
    return search
