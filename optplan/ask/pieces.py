"""The pieces of one sentence, what they amount to so far, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from optplan.ask.known import Catalog
from optplan.ask.names import Names
from optplan.ask.scan import Item
from optplan.ask.text import fault
from optplan.errors import Fault

WORDS = {
    "deadline": "the deadline",
    "duration": "how long it runs",
    "rate": "the request rate",
    "budget": "the budget",
    "epochs": "epochs",
    "rank": "the LoRA rank",
    "method": "the method",
    "precision": "the precision",
    "currency": "the currency",
    "max_cards": "the number of cards",
    "prompt": "the prompt length",
    "answer": "the answer length",
    "first_token": "the wait for the first token",
    "sequence": "the sequence length",
    "per_token": "the time per token",
    "min_replicas": "replicas",
    **dict.fromkeys(("data", "data_bytes", "data_tokens", "data_words", "data_letters"), "the data"),
    "samples": "a number of samples",
    "sample_tokens": "the length of a sample",
    "lengths": "the lengths of prompts and answers",
    "model": "the model",
    "engine": "the engine",
    "framework": "the framework",
    "batch": "the batch size",
    "micro_batch": "micro-batches",
    "recompute": "recomputation",
    "optimizer": "the optimizer",
    "mix": "mixing",
    "confidence": "confidence",
    "kv_precision": "the precision of the cache",
    "task": "the task",
    "carbon": "the limit of greenhouse gases",
}
TRAFFIC = ("rate", "prompt", "answer")


class Pieces:
    """Collects the pieces of one sentence; `faults` and `notes` say what was wrong and what was chosen."""

    def __init__(self, sentence: str, items: Sequence[Item], names: Names, catalog: Catalog) -> None:
        self.sentence = sentence
        self.items = list(items)
        self.names = names
        self.catalog = catalog
        self.faults: list[Fault] = []
        self.notes: list[str] = []
        self.need: dict[str, Any] = {}
        self.limits: dict[str, Any] = {}

    def of(self, *kinds: str) -> list[Item]:
        return [item for item in self.items if item.kind in kinds]

    def wrong(self, items: Sequence[Item], code: str, message: str, hint: str = "") -> None:
        spans = [item.span for item in items] or [(0, len(self.sentence))]
        self.faults.append(fault(self.sentence, spans, code, message, hint))

    def one(self, kind: str, *also: str) -> Any:
        """The one value of a kind, or None; two unlike values are a contradiction."""
        found = self.of(kind, *also)
        unlike = [item for item in found if item.value != found[0].value]
        if unlike:
            said = WORDS.get(kind, kind)
            hint = (
                "keep one, or give each kind of requests its rate and lengths"
                if kind in TRAFFIC
                else "keep one"
            )
            message = f"{said} is said twice, and differently"
            self.wrong([found[0], unlike[0]], "contradiction", message, hint)
        return found[0].value if found else None

    def said(self, item: Item) -> str:
        return self.sentence[item.start : item.end].strip()
