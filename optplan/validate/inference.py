"""Rows of inference measurements -> inputs of the rules -> predictions, all rows of a file at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from optplan.catalog import Catalog
from optplan.evaluate import Scenario, evaluate, names_read
from optplan.rule import Pack
from optplan.rules import pack
from optplan.validate.columns import AssumptionColumns, Constants, card_columns, model_columns, peak
from optplan.validate.inference_memory import MEMORY, MEMORY_TARGETS, memory_of
from optplan.validate.inference_rows import Setting, setting
from optplan.validate.inference_speed import SPEED, SPEED_TARGETS, speed_of
from optplan.validate.read import Case, Predictions, number

_LEAST: Final = 0.05  # a pool that the worse end leaves empty is shown as this share of the expected one
UNITS: Final = {**MEMORY, **SPEED}
_ROUNDS: Final = 30  # fixed point of the requests at work under an offered rate


@dataclass(slots=True)
class Table:
    """Answered cases as columns, ready for the rules; build once, evaluate often.

    index, settings   position of each case in what was read, and what its row says
    values            input -> column; nan where the row leaves an assumption to its table
    """

    index: np.ndarray
    settings: list[Setting]
    values: dict[str, np.ndarray]
    quantity: np.ndarray
    measured: np.ndarray
    refused: list[tuple[int, str]]
    parts: dict[str, tuple[np.ndarray, Table, AssumptionColumns]] = field(default_factory=dict)

    def some(self, mask: np.ndarray) -> Table:
        """The rows of a mask."""
        keep = np.flatnonzero(mask)
        settings = [self.settings[i] for i in keep]
        values = {name: column[keep] for name, column in self.values.items()}
        return Table(self.index[keep], settings, values, self.quantity[keep], self.measured[keep], [])


def tabulate(cases: Sequence[Case], catalog: Catalog) -> Table:
    """Inputs of the rules for all cases that say enough; the others are refused with the reason."""
    found: list[tuple[int, Setting, str, float]] = []
    refused: list[tuple[int, str]] = []
    for i, case in enumerate(cases):
        name = "quantity" if case.kind == "inference_memory" else "metric"
        quantity, measured = case.row.get(name, ""), number(case.row, "value")
        if quantity not in UNITS:
            refused.append((i, f"{name}: no rule predicts {quantity!r}" if quantity else f"missing {name}"))
        elif not measured > 0:
            refused.append((i, "missing value"))
        elif isinstance(made := setting(case, catalog), str):
            refused.append((i, made))
        else:
            found.append((i, made, quantity, measured))
    settings = [s for _, s, _, _ in found]
    table = Table(
        np.array([i for i, _, _, _ in found], dtype=int),
        settings,
        _columns(settings),
        np.array([q for _, _, q, _ in found], dtype=object),
        np.array([m for _, _, _, m in found], dtype=float),
        refused,
    )
    for task in ("generate", "serve"):
        mask = np.array([s.selectors["task"] == task for s in settings], dtype=bool)
        if mask.any():
            part = table.some(mask)
            table.parts[task] = (mask, part, AssumptionColumns(catalog, [s.selectors for s in part.settings]))
    return table


def _columns(settings: Sequence[Setting]) -> dict[str, np.ndarray]:
    own = {
        name: np.array([s.values.get(name, np.nan) for s in settings], dtype=float)
        for name in {name for s in settings for name in s.values}
    }
    if not settings:
        return own
    shared = model_columns([s.model for s in settings])
    shared |= card_columns([s.card for s in settings], [s.peak for s in settings], own["cards_per_node"])
    shared["peak_flops_16"] = np.array([peak(s.card, "bf16") for s in settings]) * 1e12
    for name, column in own.items():
        shared[name] = np.where(np.isnan(column), shared[name], column) if name in shared else column
    return shared


def quantities(
    part: tuple[np.ndarray, Table, AssumptionColumns],
    task: str,
    scenario: Scenario,
    constants: Constants | None,
) -> dict[str, Any]:
    """Everything that the task's rules derive, as columns over the rows of a part of a table."""
    _, table, assumptions = part
    rules = pack("engineering", task)
    targets = (*MEMORY_TARGETS, *SPEED_TARGETS)
    given: dict[str, Any] = dict(table.values)
    asked = (names_read(rules, targets) | set(given) | {"max_sequences"}) & set(assumptions.table)
    for name, chosen in assumptions.columns(sorted(asked - set(rules.rules)), scenario, constants).items():
        given[name] = np.where(np.isnan(given[name]), chosen, given[name]) if name in given else chosen
    # What a row fixes although a rule derives it, such as the tokens of a batch that ends together.
    fixed = {name: given.pop(name) for name in [n for n in given if n in rules.rules]}
    mean = fixed.get("mean_tokens", np.nan)
    fixed["mean_tokens"] = np.where(np.isnan(mean), given["prompt_tokens"] + given["answer_tokens"] / 2, mean)
    room = evaluate(rules, given, ["cache_requests"], fixed).values["cache_requests"]
    batch = np.minimum(np.minimum(room, given["max_sequences"]), given["requests"] / fixed["replicas"])
    stated = fixed.get("concurrent_requests", np.nan)
    fixed["concurrent_requests"] = np.maximum(np.where(np.isnan(stated), batch, stated), 1.0)
    return _settled(rules, given, targets, fixed)


def _settled(
    rules: Pack, given: dict[str, Any], targets: tuple[str, ...], fixed: dict[str, Any]
) -> dict[str, Any]:
    """The rules' values; where a rate is offered, at the number of requests at work that it leads to."""
    values = evaluate(rules, given, targets, fixed).values
    rate = given["offered_rate"] / fixed["replicas"]
    offered = np.isfinite(rate)
    most = fixed["concurrent_requests"]
    for _ in range(_ROUNDS if offered.any() else 0):
        in_system = fixed["concurrent_requests"] / values["replica_capacity"]  # seconds: Little's law
        at_work = np.clip(rate * in_system, 1.0, most)
        fixed["concurrent_requests"] = np.where(offered, at_work, most)
        values = evaluate(rules, given, targets, fixed).values
    return values


def predict_table(
    table: Table, scenario: Scenario = "expected", constants: Constants | None = None
) -> np.ndarray:
    """The predicted value of each row of a table."""
    found = np.full(len(table.index), np.nan)
    for task, part in table.parts.items():
        found[part[0]] = _picked(part[1], quantities(part, task, scenario, constants))
    return found


def _picked(table: Table, values: Mapping[str, Any]) -> np.ndarray:
    found = np.full(len(table.index), np.nan)
    alone = np.array([setting.answer_alone for setting in table.settings], dtype=bool)
    asked = np.where(alone & (table.quantity == "output_tokens_per_s"), "decode_tokens_per_s", table.quantity)
    for name in set(asked.tolist()):
        mask = asked == name
        whole = memory_of(name, values) if name in MEMORY else speed_of(name, values)
        found[mask] = np.broadcast_to(whole, mask.shape)[mask]
    return found


def predict(
    cases: Sequence[Case],
    catalog: Catalog,
    scenario: Scenario = "expected",
    constants: Constants | None = None,
) -> Predictions:
    """Predictions of inference cases by the rules that plans use; low and high from every band's ends."""
    table = tabulate(cases, catalog)
    return predictions(table, scenario, constants)


def predictions(
    table: Table, scenario: Scenario = "expected", constants: Constants | None = None
) -> Predictions:
    """The same for a table made before."""
    middle = predict_table(table, scenario, constants)
    ends = [predict_table(table, end, constants) for end in ("better", "worse")]
    answered = np.isfinite(middle) & (middle > 0)
    refused = table.refused + [
        (int(i), "the weights do not fit: nothing is left for what was measured")
        for i in table.index[~answered]
    ]
    keep = np.flatnonzero(answered)
    ends = [np.where(np.isfinite(end), end, middle)[keep] for end in ends]
    return Predictions(
        case_index=[int(i) for i in table.index[keep]],
        quantity=[str(q) for q in table.quantity[keep]],
        unit=[UNITS[q] for q in table.quantity[keep]],
        measured=table.measured[keep],
        predicted=middle[keep],
        low=np.maximum(np.minimum.reduce([*ends, middle[keep]]), _LEAST * middle[keep]),
        high=np.maximum.reduce([*ends, middle[keep]]),
        assumed=[table.settings[i].assumed for i in keep],
        refused=refused,
    )
