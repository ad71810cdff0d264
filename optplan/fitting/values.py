"""What the answer to "does it fit" is made of."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Term:
    """A part of the memory of the fullest card, GiB; low and high at the ends of the assumptions."""

    name: str
    label: str
    low: float
    expected: float
    high: float


@dataclass(frozen=True, slots=True)
class Refused:
    """A requirement that does not hold: needs <= has is false."""

    requirement: str
    label: str
    needs: float
    has: float
    unit: str


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to lay the work over the cards; memory in GiB a card, speed in tokens/s of all cards."""

    text: str
    memory: float
    fits: bool
    tokens_per_second: float | None


@dataclass(frozen=True, slots=True)
class Most:
    """The answer to a question asked backwards.

    value      the largest value that fits (for cards: the smallest), None where none does
    stopped_by the requirements that the next value breaks (cards: that one card less breaks)
    by_memory  the same if memory were the only requirement
    """

    name: str
    value: int | None
    stopped_by: tuple[str, ...] = ()
    by_memory: int | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """Memory of one training case, GiB a card in the layout that needs least. refused: what it breaks."""

    method: str
    sequence: int
    micro_batch: int
    memory: float
    fits: bool
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One model, method and number of cards.

    context     tokens of a training sequence, or of prompt and answer together
    batch       micro-batch of a card, or sequences at once
    layout      the layout that needs least memory: all numbers are of it
    usable      GiB that a program can have of a card; fillable: what a plan may fill of it
    memory      (low, expected, high) GiB of the fullest card; the terms add up to each
    """

    method: str
    precision: str
    cards: int
    context: int
    batch: int
    fits: bool
    layout: str
    usable: float
    fillable: float
    memory: tuple[float, float, float]
    terms: list[Term]
    refused: list[Refused]
    layouts: list[Layout]
    longest_context: Most
    largest_batch: Most
    smallest_cards: Most

    @property
    def fill(self) -> float:
        """Share of the usable memory that is filled, as expected."""
        return self.memory[1] / self.usable

    @property
    def fits_at_worst(self) -> bool:
        """Whether the high end of the memory is within the usable memory of the card."""
        return self.fits and self.memory[2] <= self.usable


@dataclass(frozen=True, slots=True)
class CardFit:
    """One card: the answer, and the table of training memory (empty where training was not asked)."""

    gpu: str
    answer: Answer
    table: list[Cell]


@dataclass(frozen=True, slots=True)
class Fit:
    """The whole answer. meant: the cards that the name stands for, each of which is in `cards`."""

    model: str
    asked: str
    meant: list[str]
    cards: list[CardFit]
    assumed: list[str] = field(default_factory=list)

    @property
    def fits(self) -> bool:
        """Whether it fits on at least one of the cards meant."""
        return any(card.answer.fits for card in self.cards)

    def json(self) -> dict[str, Any]:
        """{model, gpu, meant, fits, assumed, cards: [{gpu, answer, table}]}.

        answer: {method, precision, cards, context, batch, fits, layout, fill, fits_at_worst, usable_gib,
        fillable_gib, memory_gib: {low, expected, high}, terms: [{name, label, low, expected, high}],
        refused: [{requirement, label, needs, has, unit}], layouts: [{text, memory, fits,
        tokens_per_second}], longest_context, largest_batch, smallest_cards: {value, stopped_by, by_memory}};
        table: [{method, sequence, micro_batch, memory, fits, refused}]. Memory is GiB a card; null where a
        number is not known, or (value) where nothing fits.
        """
        return {
            "model": self.model,
            "gpu": self.asked,
            "meant": self.meant,
            "fits": self.fits,
            "assumed": self.assumed,
            "cards": [
                {"gpu": c.gpu, "answer": _answer(c.answer), "table": [_plain(asdict(t)) for t in c.table]}
                for c in self.cards
            ],
        }


def _answer(answer: Answer) -> dict[str, Any]:
    said = asdict(answer)
    low, expected, high = said.pop("memory")
    said["memory_gib"] = {"low": low, "expected": expected, "high": high}
    said["usable_gib"], said["fillable_gib"] = said.pop("usable"), said.pop("fillable")
    said |= {"fill": answer.fill, "fits_at_worst": answer.fits_at_worst}
    for name in ("longest_context", "largest_batch", "smallest_cards"):
        said[name].pop("name")
    plain: dict[str, Any] = _plain(said)
    return plain


def _plain(value: Any) -> Any:
    """The same with numbers that JSON cannot hold as None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
