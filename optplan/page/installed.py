"""Whether the packages that pages need are there: an extra of the installation."""

from __future__ import annotations

import importlib.util

from optplan.errors import BadInput, Fault


def check_installed() -> None:
    """Raises BadInput, with the cure, where the packages that pages need are not installed."""
    missing = [name for name in ("jinja2", "matplotlib") if importlib.util.find_spec(name) is None]
    if missing:
        hint = "pip install 'optplan[report]'"
        raise BadInput(Fault("missing-package", "report", f"a page needs {' and '.join(missing)}", hint))
