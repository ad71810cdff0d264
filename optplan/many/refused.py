"""Training needs that no gang can do: how many candidates there were, how many held, and what the others missed."""

from __future__ import annotations

import numpy as np

from optplan.evaluate import Assessment
from optplan.many.layouts import Judged
from optplan.many.survey import Survey
from optplan.planner.answer.notes import missed_by
from optplan.planner.found import Found, Tally
from optplan.planner.search.jobs import nothing_found, without_plan


def refused(small: Survey, i: int, large: Survey | None, k: int) -> Found:
    """The search of a need that no gang can do; small, large: surveys in which it is the i-th and the k-th.

    The larger gangs tell why where no smaller one holds.
    """
    context = small.contexts[i]
    if not small.judged_of(i)[0].sure:
        return nothing_found(context)
    survey, at = small, i
    if large is not None and large.offered[k].groups.any() and not small.some[i]:
        survey, at = large, k
    nothing = Assessment(context.pack, {}, {}, [])
    return without_plan(survey.table, nothing, np.zeros(0, dtype=bool), _tally(survey, at))


def _tally(survey: Survey, i: int) -> Tally:
    judged, kind = survey.judged_of(i)
    group = np.flatnonzero(survey.offered[i].groups)
    row = judged.candidates(kind, group)
    if survey.some[i]:
        return Tally(len(row), len(judged.rows(np.full(len(group), kind), group)[0]), ())
    return Tally(len(row), 0, _missed(judged, kind, row) if len(row) else ())


def _missed(judged: Judged, kind: int, row: np.ndarray) -> tuple[str, ...]:
    """Requirements that the nearest candidate of each card misses, by name. row: the candidates, by card."""
    table = judged.table
    form, card, steps = judged.forms.of_row[row], table.card[row], judged.steps
    start, every = np.flatnonzero(np.diff(card, prepend=-1)), np.arange(judged.least.shape[1])
    alone = [name for name in steps.requires if name not in steps.decided]
    misses = [missed_by(*judged.sides(name, kind, every, every * 0)) for name in alone]
    worst = np.max([np.ones(len(every)), *misses], axis=0)[form]
    for name in steps.decided:
        worst = np.maximum(worst, missed_by(*judged.sides(name, kind, form, card)))
    least = np.minimum.reduceat(worst, start)
    near = np.flatnonzero(worst <= np.repeat(least, np.diff(start, append=len(row))))
    # of those as near the first in the order in which a need alone lists them
    near = near[np.lexsort((near, table.gang[row[near]], table.node[row[near]], card[near]))]
    near = near[np.flatnonzero(np.diff(card[near], prepend=-1))]
    own = [missed_by(*judged.sides(name, kind, form[near], card[near])) for name in steps.requires]
    first = np.argmax(np.stack(own) >= worst[near], axis=0)
    return tuple(sorted({steps.requires[n] for n in first.tolist()}))
