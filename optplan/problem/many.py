"""YAML text -> portfolios. Every fault of the frame and of every need in it at once, each at its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel

from optplan.errors import BadInput, Fault
from optplan.portfolio_need import ENTRIES, MOST_MONTHS, Entry, FinetuneEntry, Frame, Portfolio, ServeEntry
from optplan.problem.judge import Judge, line_order
from optplan.problem.tree import PORTFOLIO, Node, Text, plain
from optplan.units import Money


class EntryJudge(Judge):
    """Judges one entry of `needs`: a need with its demand."""

    tasks: Mapping[str, type[BaseModel]] = ENTRIES

    def entry(self, months: int | None) -> Entry:
        """The entry, checked against the months planned. Errors: BadInput with all faults."""
        found = cast(Entry, self.need())
        self._check(found, months)
        if self.faults:
            raise BadInput(sorted(set(self.faults), key=line_order))
        return found

    def _say(self, path: tuple[str | int, ...], code: str, message: str, hint: str) -> None:
        node, key, _ = self.find(path)
        self.faults.append(self.at(key if key is not None else node, code, message, hint))

    def _check(self, entry: Entry, months: int | None) -> None:
        demand = entry.demand
        last = demand.end or months or demand.start
        for name in ("start", "end"):
            value = getattr(demand, name)
            if months is not None and value is not None and value > months:
                message = f"`{name}` is month {value}, but {months} months are planned"
                self._say(("demand", name), "beyond-the-plan", message, f"a month from 1 to {months}")
        if demand.by_month is not None and months is not None and last <= months:
            long, given = last - demand.start + 1, len(demand.by_month)
            if given != long:
                span = f"months {demand.start} to {last}"
                message = f"`demand` has {given} amounts, but the need has {long} months ({span})"
                hint = f"give {long} amounts, or say start and end, or a growth such as 5% per month"
                self._say(("demand", "by_month"), "wrong-length", message, hint)
        if demand.by_month is not None and not any(demand.by_month):
            message = "there is no demand in any month"
            self._say(
                ("demand", "by_month"), "no-demand", message, "leave the need out, or give an amount above 0"
            )
        if demand.growth is not None and isinstance(entry, FinetuneEntry):
            message = "a finetune need has no traffic that could grow"
            self._say(("demand",), "no-traffic", message, "write runs by month, as in demand: [1, 0, 0, 1]")
        if isinstance(entry, FinetuneEntry):
            self._whole_runs(entry)
        if "duration" in entry.model_fields_set:
            message = "`duration` has no place in a portfolio: its months say how long the need lasts"
            self._say(
                ("duration",), "other-task", message, "leave it out; demand: {start: 3, end: 12} says when"
            )
        for limit in ("budget", "carbon"):
            if getattr(entry.limits, limit) is not None:
                message = f"a need of a portfolio has no {limit} limit of its own: cards are shared"
                hint = "put it under the portfolio's `limits`" if limit == "budget" else "leave it out"
                self._say(("limits", limit), "shared-limit", message, hint)
        if entry.country is not None:
            message = "cards are shared: they stand in one country for all needs"
            self._say(("country",), "shared-limit", message, "put `country` at the top of the portfolio")
        if isinstance(entry, ServeEntry):
            self._unplanned(entry)
        if entry.purchase is not None and entry.limits.purchase is not None:
            message = "`purchase` is said twice, here and under `limits`"
            self._say(("purchase",), "said-twice", message, "keep one of the two")

    def _unplanned(self, entry: ServeEntry) -> None:
        """What single plans know and portfolios do not."""
        if entry.slices is not None:
            message = "traffic in whole slices is not planned over months"
            self._say(("slices",), "not-planned", message, "leave `slices` out")
        for index, row in enumerate(entry.capacity or []):
            if row.price is not None:
                message = "cards of a price of their own are not planned over months"
                hint = "leave the price out; `--catalog DIR` adds offers"
                self._say(("capacity", index, "price"), "not-planned", message, hint)

    def _whole_runs(self, entry: FinetuneEntry) -> None:
        for index, runs in enumerate(entry.demand.by_month or []):
            if runs != int(runs):
                message = f"{runs:g} runs: a training job runs a whole number of times"
                self._say(("demand", "by_month", index), "not-whole", message, "write 0, 1, 2 ..")


class PortfolioJudge(Judge):
    """Judges one portfolio. entries: the judges of its needs, in order."""

    tasks: Mapping[str, type[BaseModel]] = {PORTFOLIO: Frame}
    what = "portfolio"

    def __init__(self, root: Node, text: Text) -> None:
        super().__init__(root, text)
        self.task = PORTFOLIO
        self.entries: list[EntryJudge] = []

    @property
    def whole(self) -> str:
        """The document as a whole, in words."""
        return "a portfolio"

    def portfolio(self) -> Portfolio:
        """The portfolio. Errors: BadInput with all faults, in the order of the text."""
        body = {k: plain(v) for k, v in self.root.entries.items() if k != "needs"}
        outside = Node("map", self.root.start, self.root.end, keys=self.root.keys)
        outside.entries = {k: v for k, v in self.root.entries.items() if k != "needs"}
        self.empties(outside, ())
        found: Frame | None = None
        faults: list[Fault] = []
        try:
            given = {k: v for k, v in body.items() if self.root.entries[k].kind not in ("null", "empty")}
            found = cast(Frame, self.validated(Frame, given | {"task": PORTFOLIO}))
        except BadInput as error:
            faults += error.faults
        entries = self._entries(found.months if found else self._months_said(), faults)
        if found is not None:
            faults += self._currencies(found, entries)
        if faults or found is None:
            raise BadInput(sorted(set(faults), key=line_order))
        fields = {name: getattr(found, name) for name in Frame.model_fields}  # each was judged already
        return Portfolio.model_construct(found.model_fields_set | {"needs"}, **fields, needs=entries)

    def _months_said(self) -> int | None:
        """The months as written, where something else of the frame is wrong."""
        node = self.root.entries.get("months")
        said = node.text.strip() if node is not None else ""
        return int(said) if said.isdecimal() and 0 < int(said) <= MOST_MONTHS else None

    def _entries(self, months: int | None, faults: list[Fault]) -> list[Entry]:
        node = self.root.entries.get("needs")
        if node is None or node.kind != "list" or not node.items:
            spot = self.root.keys.get("needs") or next(iter(self.root.keys.values()), self.root)
            hint = "below it, one `- name: ..` for each need, with its task, model and demand"
            faults.append(self.at(spot, "missing-key", "the portfolio does not list its `needs`", hint))
            return []
        found: list[Entry] = []
        names: set[str] = set()
        for index, item in enumerate(node.items):
            try:
                judge = EntryJudge(item, self.text)
                self.entries.append(judge)
                entry = judge.entry(months)
                name = entry.name or f"{entry.task} {index + 1}"
                if name in names:
                    judge._say(("name",), "said-twice", f"two needs are called {name!r}", "give each its own")
                    raise BadInput(judge.faults)
                names.add(name)
                found.append(entry.model_copy(update={"name": name}))
            except BadInput as error:
                faults += error.faults
        return found

    def _currencies(self, frame: Frame, entries: list[Entry]) -> list[Fault]:
        """Amounts of unlike currencies where none is said, and needs of another currency than the rest."""
        faults = []
        said: list[tuple[tuple[str | int, ...], str]] = []
        for name in ("budget", "monthly_budget"):
            limit: Money | None = getattr(frame.limits, name)
            if limit is not None:
                said.append((("limits", name), limit.currency))
        for index, entry in enumerate(entries):
            if entry.currency is not None:
                said.append((("needs", index, "currency"), entry.currency))
        first = frame.currency or (said[0][1] if said else None)
        for path, code in said:
            converted = frame.currency is not None and path[0] == "limits"
            if code != first and not converted:
                node, _, _ = self.find(path)
                message = (
                    f"this is in {code}, the rest of the portfolio in {first}: unlike currencies do not add"
                )
                hint = f"say `currency: {first}` at the top to have limits converted at the dated rate"
                hint = hint if path[0] == "limits" else f"leave it out: all needs are counted in {first}"
                faults.append(self.at(node, "unlike-currencies", message, hint))
        return faults
