"""What a rule is: a function whose parameter names are the edges of the graph.

A rule's body is a docstring and ONE return expression over numbers or numpy columns, so that the explanation
can print the formula from the code itself. `derive` gives a quantity, `require` a condition that every
candidate must meet, `charge` a term of the cost.
"""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal, TypeVar

from optplan.errors import BadInput, Fault, nearest

Status = Literal["exact", "measured", "fitted", "assumed"]
Kind = Literal["derive", "require", "charge"]
Function = Callable[..., Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both sides of a requirement: it holds where left <= right."""

    left: Any
    right: Any


def at_most(left: Any, right: Any) -> Comparison:
    """The requirement left <= right, keeping both sides so that a refusal can show them."""
    return Comparison(left, right)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a pack.

    name        the quantity, requirement or cost term
    parameters  names of the quantities it reads, in order
    unit        of its value (a requirement: of both sides; a charge: "currency")
    source      where the formula is from
    status      exact, measured, fitted or assumed
    """

    name: str
    kind: Kind
    function: Function
    parameters: tuple[str, ...]
    unit: str
    source: str
    status: Status

    def __call__(self, *values: Any, **named: Any) -> Any:
        """The rule's value, as its function gives it."""
        return self.function(*values, **named)

    @property
    def label(self) -> str:
        """The docstring's first line: what it is, in words."""
        return _first_line(self.function)

    @property
    def expression(self) -> ast.expr:
        """The expression that the function returns, as syntax."""
        return _expression(self.function)

    @property
    def formula(self) -> str:
        """The expression as text, such as "layers * hidden / shards"."""
        return ast.unparse(self.expression)

    def formula_with(self, values: Mapping[str, str]) -> str:
        """The formula with each parameter replaced by its printed value."""
        return ast.unparse(_Put(values).visit(_expression(self.function)))


class _Put(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self.values[node.id]) if node.id in self.values else node


@functools.cache
def _first_line(function: Function) -> str:
    return (function.__doc__ or "").strip().partition("\n")[0]


def _expression(function: Function) -> ast.expr:
    definition = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    body = definition.body if isinstance(definition, ast.FunctionDef) else []
    statements = [s for s in body if not _is_docstring(s)]
    if len(statements) == 1 and isinstance(statements[0], ast.Return) and statements[0].value is not None:
        return statements[0].value
    raise TypeError(f"rule {function.__name__}: the body must be a docstring and one return expression")


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _declare(kind: Kind, unit: str, source: str, status: Status) -> Callable[[Function], Rule]:
    def rule_of(function: Function) -> Rule:
        parameters = tuple(inspect.signature(function).parameters)
        return Rule(function.__name__, kind, function, parameters, unit, source, status)

    return rule_of


def derive(*, unit: str, source: str, status: Status) -> Callable[[Function], Rule]:
    """Declare a rule that gives the quantity named like the function."""
    return _declare("derive", unit, source, status)


def require(*, unit: str, source: str, status: Status = "exact") -> Callable[[Function], Rule]:
    """Declare a requirement; the function returns `at_most(left, right)`."""
    return _declare("require", unit, source, status)


def charge(*, source: str, status: Status = "exact") -> Callable[[Function], Rule]:
    """Declare a term of the cost, in the need's currency, linear in `units` and `unit_hours`."""
    return _declare("charge", "currency", source, status)


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """A named set of rules; a later rule of the same name replaces an earlier one."""

    name: str
    rules: Mapping[str, Rule]
    _kept: dict[Any, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    def kept(self, key: Hashable, make: Callable[[], T]) -> T:
        """What follows from the rules alone, made once for each key."""
        if key not in self._kept:
            self._kept[key] = make()
        found: T = self._kept[key]
        return found

    def of_kind(self, kind: Kind) -> list[Rule]:
        """The rules of one kind, in the order they were written."""
        return self.kept(kind, lambda: [rule for rule in self.rules.values() if rule.kind == kind])

    def read_by(self, targets: Iterable[str]) -> frozenset[str]:
        """All names that the targets depend on, rules and inputs alike."""
        wanted = tuple(targets)
        return self.kept(("reads", wanted), lambda: self._read_by(wanted))

    def _read_by(self, targets: tuple[str, ...]) -> frozenset[str]:
        seen: set[str] = set()
        stack = list(targets)
        while stack:
            name = stack.pop()
            if name not in seen:
                seen.add(name)
                stack += self.rules[name].parameters if name in self.rules else ()
        return frozenset(seen)

    def with_rules(self, name: str, more: Mapping[str, Rule]) -> Pack:
        """This pack with rules added or replaced by name."""
        return Pack(name, {**self.rules, **more})

    def order(self, targets: Iterable[str], given: Iterable[str]) -> list[Rule]:
        """The rules that the targets need beyond what is given, each after those it reads.

        Raises BadInput for a quantity that nothing gives, and for a circle.
        """
        wanted, known = tuple(targets), frozenset(given)
        return self.kept((wanted, known), lambda: self._ordered(wanted, known))

    def _ordered(self, targets: tuple[str, ...], known: frozenset[str]) -> list[Rule]:
        done: dict[str, Rule] = {}
        path: list[str] = []

        def visit(name: str, reader: str) -> None:
            if name in known or name in done:
                return
            if name in path:
                circle = " -> ".join([*path[path.index(name) :], name])
                message = f"rules read each other: {circle}"
                raise BadInput(Fault("circular-rules", f"rules {self.name}", message))
            if name not in self.rules:
                raise BadInput(_unknown(self, name, reader, known))
            path.append(name)
            for parameter in self.rules[name].parameters:
                visit(parameter, name)
            path.pop()
            done[name] = self.rules[name]

        for target in targets:
            visit(target, "the plan")
        return list(done.values())


def _unknown(pack: Pack, name: str, reader: str, known: Iterable[str]) -> Fault:
    close = nearest(name, [*pack.rules, *known])
    hint = f"did you mean {', '.join(close)}?" if close else "see `optplan rules list`"
    message = f"`{reader}` reads `{name}`, which nothing gives"
    return Fault("unknown-quantity", f"rules {pack.name}", message, hint)


def collect(module: ModuleType) -> dict[str, Rule]:
    """All rules that a module declares or imports, by name, in the order it names them."""
    return {value.name: value for value in vars(module).values() if isinstance(value, Rule)}
