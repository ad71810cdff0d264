"""Which offers a need's limits let in, as a mask over the catalog's offers."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from optplan.catalog import PURCHASE, Catalog
from optplan.errors import Fault, nearest
from optplan.need import Limits


def allowed_offers(
    limits: Limits, catalog: Catalog, cards: Callable[[str], list[str]], faults: list[Fault]
) -> np.ndarray:
    """True for each offer that the limits on purchase, GPUs, providers and regions let in; not to be written to.

    Owned cards are let in whatever the kinds of purchase: they are there to be used.
    cards: a GPU or family as written -> exact names. Names that mean nothing are added to faults.
    """
    return _mask(
        catalog,
        frozenset(limits.purchase or ["on_demand"]),
        None if limits.gpus is None else frozenset(card for gpu in limits.gpus for card in cards(gpu)),
        frozenset(card for gpu in limits.avoid_gpus for card in cards(gpu)),
        _providers(limits, catalog, faults),
        _regions(limits, catalog, faults),
    )


@functools.lru_cache(maxsize=256)
def _mask(
    catalog: Catalog,
    purchase: frozenset[str],
    wanted: frozenset[str] | None,
    avoided: frozenset[str],
    providers: frozenset[str],
    regions: frozenset[str] | None,
) -> np.ndarray:
    offers = catalog.offers
    mask = _one_of(offers.purchase, PURCHASE, purchase | {"owned"})
    if wanted is not None:
        mask &= _one_of(offers.card, offers.cards, wanted)
    if avoided:
        mask &= ~_one_of(offers.card, offers.cards, avoided)
    mask &= _one_of(offers.provider, offers.providers, providers)
    if regions is not None:
        mask &= _one_of(offers.region, offers.regions, regions)
    mask.flags.writeable = False  # many needs share it
    return mask


def _one_of(codes: np.ndarray, vocabulary: Sequence[str], names: frozenset[str]) -> np.ndarray:
    wanted = np.array([name in names for name in vocabulary], dtype=bool)
    return np.asarray(wanted[codes])


def _providers(limits: Limits, catalog: Catalog, faults: list[Fault]) -> frozenset[str]:
    """Providers let in: those named, else all that are not by name only; without those to avoid."""
    known, usual = _known_providers(catalog)
    for name in [*(limits.providers or []), *limits.avoid_providers]:
        if name.lower() not in known:
            faults.append(_unknown("provider", name, catalog.offers.providers))
    if limits.providers is not None:
        usual = frozenset(known.get(name.lower(), name) for name in limits.providers)
    return usual - {known.get(name.lower(), name) for name in limits.avoid_providers}


@functools.lru_cache(maxsize=8)
def _known_providers(catalog: Catalog) -> tuple[dict[str, str], frozenset[str]]:
    """Name in small letters -> provider, those of APIs too; providers of offers that need not be named."""
    listed = catalog.offers.providers
    known = {name.lower(): name for name in listed}
    known |= {api.provider.lower(): api.provider for api in catalog.apis}
    return known, frozenset(name for name in listed if not catalog.provider_info(name).by_name_only)


def _regions(limits: Limits, catalog: Catalog, faults: list[Fault]) -> frozenset[str] | None:
    """A region as named, or all that start with it: "europe" lets in "europe-west4"; None lets in all."""
    if limits.regions is None:
        return None
    names: set[str] = set()
    for asked in (region.lower() for region in limits.regions):
        regions = catalog.offers.regions
        found = [r for r in regions if r.lower() == asked or r.lower().startswith(asked + "-")]
        if not found:
            faults.append(_unknown("region", asked, regions))
        names.update(found)
    return frozenset(names)


def _unknown(what: str, name: str, choices: Sequence[str]) -> Fault:
    close = nearest(name, choices)
    hint = f"did you mean {', '.join(close)}?" if close else f"{what}s: {', '.join(list(choices)[:20])}"
    return Fault(f"unknown-{what}", f"limits.{what}s", f"no offer of a {what} {name!r}", hint)
