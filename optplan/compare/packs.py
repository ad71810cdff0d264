"""Two rule packs on the same need and cards: where their numbers part, and what each term comes to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optplan.catalog import Catalog
from optplan.compare.again import again
from optplan.evaluate import names_read
from optplan.explain.graph import shown
from optplan.need import AnyNeed
from optplan.plan import Line, Plan
from optplan.planner import load_catalog, prepare, solve
from optplan.planner.context import Context
from optplan.rule import Pack, Rule
from optplan.units import TOLERANCE, finite


@dataclass(frozen=True, slots=True)
class Side:
    """A quantity under one pack. formula: and the same with numbers; "" where no rule of the pack gave it."""

    value: float
    unit: str
    formula: str

    def json(self) -> dict[str, Any]:
        """{value, unit, formula}."""
        return {"value": finite(self.value), "unit": self.unit, "formula": self.formula}


@dataclass(frozen=True, slots=True)
class Parting:
    """One quantity under both packs, on the same cards."""

    name: str
    label: str
    a: Side
    b: Side

    @property
    def differs(self) -> bool:
        """Whether value or unit part beyond rounding."""
        close = math.isclose(self.a.value, self.b.value, rel_tol=1e3 * TOLERANCE)
        return not close or self.a.unit != self.b.unit

    def json(self) -> dict[str, Any]:
        """{name, label, a, b, differs}."""
        sides = {"a": self.a.json(), "b": self.b.json()}
        return {"name": self.name, "label": self.label, **sides, "differs": self.differs}


@dataclass(frozen=True, slots=True)
class PackDiff:
    """Both packs' own plans, and their numbers on the cards of the first plan.

    quantities  those that both packs know, in the order in which the second pack computes them
    terms       cost terms of either pack, on the same units
    """

    a: str
    b: str
    plan_a: Plan
    plan_b: Plan
    quantities: list[Parting]
    terms: list[Parting]

    @property
    def first(self) -> Parting | None:
        """The first quantity, from the need upwards, in which the packs part."""
        return next((q for q in self.quantities if q.differs), None)

    def json(self) -> dict[str, Any]:
        """{a, b, first, quantities, terms, plan_a, plan_b}."""
        first = self.first
        return {
            "a": self.a,
            "b": self.b,
            "first": None if first is None else first.name,
            "quantities": [q.json() for q in self.quantities],
            "terms": [t.json() for t in self.terms],
            "plan_a": self.plan_a.json(),
            "plan_b": self.plan_b.json(),
        }


def diff_packs(
    need: AnyNeed,
    a: str,
    b: str,
    catalog: Catalog | None = None,
    *,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
) -> PackDiff:
    """Solve a need under both packs, and evaluate both on the cards of the first plan that there is.

    Raises BadInput for a pack that is unknown, and as `solve` does.
    """
    catalog = catalog or load_catalog()
    plan_a, plan_b = (solve(need, catalog, rules=p, fixed=fixed, base=base, explore=False) for p in (a, b))
    contexts = [prepare(need, catalog, rules=pack, fixed=fixed, base=base) for pack in (a, b)]
    line = next((plan.lines[0] for plan in (plan_a, plan_b) if plan.lines), None)
    quantities: list[Parting] = []
    terms: list[Parting] = []
    if line is not None:
        values = [_values(context, line) for context in contexts]
        packs = [context.pack for context in contexts]
        quantities = [_parting(name, packs, values) for name in _common(packs, values)]
        names = {rule.name: None for pack in packs for rule in pack.of_kind("charge")}
        terms = [_parting(name, packs, values) for name in names if any(v.get(name) for v in values)]
    return PackDiff(a, b, plan_a, plan_b, quantities, terms)


def _values(context: Context, line: Line) -> Mapping[str, float]:
    """Every quantity of a pack on the units and the layout of a line."""
    return again(context, line, context.catalog).values


def _common(packs: list[Pack], values: list[Mapping[str, float]]) -> list[str]:
    """Quantities that both packs know, each after those it rests on; that one of them derives."""
    a, b = packs
    derived = [r.name for r in (*b.of_kind("derive"), *a.of_kind("derive"))]
    common = [n for n in dict.fromkeys(derived) if n in values[0] and n in values[1]]
    return sorted(common, key=lambda name: len(names_read(b, [name]) | names_read(a, [name])))


def _parting(name: str, packs: list[Pack], values: Sequence[Mapping[str, float]]) -> Parting:
    rules = [pack.rules.get(name) for pack in packs]
    known = next(rule for rule in rules if rule is not None)
    a, b = (_side(name, rule, known.unit, found) for rule, found in zip(rules, values, strict=True))
    return Parting(name, known.label, a, b)


def _side(name: str, rule: Rule | None, unit: str, values: Mapping[str, float]) -> Side:
    value = values.get(name, 0.0)  # a term that a pack does not have costs nothing under it
    if rule is None or not all(p in values for p in rule.parameters):  # measured: not by the rule
        return Side(value, unit, "")
    texts = {p: shown(values[p]) for p in rule.parameters}
    return Side(value, rule.unit, f"{rule.formula} = {rule.formula_with(texts)}")
