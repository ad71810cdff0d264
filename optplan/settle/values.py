"""A need in numbers, as the rest of the program reads it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optplan.catalog import Model
from optplan.need import AnyNeed, Traffic


@dataclass(frozen=True, slots=True)
class Quota:
    """At most so many cards of these types, as the need named them."""

    name: str
    cards: tuple[str, ...]
    most: int


@dataclass(frozen=True, slots=True)
class Capacity:
    """Requests/s of each traffic class that one replica of so many of these cards was measured to answer."""

    cards: tuple[str, ...]
    gang: int
    rates: tuple[float, ...]


@dataclass(slots=True)
class Settled:
    """A need in numbers.

    quantities  inputs of origin `need` and `model`; those of a traffic class have shape (classes, 1)
    selectors   what picks the row of an assumption: task, method, precision, framework, engine, ..
    allowed     mask over the catalog's offers: which the limits let in
    assumed     every default taken, in words
    meant       family name as written -> the exact cards it stands for
    capacities  measured capacities, which replace the predicted ones of their cards
    """

    need: AnyNeed
    model: Model
    currency: str
    quantities: dict[str, Any]
    selectors: dict[str, str]
    allowed: np.ndarray
    mix: str
    budget: float
    max_cards: int | None
    min_replicas: int
    quotas: tuple[Quota, ...]
    hours: float
    classes: tuple[Traffic, ...] = ()
    assumed: list[str] = field(default_factory=list)
    meant: dict[str, list[str]] = field(default_factory=dict)
    capacities: tuple[Capacity, ...] = ()
