"""Answers for people (tables) and for programs (JSON). Every number comes from the plan."""

from __future__ import annotations

import json
from typing import Any


def print_json(value: Any) -> None:
    """Indented JSON on standard output. Raises ValueError for a number that JSON cannot hold."""
    print(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False))
