"""Prices of some offers changed: price[H100]=*0.7, price[aws,spot]=2.5."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optplan import units
from optplan.catalog import PURCHASE, Catalog, Offers
from optplan.compare.settings import Setting
from optplan.errors import BadInput, nearest
from optplan.units import Money, number

Mask = NDArray[np.bool_]
BUY = PURCHASE.index("buy")


def changed(setting: Setting, catalog: Catalog, currency: str) -> tuple[Catalog, str, str]:
    """The catalog with the prices of the selected offers changed, and the prices of a card before and after.

    A factor multiplies every price; an amount is of one card (and hour, unless bought), in `currency` where it
    names none. Raises BadInput for a selector that means nothing, or a price that is not above 0.
    """
    offers, mask = catalog.offers, selected(setting, catalog)
    price = offers.price.copy()
    if setting.operator == "*":
        price[mask] *= _factor(setting)
    else:
        amount = _amount(setting, offers, mask, catalog, currency)
        price[mask] = amount[mask] * offers.gpus[mask] + (price[mask] if setting.operator == "+" else 0.0)
    if (price[mask] <= 0).any():
        raise setting.fault("a price must be above 0", "give a larger amount")
    source = np.where(mask, len(offers.sources), offers.source)
    said = f"changed by {setting.shown}={setting.operator.replace('=', '')}{setting.value}"
    other = copy.copy(catalog)
    other.offers = replace(offers, price=price, source=source, sources=(*offers.sources, said))
    return other, _range(offers, mask, catalog), _range(other.offers, mask, catalog)


def selected(setting: Setting, catalog: Catalog) -> Mask:
    """The offers that the selectors mean: of one kind any of them, of several kinds all."""
    offers = catalog.offers
    kinds: dict[str, Mask] = {}
    for text in setting.selectors:
        kind, mask = _selector(text, setting, catalog)
        kinds[kind] = kinds[kind] | mask if kind in kinds else mask
    whole: Mask = np.ones(len(offers), dtype=bool)
    for mask in kinds.values():
        whole &= mask
    if not whole.any():
        raise setting.fault(f"no offer is of {' and '.join(setting.selectors)}", "`optplan catalog show`")
    return whole


def _selector(text: str, setting: Setting, catalog: Catalog) -> tuple[str, Mask]:
    offers, word = catalog.offers, text.lower()
    if word.replace(" ", "_") in PURCHASE:
        return "purchase", offers.purchase == PURCHASE.index(word.replace(" ", "_"))
    for kind, names in (("provider", offers.providers), ("region", offers.regions)):
        codes = [i for i, name in enumerate(names) if name.lower() == word]
        if codes:
            return kind, np.isin(getattr(offers, kind), codes)
    if "/" in text:
        rows = offers.by_name(text)
        if rows:
            return "offer", np.isin(np.arange(len(offers)), rows)
    try:
        cards = set(catalog.gpus(text))
    except BadInput:
        known = (*PURCHASE, *offers.providers, *offers.regions, *catalog.gpu_names())
        close = nearest(text, known)
        hint = f"did you mean {', '.join(close)}?" if close else "`optplan catalog show` lists them"
        message = f"no card, provider, region, kind of purchase or offer is called {text[:60]!r}"
        raise setting.fault(message, hint, "unknown-name") from None
    codes = [i for i, name in enumerate(offers.cards) if name in cards]
    return "card", np.isin(offers.card, codes)


def _factor(setting: Setting) -> float:
    try:
        factor = units.count(setting.value)
    except ValueError as error:
        raise setting.fault(str(error)) from None
    if factor <= 0:
        raise setting.fault("a factor of a price must be above 0", "write it like price[H100]=*0.7")
    return factor


def _amount(
    setting: Setting, offers: Offers, mask: Mask, catalog: Catalog, currency: str
) -> NDArray[np.float64]:
    """The amount of one card in the currency of each offer."""
    bought = offers.purchase[mask] == BUY
    if bought.any() and not bought.all():
        message = "some of these offers are bought, others rented by the hour: one amount cannot be both"
        raise setting.fault(message, "name the kind, as in price[H100,buy] or price[H100,on_demand]")
    try:
        named = units.split(setting.value, "an amount", "2.5 or 2.5 USD")[1]
        money = units.money(setting.value if named else f"{setting.value} {currency}")
    except ValueError as error:
        raise setting.fault(str(error)) from None
    each = np.array([_converted(money, code, setting, catalog) for code in offers.currencies])
    return np.asarray(each[offers.currency])


def _converted(money: Money, code: str, setting: Setting, catalog: Catalog) -> float:
    try:
        return catalog.convert(money.amount, money.currency, code)
    except BadInput as error:
        fault = error.faults[0]
        raise setting.fault(fault.message, fault.hint, fault.code) from None


def _range(offers: Offers, mask: Mask, catalog: Catalog) -> str:
    """The prices of one card, lowest to highest, in US dollars: by the hour where any is rented."""
    bought = offers.purchase == BUY
    rented = bool((mask & ~bought).any())
    some = mask & ~bought if rented else mask
    rate = np.array([catalog.convert(1.0, code, "USD") for code in offers.currencies])
    each = offers.price[some] / offers.gpus[some] * rate[offers.currency[some]]
    low, high = number(float(each.min())), number(float(each.max()))
    return f"{low if low == high else f'{low} to {high}'} USD{'/h' if rented else ''} a card"
