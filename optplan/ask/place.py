"""Pieces of meaning -> where it runs and how it is paid for: cards, providers, purchase."""

from __future__ import annotations

from optplan.ask.pieces import Pieces
from optplan.ask.scan import Item


class Place(Pieces):
    """Limits on hardware."""

    def hardware(self) -> None:
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
        for kind, field in (
            ("provider", "providers"),
            ("region", "regions"),
            ("avoid_providers", "avoid_providers"),
        ):
            found = [
                v
                for item in self.of(kind)
                for v in (item.value if isinstance(item.value, tuple) else (item.value,))
            ]
            if found:
                self.limits[field] = list(dict.fromkeys(found))
        self._count()
        if self.of("mix"):
            self.limits["mix"] = self.one("mix")

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
        terms = {31536000.0: "reserved_1y", 3 * 31536000.0: "reserved_3y"}
        for item in self.of("reserved"):
            if item.value in terms:
                self.items.append(Item("purchase", terms[item.value], *item.span))
            else:
                self.wrong(
                    [item],
                    "not-expressible",
                    "prices are known for terms of 1 and 3 years",
                    "say `1-year reserved`",
                )
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
        ways = [
            way for way in ("on_demand", "spot", "reserved_1y", "reserved_3y", "buy", "api") if way in kinds
        ]
        if kinds & {"spot_ok"}:
            ways = ["on_demand", "spot", *(w for w in ways if w not in ("on_demand", "spot"))]
        if "rent" in kinds and not set(ways) & {"on_demand", "spot", "reserved_1y", "reserved_3y"}:
            ways = ["on_demand", *(["spot"] if "no_spot" not in kinds else []), *ways]
        if "no_spot" in kinds and not ways:
            ways = ["on_demand"]
        self.limits["purchase"] = ways
