"""Offers that no table has, such as those that a need brings along, laid behind those of the catalog."""

from __future__ import annotations

import datetime
import math
from collections.abc import Collection, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from optplan.catalog.values import PURCHASE, Card, Extra, Offers, Provider


def cards_of(extras: Sequence[Extra], known: Collection[str], provider: Provider) -> dict[str, Card]:
    """The cards that are not known, by name, without figures: every number is nan."""
    names = (extra.card for extra in extras if extra.card not in known)
    return {name: _bare(name, provider) for name in sorted(set(names))}


def _bare(name: str, provider: Provider) -> Card:
    given: dict[str, Any] = dict.fromkeys(("vendor", "architecture", "link", "form_factor", "note"), "")
    given |= dict.fromkeys(("source", "usable_source", "link_source"), provider.source)
    given |= {"name": name, "family": name, "link_cards": 1, "year": 0, "date": provider.date}
    given |= {f.name: math.nan for f in fields(Card) if f.name not in given}
    return Card(**given)


def joined(old: Offers, cards: tuple[str, ...], extras: Sequence[Extra], provider: Provider) -> Offers:
    """The offers, and behind them those of the provider, on demand. cards: all, those of the offers first."""
    count = len(extras)
    words = {
        "provider": ("providers", [provider.name] * count),
        "region": ("regions", ["any"] * count),
        "instance": ("instances", [f"{extra.gpus}x-{extra.card}" for extra in extras]),
        "currency": ("currencies", [extra.currency for extra in extras]),
        "source": ("sources", [provider.source] * count),
    }
    known = {name: tuple(dict.fromkeys((*getattr(old, many), *said))) for name, (many, said) in words.items()}
    new: dict[str, Any] = {name: [known[name].index(w) for w in said] for name, (_, said) in words.items()}
    new |= {
        "card": [cards.index(extra.card) for extra in extras],
        "gpus": [extra.gpus for extra in extras],
        "price": [extra.price for extra in extras],
        "purchase": [PURCHASE.index("on_demand")] * count,
        "billing_s": [provider.billing_s] * count,
        "minimum_s": [provider.minimum_s] * count,
        "price_day": [datetime.date.fromisoformat(provider.date).toordinal()] * count,
        "vcpus": [math.nan] * count,
        "host_memory_gib": [math.nan] * count,
        "by_name_only": [provider.by_name_only] * count,
        "joins_nodes": [provider.joins_nodes] * count,
        "pool": [-1] * count,
        "bare": [False] * count,
    }
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(old, name), np.array(values, dtype=getattr(old, name).dtype)])
        for name, values in new.items()
    }
    lists: dict[str, Any] = {many: known[name] for name, (many, _) in words.items()}
    return replace(old, **columns, **lists, cards=cards)
