"""Answers for people (tables) and for programs (JSON). Every number comes from the plan."""

from optplan.report.console import print_json, table_console
from optplan.report.plan import print_plan, print_understood

__all__ = ["print_json", "print_plan", "print_understood", "table_console"]
