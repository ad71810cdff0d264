"""Which offers a need's limits let in, as a mask over the catalog's offers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from optplan.catalog import PURCHASE, Catalog
from optplan.errors import Fault, nearest
from optplan.need import Limits


def allowed_offers(
    limits: Limits, catalog: Catalog, cards: Callable[[str], list[str]], faults: list[Fault]
) -> np.ndarray:
    """True for each offer that the limits on purchase, GPUs, providers and regions let in.

    Owned cards are let in whatever the kinds of purchase: they are there to be used.
    cards: a GPU or family as written -> exact names. Names that mean nothing are added to faults.
    """
    offers = catalog.offers
    kinds = [PURCHASE.index(kind) for kind in limits.purchase or ["on_demand"] if kind in PURCHASE]
    wanted = np.zeros(len(PURCHASE), dtype=bool)
    wanted[[*kinds, PURCHASE.index("owned")]] = True
    mask = wanted[offers.purchase]
    if limits.gpus is not None:
        mask &= _one_of(offers.card, offers.cards, {card for gpu in limits.gpus for card in cards(gpu)})
    avoided = {card for gpu in limits.avoid_gpus for card in cards(gpu)}
    if avoided:
        mask &= ~_one_of(offers.card, offers.cards, avoided)
    return np.asarray(mask & _providers(limits, catalog, faults) & _regions(limits, catalog, faults))


def _one_of(codes: np.ndarray, vocabulary: Sequence[str], names: set[str]) -> np.ndarray:
    wanted = np.array([name in names for name in vocabulary], dtype=bool)
    return np.asarray(wanted[codes])


def _providers(limits: Limits, catalog: Catalog, faults: list[Fault]) -> np.ndarray:
    offers = catalog.offers
    known = {name.lower(): name for name in offers.providers}
    known |= {api.provider.lower(): api.provider for api in catalog.apis}
    for name in [*(limits.providers or []), *limits.avoid_providers]:
        if name.lower() not in known:
            faults.append(_unknown("provider", name, offers.providers))
    if limits.providers is not None:
        names = {known.get(name.lower(), name) for name in limits.providers}
    else:
        names = {p for p in offers.providers if not catalog.provider_info(p).by_name_only}
    names -= {known.get(name.lower(), name) for name in limits.avoid_providers}
    return _one_of(offers.provider, offers.providers, names)


def _regions(limits: Limits, catalog: Catalog, faults: list[Fault]) -> np.ndarray:
    """A region as named, or all that start with it: "europe" lets in "europe-west4"."""
    offers = catalog.offers
    if limits.regions is None:
        return np.ones(len(offers), dtype=bool)
    names: set[str] = set()
    for asked in (region.lower() for region in limits.regions):
        found = [r for r in offers.regions if r.lower() == asked or r.lower().startswith(asked + "-")]
        if not found:
            faults.append(_unknown("region", asked, offers.regions))
        names.update(found)
    return _one_of(offers.region, offers.regions, names)


def _unknown(what: str, name: str, choices: Sequence[str]) -> Fault:
    close = nearest(name, choices)
    hint = f"did you mean {', '.join(close)}?" if close else f"{what}s: {', '.join(list(choices)[:20])}"
    return Fault(f"unknown-{what}", f"limits.{what}s", f"no offer of a {what} {name!r}", hint)
