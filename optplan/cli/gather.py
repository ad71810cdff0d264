"""Arguments -> questions that are ready to be solved: every fault of every file first."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optplan.cli.options import NEED_TIMES, Changes, settings
from optplan.errors import BadInput, Fault

if TYPE_CHECKING:
    from optplan.catalog import Catalog
    from optplan.need import AnyNeed
    from optplan.plan import Plan
    from optplan.problem import Source as Written

STDIN_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """One need and where it is from. written: the document it was read from, None for a sentence."""

    need: AnyNeed
    place: str
    base: Path
    written: Written | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """One need with what it is solved against.

    place  file (and #document), or "the sentence"
    base   the folder that relative paths in the need start from
    fixed  quantities set on the command line
    notes  readings of a sentence that were a choice
    """

    need: AnyNeed
    place: str
    base: Path
    catalog: Catalog
    fixed: dict[str, float]
    notes: tuple[str, ...] = ()

    def solve(self, need: AnyNeed | None = None) -> Plan:
        """The plan for this need, or for a changed one against the same catalog."""
        from optplan.planner import solve

        return solve(need or self.need, self.catalog, fixed=self.fixed, base=self.base)


class _Faults:
    """Collects faults of several steps, so that all are told at once."""

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def of(self, call: Any, *arguments: Any) -> Any:
        """The call's result, or None with its faults kept."""
        try:
            return call(*arguments)
        except BadInput as error:
            self.found += [fault for fault in error.faults if fault not in self.found]
            return None

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.found:
            raise BadInput(self.found)


def questions(arguments: Sequence[str], changes: Changes, sentences: bool = False) -> list[Question]:
    """Every need of the arguments, checked against the catalog; nothing is solved yet.

    arguments are files ("-" for standard input) and, where sentences is set, sentences. Raises BadInput with
    every fault of every argument and option.
    """
    faults = _Faults()
    catalog = faults.of(load_catalog, changes.catalogs)
    found: list[Source] = []
    for text in arguments:
        if sentences and is_sentence(text):
            found += [] if catalog is None else faults.of(_spoken, text, catalog) or []
        else:
            found += faults.of(_read, text) or []
    return _checked(found, catalog, changes, faults)


def understood(sentence: str, changes: Changes) -> Question:
    """The need of one sentence, checked. Raises BadInput that points at what was not understood."""
    faults = _Faults()
    catalog = faults.of(load_catalog, changes.catalogs)
    found = [] if catalog is None else faults.of(_spoken, sentence, catalog) or []
    return _checked(found, catalog, changes, faults)[0]


def one_question(argument: str, changes: Changes) -> Question:
    """The one need of a file or sentence. Raises BadInput when the file holds several."""
    found = questions([argument], changes, sentences=True)
    if len(found) > 1:
        hint = "put the one you mean into a file of its own"
        raise BadInput(Fault("several-needs", argument, f"it holds {len(found)} needs, not one", hint))
    return found[0]


def _checked(
    sources: Iterable[Source], catalog: Catalog | None, changes: Changes, faults: _Faults
) -> list[Question]:
    fixed = faults.of(settings, changes.sets) or {}
    if changes.confidence not in (None, "high", "expected"):
        message = f"{changes.confidence!r} is no level"
        faults.found.append(Fault("confidence", "--confidence", message, "write high or expected"))
        changes = replace(changes, confidence=None)
    rest = {name: value for name, value in fixed.items() if name not in NEED_TIMES}
    found = []
    for source in sources:
        need = faults.of(_changed, source, changes, fixed)
        if catalog is not None and need is not None:
            faults.of(_check, source, need, catalog, rest)
            found.append(Question(need, source.place, source.base, catalog, rest, source.notes))
    faults.stop()
    return found


def load_catalog(directories: Iterable[str] | None) -> Catalog:
    """The shipped catalog with the directories laid over it, in the order given."""
    from optplan.catalog import Catalog

    return Catalog.load([Path(directory) for directory in directories or ()])


def is_sentence(text: str) -> bool:
    """True for words, false for what looks like a file. "9B finetune" is a sentence, "a b.yaml" a file."""
    if text == "-" or text.lower().endswith((".yaml", ".yml", ".json")) or os.path.exists(text[:4000]):
        return False
    return any(c.isspace() for c in text.strip()) or not text.isascii()


def _read(text: str) -> list[Source]:
    from optplan import problem

    if text == "-":
        content = sys.stdin.buffer.read(STDIN_BYTES + 1)
        if len(content) > STDIN_BYTES:
            message = f"standard input has more than {STDIN_BYTES:,} bytes"
            raise BadInput(Fault("too-large", "standard input", message))
        written = problem.read_text(content.decode("utf-8", "replace"), "standard input")
    else:
        written = problem.read(Path(text))
    return [Source(found.need, found.place, found.base, found) for found in written]


def _spoken(text: str, catalog: Catalog) -> list[Source]:
    from optplan.ask import understand

    found = understand(text, catalog)
    return [Source(found.need, "the sentence", Path(), None, tuple(found.notes))]


def _changed(source: Source, changes: Changes, fixed: dict[str, float]) -> AnyNeed:
    """The need with what the command line changes in it."""
    need = source.need
    update: dict[str, Any] = {}
    if changes.rules is not None:
        own = changes.rules.endswith(".py")  # a path given here starts from here, not from the need's folder
        update["rules"] = str(Path(changes.rules).absolute()) if own else changes.rules
    if changes.confidence is not None:
        update["confidence"] = changes.confidence
    for name in NEED_TIMES:
        if name in fixed:
            if name not in type(need).model_fields:
                other = next(other for other in NEED_TIMES if other != name)
                message = f"a {need.task} need has no {name}"
                raise BadInput(Fault("setting", f"--set {name}", message, f"did you mean {other}?"))
            update[name] = fixed[name]
    return need.model_copy(update=update) if update else need


def _check(source: Source, need: AnyNeed, catalog: Catalog, fixed: dict[str, float]) -> None:
    """Look up every name that need and settings use. Raises BadInput with the place of each."""
    from optplan.evaluate import check_names
    from optplan.rules import pack
    from optplan.settle import own_catalog, settle

    faults, catalog = _Faults(), own_catalog(need, catalog)
    if source.written is not None:
        faults.of(source.written.check_names, catalog.gpus, catalog.model)
    if not faults.found:
        faults.of(settle, need, catalog, source.base)
    rules = faults.of(pack, need.rules, need.task)
    if rules is not None:
        faults.of(check_names, fixed, rules, catalog.assumptions, "--set")
        faults.of(check_names, need.assume, rules, catalog.assumptions, "assume")
    faults.found = [_placed(source, fault) for fault in faults.found]
    faults.stop()


def _placed(source: Source, fault: Fault) -> Fault:
    """A fault whose place is a field ("limits.providers"), moved to where the field was written."""
    path = tuple(fault.place.split("."))
    if source.written is None or path[0] not in type(source.need).model_fields:
        return fault
    return source.written.judge.fault(path, fault.code, fault.message, fault.hint)
