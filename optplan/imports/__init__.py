"""Files of other tools -> catalog directories and needs, with an account of every row refused."""

from optplan.imports.account import Imported, Refused, write

__all__ = ["Imported", "Refused", "write"]
