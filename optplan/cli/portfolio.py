"""Portfolios on the command line: which files hold one, all faults first, progress on standard error."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from optplan.cli.options import NEED_TIMES, Changes, settings
from optplan.errors import BadInput, Fault

if TYPE_CHECKING:
    from optplan.catalog import Catalog
    from optplan.portfolio import PortfolioPlan
    from optplan.portfolio_need import Portfolio
    from optplan.problem import PortfolioSource

_SAYS_SO = re.compile(
    r"""(?:^|[{,])\s*["']?(?:task["']?\s*:\s*["']?portfolio\b|needs["']?\s*:)""", re.MULTILINE | re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to search: seconds, and the gap in per cent; None where the option was not given."""

    time_limit: float | None = None
    gap: float | None = None


@dataclass(frozen=True, slots=True)
class PortfolioQuestion:
    """One portfolio with what it is solved against."""

    portfolio: Portfolio
    place: str
    base: Path
    catalog: Catalog
    fixed: dict[str, float]
    effort: Effort

    def solve(self) -> PortfolioPlan:
        """The plan; progress goes to standard error."""
        from optplan.portfolio import main

        effort = self.effort
        said = _Progress(self.portfolio.currency or "")
        try:
            return main.solve_portfolio(
                self.portfolio,
                self.catalog,
                base=self.base,
                fixed=self.fixed,
                time_limit=main.TIME_LIMIT if effort.time_limit is None else effort.time_limit,
                gap=main.GAP if effort.gap is None else effort.gap / 100,
                progress=said,
            )
        finally:
            said.done()


class _Progress:
    """One line that is written over in a terminal; else a line each few seconds."""

    def __init__(self, currency: str) -> None:
        self.begin = self.last = time.monotonic()
        self.currency, self.shown = currency, False
        self.live = sys.stderr.isatty()

    def __call__(self, step: str, cost: float, bound: float) -> None:
        now = time.monotonic()
        if now - self.last < (0.3 if self.live else 3.0):
            return
        self.last = now
        best = f"best {cost:,.0f}" if abs(cost) < 1e300 else "no plan yet"
        proof = f", bound {bound:,.0f}" if abs(bound) < 1e300 else ""
        gap = f", gap {(cost - bound) / abs(cost):.2%}" if abs(cost) < 1e300 and proof and cost else ""
        text = f"{now - self.begin:5.0f} s  {step}: {best}{proof}{gap}"
        print(
            f"\r{text:<79}" if self.live else text, end="" if self.live else "\n", file=sys.stderr, flush=True
        )
        self.shown = True

    def done(self) -> None:
        """Leave the line."""
        if self.live and self.shown:
            print(file=sys.stderr)


def holds_portfolio(name: str) -> bool:
    """Does the file hold a portfolio? What cannot be read at all is left to the reader of needs."""
    from optplan.problem import MAX_BYTES, PortfolioSource, read_all

    if name == "-":
        return False
    try:
        if not Path(name).is_file():  # a device or a pipe has no end to read to
            return False
        with Path(name).open(encoding="utf-8-sig") as file:
            likely = bool(_SAYS_SO.search(file.read(MAX_BYTES + 1)))
    except (OSError, ValueError):
        return False
    try:
        return likely and any(isinstance(source, PortfolioSource) for source in read_all(Path(name)))
    except BadInput:
        return likely


def portfolio_questions(
    names: Sequence[str], changes: Changes, effort: Effort
) -> tuple[dict[str, list[PortfolioQuestion]], list[Fault]]:
    """Every portfolio of the files, checked against the catalog; and every fault of files, options and names."""
    from optplan.cli.gather import load_catalog
    from optplan.problem import PortfolioSource, read_all

    faults: list[Fault] = []
    found: dict[str, list[PortfolioQuestion]] = {}
    try:
        catalog = load_catalog(changes.catalogs)
        fixed = settings(changes.sets) or {}
    except BadInput as error:
        return {}, list(error.faults)
    faults += [
        Fault("setting", f"--set {name}", f"a portfolio has no {name}", "say it in the need that it is about")
        for name in NEED_TIMES
        if name in fixed
    ]
    for name in names:
        try:
            for source in read_all(Path(name)):
                if not isinstance(source, PortfolioSource):
                    hint = "put the needs that are not part of the portfolio into a file of their own"
                    faults.append(
                        Fault("mixed-file", source.place, "a need beside a portfolio in one file", hint)
                    )
                    continue
                portfolio = changed(source.portfolio, changes)
                faults += _checked(replace(source, portfolio=portfolio), catalog, fixed)
                found.setdefault(name, []).append(
                    PortfolioQuestion(portfolio, source.place, source.base, catalog, fixed, effort)
                )
        except BadInput as error:
            faults += error.faults
    return found, faults


def changed(portfolio: Portfolio, changes: Changes) -> Portfolio:
    """The portfolio with what the command line changes in it."""
    update: dict[str, object] = {}
    if changes.rules is not None:
        own = changes.rules.endswith(".py")  # a path given here starts from here, not from the file's folder
        update["rules"] = str(Path(changes.rules).absolute()) if own else changes.rules
    if changes.confidence is not None:
        update["needs"] = [
            need.model_copy(update={"confidence": changes.confidence}) for need in portfolio.needs
        ]
    return portfolio.model_copy(update=update) if update else portfolio


def _checked(source: PortfolioSource, catalog: Catalog, fixed: dict[str, float]) -> list[Fault]:
    """Faults of names and limits that only the catalog can tell, at their places."""
    from optplan.portfolio.settle import check
    from optplan.problem import Source

    faults: list[Fault] = []
    for entry, judge in zip(source.portfolio.needs, source.judge.entries, strict=True):
        try:
            Source(entry, source.place, source.base, judge).check_names(catalog.gpus, catalog.model)
        except BadInput as error:
            faults += error.faults
    if faults:
        return faults
    try:
        check(source.portfolio, catalog, source.base, fixed)
    except BadInput as error:
        faults += [_placed(source, fault) for fault in error.faults]
    return faults


def _placed(source: PortfolioSource, fault: Fault) -> Fault:
    """A fault whose place is a field ("needs.0.limits.providers"), moved to where the field was written."""
    path = tuple(int(part) if part.isdecimal() else part for part in fault.place.split("."))
    if path[0] not in type(source.portfolio).model_fields:
        return fault
    return source.judge.fault(path, fault.code, fault.message, fault.hint)
