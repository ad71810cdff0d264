"""Pieces of meaning -> requests: how many, how long, and of how many kinds."""

from __future__ import annotations

from optplan.ask.pieces import Pieces
from optplan.ask.scan import Item


class Requests(Pieces):
    """Rates and lengths of what a service answers."""

    def lengths(self) -> dict[str, float]:
        for item in self.of("prompt", "answer"):
            if "word" in self.said(item).lower():
                self.notes.append(f"{self.said(item)!r} is taken as {item.value:,.0f} tokens")
        pairs = self.of("lengths")
        prompts = [Item("prompt", item.value[0], *item.span) for item in pairs]
        answers = [Item("answer", item.value[1], *item.span) for item in pairs]
        self.items += prompts + answers
        found = {"prompt_tokens": self.one("prompt"), "answer_tokens": self.one("answer")}
        return {name: value for name, value in found.items() if value is not None}

    def note_lengths(self, lengths: dict[str, float]) -> None:
        for name, default in (("prompt_tokens", 1000), ("answer_tokens", 250)):
            if name not in lengths:
                self.notes.append(f"{name} is not said: {default} is taken")

    def requests(self) -> None:
        classes = self._classes()
        if classes:
            self.need["traffic"] = classes
            for lengths in classes:
                self.note_lengths(lengths)
            self.notes.append(f"{len(classes)} kinds of requests, each with its own rate and lengths")
            return
        rate, lengths = self.one("rate"), self.lengths()
        if rate is not None or lengths:
            if rate is None:
                self.notes.append("no request rate is said: 1 request per second is taken")
            self.need["traffic"] = {"requests_per_second": rate or 1.0, **lengths}
            self.note_lengths(lengths)

    def _classes(self) -> list[dict[str, float]]:
        """Kinds of traffic: several rates, each with lengths of its own behind it (or before it); else none."""
        rates = sorted(self.of("rate"), key=lambda item: item.start)
        lengths = sorted(self.of("lengths", "prompt", "answer"), key=lambda item: item.start)
        if len(rates) < 2 or not lengths:
            return []
        behind = rates[0].start < lengths[0].start
        classes = []
        for i, rate in enumerate(rates):
            low = rate.start if behind else (rates[i - 1].start if i else -1)
            high = (
                rate.start
                if not behind
                else (rates[i + 1].start if i + 1 < len(rates) else len(self.sentence))
            )
            found = {"requests_per_second": rate.value}
            for item in (item for item in lengths if low < item.start < high):
                both = item.value if item.kind == "lengths" else (item.value,)
                names = {"lengths": ("prompt_tokens", "answer_tokens"), "prompt": ("prompt_tokens",)}
                for name, value in zip(names.get(item.kind, ("answer_tokens",)), both, strict=True):
                    if found.setdefault(name, value) != value:
                        return []
            if len(found) == 1:
                return []
            classes.append(found)
        return classes
