"""The main path: a need and a catalog become a plan."""

from optplan.planner.main import load_catalog, prepare, solve

__all__ = ["load_catalog", "prepare", "solve"]
