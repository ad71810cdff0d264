"""Findings -> the JSON document of a page: the only thing that its template reads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from optplan.compare import Sweep
from optplan.compare.packs import PackDiff
from optplan.explain import Explanation
from optplan.need import AnyNeed, Data, Part
from optplan.page.findings import Findings, Together
from optplan.plan import Plan, Refusal, WayOut
from optplan.problem.write import flow, said
from optplan.ways import WAYS, WaysReport, flows_of
from optplan.ways.flows import present_value, undiscounted

if TYPE_CHECKING:
    from optplan.portfolio.plan import PortfolioPlan

Json = dict[str, Any]
DEFAULT_PURCHASE: Final = ("on_demand",)  # what a need allows that does not say it
NOT_ASKED: Final = ("name", "rules")  # said elsewhere on the page
FLAT: Final = ("traffic", "limits", "latency")  # parts whose fields stand side by side with the need's own
REPEATED: Final = ("elapsed_hours",)  # of job_hours, as far as rule packs part
KINDS: Final = ("assumption", "fixed")


def document(found: Sequence[Findings | Together], today: date, version: str) -> Json:
    """{made, version, sections: [of each need or portfolio]}; every number of the page is one of these."""
    return {
        "made": today.isoformat(),
        "version": version,
        "sections": [part(one) if isinstance(one, Together) else section(one) for one in found],
    }


def section(found: Findings) -> Json:
    """One need: what was asked, the plan's own JSON, and what was found beside it (null where absent)."""
    plan = found.plan
    return {
        "kind": "need",
        "place": found.place,
        "asked": asked(found.need),
        "plan": finite(plan.json()),
        "method": plan.settled.selectors.get("method", ""),
        "labels": {term.name: plan.pack.rules[term.name].label for term in plan.terms},
        "refusals": refusals(plan),
        "ways_out": [{"cost": way.cost, "changes": changes(way)} for way in ways_out(plan)],
        "explanation": None if found.explanation is None else finite(found.explanation.json()),
        "assumptions": assumptions(found.explanation),
        "ways": None if found.ways is None else ways(found.ways, found),
        "curve": None if found.curve is None else curve(found.curve, plan),
        "tornado": None if found.tornado is None else finite(found.tornado.json()),
        "packs": None if found.packs is None else packs(found.packs),
        "absent": found.absent,
    }


def part(found: Together) -> Json:
    """A portfolio: the plan's own JSON."""
    plan = found.plan
    return {
        "kind": "portfolio",
        "place": found.place,
        "plan": finite(plan.json()),
        "labels": plan.labels,
        "ways_out": [{"cost": way.cost, "changes": changes(way)} for way in ways_out(plan)],
    }


def finite(value: Json) -> Json:
    """The same with null for numbers that JSON cannot hold."""
    return {key: _finite(part) for key, part in value.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return finite(value)
    if isinstance(value, (list, tuple)):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def asked(need: AnyNeed) -> list[Json]:
    """What the need says, field by field, as its YAML has it: [{key, text}]."""
    rows = []
    for name, value in said(need).items():
        if name in NOT_ASKED:
            continue
        one = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(one, Part) and (name in FLAT or (isinstance(one, Data) and one.samples)):
            rows += [{"key": key, "text": _bare(flow(key, part))} for key, part in said(one).items()]
        elif isinstance(one, list) and isinstance(one[0], Part):
            for key in dict.fromkeys(key for part in one for key in said(part)):
                values = [_bare(flow(key, said(part)[key])) if key in said(part) else "–" for part in one]
                rows.append({"key": key, "text": " / ".join(values)})
        elif isinstance(one, dict):
            rows += [{"key": key, "text": _bare(flow(key, part))} for key, part in one.items()]
        else:
            rows.append({"key": name, "text": _bare(flow(name, value))})
    return rows


def _bare(text: str) -> str:
    return text[1:-1] if text[:1] + text[-1:] in ("[]", '""') else text


def refusals(plan: Plan) -> list[Json]:
    """Cards that cannot do it, grouped by requirement: how many, which, and the one that misses least."""
    groups: dict[str, list[Refusal]] = {}
    for refusal in plan.refusals:
        groups.setdefault(refusal.requirement, []).append(refusal)
    rows = []
    for name, found in sorted(groups.items(), key=lambda item: -len(item[1])):
        near = min(found, key=lambda r: r.left / r.right if r.right > 0 else math.inf)
        rows.append(
            {
                "requirement": name,
                "label": near.label,
                "gpus": [refusal.gpu for refusal in found],
                "count": len(found),
                "nearest": finite(
                    {"gpu": near.gpu, "needs": near.left, "has": near.right, "unit": near.unit}
                ),
            }
        )
    return rows


def assumptions(explanation: Explanation | None) -> list[Json]:
    """Every assumption and fixed number of the derivation, by name."""
    if explanation is None:
        return []
    nodes = [node for node in explanation.nodes() if node.kind in KINDS]
    return [finite(node.json()) for node in sorted(nodes, key=lambda node: node.id)]


def ways_out(plan: Plan | PortfolioPlan) -> list[WayOut]:
    """Ways out, cheapest first."""
    return sorted(plan.ways_out, key=lambda way: way.cost)


def changes(way: WayOut) -> list[Json]:
    """What changes, each from what to what: a way out names several with "and" between."""
    parts = [text.split(" and ") for text in (way.change, way.from_, way.to)]
    if len({len(part) for part in parts}) > 1:
        parts = [[way.change], [way.from_], [way.to]]
    return [{"what": what, "from": before, "to": after} for what, before, after in zip(*parts, strict=True)]


def ways(found: WaysReport, about: Findings) -> Json:
    """The ways of a report, their plans in short, and which of them the need allows.

    `plan` has the plan of the need itself on the same footing: its payments, discounted and not.
    """
    whole = found.json()
    flows = flows_of(about.plan)
    whole["plan"] = {"npv": present_value(flows, found.rate), "total": undiscounted(flows)}
    kinds = set(about.need.limits.purchase or DEFAULT_PURCHASE)
    for json, way in zip(whole["ways"], found.ways, strict=True):
        plan = json.pop("plan")
        json["allowed"] = bool(kinds & set(WAYS[way.way]))
        json["terms"] = {term["name"]: term["amount"] for term in plan["terms"]} if plan else {}
    return finite(whole)


def curve(found: Sweep, plan: Plan) -> Json:
    """A sweep without the parts of its plans that the page does not show."""
    points = []
    for point in found.points:
        known = point.plan.feasible
        points.append(
            {
                "value": point.value,
                "status": point.plan.status,
                "total_cost": point.plan.total_cost if known else None,
                "hours": point.plan.hours if known else None,
                "cards": [
                    {"gpu": c.gpu, "count": c.count, "purchase": c.purchase, "provider": c.provider}
                    for c in point.plan.cards
                ],
                "apis": [api.json() for api in point.plan.apis],
            }
        )
    here = _here(found.over, plan)
    return finite({"over": found.over, "unit": found.unit, "here": here, "points": points})


def _here(over: str, plan: Plan) -> float | None:
    """Where on the axis the need itself stands."""
    if over == "requests_per_second":
        return float(plan.settled.classes[0].requests_per_second)
    return plan.settled.hours


def packs(found: PackDiff) -> Json:
    """Two rule packs: each one's own plan in short, and the quantities in which they part."""
    return finite(
        {
            "a": found.a,
            "b": found.b,
            "first": None if found.first is None else found.first.name,
            "quantities": [q.json() for q in found.quantities if q.differs and q.name not in REPEATED],
            "terms": [t.json() for t in found.terms],
            "plan_a": short(found.plan_a),
            "plan_b": short(found.plan_b),
            "line": None if not found.plan_a.cards else asdict(found.plan_a.cards[0]),
        }
    )


def short(plan: Plan) -> Json:
    """A plan in the few numbers that a comparison shows."""
    known = plan.feasible
    return {
        "status": plan.status,
        "total_cost": plan.total_cost if known else None,
        "hours": plan.hours if known else None,
        "currency": plan.currency,
        "cards": [asdict(card) for card in plan.cards],
        "apis": [api.json() for api in plan.apis],
    }
