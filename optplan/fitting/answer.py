"""Question x Catalog -> Fit: every card that was meant, its memory, and the questions asked backwards."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Final, TypeVar

import numpy as np

from optplan.candidates import Table
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.evaluate import pick
from optplan.fitting.backwards import COUNTS, fewest_cards, largest_batch, longest_context
from optplan.fitting.layouts import Trial, attempt, gang_table
from optplan.fitting.question import TRAINING, Question, contexts, usual_context
from optplan.fitting.terms import terms
from optplan.fitting.values import Answer, CardFit, Cell, Fit, Layout, Refused
from optplan.planner import load_catalog
from optplan.planner.context import Context

T = TypeVar("T")
SEQUENCES: Final = (512, 1024, 2048, 4096, 8192, 16384, 32768)
MICRO_BATCHES: Final = (1, 2, 4, 8)


def fit(question: Question, catalog: Catalog | None = None, base: Path | None = None) -> Fit:
    """Does a model fit on a card, by the rules of the pack `engineering`.

    base: folder that a relative path to a config.json starts from.
    Raises BadInput with every fault of model, card and settings.
    """
    catalog = catalog or load_catalog()
    faults: list[Fault] = []
    meant = _or_faults(faults, lambda: catalog.gpus(question.gpu)) or []
    _or_faults(faults, question.check)
    found = _or_faults(faults, lambda: contexts(question, catalog, base)) or {}
    if faults:
        raise BadInput(faults)
    method, first = next(iter(found.items()))
    training = {m: context for m, context in found.items() if m in TRAINING}
    cards = [
        CardFit(gpu, answer_of(question, method, first, gpu), _cells(question, training, gpu))
        for gpu in meant
    ]
    said = first.settled.model.name
    name = said if said in catalog.models else question.model
    return Fit(name, question.gpu, meant, cards, _assumed(question, first))


def _or_faults(faults: list[Fault], call: Callable[[], T]) -> T | None:
    """What the call gives, or None with its faults kept, so that all are told at once."""
    try:
        return call()
    except BadInput as error:
        faults += error.faults
        return None


def _assumed(question: Question, context: Context) -> list[str]:
    """The defaults that memory rests on: of the method, the software and the model."""
    telling = ("precision", "kv_precision", "engine", "framework", "optimizer", "lora", "model")
    found = [
        text
        for text in context.settled.assumed
        if text.startswith(telling) and not (text.startswith("lora") and "lora_rank" in question.fixed)
    ]
    if question.context is None:
        found.append(f"context = {usual_context(context)} tokens (default)")
    if question.batch is None:
        found.append("batch = 1 (default)")
    return found


def answer_of(question: Question, method: str, context: Context, gpu: str) -> Answer:
    """One method on so many of one card."""
    length, batch = question.context or usual_context(context), question.batch or 1
    table = gang_table(context, gpu, [question.cards])
    expected = attempt(context, table, length, batch)
    row = int(expected.chosen[0])
    low = attempt(context, table, length, batch, "better").assessment
    high = attempt(context, table, length, batch, "worse").assessment
    values = expected.assessment
    return Answer(
        method=method,
        precision=context.settled.selectors["precision"],
        cards=question.cards,
        context=length,
        batch=batch,
        fits=expected.fits(),
        layout=table.describe(row),
        usable=values.at("usable_memory", row),
        fillable=values.at("fillable_memory", row),
        memory=(
            low.at("memory_per_card", row),
            values.at("memory_per_card", row),
            high.at("memory_per_card", row),
        ),
        terms=terms(low, values, high, row),
        refused=_refused(expected),
        layouts=_layouts(table, expected),
        longest_context=longest_context(context, table, batch),
        largest_batch=largest_batch(context, table, length),
        smallest_cards=fewest_cards(context, gang_table(context, gpu, COUNTS), length, batch),
    )


def _refused(found: Trial) -> list[Refused]:
    """The requirements that the chosen row breaks, with both sides."""
    row, values = int(found.chosen[0]), found.assessment
    refused = []
    for name in found.broken():
        if name in values.verdicts:
            rule, verdict = values.pack.rules[name], values.verdicts[name]
            sides = pick(verdict.left, row), pick(verdict.right, row)
            refused.append(Refused(name, rule.label, *sides, rule.unit))
        else:
            sides = values.at("concurrent_requests", row), values.at(name, row)
            refused.append(Refused(name, "Sequences that the engine works on at once", *sides, "request"))
    return refused


def _layouts(table: Table, found: Trial) -> list[Layout]:
    """Every layout, the one that needs least memory first; those that break other rules are left out."""
    whole = np.logical_and.reduce(list(found.holds.values()))[0]
    values = found.assessment
    speed = "tokens_per_second" in values.values
    rows = [
        Layout(
            table.describe(row),
            float(found.memory[0, row]),
            bool(whole[row]),
            values.at("tokens_per_second", row) if speed else None,
        )
        for row in range(len(table))
        if all(mask[0, row] for name, mask in found.holds.items() if name != "fits_in_memory")
    ]
    return sorted(rows, key=lambda layout: layout.memory)


def _cells(question: Question, training: dict[str, Context], gpu: str) -> list[Cell]:
    """Memory of every method, sequence length and micro-batch."""
    cases = list(product(SEQUENCES, MICRO_BATCHES))
    lengths, batches = (np.array(column) for column in zip(*cases, strict=True))
    cells = []
    for method in TRAINING if training else ():
        context = training[method]
        found = attempt(context, gang_table(context, gpu, [question.cards]), lengths, batches)
        for case, (length, batch) in enumerate(cases):
            memory = float(found.memory[case, found.chosen[case]])
            refused = tuple(found.broken(case))
            cells.append(Cell(method, length, batch, memory, not refused, refused))
    return cells
