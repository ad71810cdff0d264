"""YAML text -> a tree of plain text with places; nothing is built, guessed or expanded without end.

Scalars stay the text that was written (`no`, `1e9`, `12:30`, `010`): the need's models judge them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from optplan.errors import BadInput, Fault

MAX_NODES = 10_000  # of one document, aliases counted as often as they are used
MAX_DEPTH = 40
PORTFOLIO: Final = "portfolio"  # the task of a document of many needs
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = ("", "~", "null", "Null", "NULL")
_PLAIN_TAGS = re.compile(r"!|tag:yaml\.org,2002:(str|int|float|bool|null|map|seq|timestamp)")


@dataclass(slots=True)
class Node:
    """One value: text, a list or a mapping, and where it starts and ends (line, column; from 0).

    kind is "text", "null" (written ~ or null), "empty" (nothing written), "list" or "map".
    size counts the values in it, aliases counted as often as they are used.
    """

    kind: str
    start: tuple[int, int]
    end: tuple[int, int]
    text: str = ""
    items: list[Node] = field(default_factory=list)
    keys: dict[str, Node] = field(default_factory=dict)
    entries: dict[str, Node] = field(default_factory=dict)
    size: int = 1
    open: bool = False


def width(text: str) -> int:
    """Columns that text takes in a terminal: two for a wide character."""
    return sum(
        2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text
    )


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one file, for excerpts."""

    name: str
    lines: list[str]

    def fault(
        self,
        start: tuple[int, int],
        end: tuple[int, int],
        code: str,
        message: str,
        hint: str = "",
    ) -> Fault:
        """A fault from start to end (line and column from 0), with carets under the first line of it."""
        line, column = start
        place = f"{self.name}:{line + 1}:{column + 1}"
        if line >= len(self.lines):
            return Fault(code, place, message, hint)
        shown = self.lines[line].replace("\t", " ")
        stop = end[1] if end[0] == line else len(shown.rstrip())
        low = max(0, column - 60)
        part = shown[low : low + 110]
        before = width(part[: column - low])
        carets = "^" * max(1, width(part[column - low : stop - low]))
        number = f"{line + 1:>3}"
        excerpt = f"{number} | {part}\n{' ' * len(number)} | {' ' * before}{carets}"
        return Fault(code, place, message, hint, excerpt)


class _Stop(Exception):
    """The rest of the text cannot be read; the fault is why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


class _Builder:
    """Events -> documents, without recursion, so that depth costs nothing."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.faults: list[Fault] = []
        self.documents: list[Node] = []
        self.reset()

    def reset(self) -> None:
        self.stack: list[Node] = []
        self.waiting: list[Node | None] = []  # the key whose value comes next, one per open node
        self.anchors: dict[str, Node] = {}
        self.count = 0

    def fault(self, event: yaml.Event, code: str, message: str, hint: str = "") -> Fault:
        return self.text.fault(_start(event), _end(event), code, message, hint)

    def feed(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.reset()
        elif isinstance(event, yaml.AliasEvent):
            self.alias(event)
        elif isinstance(event, yaml.ScalarEvent):
            self.check_tag(event)
            self.add(self.scalar(event), event)
        elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
            self.check_tag(event)
            kind = "list" if isinstance(event, yaml.SequenceStartEvent) else "map"
            self.start(kind, event)
        elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
            self.finish(event)

    def check_tag(self, event: yaml.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag and not _PLAIN_TAGS.fullmatch(tag):
            shown = tag.replace("tag:yaml.org,2002:", "!!")[:60]
            hint = "write plain text, lists and mappings only"
            raise _Stop(self.fault(event, "tag", f"the tag {shown} would build an object: refused", hint))

    def scalar(self, event: yaml.ScalarEvent) -> Node:
        kind = "text"
        if not event.style and event.value in _NULL:
            kind = "null" if event.value else "empty"
        return Node(kind, _start(event), _end(event), text=event.value)

    def start(self, kind: str, event: yaml.Event) -> None:
        line, column = _start(event)
        node = Node(kind, (line, column), (line, column + 1), open=True)
        if len(self.stack) >= MAX_DEPTH:
            raise _Stop(
                self.fault(
                    event, "too-deep", f"nested deeper than {MAX_DEPTH} levels", "a need has four levels"
                )
            )
        self.add(node, event)
        self.stack.append(node)
        self.waiting.append(None)

    def finish(self, event: yaml.Event) -> None:
        node = self.stack.pop()
        self.waiting.pop()
        node.open = False
        node.end = _end(event)
        node.size = 1 + sum(n.size for n in node.items) + sum(n.size for n in node.entries.values())

    def alias(self, event: yaml.AliasEvent) -> None:
        node = self.anchors.get(event.anchor or "")
        if node is None:
            raise _Stop(
                self.fault(event, "yaml", f"*{event.anchor} refers to no anchor before it", "write it out")
            )
        if node.open:
            raise _Stop(
                self.fault(event, "endless", f"*{event.anchor} contains itself", "write the value out")
            )
        self.add(node, event)

    def add(self, node: Node, event: yaml.Event) -> None:
        self.count += node.size
        if self.count > MAX_NODES:
            message = f"the document has more than {MAX_NODES:,} values, aliases expanded"
            raise _Stop(self.fault(event, "too-large", message, "write fewer, or split it into documents"))
        anchor = getattr(event, "anchor", None)
        if anchor and not isinstance(event, yaml.AliasEvent):
            self.anchors[anchor] = node
        if not self.stack:
            self.documents.append(node)
            return
        parent = self.stack[-1]
        if parent.kind == "list":
            parent.items.append(node)
        elif self.waiting[-1] is None:
            self.key(parent, node, event)
        else:
            key = self.waiting[-1]
            self.waiting[-1] = None
            if key.text not in parent.entries:
                parent.entries[key.text] = node

    def key(self, parent: Node, node: Node, event: yaml.Event) -> None:
        if node.kind in ("list", "map"):
            raise _Stop(self.fault(event, "key", "a key must be plain text", "write `key: value`"))
        if node.text in parent.keys:
            first = parent.keys[node.text].start[0] + 1
            message = f"`{node.text[:40]}` was already given in line {first}"
            self.faults.append(self.fault(event, "duplicate-key", message, "keep one of the two"))
        parent.keys.setdefault(node.text, node)
        self.waiting[-1] = node


def _start(event: yaml.Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line, mark.column) if mark else (0, 0)


def _end(event: yaml.Event) -> tuple[int, int]:
    mark = event.end_mark
    return (mark.line, mark.column) if mark else (0, 0)


def _events(text: str) -> Iterator[yaml.Event]:
    return iter(yaml.parse(text, Loader=_LOADER))


def _syntax(error: yaml.YAMLError, text: Text) -> Fault:
    """A fault from what PyYAML says, in plain words."""
    if isinstance(error, yaml.reader.ReaderError):
        return Fault("binary", text.name, "it has characters that no YAML text has: is it a binary file?")
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "cannot be read")
    hint = next((cure for sign, cure in _CURES.items() if sign in problem), _CURES[""])
    if mark is None:
        return Fault("yaml", text.name, f"not YAML: {problem}", hint)
    line = min(mark.line, max(0, len(text.lines) - 1))
    spot = (line, mark.column)
    return text.fault(spot, (line, mark.column + 1), "yaml", f"not YAML: {problem}", hint)


_CURES = {
    "mapping values are not allowed": "put the value in quotes, or start a new line for the next key",
    "cannot start any token": "indent with spaces, not with tabs",
    "did not find expected ',' or": "close the bracket or brace, and put commas between its entries",
    "could not find expected ':'": "each line is `key: value`, with a colon and a space",
    "found unexpected end of stream": "close the quote, bracket or brace",
    "": "each line is `key: value`; lines of one part have the same indent",
}


def documents(text: str, name: str) -> tuple[list[Node], Text, list[Fault]]:
    """The documents of a YAML text, the text for excerpts, and the keys given twice.

    Errors: BadInput with all of that when something stops the reading.
    """
    shown = Text(name, text.splitlines())
    builder = _Builder(shown)
    try:
        for event in _events(text):
            builder.feed(event)
    except _Stop as stop:
        raise BadInput([*builder.faults, stop.fault]) from None
    except yaml.YAMLError as error:
        raise BadInput([*builder.faults, _syntax(error, shown)]) from None
    return builder.documents, shown, builder.faults


def plain(node: Node) -> Any:
    """The value as plain text, lists and dicts; keys that are null or empty are left out."""
    if node.kind == "map":
        return {k: plain(v) for k, v in node.entries.items() if v.kind not in ("null", "empty")}
    if node.kind == "list":
        return [plain(item) for item in node.items]
    return node.text


def is_portfolio(root: Node) -> bool:
    """Does the document say that it is a portfolio, or have needs without saying what it is?"""
    if root.kind != "map":
        return False
    task = root.entries.get("task")
    if task is None or task.kind != "text":
        return "needs" in root.entries
    return task.text.strip().lower() == PORTFOLIO
