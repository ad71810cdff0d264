"""The JSON Schema of a need or portfolio, for editors that complete and check YAML."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import Field, TypeAdapter

from optplan.need import Finetune, Generate, Serve
from optplan.portfolio_need import Portfolio

Document = Annotated[Finetune | Generate | Serve | Portfolio, Field(discriminator="task")]


def need_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of one need or portfolio: every field with its meaning and examples."""
    body = TypeAdapter(Document).json_schema()
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
    for task in ("Finetune", "Generate", "Serve", "FinetuneEntry", "GenerateEntry", "ServeEntry"):
        model = parts[task]["properties"]["model"]
        model["oneOf"] = [{"type": "number", "minimum": 1e6}, *model["oneOf"]]
    by_month, growth = parts["Demand"]["properties"]["by_month"], parts["Demand"]["properties"]["growth"]
    short = [part["anyOf"][0] for part in (by_month, growth)]
    parts["Demand"] = {"anyOf": [*short, parts["Demand"]]}
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
