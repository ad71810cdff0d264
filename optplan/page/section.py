"""What the template of one need calls: its JSON, its words, its charts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from markupsafe import Markup

from optplan.page import sentence
from optplan.page.charts.curve import curve_chart, what_text
from optplan.page.charts.lines import lines_chart, volume_chart
from optplan.page.charts.tornado import tornado_chart
from optplan.page.part import Part
from optplan.page.pointer import Ref
from optplan.page.tree import tree
from optplan.report.plan import SHORT

LEAST_MONTHS: Final = 2.0  # below this a chart by month has nothing to show
CLOSE: Final = 1e-6  # present values that differ by less are those of one plan
SAME: Final = 0.01  # times that differ by less are called the same


@dataclass(frozen=True)
class Section(Part):
    """One need on the page."""

    template: str = "need.html.j2"

    @property
    def answer(self) -> Markup:
        """The answer in one sentence."""
        return sentence.answer(self.need.plan, self.words)

    @property
    def sub(self) -> Markup:
        """How sure the answer is: its range, and the proof."""
        plan, words = self.need.plan, self.words
        band = plan.quantities.total_cost
        ends = self.fill("answer.range", low=words.money(band.low), high=words.money(band.high))
        varies = not math.isclose(band.low.json, band.high.json)
        return sentence.joined([ends if varies else Markup(), sentence.proof(plan, words)], words)

    @property
    def tree(self) -> Any:
        """The derivation as a tree."""
        return tree(self.need.explanation.json)

    @property
    def base_card(self) -> str:
        """The cards on which both rule packs are compared."""
        return what_text({"cards": [self.need.packs.line.json], "apis": []})

    def chart(self, kind: str, alt: str) -> Markup:
        """A chart of this section's JSON."""
        place = (f"{self.id}-{kind}", alt, self.words)
        if kind == "curve":
            return curve_chart(self.need.curve.json, *place)
        if kind == "ways":
            return lines_chart([way.json for way in self.lines], *place)
        if kind == "volume":
            return volume_chart(self.need.ways.json, *place)
        labels = [self.quantity(bar["name"], bar.description) for bar in self.need.tornado.bars]
        return tornado_chart(self.need.tornado.json, labels, *place)

    @cached_property
    def ways(self) -> list[Ref]:
        """The ways, that of least present value first, those without a plan last."""
        found = list(self.need.ways.ways)
        return sorted(found, key=lambda way: math.inf if way.npv.json is None else way.npv.json)

    @property
    def mixed(self) -> bool:
        """Whether the plan is none of the ways alone: it mixes them."""
        value = self.need.ways.plan.npv.json
        return not any(math.isclose(way.npv.json, value, rel_tol=CLOSE) for way in self.solved)

    @property
    def solved(self) -> list[Ref]:
        """The ways that have a plan."""
        return [way for way in self.ways if way.npv.json is not None]

    @property
    def lines(self) -> list[Ref]:
        """The ways to draw month by month: none where all is over within a month or two."""
        long = self.need.ways.months.json >= LEAST_MONTHS
        return self.solved if long and len(self.solved) > 1 else []

    @property
    def way_terms(self) -> list[str]:
        """Names of all terms of the ways."""
        return list(dict.fromkeys(name for way in self.solved for name in way.terms.json))

    @property
    def ruled_out(self) -> bool:
        """Whether the need does not allow one of the ways."""
        return not all(way.allowed.json for way in self.ways)

    def way_note(self, note: Ref) -> str:
        """ "api: no API sells it" in the page's language."""
        way, _, text = str(note).partition(": ")
        return f"{self.words.language.text(f'way.{way}')}: {self.words.language.sentence(text)}"

    @property
    def cheapest_allowed(self) -> Ref | None:
        """Of the ways that the need allows, that of least present value."""
        return next((way for way in self.solved if way.allowed.json), None)

    @property
    def ways_lead(self) -> Markup:
        """Which way has the least present value, whether it is allowed, and how present value counts."""
        words, parts = self.words, []
        if self.solved:
            first, allowed = self.solved[0], self.cheapest_allowed
            names = {
                "way": words.language.text(f"doing.{first.way}"),
                "what": words.language.cards(first.what),
            }
            parts.append(self.capital(self.fill("ways.least", npv=words.money(first.npv), **names)))
            if allowed is not None and (self.mixed or not first.allowed.json):
                way = words.language.text(f"doing.{allowed.way}")
                key = "ways.least_mixed" if self.mixed else "ways.least_allowed"
                mixed = words.money(self.need.ways.plan.npv)
                parts.append(self.fill(key, way=way, npv=words.money(allowed.npv), mixed=mixed))
        parts.append(self.fill("ways.intro", rate=words.percent(self.need.ways.rate)))
        if self.ruled_out:
            parts.append(self.fill("ways.ruled_out"))
        return sentence.joined(parts, words)

    @property
    def shares(self) -> list[tuple[str, str, list[str], Markup | str]]:
        """Break-even shares of use: (pays, never or always; the way; against what; the share)."""
        found: dict[tuple[str, str], list[str]] = {}
        rows: list[tuple[str, str, list[str], Markup | str]] = []
        for one in self.need.ways.utilisation_even:
            share, way, other = one.share.json, str(one.way), str(one.against)
            if share is not None and 0 < share <= 1:
                rows.append(("pays", way, [other], self.words.percent(one.share)))
            else:
                kind = "never" if share is None or share > 1 else "always"
                found.setdefault((kind, way), []).append(other)
        return rows + [(kind, way, others, "") for (kind, way), others in found.items()]

    def either(self, ways: list[str]) -> str:
        """ "renting, spot or the API"."""
        say = self.words.language.text
        names = [say(f"doing.{way}") for way in ways]
        return say("list").join(names[:-1]) + (say("or") if names[1:] else "") + names[-1]

    def capital(self, text: Markup) -> Markup:
        """A sentence with a capital at its start."""
        return text[:1].upper() + text[1:]

    def what(self, plan: Ref) -> str:
        """2 × H100 of a plan, a point of a curve or a plan in short, as text."""
        return what_text(plan.json)

    @property
    def rests(self) -> list[tuple[str, Ref]]:
        """The quantities that people ask for first, each with its band; wall clock once where it is the same."""
        bands = self.need.plan.quantities
        names = [name for name in SHORT if bands[name].unit]
        if "job_hours" in names and bands.job_hours.json == bands.elapsed_hours.json:
            names.remove("job_hours")
        return [(name, bands[name]) for name in names]

    @property
    def largest_term(self) -> float:
        """What the bars of the terms are measured by."""
        return max(abs(float(term["amount"])) for term in self.need.plan.terms.json)

    def limit_label(self, name: Ref) -> str:
        """What a limit or requirement is called."""
        return sentence.limit(str(name), self.words) or self.quantity(name)

    def lost(self, other: Ref) -> str:
        """Why an alternative is not the plan: by its time and by what an hour of it costs."""
        plan = self.need.plan.json
        if not (plan["hours"] and other.json["hours"]):
            return "dearer"
        mine, theirs = (p["total_cost"] / p["hours"] for p in (plan, other.json))
        longer = other.json["hours"] / plan["hours"]
        if abs(longer - 1) < SAME:
            return "dearer"
        if longer < 1:
            return "faster"
        return "slower_dearer" if theirs >= mine else "slower"

    @cached_property
    def sources(self) -> list[str]:
        """Where the assumptions are from: those that are uncertain first, each source once."""
        found = [*self.assumptions(True), *self.assumptions(False)]
        return list(dict.fromkeys(str(one.source) for one in found))

    def source_number(self, assumption: Ref) -> int:
        """The place of an assumption's source in the list, from 1."""
        return self.sources.index(str(assumption.source)) + 1

    def assumptions(self, uncertain: bool) -> list[Ref]:
        """Those with a range, or those without."""
        found = iter(self.need.assumptions)
        return [one for one in found if (one.low.json != one.high.json) == uncertain]

    def side(self, value: Ref, unit: Ref) -> Markup | str:
        """One side of a requirement: yes or no where it is a plain 1 or 0."""
        if unit == "1" and value.json in (0, 1):
            return self.words.mark(value, self.words.language.text("yes" if value.json else "no"))
        return self.words.value(value, unit)

    def quantity(self, name: Ref, english: Ref | None = None) -> str:
        """What a quantity is called."""
        text = self.words.language.label(self.bare(name), str(english or name))
        return text[:1].upper() + text[1:]

    def bare(self, ident: Ref) -> str:
        """The quantity's name, whatever line it belongs to."""
        return str(ident).partition("#")[0]

    def differs(self, name: Ref) -> str:
        """Why the simple rules give another number for a quantity; "" where nothing is said of it."""
        method = {"qlora": "lora"}.get(str(self.need.method), str(self.need.method))
        keys = [f"differs.{name}.{kind}" for kind in (method, self.need.plan.task)] + [f"differs.{name}"]
        return next((found for key in keys if (found := self.words.language.known(key, ""))), "")

    def asked(self, text: Ref) -> str:
        """A value of the need, in the words of the page where they are known: "on demand, buy"."""
        known = self.words.language.known
        parts = [known(f"value.{part}", part) for part in str(text).split(", ")]
        return self.words.language.text("list").join(parts)
