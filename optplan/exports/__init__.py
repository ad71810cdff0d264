"""A plan -> what starts it: configurations and commands of other tools, and rows of cost."""

from optplan.exports.document import Document
from optplan.exports.formats import FORMATS, export

__all__ = ["FORMATS", "Document", "export"]
