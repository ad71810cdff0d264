"""Hugging Face config.json files -> rows of models.csv. Shapes are read, parameters counted; nothing is downloaded."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from optplan.catalog import Model, schema
from optplan.catalog.hf import read_config
from optplan.errors import BadInput
from optplan.imports.account import Cells, Imported

ORIGIN = "Hugging Face config.json"
UNSTATED = "not stated in config.json"


def import_huggingface(paths: list[Path], name: str = "") -> Imported:
    """One model a file; a directory stands for the config.json in it. name: what to call the model of one file.

    A file that is no config.json, or of an architecture that is not known, is refused.
    """
    out = Imported(ORIGIN)
    seen: dict[str, str] = {}
    for path in paths:
        out.read += 1
        file = path / "config.json" if path.is_dir() else path
        try:
            model = read_config(file)
        except BadInput as error:
            for fault in error.faults:
                out.refuse(str(file), 1, f"{fault.code}: {fault.message}", fault.hint)
            continue
        called = name if name and len(paths) == 1 else _called(model, file)
        if called in seen:
            out.refuse(str(file), 1, f"same name as another file: {seen[called]}", called)
            continue
        seen[called] = str(file)
        out.add("models", _row(model, called, file))
    out.sort()
    return out


def _called(model: Model, file: Path) -> str:
    """The name without its owner: of "hf_config_org--Model.json" and "org/Model" it is "Model"."""
    said = model.name.removeprefix("hf_config_").replace("--", "/")
    return said.rstrip("/").rsplit("/", 1)[-1] or file.stem


def _row(model: Model, called: str, file: Path) -> Cells:
    values = dataclasses.asdict(model) | {"name": called, "license": model.license or UNSTATED}
    values |= {"source": f"{ORIGIN} {file.name}", "date_precision": "day"}
    values["note"] = "; ".join(part for part in (model.note, *model.assumed) if part)
    return {c.name: _cell(values[c.name]) for c in schema()["models"]}


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() else repr(value)
    return str(value)
