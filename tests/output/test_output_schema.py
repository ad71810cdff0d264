"""The schema of a plan describes what `--json` prints: every key, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from plans import NEEDS, plan_of

from optplan.plan_schema import plan_schema
from optplan.report.plan import SHORT
from optplan.rules import PACKS, TASKS, pack

SCHEMA = plan_schema()
TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


def faults(value: Any, schema: dict[str, Any], path: str) -> Iterator[str]:
    """What of a value a schema does not allow: as much of JSON Schema as the plan's uses."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if not any(isinstance(value, TYPES[kind]) for kind in kinds):
        yield f"{path}: {value!r} is no {kinds}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is none of {schema['enum']}"
    if isinstance(value, dict):
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{path}.{key} is missing"
        for key, item in value.items():
            known = schema["properties"].get(key, schema["additionalProperties"])
            if known is False:
                yield f"{path}.{key} is not described"
            else:
                yield from faults(item, known, f"{path}.{key}")
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from faults(item, schema["items"], f"{path}[{i}]")


@pytest.mark.parametrize("name", NEEDS)
def test_every_plan_is_as_the_schema_says(name: str) -> None:
    data = json.loads(json.dumps(plan_of(name).json(), allow_nan=False))
    assert list(faults(data, SCHEMA, name)) == []
    branch = "then" if plan_of(name).feasible else "else"
    assert set(SCHEMA[branch]["required"]) <= set(data)


def test_the_documented_keys_of_a_plan_are_there() -> None:
    wanted = (
        "name status currency total_cost hourly_cost hours gpu_hours bound gap cards terms quantities assumed"
    )
    assert set(wanted.split()) | {"warnings", "catalog", "solver"} <= set(plan_of("finetune").json())


def described(schema: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema with its path."""
    yield path, schema
    for key, inner in schema.get("properties", {}).items():
        yield from described(inner, f"{path}.{key}")
    if "items" in schema:
        yield from described(schema["items"], f"{path}[]")


def test_every_key_has_a_description() -> None:
    for path, schema in described(SCHEMA, "plan"):
        assert schema.get("description", "").strip(), path


def test_every_quantity_of_every_pack_is_described_with_its_unit() -> None:
    known = SCHEMA["properties"]["quantities"]["properties"]
    for spec in PACKS:
        for task in TASKS:
            for rule in pack(spec, task).of_kind("derive"):
                assert rule.name in known
    assert all("[" in schema["description"] for name, schema in known.items() if name != "total_cost")


def test_quantities_on_the_page_exist_in_the_rules() -> None:
    assert set(SHORT) <= set(SCHEMA["properties"]["quantities"]["properties"])
