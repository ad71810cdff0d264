"""A user's own rules: one Python file, run as it stands, its faults told with file and line."""

from __future__ import annotations

import linecache
import traceback
import types
from collections.abc import Sequence
from pathlib import Path

from optplan.errors import BadInput, Fault, nearest
from optplan.rule import Rule, collect

STATUSES = ("exact", "measured", "fitted", "assumed")


def load(spec: str, packs: Sequence[str]) -> tuple[str, dict[str, Rule]]:
    """(name of the base pack, rules) of a file.

    Raises BadInput when the file cannot be read or run, names an unknown BASE, or declares a rule without
    label or source, or whose body is not one return expression.
    """
    module = _run(Path(spec), spec, packs)
    base = getattr(module, "BASE", packs[0])
    if base not in packs:
        hint = f"BASE is one of {', '.join(packs)}"
        raise BadInput(Fault("unknown-pack", spec, f"BASE = {base!r} is no rule pack", hint))
    rules = {
        name: rule for name, rule in collect(module).items() if rule.function.__module__ == module.__name__
    }
    if not rules:
        hint = "declare functions with @derive, @require or @charge from optplan.rule"
        raise BadInput(Fault("no-rules", spec, "the file declares no rule", hint))
    faults = [fault for rule in rules.values() for fault in _faults(rule, spec)]
    if faults:
        raise BadInput(faults)
    return base, rules


def _run(path: Path, spec: str, packs: Sequence[str]) -> types.ModuleType:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        close = nearest(spec, packs)
        hint = f"did you mean {', '.join(close)}?" if close else f"packs: {', '.join(packs)}; or a .py file"
        raise BadInput(
            Fault("unknown-pack", "rules", f"{spec!r} is neither a rule pack nor a file", hint)
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise BadInput(Fault("unreadable-rules", spec, f"cannot read the file: {reason}")) from error
    # The explanation prints formulas from the source text, which inspect finds in linecache.
    linecache.cache[spec] = (len(text), None, text.splitlines(keepends=True), spec)
    module = types.ModuleType(f"optplan_rules_{path.stem}")
    module.__file__ = spec
    try:
        exec(compile(text, spec, "exec"), module.__dict__)
    except SyntaxError as error:
        raise BadInput(
            Fault("bad-rules", f"{spec}:{error.lineno}", f"not valid Python: {error.msg}")
        ) from error
    except Exception as error:
        raise BadInput(_failed(error, spec)) from error
    return module


def _failed(error: Exception, spec: str) -> Fault:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == spec]
    place = f"{spec}:{lines[-1]}" if lines else spec
    return Fault("bad-rules", place, f"running the file failed: {type(error).__name__}: {error}")


def _faults(rule: Rule, spec: str) -> list[Fault]:
    place = f"{spec}:{rule.function.__code__.co_firstlineno}"
    faults = []
    try:
        rule.formula_with({})
    except TypeError as error:
        faults.append(Fault("bad-rule", place, str(error)))
    if not rule.label:
        faults.append(Fault("bad-rule", place, f"rule {rule.name}: the docstring, its label, is missing"))
    if not rule.source:
        faults.append(Fault("bad-rule", place, f"rule {rule.name}: the source is empty"))
    if rule.status not in STATUSES:
        hint = f"status is one of {', '.join(STATUSES)}"
        faults.append(Fault("bad-rule", place, f"rule {rule.name}: unknown status {rule.status!r}", hint))
    return faults
