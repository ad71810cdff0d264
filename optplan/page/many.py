"""What the template of a portfolio calls: its JSON, its words, its charts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup

from optplan.page import sentence
from optplan.page.charts.stack import Layer, stack_chart
from optplan.page.part import Part
from optplan.page.pointer import Ref

HOLDINGS: Final = ("owned", "reserved", "rented", "hired")
KINDS: Final = {
    "purchase": "buying", "host": "buying", "network": "buying", "spares": "buying", "installation": "buying",
    "resale": "resale", "rent": "rent", "reservation": "reserved",
    "api_input": "api", "api_cached": "api", "api_output": "api",
}  # fmt: skip
OTHER: Final = "running"  # energy, hosting, staff and the like
PAID: Final = ("rent", "buying", "reserved", OTHER, "api", "resale")


@dataclass(frozen=True)
class Many(Part):
    """One portfolio on the page."""

    template: str = "portfolio.html.j2"

    @property
    def sub(self) -> Markup:
        """What is bought, reserved, rented and sent to an API; what is paid in all; and the proof."""
        plan, words = self.need.plan, self.words
        rate = words.percent(plan.discount_rate)
        paid = self.fill("portfolio.total", total=words.money(plan.total_cost), rate=rate)
        return sentence.joined([sentence.acts(plan, words), paid, sentence.proof(plan, words)], words)

    def limit_label(self, name: Ref) -> str:
        """What a limit is called."""
        return sentence.limit(str(name), self.words) or str(name)

    @cached_property
    def held(self) -> dict[str, list[float]]:
        """Cards by how they are had -> their number in each month; those that never are left out."""
        return self._kept({kind: [m[kind] for m in self._months] for kind in HOLDINGS})

    @cached_property
    def paid(self) -> dict[str, list[float]]:
        """What money is paid for -> the amount of each month; a sum of the month's terms."""
        found: dict[str, list[float]] = {kind: [0.0] * len(self._months) for kind in PAID}
        for i, month in enumerate(self._months):
            for term, amount in month["terms"].items():
                found[KINDS.get(term, OTHER)][i] += amount
        return self._kept(found)

    @property
    def _months(self) -> list[dict[str, Any]]:
        months: list[dict[str, Any]] = self.need.plan.by_month.json
        return months

    def _kept(self, found: dict[str, list[float]]) -> dict[str, list[float]]:
        return {kind: values for kind, values in found.items() if any(values)}

    def look(self, kind: str) -> int:
        """Which look a layer has; the same for money as for the cards that it is paid for."""
        order = {"owned": 1, "reserved": 2, "rented": 0, "hired": 5}
        return order[kind] if kind in order else PAID.index(kind)

    def chart(self, kind: str, alt: str) -> Markup:
        """The chart of cards, or of money, by month."""
        found = self.held if kind == "held" else self.paid
        layers = [Layer(self.look(name), values) for name, values in found.items()]
        unit = self.words.currency_name(self.words.currency)
        title = self.words.language.text(f"chart.{kind}", unit=unit)
        return stack_chart(layers, title, f"{self.id}-{kind}", alt, self.words)

    def terms(self) -> list[tuple[Ref, Ref]]:
        """Each term with its amount and its present value."""
        values = {str(term.name): term for term in self.need.plan.npv_terms}
        return [(term, values.get(str(term.name), Ref({}))) for term in self.need.plan.terms]
