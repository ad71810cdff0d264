"""Scores and worst rows as text and as JSON; errors are fractions in JSON, percent in text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from optplan.units import number
from optplan.validate.read import Case, Predictions
from optplan.validate.score import Score, worst

HEADS = (
    "rows", "answered", "median", "90 %", "bias", "within 25 %", "under by 10 %", "in band", "band width",
)  # fmt: skip


WIDTH = 130  # columns below which the tables cannot be read: a narrower terminal wraps them


@dataclass(slots=True)
class FileResult:
    """One file: its cases, predictions, score, and scores by group (column -> value -> score).

    crossed, left_out, by_source   the same with each source left out, where asked
    """

    name: str
    cases: Sequence[Case]
    predictions: Predictions
    score: Score
    groups: dict[str, dict[str, Score]] = field(default_factory=dict)
    crossed: Score | None = None
    left_out: Predictions | None = None
    by_source: dict[str, Score] = field(default_factory=dict)


def as_json(results: Sequence[FileResult]) -> dict[str, Any]:
    """The result as the command prints it with --json."""
    return {"files": {result.name: _file(result) for result in results}}


def _file(result: FileResult) -> dict[str, Any]:
    found = _plain(asdict(result.score))
    if result.groups:
        found["groups"] = {
            column: {value: _plain(asdict(score)) for value, score in groups.items()}
            for column, groups in result.groups.items()
        }
    if result.crossed is not None:
        found["cross"] = _plain(asdict(result.crossed))
        found["cross"]["sources"] = {s: _plain(asdict(score)) for s, score in result.by_source.items()}
    found["refused_rows"] = [
        {"case_id": result.cases[index].case_id, "reason": reason}
        for index, reason in result.predictions.refused
    ]
    found["rows_detail"] = [_row(result, i) for i in range(len(result.predictions.case_index))]
    return found


def _row(result: FileResult, i: int) -> dict[str, Any]:
    p = result.predictions
    return {
        "case_id": result.cases[p.case_index[i]].case_id, "quantity": p.quantity[i], "unit": p.unit[i],
        "measured": float(p.measured[i]), "predicted": float(p.predicted[i]), "low": float(p.low[i]),
        "high": float(p.high[i]), "assumed": p.assumed[i],
    }  # fmt: skip


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no nan: an error of no rows is null."""
    return {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()}


def print_results(results: Sequence[FileResult], rows: int) -> None:
    """Tables for people: every file, its groups, what was refused, and the worst rows."""
    console = Console(highlight=False)
    console.width = max(console.width, WIDTH)
    table = _table("file")
    for result in results:
        table.add_row(result.name, *_cells(result.score))
        if result.crossed is not None:
            table.add_row("  one source left out", *_cells(result.crossed))
    console.print(table)
    for result in results:
        _print_groups(console, result)
        for reason, count in result.score.refused.items():
            console.print(f"{result.name}: {count} refused: {reason}", markup=False)
        if rows:
            _print_worst(console, result, rows)


def _print_groups(console: Console, result: FileResult) -> None:
    groups = dict(result.groups)
    if result.by_source:
        groups["source left out"] = result.by_source
    for column, scores in groups.items():
        table = _table(f"{result.name} by {column}")
        for value, score in scores.items():
            table.add_row(value, *_cells(score))
        console.print(table)


def _print_worst(console: Console, result: FileResult, rows: int) -> None:
    p = result.predictions
    table = Table(title=f"{result.name}: the worst rows", title_justify="left", box=None)
    for head in ("case", "model", "card", "quantity", "measured", "predicted", "low to high", "error"):
        table.add_column(head, justify="left" if head in ("case", "model", "card", "quantity") else "right")
    for i in worst(p, rows):
        case = result.cases[p.case_index[i]]
        table.add_row(
            case.case_id, case.row.get("model", ""), case.row.get("gpu", ""), p.quantity[i],
            number(p.measured[i]), number(p.predicted[i]), f"{number(p.low[i])} to {number(p.high[i])}",
            f"{p.predicted[i] / p.measured[i] - 1:+.0%}",
        )  # fmt: skip
    console.print(table)


def _table(first: str) -> Table:
    table = Table(box=None)
    table.add_column(first, no_wrap=True)
    for head in HEADS:
        table.add_column(head, justify="right")
    return table


def _cells(score: Score) -> list[str]:
    shares = (
        score.median_abs_error,
        score.p90_abs_error,
        score.bias,
        score.within_25,
        score.under_by_10,
        score.inside_band,
    )
    shown = [f"{value:.1%}" if math.isfinite(value) else "-" for value in shares]
    width = f"x {score.band_width:.2f}" if math.isfinite(score.band_width) else "-"
    return [str(score.rows), str(score.answered), *shown, width]
