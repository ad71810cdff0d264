"""Tables of candidates for one card without offers, and the rules on them for many cases at once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final

import numpy as np

from optplan.candidates import Table, job_table, replica_table
from optplan.catalog import Card, Catalog
from optplan.errors import BadInput, Fault
from optplan.evaluate import Assessment, Scenario
from optplan.planner.context import Context

ANSWER_TOKENS: Final = 250.0  # at most, of a request; the rest of its context is its prompt
ANSWER_SHARE: Final = 0.2  # of a short context
MEMORY: Final = "fits_in_memory"
ENGINE: Final = "max_sequences"
LENGTH: Final = ("sequence_fits_context", "fits_context")  # how long a context the model was made for
PICKS: Final = ("tp", "pp", "dp", "zero_stage", "recompute")
REPLICA_PICKS: Final = ("tp", "pp")
COLUMNS: Final = ("card", "gang", "node", *PICKS)


def gang_table(context: Context, gpu: str, counts: Iterable[int]) -> Table:
    """Candidates of so many cards in one node of as many, for each of the counts.

    Rows that differ from a fixed tp, pp, dp, zero_stage or recompute are left out. Raises BadInput if none
    is left.
    """
    parts = [_one_count(context, gpu, count) for count in counts]
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    keep = np.ones(len(columns["card"]), dtype=bool)
    picks = PICKS if context.settled.need.task == "finetune" else REPLICA_PICKS
    said = {name: context.fixed[name] for name in picks if name in context.fixed}
    for name, value in said.items():
        keep &= columns[name] == value
    if not keep.any():
        asked = ", ".join(f"{name} = {value:g}" for name, value in said.items())
        raise BadInput(Fault("no-layout", "--set", f"no layout of these cards has {asked or 'them all'}"))
    return _of_rows(parts[0].cards, {name: column[keep] for name, column in columns.items()})


def _one_count(context: Context, gpu: str, count: int) -> Table:
    """The rows that plans would try if one node of `count` cards were all there is."""
    catalog = _offering(context.catalog, gpu, count)
    settled = replace(context.settled, allowed=np.ones(1, dtype=bool), max_cards=None)
    if context.settled.need.task == "finetune":
        return job_table(settled, catalog, (count,))
    table = replica_table(settled, catalog)
    whole = table.gang == count
    return _of_rows(table.cards, {name: getattr(table, name)[whole] for name in COLUMNS})


def _of_rows(cards: list[Card], columns: Mapping[str, Any]) -> Table:
    return Table(cards, **columns)


def _offering(catalog: Catalog, gpu: str, count: int) -> Catalog:
    """The catalog with one offer, whose price nobody reads."""
    offers = catalog.offers
    columns = {f.name: getattr(offers, f.name) for f in fields(offers)}
    first: dict[str, Any] = {n: c[:1] for n, c in columns.items() if isinstance(c, np.ndarray)}
    first |= {"card": np.array([offers.cards.index(gpu)]), "gpus": np.array([count])}
    other = copy.copy(catalog)
    other.offers = replace(offers, **first)
    return other


@dataclass(frozen=True, slots=True)
class Trial:
    """Cases (k) by rows of a table.

    memory   GiB of the fullest card, shape (k, rows)
    holds    requirement -> mask of the same shape
    chosen   the row that needs least memory in each case, of those that break fewest other requirements
    """

    assessment: Assessment
    memory: np.ndarray
    holds: dict[str, np.ndarray]
    chosen: np.ndarray

    def broken(self, case: int = 0) -> list[str]:
        """The requirements that the chosen row breaks."""
        row = self.chosen[case]
        return [name for name, mask in self.holds.items() if not mask[case, row]]

    def fits(self, case: int = 0) -> bool:
        """Whether any row of the table meets all requirements: if one does, the chosen one does."""
        return not self.broken(case)


def attempt(
    context: Context, table: Table, length: Any, batch: Any, scenario: Scenario = "expected"
) -> Trial:
    """All rules for contexts (tokens) and batches, numbers or of shape (k,), on every row of the table."""
    lengths, batches = np.broadcast_arrays(np.atleast_1d(length), np.atleast_1d(batch))
    long, many = lengths[:, None].astype(float), batches[:, None].astype(float)
    if context.settled.need.task == "finetune":
        # one micro-batch on every card: data parallel ranks all have work, and no more is held
        given = {"sequence": long, "asked_micro_batch": many, "batch": many * table.gang}
    else:
        answer = np.minimum(ANSWER_TOKENS, ANSWER_SHARE * long)
        given = {"prompt_tokens": long - answer, "answer_tokens": answer, "concurrent_requests": many}
    found = context.assess(table, scenario, override=given)
    shape = (len(lengths), len(table))
    memory = np.broadcast_to(np.asarray(found.values["memory_per_card"], dtype=float), shape)
    holds = {n: np.broadcast_to(np.asarray(v.holds, dtype=bool), shape) for n, v in found.verdicts.items()}
    if ENGINE in found.values and "concurrent_requests" in given:
        holds[ENGINE] = np.broadcast_to(many <= np.asarray(found.values[ENGINE]), shape)
    others = np.sum([~mask for name, mask in holds.items() if name != MEMORY], axis=0)
    known = np.where(np.isfinite(memory), memory, np.inf)
    least = np.where(others == others.min(axis=1, keepdims=True), known, np.inf)
    return Trial(found, memory, holds, np.asarray(least.argmin(axis=1)))
