"""Limits that all needs share: money, and cards of a kind, at one provider or at all; owned cards are one, too.

Offers that count against the same limits form a cell: what a plan takes of each cell is all that others feel of it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from optplan import units
from optplan.batch.rows import SHARED
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault, nearest
from optplan.units import Money

OWNED: Final = "owned:"  # before the names of limits that are pools of owned cards
_KEYS: Final = ("budget", "quota")
MOST_CARDS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Quota:
    """The most cards of a kind. name: as written, "H100" or "aws:A100"; provider: "" for all."""

    name: str
    provider: str
    gpu: str
    most: int


@dataclass(frozen=True, slots=True)
class Shared:
    """What all needs together must keep to."""

    budget: Money | None = None
    quotas: tuple[Quota, ...] = ()

    def joined(self, other: Shared) -> Shared:
        """Both; what the other says of the same limit holds."""
        said = {quota.name: quota for quota in (*self.quotas, *other.quotas)}
        return Shared(other.budget or self.budget, tuple(said.values()))


@dataclass(frozen=True, slots=True)
class Cells:
    """of: the cell of each offer, -1 where no limit counts it; counts: (limits, cells) True where one counts it.

    names, most: of the limits, in cards; roots: the most cards that a single plan may take of each cell, None for
    as many as there are.
    """

    of: np.ndarray
    counts: np.ndarray
    names: tuple[str, ...]
    most: tuple[int, ...]
    roots: tuple[int | None, ...]


def read_options(budget: str | None, quotas: Iterable[str]) -> Shared:
    """--budget 10000USD, --quota H100=16, --quota aws:A100=8. Raises BadInput with every fault."""
    pairs: dict[str, str] = {}
    for text in quotas:
        name, equals, most = (part.strip() for part in text.partition("="))
        if not (name and equals and most):
            hint = "write a card, = and a number, as in --quota H100=16 or --quota aws:A100=8"
            raise BadInput(Fault("quota", "--quota", f"{text[:60]!r} is not CARD=NUMBER", hint))
        if name in pairs:
            raise BadInput(Fault("quota", "--quota", f"{name} is given twice", "keep one of the two"))
        pairs[name] = most
    return _shared({"budget": budget, "quota": pairs}, lambda key: f"--{key}")


def read_document(raw: Mapping[str, Any], place: str) -> Shared:
    """The value of `together` in the input: {budget: 10000 USD, quota: {H100: 16, aws:A100: 8}}."""
    content = raw[SHARED]
    example = "together: {budget: 10000 USD, quota: {H100: 16, aws:A100: 8}}"
    if not isinstance(content, dict) or not isinstance(content.get("quota", {}), dict) or len(raw) > 1:
        raise BadInput(Fault("together", place, "the limits that all needs share cannot be read", example))
    unknown = [key for key in content if key not in _KEYS]
    if unknown:
        message = f"`{SHARED}` has no key `{unknown[0]}`"
        raise BadInput(Fault("together", place, message, f"it has {' and '.join(_KEYS)}: {example}"))
    return _shared(content, lambda key: f"{place} {SHARED}.{key}")


def _shared(content: Mapping[str, Any], where: Any) -> Shared:
    faults: list[Fault] = []
    budget = None
    if content.get("budget") is not None:
        try:
            budget = units.money(content["budget"])
            if not 0 < budget.amount <= 1e15:
                raise ValueError("an amount of money must be above 0 and at most 1e15")
        except ValueError as error:
            faults.append(Fault("budget", where("budget"), str(error)))
    quotas = []
    for name, text in content.get("quota", {}).items():
        try:
            most = units.count(text)
        except ValueError as error:
            faults.append(Fault("quota", where("quota"), f"{name}: {error}"))
            continue
        if most != int(most) or not 0 <= most <= MOST_CARDS:
            message = f"{name}: {text!r} is not a number of cards from 0 to {MOST_CARDS:,}"
            faults.append(Fault("quota", where("quota"), message))
            continue
        provider, colon, gpu = str(name).rpartition(":")
        quotas.append(Quota(str(name), provider.strip() if colon else "", gpu.strip(), int(most)))
    if faults:
        raise BadInput(faults)
    return Shared(budget, tuple(quotas))


def cells_of(catalog: Catalog, shared: Shared) -> Cells:
    """Which limits count which offers. Raises BadInput for cards and providers that nobody knows."""
    offers, faults = catalog.offers, list[Fault]()
    masks = [_mask(catalog, quota, faults) for quota in shared.quotas]
    if faults:
        raise BadInput(faults)
    names, most = [q.name for q in shared.quotas], [q.most for q in shared.quotas]
    for pool, cards in enumerate(offers.pools):
        of_pool = np.flatnonzero(offers.pool == pool)
        if len(of_pool):
            largest = of_pool[np.argmax(offers.gpus[of_pool])]
            names.append(f"{OWNED}{offers.instances[offers.instance[largest]]}")
            most.append(cards)
            masks.append(offers.pool == pool)
    table = np.array(masks, dtype=bool).reshape(len(masks), len(offers))
    kinds, inverse = np.unique(table, axis=1, return_inverse=True)
    inverse = np.asarray(inverse).reshape(-1)
    counted = kinds.any(axis=0) if len(masks) else np.zeros(kinds.shape[1], dtype=bool)
    number = np.where(counted, np.cumsum(counted) - 1, -1)
    of = number[inverse] if len(offers) else np.zeros(0, dtype=int)
    counts = kinds[:, counted]
    owned = np.array([name.startswith(OWNED) for name in names], dtype=bool)
    roots = tuple(
        min((most[i] for i in np.flatnonzero(counts[:, c] & owned)), default=None)
        for c in range(counts.shape[1])
    )
    return Cells(of, counts, tuple(names), tuple(most), roots)


def _mask(catalog: Catalog, quota: Quota, faults: list[Fault]) -> np.ndarray:
    """The offers that a quota counts."""
    offers = catalog.offers
    mask = np.zeros(len(offers), dtype=bool)
    try:
        cards = catalog.gpus(quota.gpu)
    except BadInput as error:
        faults += [replace(fault, place=f"quota {quota.name}") for fault in error.faults]
        return mask
    mask = np.isin(offers.card, [i for i, name in enumerate(offers.cards) if name in cards])
    if quota.provider:
        known = {name.lower(): i for i, name in enumerate(offers.providers)}
        if quota.provider.lower() not in known:
            close = nearest(quota.provider, offers.providers)
            hint = f"did you mean {', '.join(close)}?" if close else "`optplan catalog show` names them"
            message = f"no offer of a provider {quota.provider!r}"
            faults.append(Fault("unknown-provider", f"quota {quota.name}", message, hint))
            return mask
        mask &= offers.provider == known[quota.provider.lower()]
    return mask


def room(most: Iterable[int | None]) -> list[float]:
    """Caps as numbers: None is as many as there are."""
    return [math.inf if cards is None else float(cards) for cards in most]
