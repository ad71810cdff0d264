"""What the lesson says for every task: money without owning, memory by the card's name."""

from __future__ import annotations

from typing import Any

from optplan.rule import at_most, charge, derive, require

LESSON = "lesson on budgeting the compute of a privately deployed open model"


@derive(unit="GB", source=LESSON, status="assumed")
def fillable_memory(card_memory_gb: Any, fill_limit: Any) -> Any:
    """Memory of a card by its name"""
    return card_memory_gb * fill_limit


@derive(unit="1", source=LESSON, status="exact")
def memory_fill(memory_per_card: Any, card_memory_gb: Any) -> Any:
    """Share of the card that is filled; near 1 it just fits"""
    return memory_per_card / card_memory_gb


@require(unit="GB", source=LESSON)
def fits_in_memory(memory_per_card: Any, fillable_memory: Any) -> Any:
    """The cards together hold the model"""
    return at_most(memory_per_card, fillable_memory)


@derive(unit="hour", source=LESSON, status="exact")
def billed_hours(elapsed_hours: Any) -> Any:
    """Hours billed, to the second: nothing is rounded up"""
    return elapsed_hours


@charge(source=LESSON)
def rent(price_per_unit_hour: Any, unit_hours: Any) -> Any:
    """Rent: cards x hourly price x hours"""
    return price_per_unit_hour * unit_hours


@charge(source=LESSON)
def purchase(price_per_unit: Any, units: Any) -> Any:
    """Price of the cards bought"""
    return price_per_unit * units
