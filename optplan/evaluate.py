"""Rules over columns -> Assessment: every quantity, every verdict, and where each number is from."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import numpy as np

from optplan.catalog import Assumption
from optplan.errors import BadInput, Fault, nearest
from optplan.inputs import INPUTS
from optplan.rule import Comparison, Pack, Rule
from optplan.units import TOLERANCE

Scenario = Literal["expected", "better", "worse"]
CARD_SELECTORS: Final = ("architecture", "gpu")


class Verdict(NamedTuple):
    """A requirement on every row: both sides, and where left <= right (within the one tolerance)."""

    left: Any
    right: Any
    holds: Any


@dataclass(slots=True)
class Assessment:
    """All quantities of a table of candidates.

    values    quantity -> number or column; columns broadcast to (classes, rows) or (rows,)
    verdicts  requirement -> both sides and where it holds
    order     the rules in the order they were evaluated
    fixed     quantities set by the user, which no rule derived
    used      assumption -> the rows of its table that were read
    """

    pack: Pack
    values: dict[str, Any]
    verdicts: dict[str, Verdict]
    order: list[Rule]
    fixed: dict[str, float] = field(default_factory=dict)
    used: dict[str, list[Assumption]] = field(default_factory=dict)

    def holds(self, rows: int) -> np.ndarray:
        """Mask over the rows: every requirement holds, for every traffic class."""
        mask = np.ones(rows, dtype=bool)
        for verdict in self.verdicts.values():
            ok = np.atleast_2d(np.asarray(verdict.holds, dtype=bool))
            mask &= np.broadcast_to(ok, (ok.shape[0], rows)).all(axis=0)
        return mask

    def at(self, name: str, row: int, of_class: int = 0) -> float:
        """The value of one quantity on one row (and traffic class)."""
        return pick(self.values[name], row, of_class)


def pick(column: Any, row: int, of_class: int = 0) -> float:
    """One number out of a scalar, a (rows,), (classes, 1) or (classes, rows) column."""
    array = np.asarray(column)
    if array.ndim == 0:
        return float(array)
    if array.ndim == 1:
        return float(array[row] if array.shape[0] > 1 else array[0])
    line = array[of_class if array.shape[0] > 1 else 0]
    return float(line[row] if line.shape[0] > 1 else line[0])


def evaluate(
    pack: Pack, given: Mapping[str, Any], targets: Iterable[str], fixed: Mapping[str, float] | None = None
) -> Assessment:
    """Evaluate the rules that the targets need, in one pass; a fixed quantity replaces its rule."""
    fixed = dict(fixed or {})
    values: dict[str, Any] = {**given, **fixed}
    verdicts: dict[str, Verdict] = {}
    order = pack.order(targets, values)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for rule in order:
            value = rule.function(*[values[name] for name in rule.parameters])
            if isinstance(value, Comparison):
                verdicts[rule.name] = Verdict(value.left, value.right, at_most_holds(value.left, value.right))
                value = verdicts[rule.name].holds
            values[rule.name] = value
    return Assessment(pack, values, verdicts, order, {k: v for k, v in fixed.items() if k in values})


def at_most_holds(left: Any, right: Any) -> Any:
    """left <= right within the one relative tolerance; an unknown side (nan) does not hold."""
    return np.less_equal(left, tolerated(right))


def tolerated(right: Any) -> Any:
    """The most that a side of a requirement may be: the other with the one relative tolerance."""
    return np.add(right, TOLERANCE * np.abs(np.where(np.isfinite(right), right, 0.0)))


def names_read(pack: Pack, targets: Iterable[str]) -> set[str]:
    """All names that the targets depend on, rules and inputs alike."""
    return set(pack.read_by(targets))


CHOSEN: Final = (  # by the program
    *("cards", "nodes", "cards_per_node", "units", "unit_hours", "gpus_per_unit", "carried_requests"),
)
FOLLOWS: Final = frozenset({"units", "carried_requests"})  # what reads these follows from the choice
SIGNED: Final = ("discount_rate",)  # interest may be below 0
AssumptionTable = Mapping[str, Mapping[str, Assumption]]


def check_names(names: Iterable[str], pack: Pack, assumptions: AssumptionTable, place: str) -> None:
    """Refuse names that no rule, input or assumption has: a fixed value that nobody reads helps nobody.

    names: with their values where it is a mapping; then values that cannot be are refused, too.
    """
    asked = list(names)
    known = {*pack.rules, *INPUTS, *assumptions} if asked else set()
    faults = []
    for name in asked:
        if name not in known:
            close = nearest(name, known)
            hint = f"did you mean {', '.join(close)}?" if close else "see `optplan rules list`"
            faults.append(
                Fault("unknown-quantity", place, f"no rule, input or assumption is named {name!r}", hint)
            )
    faults += _impossible(names, pack, assumptions, place) if isinstance(names, Mapping) else []
    if faults:
        raise BadInput(faults)


def _impossible(
    fixed: Mapping[str, float], pack: Pack, assumptions: AssumptionTable, place: str
) -> list[Fault]:
    """Faults of values below 0, but of terms that are taken off, of shares above 1, and of what is decided."""
    faults = []
    for name, value in fixed.items():
        rule = pack.rules.get(name)
        if value < 0 and name not in SIGNED and not (rule is not None and rule.formula.startswith("-")):
            faults.append(
                Fault("negative-value", f"{place} {name}", f"{value:g} is below 0", "give 0 or more")
            )
        elif value > 1 and _share(name, pack, assumptions):
            message = f"{value:g} is above 1, and it is a share"
            hint = "give a number from 0 to 1: 40 % is 0.4"
            faults.append(Fault("share-above-one", f"{place} {name}", message, hint))
        elif _decided(name, pack):
            label = INPUTS[name].label if rule is None else rule.label
            message = f"{label}: the plan decides it, so it cannot be fixed"
            faults.append(
                Fault("decided", f"{place} {name}", message, "use limits such as max_cards or gpus")
            )
    return faults


def _share(name: str, pack: Pack, assumptions: AssumptionTable) -> bool:
    """Whether a number is a share of a whole by what it is called, and no row of the catalog is above 1."""
    rule, rows = pack.rules.get(name), list(assumptions.get(name, {}).values())
    said = [(rule.unit, rule.label)] if rule is not None else []
    said += [(INPUTS[name].unit, INPUTS[name].label)] if name in INPUTS else []
    said += [(row.unit, row.description) for row in rows]
    return all(row.high <= 1 for row in rows) and any(
        unit == "1" and label.lower().startswith("share of ") for unit, label in said
    )


def _decided(name: str, pack: Pack) -> bool:
    """Whether a quantity is chosen by the program, or follows from what is."""
    rule = pack.rules.get(name)
    if rule is None:
        return name in CHOSEN
    return rule.kind == "derive" and bool(pack.read_by([name]) & FOLLOWS)


class Assumptions:
    """Rows of the assumptions table, picked by what the need and the card are.

    cards: selector of the card (architecture, gpu) -> text per card.
    """

    def __init__(
        self,
        table: Mapping[str, Mapping[str, Assumption]],
        selectors: Mapping[str, str],
        cards: Mapping[str, np.ndarray],
        scenario: Scenario,
    ) -> None:
        self.table, self.selectors, self.cards, self.scenario = table, selectors, cards, scenario
        self._known: dict[str, tuple[float | np.ndarray, list[Assumption]]] = {}

    def column(self, name: str) -> tuple[float | np.ndarray, list[Assumption]]:
        """The value (one number, or one a card), and the table's rows that were read."""
        if name not in self._known:
            self._known[name] = self._read(name)
        return self._known[name]

    def _read(self, name: str) -> tuple[float | np.ndarray, list[Assumption]]:
        """The most specific row wins; rows for some cards override on those cards."""
        rows = sorted(self.table[name].values(), key=lambda a: len(selectors_of(a.key)))
        result: float | np.ndarray = math.nan
        used: list[Assumption] = []
        for row in rows:
            wanted = selectors_of(row.key)
            if any(self.selectors.get(k) != v for k, v in wanted.items() if k not in CARD_SELECTORS):
                continue
            value = scenario_value(row, self.scenario)
            masks = [self.cards[k] == v for k, v in wanted.items() if k in CARD_SELECTORS]
            if not masks:
                result, used = value, [row]
                continue
            result = np.where(np.logical_and.reduce(masks), value, result)
            used.append(row)
        return result, used


@functools.cache
def selectors_of(key: str) -> dict[str, str]:
    """What a row of an assumption is for, such as task=serve."""
    return dict(part.split("=", 1) for part in key.split(",") if part)


def scenario_value(row: Assumption, scenario: Scenario) -> float:
    """The expected value, or the end that makes plans better or worse."""
    if scenario == "expected":
        return row.expected
    return row.low if (row.worse == "low") == (scenario == "worse") else row.high
