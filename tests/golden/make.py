"""The golden files: needs on a tiny fixed catalog, and the integer program of each.

`python tests/golden/make.py` writes every .lp anew; look at the difference before you commit it. Assumptions that
the programs read are fixed in the needs, so that a better estimate changes no golden file.
"""

from __future__ import annotations

import functools
from pathlib import Path

from optplan.catalog import Catalog
from optplan.plan import Plan
from optplan.planner import solve
from optplan.problem import read

FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@functools.cache
def catalog() -> Catalog:
    """The shipped catalog with two made-up cards and their offers."""
    return Catalog.load([FOLDER / "catalog"])


@functools.cache
def plan(name: str) -> Plan:
    """The plan of a golden need, with its program."""
    asked = read(FOLDER / f"{name}.yaml")[0].need
    rules = str(FOLDER / "rules.py") if asked.task == "finetune" else None
    return solve(asked, catalog(), rules=rules, explore=False)


if __name__ == "__main__":
    for name in NAMES:
        (FOLDER / f"{name}.lp").write_text(plan(name).program, encoding="utf-8")
