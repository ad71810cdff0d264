"""What tests of the batch share: small needs that are solved fast, and the command in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ONE_CARD = {"gpus": ["H100"], "providers": ["vast"]}


def train(tokens: int, name: str | None = None, **more: Any) -> dict[str, Any]:
    """A need of fine-tuning on one kind of card, so that it is solved in milliseconds."""
    named = {} if name is None else {"name": name}
    data = {
        "task": "finetune",
        "model": "9B",
        "method": "lora",
        "data": f"{tokens} tokens",
        "rules": "lesson",
    }
    return {**named, **data, "limits": ONE_CARD, **more}


def serve(rate: float, **more: Any) -> dict[str, Any]:
    """A service on one kind of card."""
    traffic = {"requests_per_second": rate}
    return {"task": "serve", "model": "9B", "traffic": traffic, "rules": "lesson", "limits": ONE_CARD, **more}


IMPOSSIBLE = train(10**12, "too-late", deadline="1h", limits={**ONE_CARD, "max_cards": 1})


def write_lines(path: Path, needs: Iterable[object]) -> Path:
    """JSON lines."""
    path.write_text("".join(json.dumps(need) + "\n" for need in needs), encoding="utf-8")
    return path


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of an output of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def command(*arguments: object) -> list[str]:
    """The command line of a batch."""
    return [sys.executable, "-W", "error", "-m", "optplan", "batch", *map(str, arguments)]


def run(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a batch in a process of its own."""
    return subprocess.run(command(*arguments), input=stdin, capture_output=True, text=True, timeout=120)


def statuses(found: Sequence[dict[str, Any]]) -> list[str]:
    """The status of each row."""
    return [row["status"] for row in found]
