"""The JSON Schema of a plan: every key and every quantity with its meaning and unit."""

from __future__ import annotations

from typing import Any, Final

Schema = dict[str, Any]


def _of(kind: str | list[str], meaning: str, **more: Any) -> Schema:
    return {"type": kind, "description": meaning, **more}


def _object(meaning: str, **properties: Schema) -> Schema:
    return _of(
        "object", meaning, properties=properties, required=list(properties), additionalProperties=False
    )


def _list(meaning: str, items: Schema) -> Schema:
    return _of("array", meaning, items=items)


def _number(meaning: str) -> Schema:
    return _of("number", meaning)


def _text(meaning: str, **more: Any) -> Schema:
    return _of("string", meaning, **more)


def _maybe(meaning: str) -> Schema:
    return _of(["number", "null"], f"{meaning}; null where it is unlimited or unknown")


CARD: Final = _object(
    "one line of what to get: units of one offer",
    gpu=_text("exact card"),
    count=_of("integer", "cards in all units of this line"),
    provider=_text("who rents or sells it"),
    offer=_text("the offer's name in the catalog: provider/instance/region/purchase"),
    instance=_text("what the provider calls one unit"),
    region=_text("where it is"),
    purchase=_text("how it is had", enum=["on_demand", "spot", "reserved_1y", "reserved_3y", "buy", "owned"]),
    units=_of("integer", "units (nodes) of the offer"),
    price_per_unit_hour=_number("rent of one unit and hour, in the offer's currency; 0 when bought"),
    price_per_unit=_number("price of one unit when bought, in the offer's currency; 0 when rented"),
    currency=_text("currency of the offer's price"),
    price_date=_text("day on which the price was read", format="date"),
    layout=_text("how the cards work together"),
)
API: Final = _object(
    "requests that an API answers: a share of one traffic class",
    offer=_text("the offer's name in the catalog: provider/name"),
    provider=_text("who sells the tokens"),
    model=_text("the open model that it is; empty where the weights are closed"),
    traffic=_text("name of the traffic class; empty where it has none"),
    share=_number("of the requests of this class"),
    requests=_number("requests in all"),
    input_per_mtok=_number("price of a million tokens read, in the API's own currency"),
    cached_per_mtok=_number("the same for tokens that it still holds; the full price where none is known"),
    output_per_mtok=_number("price of a million tokens written"),
    batch=_of("boolean", "whether the prices are those of a batch that may wait a day"),
    currency=_text("currency of the prices"),
    price_date=_text("day on which the price was read", format="date"),
    source=_text("where the price is from"),
)
TERM: Final = _object(
    "one term of the cost; the terms sum to total_cost",
    name=_text("name of the rule that charges it"),
    amount=_number("in the plan's currency"),
)
BAND: Final = _object(
    "a quantity",
    value=_maybe("at the expected assumptions"),
    unit=_text("unit; 1 for plain numbers"),
    low=_maybe("the lowest over the ends of the assumptions"),
    high=_maybe("the highest over the ends of the assumptions"),
)
LIMIT: Final = _object(
    "a limit of the need or a requirement, and how much of it is used",
    name=_text(
        "deadline, budget, carbon, max_cards, quota:NAME, owned:POOL, min_replicas, or the name of a requirement"
    ),
    used=_number("what the plan uses, in the limit's unit"),
    allowed=_number("the limit"),
    unit=_text("unit of both"),
    binds=_of("boolean", "whether nothing is spare"),
    spare=_number("what is left"),
)
ALTERNATIVE: Final = _object(
    "another plan that would do",
    cards=_text("such as 8 x H100-SXM5-80GB"),
    provider=_text("who rents or sells it"),
    region=_text("where it is"),
    purchase=_text("how it is had"),
    total_cost=_number("in the plan's currency"),
    extra_cost=_number("how much more than the plan"),
    hours=_number("wall-clock hours"),
)
WAY_OUT: Final = _of(
    "object",
    "a change that makes a plan possible, checked by solving again",
    properties={
        "change": _text("what to change"),
        "from": _text("as it is"),
        "to": _text("as it would have to be"),
        "cost": _number("what the plan would then cost, in the plan's currency"),
    },
    required=["change", "from", "to", "cost"],
    additionalProperties=False,
)
ALWAYS: Final[dict[str, Schema]] = {
    "name": _text("what the need is called"),
    "task": _text("what is done", enum=["finetune", "generate", "serve"]),
    "status": _text(
        "optimal: proven cheapest; feasible: a plan, not proven; infeasible: proven that there is none; "
        "unknown: stopped before either",
        enum=["optimal", "feasible", "infeasible", "unknown"],
    ),
    "currency": _text("currency of every amount that names no other"),
    "rules": _text("rule pack"),
    "notes": _list("what else is worth knowing", _text("a note")),
    "assumed": _list("defaults taken where the need says nothing", _text("name = value (why)")),
    "warnings": _list("what to check before relying on the plan", _text("a warning")),
    "catalog": _object(
        "what was searched",
        as_of=_text("day of the newest price", format="date"),
        offers=_of("integer", "how many offers it holds"),
    ),
    "solver": _object(
        "who proved it",
        name=_text("solver"),
        seconds=_number("time spent in it"),
        runs=_of("integer", "programs solved"),
        nodes=_of("integer", "branch-and-bound nodes of the last one"),
    ),
}
WITH_PLAN: Final[dict[str, Schema]] = {
    "total_cost": _number("what the plan costs in all, in `currency`"),
    "hourly_cost": _number("rent of all units for one hour, in `currency`"),
    "hours": _maybe("wall-clock hours of a job; of a service, how long it runs"),
    "gpu_hours": _number("billed hours times cards, summed over the units: not wall-clock hours"),
    "bound": _number("no plan of the catalog costs less than this"),
    "gap": _number("(total_cost - bound) / total_cost; 0 is proof"),
    "cards": _list("what to get", CARD),
    "apis": _list("what to have answered by APIs", API),
    "terms": _list("what total_cost is made of", TERM),
    "limits": _list("limits and requirements, used and spare", LIMIT),
    "alternatives": _list("the closest other plans", ALTERNATIVE),
}
WITHOUT_PLAN: Final[dict[str, Schema]] = {
    "reasons": _list("why there is no plan", _text("a reason")),
    "ways_out": _list("cheapest changes that make one possible", WAY_OUT),
}


def plan_schema() -> Schema:
    """JSON Schema (draft 2020-12) of `optplan solve --json`: of one plan, or of the answer without one."""
    with_plan = WITH_PLAN | {"quantities": _quantities()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A plan of optplan",
        "description": "What `optplan solve --json` prints for one need; for several needs, a list of these.",
        "type": "object",
        "properties": ALWAYS | with_plan | WITHOUT_PLAN,
        "required": list(ALWAYS),
        "additionalProperties": False,
        "if": {"properties": {"status": {"enum": ["optimal", "feasible"]}}},
        "then": {"required": list(with_plan)},
        "else": {"required": list(WITHOUT_PLAN)},
    }


def _quantities() -> Schema:
    """The quantities of a plan; a user's own rules may add others."""
    from optplan.rules import PACKS, TASKS, pack

    known: dict[str, Schema] = {"total_cost": BAND | {"description": "all terms of the cost"}}
    for spec in PACKS[::-1]:
        for task in TASKS:
            for rule in pack(spec, task).of_kind("derive"):
                known[rule.name] = BAND | {"description": f"{rule.label} [{rule.unit}]"}
    return _of(
        "object",
        "quantities behind the plan, of the line with most cards; which of them depends on task and rules",
        properties=dict(sorted(known.items())),
        additionalProperties=BAND,
    )
