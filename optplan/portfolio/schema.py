"""The JSON Schema of a portfolio's plan: `optplan solve --json` of a portfolio."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from optplan.plan import SolverReport, Term, WayOut
from optplan.portfolio.plan import Acquisition, Holding, MonthTotal, NeedMonth, NeedTotal, SharedUse

Schema = dict[str, Any]
_LISTS: Final[dict[str, tuple[Any, str]]] = {
    "terms": (Term, "terms of total_cost, which they sum to"),
    "npv_terms": (Term, "the same as present values; they sum to npv"),
    "acquisitions": (Acquisition, "what to buy and reserve, and when"),
    "by_month": (MonthTotal, "cards held and money paid, month by month"),
    "by_need": (NeedTotal, "each need over all months"),
    "by_month_and_need": (NeedMonth, "who is carried by what in each month"),
    "holdings": (Holding, "units of each offer held in each month, and how many work"),
    "limits": (SharedUse, "each shared limit in the month that uses most of it"),
}
_NUMBERS: Final = {
    "total_cost": "all payments, undiscounted, in `currency`",
    "npv": "present value of all payments at discount_rate: what is made least",
}
_MAYBE: Final = {
    "bound": "no plan has a lower present value; null where none was proven",
    "gap": "(npv - bound) / npv; 0 is proof",
}
_TEXTS: Final = {"notes": "how the plan counts", "assumed": "defaults taken", "warnings": "what to check"}


def portfolio_plan_schema() -> Schema:
    """JSON Schema (draft 2020-12) of a portfolio's plan, or of the answer without one."""
    definitions: Schema = {}
    always = _always() | {"solver": _of(SolverReport, definitions)}
    always |= {name: _texts(text) for name, text in _TEXTS.items()}
    with_plan: Schema = {name: {"type": "number", "description": text} for name, text in _NUMBERS.items()}
    with_plan |= {name: {"type": ["number", "null"], "description": text} for name, text in _MAYBE.items()}
    for name, (kind, text) in _LISTS.items():
        with_plan[name] = {"type": "array", "description": text, "items": _of(kind, definitions)}
    without: Schema = {
        "reasons": _texts("why there is no plan"),
        "ways_out": {
            "type": "array",
            "description": "cheapest changes that make one possible",
            "items": _way_out(),
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A portfolio's plan of optplan",
        "type": "object",
        "properties": always | with_plan | without,
        "required": list(always),
        "additionalProperties": False,
        "if": {"properties": {"status": {"enum": ["optimal", "feasible"]}}},
        "then": {"required": list(with_plan)},
        "else": {"required": list(without)},
        "$defs": definitions,
    }


def _always() -> Schema:
    """Keys of every answer."""
    return {
        "name": {"type": "string", "description": "what the portfolio is called"},
        "task": {"const": "portfolio"},
        "status": {
            "enum": ["optimal", "feasible", "infeasible", "unknown"],
            "description": "optimal: proven cheapest; feasible: a plan with a gap; infeasible: there is none",
        },
        "currency": {"type": "string", "description": "currency of every amount"},
        "months": {"type": "integer", "description": "months planned"},
        "discount_rate": {"type": "number", "description": "cost of money, a year"},
        "method": {
            "enum": ["flat", "decomposed"],
            "description": "one program, or patterns, capital and months",
        },
        "stopped": {
            "enum": ["", "time limit", "interrupt"],
            "description": "why the search ended before its proof",
        },
        "catalog": {
            "type": "object",
            "description": "what was searched: day of the newest price, number of offers",
            "properties": {"as_of": {"type": "string", "format": "date"}, "offers": {"type": "integer"}},
        },
    }


def _of(kind: Any, definitions: Schema) -> Schema:
    """A reference to the schema of a dataclass."""
    body = TypeAdapter(kind).json_schema()
    definitions |= body.pop("$defs", {})
    definitions[kind.__name__] = body
    return {"$ref": f"#/$defs/{kind.__name__}"}


def _texts(text: str) -> Schema:
    return {"type": "array", "description": text, "items": {"type": "string"}}


def _way_out() -> Schema:
    body = TypeAdapter(WayOut).json_schema()
    properties = {name.rstrip("_"): {"type": part["type"]} for name, part in body["properties"].items()}
    return {"type": "object", "properties": properties, "required": list(properties)}
