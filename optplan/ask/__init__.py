"""One sentence, English or Chinese -> a need. No language model: patterns, and an honest error for the rest.

understand("cheapest way to fine-tune 9B in 48h", catalog).need
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from optplan.ask import vocab
from optplan.ask.build import Builder
from optplan.ask.known import Catalog
from optplan.ask.names import Names
from optplan.ask.scan import Sentence, scan
from optplan.ask.text import MAX_CHARACTERS, fault, lowered
from optplan.errors import BadInput, Fault, nearest
from optplan.need import AnyNeed

__all__ = ["Catalog", "Understood", "understand"]

_EXAMPLE = 'write it like "fine-tune Llama 3.1 8B on 1GB of data within 48h under $500"'


@dataclass(frozen=True, slots=True)
class Understood:
    """The need in a sentence, and the notes on every reading that was a choice."""

    need: AnyNeed
    notes: list[str]


def understand(sentence: str, catalog: Catalog) -> Understood:
    """The need that a sentence tells.

    Errors: BadInput with every part that is not understood, every contradiction and everything
    missing, with carets under the words.
    """
    if not any(char.isalnum() for char in sentence):
        raise BadInput(Fault("empty", "the sentence", "there is nothing in it", _EXAMPLE))
    if len(sentence) > MAX_CHARACTERS:
        message = f"it has {len(sentence):,} characters; {MAX_CHARACTERS:,} are the most"
        raise BadInput(Fault("too-long", "the sentence", message, "say it shorter, or write YAML"))
    names = Names(catalog)
    items, lost = scan(Sentence(lowered(sentence), names))
    builder = Builder(sentence, items, names, catalog)
    for span in lost:
        said = sentence[span[0] : span[1]]
        hint = _hint(said, sentence[span[1] :], names)
        builder.faults.append(fault(sentence, [span], "not-understood", f"{said!r} is not understood", hint))
    need = builder.build()
    return Understood(need, builder.notes)


_RANGE = re.compile(r"\s*(?:-|–|~|to|and|or|到|至)\s*[$€£¥]?\d")
_SHOWN = 3


def _hint(said: str, after: str, names: Names) -> str:
    """Words near to what was said, or what a sentence may hold."""
    if said.strip().removeprefix("between ").replace(".", "").isdigit():
        if _RANGE.match(after):
            return "a range is no limit: give one amount, the most that may be used or the rate that must be carried"
        return "say what it counts: 8 req/s, 48h, 500 USD, 2000 input tokens, 4 GPUs"
    if re.fullmatch(r"[\d.,]+ ?[kmgt]i?b?", said.strip(), re.IGNORECASE):
        return "say what it is: `on 48GB of data` or `on a 48GB card`"
    word = lowered(said).strip()
    near = [
        known for known in nearest(said, _words(names), 12) if known != word and _understood(known, names)
    ]
    if near:
        return f"near to it: {', '.join(near[:_SHOWN])}"
    return f"leave it out, or say it in other words; {_EXAMPLE}"


def _understood(word: str, names: Names) -> bool:
    """Whether a word is one that sentences may hold: pieces of patterns are not."""
    return not scan(Sentence(lowered(word), names))[1]


_COMMON = ("finetune", "fine-tune", "training", "serving", "deploying", "generate", "summarise", "translate")


def _words(names: Names) -> list[str]:
    known: dict[str, None] = dict.fromkeys(_COMMON)
    for meaning in vocab.MEANINGS:
        for way in meaning.ways if meaning.kind != "refused" else ():
            known.update(dict.fromkeys(re.findall(r"(?<![\\\[a-z])[a-z]{4,}|[\u4e00-\u9fff]{2,}", way)))
    return [*known, *sorted(vocab.FILLER), *names.models, *names.providers]
