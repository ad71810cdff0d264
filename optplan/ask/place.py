"""Pieces of meaning -> where it runs and how it is paid for: cards, providers, purchase."""

from __future__ import annotations

import re

from optplan.ask.pieces import Pieces
from optplan.ask.scan import Item

_RENTED = ("on_demand", "spot", "reserved_1y", "reserved_3y")


class Place(Pieces):
    """Limits on hardware."""

    def hardware(self) -> None:
        self._owned()
        allowed = self.of("gpu", "cards", "card_memory")
        gpus: list[str] = []
        for item in allowed:
            gpus += self._cards_of(item)
        if gpus:
            self.limits["gpus"] = list(dict.fromkeys(gpus))
        avoided = list(dict.fromkeys(name for item in self.of("avoid") for name in item.value))
        if avoided:
            self.limits["avoid_gpus"] = avoided
        self._clash(self.of("gpu", "cards"), self.of("avoid"), "a card is both wanted and avoided")
        self._clash(self.of("provider"), self.of("avoid_providers"), "a provider is both wanted and avoided")
        for kind, field in (("provider", "providers"), ("avoid_providers", "avoid_providers")):
            found = [
                v
                for item in self.of(kind)
                for v in (item.value if isinstance(item.value, tuple) else (item.value,))
            ]
            if found:
                self.limits[field] = list(dict.fromkeys(found))
        self._regions()
        self._count()
        if self.of("mix"):
            self.limits["mix"] = self.one("mix")

    def _regions(self) -> None:
        """Regions by name, and those of a part of the world."""
        found: list[str] = []
        for item in self.of("region"):
            for value in item.value:
                found += [value] if isinstance(value, str) else value
            if any(not isinstance(value, str) for value in item.value):
                self.notes.append(
                    f"{self.said(item)!r}: regions that are known to lie there, of all providers"
                )
        if found:
            self.limits["regions"] = list(dict.fromkeys(found))

    def _owned(self) -> None:
        """Cards that the user has: the plan keeps to them, but the catalog knows their market price only."""
        for item in self.of("owned"):
            count, gpu = item.value
            self.items.append(Item("cards" if count else "gpu", item.value if count else gpu, *item.span))
            self.notes.append(
                f"{self.said(item)!r}: the plan keeps to these cards, but counts what such cards cost on the "
                "market; a table `owned.csv` (`--catalog DIR`) makes your own cards free of rent"
            )

    def _cards_of(self, item: Item) -> list[str]:
        if item.kind == "gpu":
            return [item.value]
        if item.kind == "cards":
            return [item.value[1]]
        wanted = item.value[-1] / 1e9
        found = [name for name, card in self.catalog.cards.items() if card.memory_gb == wanted]
        if not found:
            self.wrong(
                [item],
                "unknown-gpu",
                f"no card of the catalog has {wanted:g} GB",
                "name a card, such as RTX 4090",
            )
        else:
            self.notes.append(f"{self.said(item)!r} is taken as {', '.join(found)}")
        return found

    def _clash(self, wanted: list[Item], avoided: list[Item], message: str) -> None:
        for yes in wanted:
            name = yes.value[1] if isinstance(yes.value, tuple) else yes.value
            for no in avoided:
                if name in no.value:
                    self.wrong([yes, no], "contradiction", message, "keep one")

    def _count(self) -> None:
        for item in self.of("cards"):
            self.items.append(Item("max_cards", float(item.value[0]), *item.span))
        for item in self.of("card_memory"):
            if len(item.value) > 1 or "single" in self.said(item).lower():
                self.items.append(
                    Item("max_cards", float(item.value[0]) if len(item.value) > 1 else 1.0, *item.span)
                )
        if self.of("max_cards"):
            self.limits["max_cards"] = self.one("max_cards")
            if self.of("cards"):
                count = self.limits["max_cards"]
                cards = "1 card is" if count == 1 else f"{count:g} cards are"
                self.notes.append(f"{cards} taken as the most that the plan may use")

    def purchase(self) -> None:
        self._terms()
        found = self.of("purchase")
        kinds = {item.value for item in found}
        if "no_spot" in kinds and kinds & {"spot", "spot_ok"}:
            clash = [
                next(i for i in found if i.value == "no_spot"),
                next(i for i in found if i.value in ("spot", "spot_ok")),
            ]
            self.wrong(clash, "contradiction", "spot is both wanted and refused", "keep one")
        if not kinds:
            return
        kinds |= self._beside_an_api(kinds)
        ways = [way for way in (*_RENTED, "buy", "api") if way in kinds]
        if kinds & {"spot_ok"}:
            ways = ["on_demand", "spot", *(w for w in ways if w not in ("on_demand", "spot"))]
        if "rent" in kinds and not set(ways) & set(_RENTED):
            ways = ["on_demand", *(["spot"] if "no_spot" not in kinds else []), *ways]
        if "no_spot" in kinds and not ways:
            ways = ["on_demand"]
        self.limits["purchase"] = ways

    def _terms(self) -> None:
        """A reservation of a length that has prices, or, where none is said, of each of them."""
        terms = {31536000.0: ["reserved_1y"], 3 * 31536000.0: ["reserved_3y"]}
        said = self.of("reserved")
        lengths = {item.value for item in said} - {None}
        for item in said:
            if item.value in terms:
                ways = terms[item.value]
            elif item.value is not None:
                hint = "say `1-year reserved`"
                self.wrong([item], "not-expressible", "prices are known for terms of 1 and 3 years", hint)
                continue
            elif lengths:
                continue
            else:
                ways = ["reserved_1y", "reserved_3y"]
                self.notes.append(f"{self.said(item)!r} names no term: 1 year and 3 years are both let in")
            self.items += [Item("purchase", way, *item.span) for way in ways]

    def _beside_an_api(self, kinds: set[str]) -> set[str]:
        """What `an API or ..` and `an API or self-hosting` add to the ways that are said."""
        itself = any(re.match(r"self|自|私有", self.said(item).lower()) for item in self.of("task"))
        if "api_or_not" not in kinds and not ("api" in kinds and itself):
            return set()
        if kinds & {*_RENTED, "spot_ok", "rent", "buy", "no_spot"}:
            return {"api"}
        self.notes.append("what an API is compared with: cards rented (on demand, spot) or bought")
        return {"api", "rent", "buy"}
