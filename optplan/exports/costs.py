"""The cost of a plan as rows: each line and term of it, in the plan's currency."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optplan.exports.document import Document, refuse
from optplan.plan import ApiLine, CardLine, Plan

COLUMNS = (
    *("plan", "what", "count", "provider", "offer", "instance", "region", "purchase", "units", "unit_hours"),
    *("term", "amount", "currency"),
)


def export_csv(plan: Plan) -> list[Document]:
    """One table: a row for each line and term; the amounts sum to the plan's total."""
    if not plan.feasible:
        raise refuse("csv", f"{plan.name} has no plan", "`optplan solve` says why, and the ways out")
    rows = [_row(plan, part, term, amount) for part, term, amount in charged(plan)]
    return [Document(f"cost of {plan.name}", table(COLUMNS, rows))]


def charged(plan: Plan) -> Iterator[tuple[CardLine | ApiLine, str, float]]:
    """Each line of the plan with each term that it costs."""
    names = [rule.name for rule in plan.pack.of_kind("charge")]
    shown: list[CardLine | ApiLine] = [*plan.cards, *plan.apis]
    for part, line in zip(shown, plan.parts, strict=True):
        terms = [(name, line.values[name]) for name in names if line.values.get(name)]
        for name, amount in terms or [("rent", 0.0)]:
            yield part, name, amount


def unit_hours(plan: Plan, part: CardLine | ApiLine) -> float | None:
    """Billed hours of a line, summed over its units; None for an API."""
    return plan.lines[plan.cards.index(part)].unit_hours if isinstance(part, CardLine) else None


def _row(plan: Plan, part: CardLine | ApiLine, term: str, amount: float) -> dict[str, Any]:
    common = {
        "plan": plan.name,
        "provider": part.provider,
        "offer": part.offer,
        "term": term,
        "amount": repr(amount),
        "currency": plan.currency,
    }
    if isinstance(part, ApiLine):
        return common | {"what": part.model or part.offer, "purchase": "api"}
    return common | {
        "what": part.gpu,
        "count": part.count,
        "instance": part.instance,
        "region": part.region,
        "purchase": part.purchase,
        "units": part.units,
        "unit_hours": repr(unit_hours(plan, part)),
    }


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV; a column that a row lacks stays blank."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
