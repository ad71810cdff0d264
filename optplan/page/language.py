"""English and Chinese: the table of messages, labels of quantities, and sentences of plans."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Final, Literal

Code = Literal["en", "zh"]
TEXTS: Final = resources.files("optplan.page") / "texts"
HOLE: Final = re.compile(r"\{(\w+)\}")
PLURAL: Final = re.compile(r"\{(\w+):([^|{}]*)\|([^|{}]*)\}")
TIMES: Final = re.compile(r"(?<=\d) x (?=[^\W\d])")
ROW: Final = re.compile(r" \([a-z]\w*=[^()]*\)$")


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a table of texts."""
    return list(csv.DictReader((TEXTS / name).read_text(encoding="utf-8").splitlines()))


@dataclass(frozen=True)
class Language:
    """What a page says in one language.

    messages  key -> text, with {holes}
    labels    quantity -> what it is; only where the rules' own English is not enough
    patterns  kind -> texts that plans write in English, and how they read here
    """

    code: Code
    messages: dict[str, str]
    labels: dict[str, str]
    patterns: dict[str, list[tuple[re.Pattern[str], str]]]

    def text(self, key: str, **values: object) -> str:
        """The message of a key, its holes filled. Raises KeyError for a key that the table lacks."""
        return counted(self.messages[key], values).format(**values) if values else self.messages[key]

    def known(self, key: str, default: str) -> str:
        """The message of a key, or the default where the table has none."""
        return self.messages.get(key, default)

    def label(self, name: str, english: str) -> str:
        """What a quantity, term or assumption is, in words; with the row that was read, as in (gpu=h100)."""
        found = self.labels.get(name)
        if not found:
            return self.sentence(english)
        row = ROW.search(english)
        return found + row[0] if row else found

    def sentence(self, english: str) -> str:
        """A sentence that a plan or rule wrote, in this language; as it is where no pattern fits."""
        found = self._translated(english, "sentence")
        head, colon, tail = english.partition(": ")
        if found == english and colon and self.patterns:
            rest = self._translated(tail, "sentence")  # "chat: the same of one need"
            return english if rest == tail else f"{head}：{rest}"
        return found

    def part(self, english: str, kind: str) -> str:
        """A text of another kind: `change`, `amount`; or parts of a `layout`, between commas."""
        if kind == "layout":
            return self.messages["comma"].join(self._translated(p, kind) for p in english.split(", "))
        return self._translated(english, kind)

    def cards(self, english: object) -> str:
        """What a way consists of, as a page writes it: "2 × H100", "Llama-3.1-8B at novita"."""
        return TIMES.sub(" × ", self._translated(str(english), "what"))

    def _translated(self, english: str, kind: str) -> str:
        for pattern, answer in self.patterns.get(kind, ()):
            found = pattern.fullmatch(english)
            if found:
                return self._filled(answer, found.groupdict())
        return english

    def _filled(self, answer: str, groups: dict[str, str]) -> str:
        parts = {
            name: self.part(text, name) if name == "layout" else self._inner(text)
            for name, text in groups.items()
        }
        return HOLE.sub(lambda hole: parts.get(hole[1], hole[0]), answer)

    def _inner(self, english: str) -> str:
        """A part of a sentence."""
        if " " in english and self.labels.get(english.replace(" ", "_")):
            return self.labels[english.replace(" ", "_")]
        found = self._translated(english, "phrase")
        return found if found != english else self.sentence(english)


def counted(message: str, values: Mapping[str, object]) -> str:
    """A message with each {count:one|many} as the word for its count; marks around a number are looked past."""

    def word(found: re.Match[str]) -> str:
        return found[2] if re.sub("<[^>]*>", "", str(values[found[1]])) == "1" else found[3]

    return PLURAL.sub(word, message)


@functools.cache
def language(code: Code) -> Language:
    """The texts of one language, read once."""
    messages = {row["key"]: row[code] for row in rows("messages.csv")}
    labels = {row["name"]: row[code] for row in rows("labels.csv")}
    patterns: dict[str, list[tuple[re.Pattern[str], str]]] = {}
    for row in rows("sentences.csv") if code != "en" else ():
        patterns.setdefault(row["kind"], []).append((_pattern(row["en"]), row[code]))
    for found in patterns.values():  # the more of a sentence a pattern says, the earlier it is tried
        found.sort(key=lambda pair: pair[0].groups)
    return Language(code, messages, labels, patterns)


def _pattern(text: str) -> re.Pattern[str]:
    """ "{n} days old" -> a pattern with a group for each hole."""
    parts = HOLE.split(text)
    return re.compile("".join(re.escape(p) if i % 2 == 0 else f"(?P<{p}>.+?)" for i, p in enumerate(parts)))
