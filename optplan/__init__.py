"""optplan: the cheapest hardware that does the job, proven and explained.

Names load when they are first used, so that importing the package costs nothing:

    from optplan import Catalog, read, solve
    plan = solve(read(Path("problems/chat.yaml"))[0].need)
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optplan.ask import understand
    from optplan.catalog import Catalog
    from optplan.compare import compare, sweep, why_not
    from optplan.errors import BadInput, Fault
    from optplan.explain import explain
    from optplan.need import Finetune, Generate, Need, Serve
    from optplan.plan import Plan
    from optplan.planner import solve
    from optplan.problem import dump, read, read_text

_HOMES = {
    "BadInput": "errors",
    "Catalog": "catalog",
    "Fault": "errors",
    "Finetune": "need",
    "Generate": "need",
    "Need": "need",
    "Plan": "plan",
    "Serve": "need",
    "compare": "compare",
    "dump": "problem",
    "explain": "explain",
    "read": "problem",
    "read_text": "problem",
    "solve": "planner",
    "sweep": "compare",
    "understand": "ask",
    "why_not": "compare",
}

__all__ = [
    "BadInput",
    "Catalog",
    "Fault",
    "Finetune",
    "Generate",
    "Need",
    "Plan",
    "Serve",
    "compare",
    "dump",
    "explain",
    "read",
    "read_text",
    "solve",
    "sweep",
    "understand",
    "why_not",
]


def __getattr__(name: str) -> Any:
    """The public name, from the module that has it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'optplan' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"optplan.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})


class _Package(ModuleType):
    """Keeps `optplan.solve` the function, though there is a submodule of the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
