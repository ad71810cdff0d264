"""The page that people look at: one HTML file with plan, costs, charts, reasons and sources."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib import metadata

from optplan.page.document import document
from optplan.page.file import check_writable, write
from optplan.page.findings import Findings, Together, find
from optplan.page.installed import check_installed
from optplan.page.language import Code

__all__ = [
    "Findings",
    "Together",
    "check_installed",
    "check_writable",
    "document",
    "find",
    "page_of",
    "write",
]


def page_of(found: Sequence[Findings | Together], language: Code = "en", today: date | None = None) -> str:
    """The HTML of one page about these needs and portfolios.

    Raises BadInput where jinja2 or matplotlib is not installed.
    """
    check_installed()
    from optplan.page.render import render  # jinja2 is needed by pages alone

    version = metadata.version("optplan")
    return render(document(found, today or date.today(), version), language)
