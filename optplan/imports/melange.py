"""A Melange problem (JSON) -> a need with its measured capacity table and its own prices.

Fields: gpu_info {name: {cost: USD/h, tputs[input bucket][output bucket]: requests/s}}, workload_distribution (shares
of the same buckets), total_request_rate (requests/s), slice_factor (parts that each bucket is cut into).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from optplan.errors import BadInput, Fault
from optplan.imports.files import read_json
from optplan.need import Serve
from optplan.problem import dump

STAND_IN = "Llama-2-7B"
_HINT = "give a problem of Melange: gpu_info, workload_distribution, total_request_rate"
_HOUR = {"duration": "1h"}  # Melange's cost is that of an hour


class _Problem:
    """The file's parts, checked; `faults` collects what is wrong."""

    def __init__(self, path: Path) -> None:
        self.path, self.faults = path, list[Fault]()
        found, _ = read_json(path, _HINT)
        self.rate = self.number("total_request_rate", found.get("total_request_rate"))
        self.shares = self.grid("workload_distribution", found.get("workload_distribution"))
        self.slices = found.get("slice_factor")
        self.cards: dict[str, tuple[float, list[float]]] = {}
        info = found.get("gpu_info")
        if not isinstance(info, dict) or not info:
            self.wrong("gpu_info", "is no object of GPU types")
            info = {}
        for name, card in info.items():
            self.card(str(name), card)
        if self.faults:
            raise BadInput(self.faults)

    def wrong(self, field: str, message: str) -> None:
        self.faults.append(Fault("not-melange", f"{self.path}", f"`{field}` {message}", _HINT))

    def number(self, field: str, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
            self.wrong(field, f"is {value!r}, not a number above 0")
            return 1.0
        return float(value)

    def grid(self, field: str, value: Any) -> list[float]:
        """The cells of a grid, row after row."""
        rows = value if isinstance(value, list) else []
        cells = [cell for row in rows for cell in (row if isinstance(row, list) else [row])]
        sound = [isinstance(c, int | float) and not isinstance(c, bool) and 0 <= c < math.inf for c in cells]
        if not cells or not all(sound):
            self.wrong(field, "is no grid of numbers from 0 up")
            return []
        return [float(cell) for cell in cells]

    def card(self, name: str, card: Any) -> None:
        if not isinstance(card, dict):
            self.wrong(f"gpu_info.{name}", "is no object")
            return
        cost = self.number(f"gpu_info.{name}.cost", card.get("cost"))
        rates = self.grid(f"gpu_info.{name}.tputs", card.get("tputs"))
        if rates and self.shares and len(rates) != len(self.shares):
            message = f"has {len(rates)} cells, the distribution has {len(self.shares)}"
            self.wrong(f"gpu_info.{name}.tputs", message)
        self.cards[name] = cost, rates


def melange_need(path: Path, slices: bool = False, model: str = "") -> Serve:
    """The need of a Melange problem. slices: keep its slice factor; else each bucket is divided freely.

    model: its name, which the file does not state. Buckets without traffic are left out. Raises BadInput.
    """
    problem = _Problem(path)
    used = [i for i, share in enumerate(problem.shares) if share > 0]
    capacity = [
        {"gpu": name, "price": f"{cost!r} USD", "requests_per_second": [rates[i] for i in used]}
        for name, (cost, rates) in problem.cards.items()
    ]
    fields: dict[str, Any] = {
        "name": path.stem,
        "task": "serve",
        "model": model or STAND_IN,
        "traffic": [{"requests_per_second": problem.shares[i] * problem.rate} for i in used],
        "capacity": capacity,
        **_HOUR,
        "limits": {"providers": ["own"]},
        "assume": {"utilisation": 1.0},
    }
    if slices:
        parts = problem.number("slice_factor", problem.slices)
        if problem.faults or parts % 1:
            raise BadInput(problem.faults or [Fault("not-melange", str(path), "`slice_factor` is not whole")])
        fields["slices"] = int(parts)
    return Serve.model_validate(fields)


def melange_text(path: Path, slices: bool = False, model: str = "") -> str:
    """The same need as YAML, with a line for what the file does not state."""
    need = melange_need(path, slices, model)
    note = (
        ""
        if model
        else "# The problem names no model: this one is a stand-in, nothing is computed from it.\n"
    )
    return note + dump(need)
