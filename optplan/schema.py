"""The JSON Schema of a need, for editors that complete and check YAML."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from optplan.need import Need


def need_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one need: every field with its meaning and examples."""
    body = TypeAdapter(Need).json_schema()
    parts = body.get("$defs", {})
    parts["Method"] = {
        "anyOf": [
            {"enum": ["full", "lora", "qlora"]},
            {
                "type": "object",
                "properties": {"lora": {"$ref": "#/$defs/Lora"}, "qlora": {"$ref": "#/$defs/Lora"}},
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": False,
            },
            parts["Method"],
        ]
    }
    for task in ("Finetune", "Generate", "Serve"):
        model = parts[task]["properties"]["model"]
        model["oneOf"] = [{"type": "number", "minimum": 1e6}, *model["oneOf"]]
    parts["Data"] = {"anyOf": [{"type": "string", "examples": ["1GB", "1e9 tokens"]}, parts["Data"]]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A need of optplan",
        **_loose(body),
    }


def _loose(node: Any) -> Any:
    """Where the reader takes one name for a list of names, or one class for a list, so does the schema."""
    if isinstance(node, list):
        return [_loose(item) for item in node]
    if not isinstance(node, dict):
        return node
    loose = {key: _loose(value) for key, value in node.items() if key != "discriminator"}
    if loose.get("type") == "array" and isinstance(loose.get("items"), dict):
        told = {key: loose.pop(key) for key in ("description", "default", "title", "unit") if key in loose}
        return {**told, "anyOf": [loose, loose["items"]]}
    return loose


def text() -> str:
    """The schema as problems/need.schema.json holds it."""
    return json.dumps(need_schema(), indent=2, ensure_ascii=False) + "\n"
