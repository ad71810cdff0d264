"""Candidates of a training job judged in steps: what no card changes, then requirements, then hours on what holds.

Cards share their layouts, so most rules are evaluated once a layout, and the rest where it matters. Which rule belongs
to which step follows from the rules' graph.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from optplan.candidates import LAYOUT, Table, assumption_columns, card_columns, layout_columns, link_columns
from optplan.evaluate import Assessment, Verdict, evaluate, names_read
from optplan.planner.context import Context
from optplan.rule import Pack

LINK: Final = ("link_bandwidth", "fast_link")  # follow from the card and how many of a node are used
HOURS: Final = "job_hours"


@dataclass(frozen=True, slots=True)
class Steps:
    """Names of rules by step.

    requires  all requirements, in the order of the rules
    shared    what no card changes: requirements, and what later steps read
    decided   requirements that depend on the card
    reads     what the decided read of what is known before, and what the last step reads
    """

    requires: tuple[str, ...]
    shared: tuple[str, ...]
    decided: tuple[str, ...]
    reads: tuple[frozenset[str], frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What the rules read and do not derive.

    alike    numbers, and columns over layouts
    by_card  columns over the catalog's cards
    cards    names that depend on the card, links among them
    """

    alike: dict[str, Any]
    by_card: dict[str, np.ndarray]
    cards: frozenset[str]


def judge(context: Context, table: Table) -> tuple[Assessment, np.ndarray]:
    """Requirements on all rows of a table with layouts, job hours where they all hold (else nan); where they do."""
    pack, of_row, inputs = context.pack, table.of_layouts, _inputs(context, table)
    steps = steps_of(pack, tuple(context.targets), HOURS, frozenset(inputs.alike), inputs.cards)
    shared = evaluate(pack, inputs.alike, steps.shared)
    given = _of_cards(context, table, inputs, steps.reads[0], None)
    given |= _taken(shared.values, steps.reads[0], of_row)
    decided = evaluate(pack, given, steps.decided)
    verdicts = {
        name: decided.verdicts.get(name) or _of_rows(shared.verdicts[name], of_row) for name in steps.requires
    }
    found = Assessment(pack, {}, verdicts, [*shared.order, *decided.order], dict(context.fixed))
    holds = found.holds(len(table))
    rows = np.flatnonzero(holds)
    given = _of_cards(context, table, inputs, steps.reads[1] | {*LINK} & inputs.cards, rows)
    given |= _taken(shared.values, steps.reads[1] | {*LINK}, of_row[rows])
    rest = evaluate(pack, given, (HOURS,))
    found.values = {name: _spread(rest.values[name], rows, len(table)) for name in (HOURS, *LINK)}
    return found, holds


def _inputs(context: Context, table: Table) -> _Inputs:
    settled, catalog, pack = context.settled, context.catalog, context.pack
    by_card = dict(card_columns(catalog, settled.selectors["precision"], settled.selectors.get("method", "")))
    alike = {**settled.quantities, **layout_columns(dict(zip(LAYOUT, table.layouts, strict=True)))}
    known = {*alike, *by_card, *LINK, *pack.rules}
    names = sorted((names_read(pack, context.targets) - known) & set(catalog.assumptions))
    assumed = assumption_columns(names, settled, catalog, context.judged, table.used)
    by_card |= {name: value for name, value in assumed.items() if isinstance(value, np.ndarray)}
    alike |= {name: value for name, value in assumed.items() if name not in by_card}
    alike = {name: value for name, value in alike.items() if name not in by_card} | context.fixed
    return _Inputs(alike, by_card, frozenset({*by_card, *LINK} - set(context.fixed)))


def _of_cards(
    context: Context, table: Table, inputs: _Inputs, names: frozenset[str], rows: np.ndarray | None
) -> dict[str, Any]:
    """Those of the names that depend on the card, on the rows (None = all)."""
    some = slice(None) if rows is None else rows
    card, wanted = table.card[some], names & inputs.cards
    found = {name: inputs.by_card[name][card] for name in wanted if name in inputs.by_card}
    if wanted & {*LINK}:
        together = np.minimum(table.gang[some], table.node[some])
        links = link_columns(context.catalog, card, together)
        found |= {name: column for name, column in links.items() if name in wanted}
    return found


def _taken(values: dict[str, Any], names: frozenset[str], at: np.ndarray) -> dict[str, Any]:
    """Those of the names that are known of layouts, by row."""
    return {name: _by_row(values[name], at) for name in names if name in values}


def _by_row(value: Any, at: np.ndarray) -> Any:
    return value.take(at) if isinstance(value, np.ndarray) and value.ndim else value


def _of_rows(verdict: Verdict, at: np.ndarray) -> Verdict:
    return Verdict(_by_row(verdict.left, at), _by_row(verdict.right, at), _by_row(verdict.holds, at))


def _spread(value: Any, rows: np.ndarray, length: int) -> np.ndarray:
    """Values of some rows as a column of all; nan elsewhere."""
    column = np.full(length, np.nan)
    column[rows] = value
    return column


def steps_of(
    pack: Pack, targets: tuple[str, ...], last: str, alike: frozenset[str], cards: frozenset[str]
) -> Steps:
    """Which rules no card changes and later steps read; which requirements depend on the card.

    alike, cards: names that are given, without and with the card; last: what is asked of candidates that hold.
    """

    def found() -> Steps:
        order = pack.order(targets, alike | cards)
        changed = set(cards)
        for rule in order:
            if changed.intersection(rule.parameters):
                changed.add(rule.name)
        read = {name for rule in order if rule.name in changed for name in rule.parameters}
        requires = tuple(rule.name for rule in order if rule.kind == "require")
        shared = tuple(
            rule.name
            for rule in order
            if rule.name not in changed and (rule.kind == "require" or rule.name in read or rule.name == last)
        )
        decided = tuple(name for name in requires if name in changed)
        known = alike | cards | {rule.name for rule in order if rule.name not in changed}
        reads = tuple(
            frozenset({*some, *(n for rule in pack.order(some, known) for n in rule.parameters)} & known)
            for some in (decided, (last,))
        )
        return Steps(requires, shared, decided, (reads[0], reads[1]))

    return pack.kept(("steps", targets, last, alike, cards), found)
