"""Numbers as the page shows them: formatted for people, marked with where in the JSON they stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from optplan.page.language import Language
from optplan.page.pointer import Ref
from optplan.report import words as console

SPAN: Final = Markup('<span class="n" data-path="{path}" data-value="{value}">{text}</span>')
HOURS_SHOWN: Final = ((1 / 60, 3600.0, "s"), (1.0, 60.0, "min"))
LONG: Final = 72.0  # hours from which on days are said as well
YEARS: Final = 2  # from which on years are said instead
HOURS_PER_YEAR: Final = 8760.0
NO_SHARE: Final = 1e-6  # a gap below it is what is left of the solver's own arithmetic


def plain(value: Any) -> Any:
    """The number or text behind a Ref."""
    return value.json if isinstance(value, Ref) else value


@dataclass(frozen=True)
class Words:
    """Formats the numbers of one page. currency: that of amounts that name none."""

    language: Language
    currency: str

    def mark(self, ref: Ref | float | None, text: str) -> Markup | str:
        """The text, marked with place and exact value where it is a number of the document."""
        if not isinstance(ref, Ref) or isinstance(ref.json, (str, bool)) or ref.json is None:
            return text
        return SPAN.format(path=ref.pointer, value=repr(ref.json), text=text)

    def money(self, ref: Any, currency: Any = None) -> Markup | str:
        """19.35 USD."""
        code = plain(currency) or self.currency
        if plain(ref) is None:
            return self.language.text("none")
        return self.mark(ref, f"{self.amount(ref)} {self.currency_name(code)}")

    def amount(self, ref: Any) -> str:
        """The amount alone, as text."""
        return console.cash(plain(ref)).replace("-", "−")

    def cash(self, ref: Any) -> Markup | str:
        """The amount alone, for a column that names the currency."""
        return self.language.text("none") if plain(ref) is None else self.mark(ref, self.amount(ref))

    def more(self, ref: Any) -> Markup | str:
        """+1.15: by how much more."""
        value = plain(ref)
        return (
            self.language.text("none")
            if value is None
            else self.mark(ref, f"{'+' if value > 0 else ''}{self.amount(ref)}")
        )

    def currency_name(self, code: str) -> str:
        """USD, or 美元."""
        return self.language.known(f"currency.{code}", code)

    def hours(self, ref: Any, days: bool = True) -> Markup | str:
        """12 min, 21.3 h, 720 h (30 days)."""
        return self.mark(ref, self.hours_text(plain(ref), days))

    def hours_text(self, value: float | None, days: bool = True) -> str:
        """The same as text; "unlimited" for what JSON has as null."""
        if value is None or not math.isfinite(value):
            return self.language.text("unlimited")
        for below, factor, unit in HOURS_SHOWN:
            if value < below:
                return f"{console.figure(value * factor, 3)} {self.unit(unit)}"
        text = f"{console.figure(value, 3)} {self.unit('hour')}"
        if days and value >= YEARS * HOURS_PER_YEAR:
            text = self.language.text(
                "hours_years", hours=text, years=console.figure(value / HOURS_PER_YEAR, 3)
            )
        elif days and value >= LONG:
            text = self.language.text("hours_days", hours=text, days=console.figure(value / 24, 3))
        return text

    def number(self, ref: Any, digits: int = 4) -> Markup | str:
        """A number without unit."""
        value = plain(ref)
        return self.language.text("none") if value is None else self.mark(ref, self.figure(value, digits))

    def figure(self, value: float, digits: int = 4) -> str:
        """1,234.5; six digits at most, 6.74e9 where it is too long to read."""
        return console.figure(value, digits).replace("-", "−")

    def compact(self, value: float) -> str:
        """5M, or 500 万: a large number where room is scarce."""
        for name in ("hundred_million", "million", "ten_thousand", "thousand"):
            sign, size = self.language.text(f"size.{name}").split("=")
            if float(size) and abs(value) >= float(size):
                return f"{self.figure(value / float(size), 3)}{sign}"
        return self.figure(value, 3)

    def percent(self, ref: Any) -> Markup | str:
        """97.1 % of a share."""
        share = plain(ref)
        return self.mark(ref, f"{self.figure(100 * share if abs(share) >= NO_SHARE else 0.0, 3)} %")

    def unit(self, unit: str) -> str:
        """A unit as it is written here; the currency's code where it stands for one."""
        if unit == "1":
            return ""
        text = unit.replace("currency", self.currency)
        code, slash, rest = text.partition("/")
        if slash and f"currency.{code}" in self.language.messages:
            return f"{self.currency_name(code)}/{self.language.known(f'per.{rest}', rest)}"
        return self.language.known(f"unit.{text}", text)

    def value(self, ref: Any, unit: Any, digits: int = 4) -> Markup | str:
        """A number with its unit: money with two decimals, hours as people say them."""
        value, unit = plain(ref), plain(unit)
        if value is None:
            return self.language.text("unlimited")
        if unit in ("currency", self.currency):
            return self.money(ref)
        if unit == "hour":
            return self.hours(ref)
        factor, unit = console.scale(value, unit)
        return self.mark(ref, f"{self.figure(factor * value, digits)} {self.unit(unit)}".strip())

    def scaled(self, ref: Any, unit: Any, other: Any) -> Markup | str:
        """A number in the unit that suits `other`, without the unit: the ends of a range."""
        value, unit = plain(ref), plain(unit)
        if value is None:
            return self.language.text("unlimited")
        if unit in ("currency", self.currency):
            return self.cash(ref)
        factor, _ = console.scale(plain(other), unit)
        return self.mark(ref, self.figure(factor * value))

    def scaled_unit(self, unit: Any, other: Any) -> str:
        """The unit that goes with `scaled`."""
        unit = plain(unit)
        if unit in ("currency", self.currency):
            return self.currency_name(self.currency)
        return self.unit(console.scale(plain(other) or 0.0, unit)[1])
