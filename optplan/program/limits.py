"""The limits over a whole plan, as the program needs them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optplan.program.model import Program
from optplan.units import TOLERANCE


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan must keep to.

    deadline   hours (infinite = none)
    budget     currency of the plan (infinite = none)
    max_cards  cards in all (infinite = none)
    quotas     name -> (mask over card types, most cards of them)
    """

    deadline: float = math.inf
    budget: float = math.inf
    max_cards: float = math.inf
    min_replicas: int = 1
    quotas: tuple[tuple[str, np.ndarray, int], ...] = ()

    def quota_of(self, card: np.ndarray) -> np.ndarray:
        """The tightest quota of each card index (infinite = none)."""
        most = np.full(len(card), math.inf)
        for _, mask, cards in self.quotas:
            most = np.where(mask[card], np.minimum(most, cards), most)
        return most


def within(values: np.ndarray, limit: float) -> np.ndarray:
    """values <= limit within the one relative tolerance."""
    return np.asarray(values <= limit * (1 + TOLERANCE) if math.isfinite(limit) else np.isfinite(values))


def scaled_most(program: Program, name: str, coefficients: dict[int, float], limit: float) -> None:
    """Row sum <= limit, divided by the limit; a limit of 0 stays unscaled; none where infinite."""
    if math.isfinite(limit):
        scale = 1 / limit if limit > 0 else 1.0
        row = {i: c * scale for i, c in coefficients.items()}
        program.row(name, row, high=(1.0 + TOLERANCE) if limit > 0 else 0.0)
