"""The JSON document -> one self-contained HTML file."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from optplan.page.language import Code, language
from optplan.page.many import Many
from optplan.page.pointer import Ref
from optplan.page.section import Section
from optplan.page.words import Words

Json = dict[str, Any]


def render(document: Json, code: Code) -> str:
    """The page in one language. Raises KeyError for a text that the language lacks."""
    say = language(code)
    environment = Environment(
        loader=PackageLoader("optplan.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "t": say.text, "label": say.label, "sentence": say.sentence, "known": say.known, "part": say.part,
        "cards": say.cards,
    }  # fmt: skip
    page = Ref(document)
    kinds: dict[str, type[Section] | type[Many]] = {"need": Section, "portfolio": Many}
    sections = [
        kinds[part.kind.json](part, i, Words(say, part.plan.currency.json))
        for i, part in enumerate(page.sections)
    ]
    template = environment.get_template("page.html.j2")
    return template.render(page=page, sections=sections, lang=say.code, data=embedded(document))


def embedded(document: Json) -> Markup:
    """The document inside a script element: nothing in it can end the element."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.translate({ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}))
