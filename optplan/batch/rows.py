"""What every reader of inputs hands on: one row a need, as plain text, numbers, lists and mappings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from optplan.errors import BadInput, Fault
from optplan.need import TASKS, AnyNeed
from optplan.problem.judge import Judge
from optplan.problem.tree import MAX_DEPTH, Node, Text

MAX_ROW_BYTES: Final = 1_000_000  # of one need, as of one YAML file
SHARED: Final = "together"  # the key of a document that is no need, but the limits that all needs share
_SPOT = re.compile(r":(\d+):\d+$")


@dataclass(frozen=True, slots=True)
class Row:
    """One need as it was read.

    place   file and line or row in it: "needs.jsonl:12", "day.parquet#7", "a.yaml#2"
    raw     the need without null values; None where it cannot be read
    faults  why it cannot be read
    base    folder that relative paths in it start from
    read    bytes of all inputs that had been read by then
    shared  cannot be read, but its text has limits that needs share
    """

    place: str
    raw: dict[str, Any] | None
    faults: tuple[Fault, ...]
    base: Path
    read: int
    shared: bool = False


def bad(place: str, code: str, message: str, hint: str, base: Path, read: int) -> Row:
    """A row that cannot be read."""
    return Row(place, None, (Fault(code, place, message, hint),), base, read)


def filled(value: Any, depth: int = 0) -> Any:
    """The value without keys that hold null, at any depth. Raises BadInput where it is nested without end."""
    if depth > MAX_DEPTH:
        hint = "a need has four levels"
        raise BadInput(Fault("too-deep", "", f"nested deeper than {MAX_DEPTH} levels", hint))
    if isinstance(value, dict):
        return {key: filled(item, depth + 1) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [filled(item, depth + 1) for item in value]
    return value


def nested(cells: Mapping[str, Any]) -> dict[str, Any]:
    """{"traffic.requests": 5} -> {"traffic": {"requests": 5}}.

    Raises BadInput where one cell is both a value and a part.
    """
    found: dict[str, Any] = {}
    for name, value in cells.items():
        *parts, last = name.split(".")
        inside: Any = found
        for part in parts:
            inside = inside.setdefault(part, {})
            if not isinstance(inside, dict):
                break
        if not isinstance(inside, dict) or last in inside:
            message = f"`{name}` and another column both fill `{'.'.join(parts) or last}`"
            raise BadInput(Fault("two-values", name, message, "leave one of the two cells blank"))
        inside[last] = value
    return found


def need_of(raw: Mapping[str, Any]) -> AnyNeed:
    """The need of a row. Raises BadInput with every fault in it; places are fields, as in limits.budget."""
    from pydantic import ValidationError

    task = raw.get("task")
    task = task.strip().lower() if isinstance(task, str) else ""
    if task in TASKS:
        try:
            return TASKS[task].model_validate({**raw, "task": task})
        except ValidationError:
            pass  # told below in the words, and with the hints, of a need in a file
    if list(raw) == [SHARED]:
        hint = "solve with --together, or leave it out"
        raise BadInput(Fault("together", "together", "these are limits that needs share, not a need", hint))
    fields: list[str] = []
    root = _node(dict(raw), "", fields)
    try:
        return Judge(root, Text("", [])).need()
    except BadInput as error:
        raise BadInput([_placed(fault, fields) for fault in error.faults]) from None


def _node(value: Any, field: str, fields: list[str]) -> Node:
    """A value as the reader of YAML would give it; its line is the number of its field in `fields`."""
    node = Node("text", (len(fields), 0), (len(fields), 1))
    fields.append(field)
    if isinstance(value, dict):
        node.kind = "map"
        for key, item in value.items():
            inside = _node(item, f"{field}.{key}" if field else str(key), fields)
            node.entries[str(key)] = inside
            node.keys[str(key)] = Node("text", inside.start, inside.end, text=str(key))
    elif isinstance(value, list):
        node.kind = "list"
        node.items = [_node(item, f"{field}[{i}]", fields) for i, item in enumerate(value)]
    else:
        node.kind = "null" if value is None else "text"
        node.text = str(value).lower() if isinstance(value, bool) else str(value)
    return node


def _placed(fault: Fault, fields: list[str]) -> Fault:
    spot = _SPOT.search(fault.place)
    field = fields[int(spot[1]) - 1] if spot else fault.place
    return Fault(fault.code, field, fault.message, fault.hint)
