"""Units of rules, checked by evaluating each one on quantities that carry units.

A rule passes when its value converts to the unit it declares with factor 1: GiB taken for GB, or seconds for
hours, is a fault though both are memory or time.
"""

from __future__ import annotations

import cmath
import inspect
import re
import types
from collections.abc import Mapping
from typing import Any, Final

from optplan.errors import Fault
from optplan.inputs import Input
from optplan.rule import Comparison, Pack, Rule
from optplan.rules.constants import CONSTANT_UNITS

# Bases and multiples of our own, so that a byte is no plain number and a token no request.
_DEFINITIONS: Final = (
    "card = []", "position = []", "second = [time] = s", "hour = 3600 * second", "month = 730 * hour",
    "millisecond = 0.001 * second = ms", "byte = [data]", "GB = 1e9 * byte", "GiB = 1073741824 * byte",
    "token = [token]", "Mtoken = 1e6 * token", "request = [request]", "FLOP = [operation]", "TFLOP = 1e12 * FLOP",
    "currency = [currency]", "watt = [power]", "kW = 1000 * watt", "kWh = 1000 * watt * hour", "g = [mass]",
    "kg = 1000 * g",
)  # fmt: skip
_AMOUNT = re.compile(r"\b[A-Z]{3}\b")


def check_units(pack: Pack, inputs: Mapping[str, Input], assumptions: Mapping[str, str]) -> list[Fault]:
    """Every rule of a pack whose unit does not follow from those of what it reads.

    assumptions: name -> unit, as the table has it ("USD/kWh" counts as currency per kWh).
    """
    import pint  # 0.3 s to load, wanted here only

    registry: Any = pint.UnitRegistry(None)
    for definition in _DEFINITIONS:
        registry.define(definition)
    units = {name: entry.unit for name, entry in inputs.items()}
    units |= {name: _AMOUNT.sub("currency", unit) for name, unit in assumptions.items()}
    units |= {rule.name: rule.unit for rule in pack.rules.values()}
    faults = []
    for rule in pack.rules.values():
        unknown = [name for name in rule.parameters if name not in units]
        message = (
            f"reads {', '.join(unknown)}, which nothing gives" if unknown else _fault(rule, units, registry)
        )
        if message:
            faults.append(Fault("bad-unit", place(rule), f"rule {rule.name} {message}"))
    return faults


def place(rule: Rule) -> str:
    """Where a rule is written: file and line."""
    code = rule.function.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def _fault(rule: Rule, units: Mapping[str, str], registry: Any) -> str:
    import pint

    def quantity(value: float, unit: str) -> Any:
        return registry.Quantity(value, "" if unit == "1" else unit)

    scope = dict(rule.function.__globals__)
    of_file = {**CONSTANT_UNITS, **scope.get("CONSTANT_UNITS", {})}
    scope |= {name: quantity(scope[name], unit) for name, unit in of_file.items() if name in scope}
    function = types.FunctionType(rule.function.__code__, scope)
    # All different, above one and below: a missing factor or a swapped pair shows in at least one.
    for start in (1.1, 0.21):
        numbers = {name: start + 0.03 * i for i, name in enumerate(rule.parameters)}
        try:
            result = function(*[quantity(value, units[name]) for name, value in numbers.items()])
            for side, plain in zip(_sides(result), _sides(rule.function(**numbers)), strict=True):
                magnitude = registry.Quantity(side).to(quantity(1, rule.unit).units).magnitude
                if not cmath.isclose(magnitude, plain, rel_tol=1e-9):
                    return f"declares {rule.unit} but gives {plain:.6g} where units give {magnitude:.6g}"
        except (pint.DimensionalityError, pint.UndefinedUnitError) as error:
            return f"declares {rule.unit}: {error}"
    return ""


def _sides(value: Any) -> tuple[Any, ...]:
    return (value.left, value.right) if isinstance(value, Comparison) else (value,)


def check_form(pack: Pack) -> list[Fault]:
    """Every rule without label, unit or source, or whose body is not one return expression."""
    faults = []
    for rule in pack.rules.values():
        missing = [name for name in ("label", "unit", "source") if not getattr(rule, name).strip()]
        if missing:
            faults.append(
                Fault("bad-rule", place(rule), f"rule {rule.name} has no {' and no '.join(missing)}")
            )
        if inspect.iscoroutinefunction(rule.function):
            faults.append(Fault("bad-rule", place(rule), f"rule {rule.name} is a coroutine"))
        try:
            rule.formula_with({})
        except TypeError as error:
            faults.append(Fault("bad-rule", place(rule), str(error)))
    return faults
