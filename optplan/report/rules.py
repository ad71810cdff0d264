"""Rules as tables: the list of a pack, one rule in full, where two packs part, and the check."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from optplan.compare.packs import PackDiff, Parting
from optplan.errors import BadInput, Fault, nearest
from optplan.inputs import INPUTS
from optplan.plan import Plan
from optplan.report import print_json, words
from optplan.report.console import bullet, grid, heading, table_console
from optplan.report.plan import headline
from optplan.rule import Rule
from optplan.rules import TASKS, pack

KINDS = {"derive": "quantity", "require": "requirement", "charge": "cost"}


def by_name(spec: str, task: str | None) -> dict[str, list[tuple[tuple[str, ...], Rule]]]:
    """Rules of a pack by name; a name that tasks compute differently has several, each with its tasks."""
    found: dict[str, dict[int, tuple[list[str], Rule]]] = {}
    for one in TASKS if task is None else (task,):
        for name, rule in pack(spec, one).rules.items():
            found.setdefault(name, {}).setdefault(id(rule.function), ([], rule))[0].append(one)
    return {
        name: [(tuple(tasks), rule) for tasks, rule in several.values()] for name, several in found.items()
    }


def print_rules(spec: str, task: str | None, json: bool) -> None:
    """Every rule of a pack, a line each."""
    rules = [(tasks, rule) for several in by_name(spec, task).values() for tasks, rule in several]
    if json:
        print_json([_json(rule, tasks) for tasks, rule in rules])
        return
    console = table_console()
    for kind, title in KINDS.items():
        rows = [[r.name, r.unit, r.status, _short(t), r.label] for t, r in rules if r.kind == kind]
        if rows:
            heading(console, f"{title}: {len(rows)}")
            columns = ["name", "unit", "status", "tasks", "what it is"]
            console.print(grid(console, columns, rows, keep=(0,), drop=("tasks",)))


def _short(tasks: tuple[str, ...]) -> str:
    return "all" if len(tasks) == len(TASKS) else ", ".join(tasks)


def print_rule(name: str, spec: str, task: str | None, json: bool) -> None:
    """One rule in full, or one input or assumption. Raises BadInput with the nearest names."""
    from optplan.planner import load_catalog

    known = by_name(spec, task)
    assumptions = load_catalog().assumptions
    if name not in known:
        _print_given(name, known, assumptions, json)
        return
    readers = sorted({r.name for several in known.values() for _, r in several if name in r.parameters})
    if json:
        print_json([_json(rule, tasks) | {"read_by": readers} for tasks, rule in known[name]])
        return
    console = table_console()
    for tasks, rule in known[name]:
        console.print(Text(f"{rule.name}: {rule.label}", style="bold"))
        rows = [
            ["formula", rule.formula],
            ["unit", rule.unit],
            ["kind", KINDS[rule.kind]],
            ["status", rule.status],
            ["source", rule.source],
            ["tasks", _short(tasks)],
            ["reads", ", ".join(rule.parameters)],
            ["read by", ", ".join(readers) or "the plan"],
        ]
        _pairs(console, rows)


def _pairs(console: Console, rows: list[list[str]]) -> None:
    from rich.table import Table

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for key, value in rows:
        table.add_row(Text(f"  {key}", style="dim"), Text(value))
    console.print(table)


def _print_given(name: str, known: Any, assumptions: Any, json: bool) -> None:
    if name in INPUTS:
        given = INPUTS[name]
        found = [
            {"name": name, "kind": "input", "unit": given.unit, "label": given.label, "origin": given.origin}
        ]
    elif name in assumptions:
        found = [_assumed(row) for row in assumptions[name].values()]
    else:
        close = nearest(name, {*known, *INPUTS, *assumptions})
        hint = f"did you mean {', '.join(close)}?" if close else "see `optplan rules list`"
        raise BadInput(Fault("unknown-rule", "rules show", f"no rule is named {name[:60]!r}", hint))
    if json:
        print_json(found)
        return
    console = table_console()
    for one in found:
        console.print(Text(f"{name}: {one['label']}", style="bold"))
        _pairs(console, [[key, _said(value)] for key, value in one.items() if key not in ("name", "label")])


def _said(value: object) -> str:
    return words.figure(value) if isinstance(value, float) else str(value)


def _assumed(row: Any) -> dict[str, Any]:
    ends = {"low": row.low, "expected": row.expected, "high": row.high, "unit": row.unit, "worse": row.worse}
    rest = {"status": row.status, "source": row.source, "date": row.date}
    return {
        "name": row.name,
        "kind": "assumption",
        "for": row.key or "all",
        "label": row.description,
        **ends,
        **rest,
    }


def _json(rule: Rule, tasks: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": rule.name,
        "kind": KINDS[rule.kind],
        "label": rule.label,
        "unit": rule.unit,
        "status": rule.status,
        "source": rule.source,
        "formula": rule.formula,
        "reads": list(rule.parameters),
        "tasks": list(tasks),
    }


def print_diff(diff: PackDiff) -> None:
    """Both plans, the first quantity in which the packs part, all that both know, and the terms."""
    console = table_console()
    for name, plan in ((diff.a, diff.plan_a), (diff.b, diff.plan_b)):
        console.print(Text(f"{name}: {_result(plan)}", style="bold"))
    if not diff.quantities:
        return
    base = diff.plan_a if diff.plan_a.lines else diff.plan_b
    line = base.cards[0]
    console.print()
    console.print(Text(f"Both on the same cards, {words.cards(line)} ({line.offer}; {line.layout}):"))
    if diff.first is not None:
        _print_first(console, diff, diff.first)
    _print_partings(console, "Quantities that both packs know, from the need upwards", diff, diff.quantities)
    _print_partings(console, "Cost terms", diff, diff.terms)


def _result(plan: Plan) -> str:
    return headline(plan) if plan.feasible else f"no plan: {'; '.join(plan.reasons[:1])}"


def _print_first(console: Console, diff: PackDiff, first: Parting) -> None:
    heading(console, f"They part first at {first.name}: {first.label}")
    for name, side in ((diff.a, first.a), (diff.b, first.b)):
        shown = words.value(side.value, side.unit, diff.plan_a.currency)
        bullet(console, f"{name}: {shown}" + (f" = {side.formula}" if side.formula else " (given)"))


def _print_partings(console: Console, title: str, diff: PackDiff, partings: list[Parting]) -> None:
    if not partings:
        return
    heading(console, title)
    rows = []
    for one in partings:
        same_unit = one.a.unit == one.b.unit
        ratio = words.figure(one.b.value / one.a.value) if one.a.value and same_unit else ""
        sides = [words.value(side.value, side.unit, diff.plan_a.currency) for side in (one.a, one.b)]
        rows.append([one.name, *sides, ratio if one.differs else "="])
    console.print(grid(console, ["name", diff.a, diff.b, "ratio"], rows, right=(1, 2, 3), keep=(0,)))


def print_check(spec: str) -> None:
    """Check form, reading and units of a pack's rules. Raises BadInput with every fault."""
    from optplan.planner import load_catalog
    from optplan.planner.context import TARGETS
    from optplan.rules.check import check_form, check_units

    assumptions = {n: next(iter(rows.values())).unit for n, rows in load_catalog().assumptions.items()}
    faults: dict[Fault, None] = {}
    counted: set[int] = set()
    for task in TASKS:
        rules = pack(spec, task)
        counted |= {id(rule.function) for rule in rules.rules.values()}
        faults |= dict.fromkeys(check_form(rules))
        wanted = [n for n in TARGETS[task] if n in rules.rules] + [r.name for r in rules.of_kind("require")]
        try:
            rules.order([*wanted, *(r.name for r in rules.of_kind("charge"))], {*INPUTS, *assumptions})
        except BadInput as error:
            faults |= dict.fromkeys(error.faults)
        try:
            faults |= dict.fromkeys(check_units(rules, INPUTS, assumptions))
        except ModuleNotFoundError:
            message = "the check of units needs the package pint"
            raise BadInput(
                Fault("missing-package", "rules check", message, "pip install 'optplan[units]'")
            ) from None
    if faults:
        raise BadInput(faults)
    print(f"{spec}: {len(counted)} rules, each with label, unit and source; units agree")
