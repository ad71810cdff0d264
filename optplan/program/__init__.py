"""The integer program, free of any solver: variables, named rows, and what each number means."""

from optplan.program.model import Program, Row, Variable

__all__ = ["Program", "Row", "Variable"]
