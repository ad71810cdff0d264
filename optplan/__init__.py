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
    from optplan.batch import solve_many
    from optplan.catalog import Catalog
    from optplan.compare import compare, pareto, sweep, tornado, what_if, why_not
    from optplan.errors import BadInput, Fault
    from optplan.explain import explain
    from optplan.need import Finetune, Generate, Need, Serve
    from optplan.plan import Plan
    from optplan.planner import solve
    from optplan.portfolio import PortfolioPlan, solve_portfolio
    from optplan.portfolio_need import Portfolio
    from optplan.problem import dump, read, read_all, read_text
    from optplan.ways import compare_ways

_HOMES = {
    "BadInput": "errors",
    "Catalog": "catalog",
    "Fault": "errors",
    "Finetune": "need",
    "Generate": "need",
    "Need": "need",
    "Plan": "plan",
    "Portfolio": "portfolio_need",
    "PortfolioPlan": "portfolio",
    "Serve": "need",
    "compare": "compare",
    "compare_ways": "ways",
    "dump": "problem",
    "explain": "explain",
    "pareto": "compare",
    "read": "problem",
    "read_all": "problem",
    "read_text": "problem",
    "solve": "planner",
    "solve_many": "batch",
    "solve_portfolio": "portfolio",
    "sweep": "compare",
    "tornado": "compare",
    "understand": "ask",
    "what_if": "compare",
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
    "Portfolio",
    "PortfolioPlan",
    "Serve",
    "compare",
    "compare_ways",
    "dump",
    "explain",
    "pareto",
    "read",
    "read_all",
    "read_text",
    "solve",
    "solve_many",
    "solve_portfolio",
    "sweep",
    "tornado",
    "understand",
    "what_if",
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
