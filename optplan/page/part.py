"""What every part of the page has: its JSON, its anchor, and words with numbers in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from optplan.page import sentence
from optplan.page.pointer import Ref
from optplan.page.words import Words


@dataclass(frozen=True)
class Part:
    """One need, or one portfolio, on the page. need: its section of the JSON."""

    need: Ref
    index: int
    words: Words

    @property
    def id(self) -> str:
        """The anchor of this section."""
        return f"part-{self.index + 1}"

    @property
    def fill(self) -> Callable[..., Markup]:
        """A message with numbers in its holes."""
        return lambda key, **values: sentence.fill(self.words.language.text(key), **values)
