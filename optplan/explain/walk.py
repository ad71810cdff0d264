"""Plan -> graph: each quantity once, each edge from a quantity to what it reads."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import networkx as nx

from optplan.evaluate import names_read
from optplan.explain.graph import Node, shown
from optplan.explain.leaves import Leaves
from optplan.inputs import INPUTS
from optplan.plan import ApiLine, LimitUse, Line, Plan
from optplan.planner.costs.carbon import TOTALS
from optplan.rule import Rule
from optplan.units import TOLERANCE, number

ROOT: Final = "total_cost"
CHOSEN: Final = ("units", "unit_hours", "carried_requests", "api_share")  # what the integer program decides
POOLED: Final = "job_hours"  # of a job on several types of card
NEEDED: Final = "needed_replicas"  # of live traffic
PRICES: Final = ("price_per_unit_hour", "price_per_unit")
WORTH: Final = "net_present_value"
DISCOUNT: Final = "even_discount"
SHARED: Final = ("need", "model")  # origins that are the same for every line of a plan


class Walk:
    """Builds the graph of a plan. worth: with its net present value."""

    def __init__(self, plan: Plan, worth: bool = False) -> None:
        self.plan, self.rules = plan, plan.pack.rules
        self.graph: nx.DiGraph[str] = nx.DiGraph()
        self.same: dict[str, bool] = {}
        self.leaves = Leaves(plan)
        self.proof = f"bound {number(plan.bound, 6)} {plan.currency}, gap {plan.gap:.2%}"
        self._total()
        if worth:
            self._worth()

    def _add(self, node: Node, more: Iterable[str] = ()) -> str:
        self.graph.add_node(node.id, node=node)
        self.graph.add_edges_from((node.id, child) for child in (*node.parameters, *more))
        return node.id

    def _total(self) -> None:
        plan = self.plan
        terms = tuple(self._term(term.name, term.amount) for term in plan.terms)
        node = Node(ROOT, "Cost of the plan", plan.total_cost, plan.currency, kind="total", status="exact")
        self._add(
            replace(
                node,
                formula=" + ".join(term.name for term in plan.terms),
                with_numbers=" + ".join(shown(term.amount) for term in plan.terms),
                source=f"objective of the integer program, solved by {plan.solver.name}: {self.proof}",
                parameters=terms,
            )
        )

    def reach(self, name: str) -> None:
        """Add a quantity that the cost does not rest on, such as carbon_kg, with all below it."""
        rule = self.rules.get(name)
        held = [i for i, part in enumerate(self.plan.parts) if name in part.values]
        if rule is None or rule.kind != "derive" or not held or name in self.graph:
            return
        if name in TOTALS:
            ident = self._term(name, self.plan.quantities[name].value)
            self.graph.nodes[ident]["node"] = replace(self.graph.nodes[ident]["node"], unit=rule.unit)
        else:
            for i in held:
                self._quantity(name, i)

    def _worth(self) -> None:
        """The net present value beside the total, where one discount holds for all that is paid."""
        plan, discounts = self.plan, {part.values.get(DISCOUNT) for part in self.plan.parts}
        discount = discounts.pop() if len(discounts) == 1 else None
        if discount is None or not math.isfinite(discount):
            return
        self._add(
            Node(
                WORTH,
                "Net present value of all payments",
                plan.total_cost * discount,
                plan.currency,
                formula=f"{ROOT} * {DISCOUNT}",
                with_numbers=f"{shown(plan.total_cost)} * {shown(discount)}",
                source="the total, with the cost of capital in it, discounted as if it were paid evenly",
                status="exact",
                kind="rule",
                parameters=(ROOT, self._quantity(DISCOUNT, 0)),
            )
        )

    def _term(self, name: str, amount: float) -> str:
        charged = [(i, part) for i, part in enumerate(self.plan.parts) if name in part.values]
        parts = tuple(self._quantity(name, i) for i, _ in charged)
        if len(parts) == 1:
            return parts[0]
        node = Node(name, f"{self.rules[name].label}, all lines", amount, self.plan.currency, kind="term")
        return self._add(
            replace(
                node,
                formula=" + ".join(parts),
                with_numbers=" + ".join(shown(part.values[name]) for _, part in charged),
                source="sum over the lines of the plan",
                status="exact",
                parameters=parts,
            )
        )

    def _shared(self, name: str) -> bool:
        """Whether a quantity is the same for all lines, down to everything it reads."""
        if name not in self.same:
            values = {part.values.get(name) for part in self.plan.parts}
            if name in self.rules and name not in self.plan.fixed:
                below = self.rules[name].kind != "charge" and all(
                    map(self._shared, self.rules[name].parameters)
                )
            else:
                below = name not in INPUTS or INPUTS[name].origin in SHARED
            self.same[name] = len(values) == 1 and below
        return self.same[name]

    def _quantity(self, name: str, i: int) -> str:
        """The node of a quantity of line i, with everything below it."""
        single = len(self.plan.parts) == 1 or self._shared(name)
        ident = name if single else f"{name}#{i + 1}"
        if ident in self.graph:
            return ident
        line = self.plan.parts[i]
        if name in self.plan.fixed:
            return self._add(self.leaves.leaf(ident, name, i))
        if name == POOLED and len({card.gpu for card in self.plan.cards}) > 1:
            return self._add(self._pooled(ident, line))
        if name in self.rules:
            if any(below not in line.values for below in self.rules[name].parameters):
                return self._add(self.leaves.measured(ident, name, i))
            return self._rule(ident, self.rules[name], line, i)
        if isinstance(line, ApiLine):
            chosen = name == "api_share"
            return self._add(
                self._decided(ident, name, line.share) if chosen else self.leaves.leaf(ident, name, i)
            )
        if name == "units":
            return self._add(self._decided(ident, name, float(line.units)), self._conditions(i))
        if name == "unit_hours":
            return self._unit_hours(ident, line, i)
        if name == "carried_requests":
            return self._carried(ident, line, i)
        if name in PRICES:
            return self._price(ident, name, i)
        return self._add(self.leaves.leaf(ident, name, i))

    def _rule(self, ident: str, rule: Rule, line: Line | ApiLine, i: int) -> str:
        values = {name: shown(line.values[name]) for name in rule.parameters}
        formula, with_numbers, kind = rule.formula, rule.formula_with(values), "rule"
        if rule.kind == "require":
            formula, with_numbers, kind = _relation(formula), _relation(with_numbers), "requirement"
        return self._add(
            Node(
                ident,
                rule.label,
                float(line.values[rule.name]),
                self.leaves.money(rule.unit),
                formula=formula,
                with_numbers=with_numbers,
                source=rule.source,
                status=rule.status,
                kind=kind,
                parameters=tuple(self._quantity(name, i) for name in rule.parameters),
            )
        )

    def _pooled(self, ident: str, line: Line | ApiLine) -> Node:
        """The time of a job on several types of card: of all of them together, which no line tells alone."""
        rule = self.rules[POOLED]
        source = (
            f"chosen by the integer program ({self.plan.solver.name}): work over the summed speed of all "
            "cards, which share it by speed; the slowest link and the smallest card bind"
        )
        unit = self.leaves.money(rule.unit)
        return Node(
            ident, rule.label, line.values[POOLED], unit, source=source, status="chosen", kind="chosen"
        )

    def _decided(self, ident: str, name: str, value: float) -> Node:
        held = (
            ", to hold at the worse end of each assumption"
            if self.plan.settled.need.confidence == "high"
            else ""
        )
        source = f"chosen by the integer program ({self.plan.solver.name}){held}: {self.proof}"
        label = self.leaves.label(name)
        return Node(ident, label, value, INPUTS[name].unit, source=source, status="chosen", kind="chosen")

    def _unit_hours(self, ident: str, line: Line, i: int) -> str:
        """Units x hours of each, or of their mean; where the program chose otherwise, beside what it chose."""
        units = self._quantity("units", i)
        node = self._decided(ident, "unit_hours", line.unit_hours)
        hours = next(name for name in ("billed_hours", "duration_hours") if name in line.values)
        each, known = self._quantity(hours, i), line.values[hours]
        if not math.isclose(line.unit_hours, line.units * known, rel_tol=TOLERANCE):
            return self._add(node, [each, units])
        offline = "carried_requests" in line.values
        return self._add(
            replace(
                node,
                formula=f"units * {hours}",
                with_numbers=f"{shown(line.units)} * {shown(known)}",
                source="units x their mean" if offline else "every unit is held for the same hours",
                status="exact",
                kind="rule",
                parameters=(each, units),
            )
        )

    def _carried(self, ident: str, line: Line, i: int) -> str:
        """All requests, where one line answers them all; else those that the program gives to this one."""
        node, every = self._decided(ident, "carried_requests", line.values["carried_requests"]), "requests"
        if not math.isclose(node.value, line.values[every], rel_tol=TOLERANCE):
            return self._add(node, [self._quantity(every, i)])
        return self._add(
            replace(
                node,
                formula=every,
                with_numbers=shown(line.values[every]),
                source="these units answer all requests",
                status="exact",
                kind="rule",
                parameters=(self._quantity(every, i),),
            )
        )

    def _conditions(self, i: int) -> list[str]:
        """What the choice had to keep to: the requirements of the candidate and the limits of the need."""
        pack, held = self.plan.pack, self.plan.lines[i].verdicts
        names = [r.name for r in pack.of_kind("require") if r.name in held]
        found = [self._quantity(n, i) for n in names if not names_read(pack, [n]) & set(CHOSEN)]
        if len(self.plan.parts) == 1 and len(self.plan.settled.classes) == 1:
            found.append(self._quantity(NEEDED, i))
        return found + [self._limit(use) for use in self.plan.limits if use.name not in held]

    def _limit(self, use: LimitUse) -> str:
        state = "binds" if use.binds else f"{shown(use.spare)} {use.unit} spare"
        return self._add(
            Node(
                f"limit {use.name}",
                f"Limit {use.name}: {state}",
                use.allowed,
                use.unit,
                with_numbers=f"{shown(use.used)} of {shown(use.allowed)} used",
                source=f"limits of the need {self.plan.name}",
                status="given",
                kind="limit",
            )
        )

    def _price(self, ident: str, name: str, i: int) -> str:
        """The offer's price, converted by a dated rate where its currency is another."""
        plan, card = self.plan, self.plan.cards[i]
        own = card.price_per_unit_hour if name == "price_per_unit_hour" else card.price_per_unit
        node = replace(self.leaves.leaf(ident, name, i), kind="price")
        if card.currency == plan.currency or own == 0:
            return self._add(node)
        listed = replace(
            node,
            id=f"listed_{ident}",
            label=f"{node.label}, as listed",
            value=own,
            unit=INPUTS[name].unit.replace("currency", card.currency),
        )
        rate = self.leaves.rate(card.currency)
        return self._add(
            replace(
                node,
                formula=f"{listed.id} * rate",
                with_numbers=f"{shown(own)} * {shown(rate.value)}",
                source="the offer's price at the catalog's exchange rate",
                status="exact",
                parameters=(self._add(listed), self._add(rate)),
            )
        )


def _relation(formula: str) -> str:
    """ "at_most(a, b)" -> "a <= b"."""
    call = ast.parse(formula, mode="eval").body
    if isinstance(call, ast.Call) and len(call.args) == 2:
        return f"{ast.unparse(call.args[0])} <= {ast.unparse(call.args[1])}"
    return formula
