"""What the models of a need know about their fields: which part has which key, in which unit, mean"
"ing what."""

from __future__ import annotations

import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Path = tuple[str | int, ...]


def part_of(annotation: Any) -> type[BaseModel] | None:
    """The model inside an annotation such as `list[Traffic] | None`, or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) is Annotated:
        return part_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType, list):
        found = [part for arg in get_args(annotation) if (part := part_of(arg)) is not None]
        return found[0] if found else None
    return None


def unit(field: FieldInfo) -> str:
    """The kind of a field in one word: "time", "money", "tokens" .."""
    extra = field.json_schema_extra
    return str(extra["unit"]) if isinstance(extra, dict) and "unit" in extra else "value"


def meaning(name: str, field: FieldInfo) -> str:
    """`budget` [money], the most the plan may cost"""
    return f"`{name}` [{unit(field)}], {str(field.description).split('; ')[0]}"


def owner(root: type[BaseModel], path: Path) -> type[BaseModel] | None:
    """The model that holds the last key of path, following the keys before it."""
    model: type[BaseModel] | None = root
    for part in path[:-1]:
        if model is None:
            return None
        field = model.model_fields.get(str(part))
        if field is not None:
            model = part_of(field.annotation) or model
    return model


@cache
def places(model: type[BaseModel]) -> dict[str, tuple[str, FieldInfo]]:
    """Key -> (the part of this kind of document that has it, or "" for the top; the field)."""
    found: dict[str, tuple[str, FieldInfo]] = {}
    for name, field in model.model_fields.items():
        found.setdefault(name, ("", field))
    for name, field in model.model_fields.items():
        part = part_of(field.annotation)
        for inner, inner_field in part.model_fields.items() if part else ():
            found.setdefault(inner, (name, inner_field))
    return found


def tasks_with(key: str, tasks: Mapping[str, type[BaseModel]]) -> list[str]:
    """The tasks whose need has this key at its top."""
    return [task for task, model in tasks.items() if key in model.model_fields]
