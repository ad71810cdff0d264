"""Rule packs by name: `engineering`, `lesson`, or a user's own file over one of them.

A pack serves one task, since tasks give the same quantity (memory, capacity) by different rules.
"""

from __future__ import annotations

import functools
import importlib
from typing import Final

from optplan.rule import Pack, collect

TASKS: Final = ("finetune", "generate", "serve")
_MODULES: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    "engineering": {
        "finetune": (
            "model",
            "adapters",
            "cards",
            "shards",
            "memory",
            "activations",
            "arithmetic",
            "training",
            "links",
            "jobs",
            "price",
            *("ownership", "capital", "spot", "spot_jobs"),
            "carbon",
        ),
        "generate": (
            "model",
            "cards",
            "engine",
            "cache",
            "decoding",
            "generate",
            *("replicas", "offline"),
            *("price", "price_generate"),
            *("ownership", "capital", "spot", "spot_jobs", "spot_generate"),
            "carbon",
            "api",
            "api_generate",
        ),
        "serve": (
            "model",
            "cards",
            "engine",
            "cache",
            "decoding",
            "serve",
            *("replicas", "traffic"),
            "price",
            *("ownership", "capital", "spot", "spot_serve"),
            "carbon",
            "api",
            "api_serve",
        ),
    },
    "lesson": {
        "finetune": ("lesson", "lesson_finetune"),
        "generate": (
            "lesson",
            "lesson_inference",
            "lesson_generate",
            "replicas",
            "offline",
            "api",
            "api_generate",
        ),
        "serve": ("lesson", "lesson_inference", "lesson_serve", "replicas", "traffic", "api", "api_serve"),
    },
}
PACKS: Final = tuple(_MODULES)


def pack(spec: str, task: str) -> Pack:
    """The rules of a task.

    spec: a pack's name, or a path to a Python file whose rules replace those of `engineering` by name (or
    of the pack that the file names in BASE).
    Raises BadInput for a file that cannot be read or run, or that holds no rule, with its line.
    """
    if spec in _MODULES:
        return _builtin(spec, task)
    from optplan.rules.own import load  # rare: keeps the machinery of files out of every start

    base, rules = load(spec, PACKS)
    return _builtin(base, task).with_rules(spec, rules)


def base_of(spec: str) -> str:
    """The pack that a spec starts from: itself, or what the user's file names in BASE."""
    if spec in _MODULES:
        return spec
    from optplan.rules.own import load

    return load(spec, PACKS)[0]


@functools.cache
def _builtin(name: str, task: str) -> Pack:
    modules = [importlib.import_module(f"optplan.rules.{module}") for module in _MODULES[name][task]]
    return Pack(name, {key: rule for module in modules for key, rule in collect(module).items()})
