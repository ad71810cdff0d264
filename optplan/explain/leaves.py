"""What is not computed: quantities of need, model, card, layout and offer, assumptions, fixed values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from optplan.catalog import Assumption, Card
from optplan.catalog.grids import WORLD
from optplan.evaluate import CARD_SELECTORS
from optplan.explain.graph import Node
from optplan.inputs import INPUTS
from optplan.plan import ApiLine, Line, Plan

_ERROR: Final = re.compile(r"median error (\d+(?:\.\d+)?) ?%")


def _error(source: str) -> float | None:
    """The error that a fitted row tells in its source, as a fraction."""
    found = _ERROR.search(source)
    return float(found[1]) / 100 if found else None


class Leaves:
    """Nodes of given quantities, with where each is from."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.origins: dict[str, Callable[[str, int], tuple[str, str]]] = {
            "need": self._need,
            "model": self._model,
            "card": self._card,
            "layout": self._layout,
            "offer": self._offer,
            "api": self._api,
        }

    def leaf(self, ident: str, name: str, i: int) -> Node:
        """The node of a given quantity of line i."""
        if name in self.plan.fixed:
            return self._fixed(ident, name)
        if name not in INPUTS:
            return self._assumption(ident, name, self.plan.parts[i])
        source, status = self.origins[INPUTS[name].origin](name, i)
        value = float(self.plan.parts[i].values[name])
        unit = self.money(INPUTS[name].unit)
        return Node(ident, self.label(name), value, unit, source=source, status=status, kind="input")

    def measured(self, ident: str, name: str, i: int) -> Node:
        """The node of a quantity that the need gives from a measurement, in place of its rule."""
        value, unit = float(self.plan.parts[i].values[name]), self.money(self.plan.pack.rules[name].unit)
        source = f"capacity of {self.plan.cards[i].gpu} in the need {self.plan.name}"
        return Node(ident, self.label(name), value, unit, source=source, status="measured", kind="input")

    def rate(self, currency: str) -> Node:
        """What one unit of a currency is in the plan's, with the day of the rate."""
        catalog, own = self.plan.catalog, self.plan.currency
        sources = {catalog.rates[code].source for code in (currency, own) if code != "USD"}
        text = f"{'; '.join(sorted(sources))}, {catalog.rate_date.isoformat()}"
        name, value = f"{own}_per_{currency}", catalog.convert(1.0, currency, own)
        label = f"{own} for one {currency}"
        return Node(name, label, value, f"{own}/{currency}", source=text, status="catalog", kind="rate")

    def label(self, name: str) -> str:
        """What a quantity is, in words."""
        if name in self.plan.pack.rules:
            return self.plan.pack.rules[name].label
        rows = self.plan.catalog.assumptions.get(name, {})
        text = INPUTS[name].label if name in INPUTS else next((r.description for r in rows.values()), name)
        return text[:1].upper() + text[1:]

    def money(self, unit: str) -> str:
        """The unit with the plan's currency in it."""
        return unit.replace("currency", self.plan.currency)

    def _fixed(self, ident: str, name: str) -> Node:
        rules, rows = self.plan.pack.rules, self.plan.catalog.assumptions.get(name, {})
        units = [table[name].unit for table in (rules, INPUTS) if name in table]
        units += [row.unit for row in rows.values()]
        unit = self.money(units[0])
        value, source = self.plan.fixed[name], "fixed by the user (`assume` or --set)"
        return Node(ident, self.label(name), value, unit, source=source, status="fixed", kind="fixed")

    def _need(self, name: str, i: int) -> tuple[str, str]:
        names = (name, name.removesuffix("_hours"))
        default = next((text for text in self.plan.assumed if text.split(" = ")[0] in names), "")
        if default:
            return f"not said in the need: {default}", "assumed"
        return f"the need {self.plan.name}", "given"

    def _model(self, name: str, i: int) -> tuple[str, str]:
        model = self.plan.settled.model
        dated = f", {model.date}" if model.date else ""
        assumed = model.origin == "size" or any(name in text for text in model.assumed)
        return (
            f"model {model.name}: {model.source or model.origin}{dated}",
            "assumed" if assumed else "catalog",
        )

    def _card(self, name: str, i: int) -> tuple[str, str]:
        card: Card = self.plan.catalog.cards[self.plan.cards[i].gpu]
        own = {"usable_memory": card.usable_source, "link_bandwidth": card.link_source}.get(name)
        return f"card {card.name}: {own or card.source}, {card.date}", "catalog"

    def _layout(self, name: str, i: int) -> tuple[str, str]:
        return f"chosen among the layouts of this card: {self.plan.lines[i].layout}", "chosen"

    def _offer(self, name: str, i: int) -> tuple[str, str]:
        if name == "owned_hours":
            return "the time that the need takes", "exact"
        if name == "on_demand_price":
            return (
                f"cheapest offer on demand of the catalog of {self.plan.catalog.as_of.isoformat()}",
                "catalog",
            )
        card, offers = self.plan.cards[i], self.plan.catalog.offers
        if name == "grid_intensity":
            grid = self.plan.catalog.grids.of_offer(offers, self.plan.lines[i].offer)
            place = f"{card.provider} {card.region}: {grid.place}, {grid.year}, {grid.basis}"
            return (
                f"grid of {place}; {grid.source}, {grid.date}",
                "assumed" if grid.name == WORLD else "catalog",
            )
        source = offers.sources[offers.source[self.plan.lines[i].offer]]
        return f"offer {card.offer}: {source}, {card.price_date}", "catalog"

    def _api(self, name: str, i: int) -> tuple[str, str]:
        line = self.plan.apis[i - len(self.plan.lines)]
        more = f", {line.currency} at the rates of {self.plan.catalog.rate_date.isoformat()}"
        more = more if line.currency != self.plan.currency else ""
        return f"API {line.offer}: {line.source}, {line.price_date}{more}", "catalog"

    def _assumption(self, ident: str, name: str, line: Line | ApiLine) -> Node:
        row, catalog, own = self._row(name, line), self.plan.catalog, self.plan.currency
        code = row.unit.partition("/")[0]
        scale = catalog.convert(1.0, code, own) if code in catalog.rates else 1.0
        unit = row.unit.replace(code, own, 1) if code in catalog.rates else row.unit
        low, expected, high = (scale * end for end in (row.low, row.expected, row.high))
        return Node(
            ident,
            self.label(name) + (f" ({row.key})" if row.key else ""),
            float(line.values[name]),
            unit,
            source=f"{row.source}, {row.date}",
            status=row.status,
            kind="assumption",
            low=low,
            expected=expected,
            high=high,
            error=_error(row.source),
        )

    def _row(self, name: str, line: Line | ApiLine) -> Assumption:
        """The row of an assumption that the card of a line reads: the most specific of those that fit."""
        if isinstance(line, ApiLine):
            return max(self.plan.used[name], key=lambda row: row.key.count("="))
        offers = self.plan.catalog.offers
        card = self.plan.catalog.cards[offers.cards[offers.card[line.offer]]]
        said = {"architecture": card.architecture, "gpu": card.name.lower()}

        def fits(row: Assumption) -> bool:
            keys = dict(part.split("=", 1) for part in row.key.split(",") if part)
            return all(said[k] == v for k, v in keys.items() if k in CARD_SELECTORS)

        return max(filter(fits, self.plan.used[name]), key=lambda row: row.key.count("="))
