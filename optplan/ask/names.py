"""Models, cards, providers and regions of the catalog, as a sentence names them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from optplan.ask.known import Catalog
from optplan.ask.numbers import Token, whole
from optplan.ask.places import place, regions
from optplan.ask.vocab.called import BRANDS, PROVIDERS
from optplan.errors import BadInput, Fault, nearest


@dataclass(frozen=True, slots=True)
class Unknown:
    """A name that looks like a model or a card, but is none, or several."""

    fault: Fault
    choices: tuple[str, ...] = ()


_CHUNK = re.compile(r"v\d+(?:\.\d+)*(?![a-z])|a\d+(?:\.\d+)?b(?![a-z])|\d+x\d+b|\d+(?:\.\d+)*[bmke]?|[a-z]+")
_GAP = re.compile(r"[\s_./-]{0,2}")
_EXTRA = {
    "instruct",
    "chat",
    "base",
    "hf",
    "it",
    "preview",
    "moe",
    "distill",
    "large",
    "small",
    "medium",
    "mini",
}
_VENDORS = ("nvidia", "intel", "amd", "amazon")  # makers, or shops whose name means a cloud
_GPU_START = re.compile(
    r"(?:(?P<gb>\d+)\s*-?\s*g(?:b|ib)?\s+)?(?P<body>(?:nvidia|geforce|tesla|quadro|amd|instinct|intel"
    r"|huawei|google"
    r"|英伟达|华为|昇腾|ascend|rtx|gtx|dgx|hgx|tpu|gaudi|grace|pro|trillium|ironwood|v\d[ep]"
    r"|mi\d|g[bh]\d|[abhltv]-?\d|\d0[5-9]0|910|6000).*)"
)
_GPU_CHUNK = re.compile(r"[\s-]*(?:[a-z0-9]+(?:\.\d)?|昇腾|英伟达|华为)(?:\(|\))?")
_COUNTED = re.compile(r"\s*-?\s*(?:tokens?|samples?|examples?|req|rows?|个|条|token)")


def plain(text: str) -> str:
    return re.sub(r"[\s_./-]", "", text)


def _chunks(name: str) -> tuple[str, ...]:
    return tuple(_CHUNK.findall(name.lower()))


class Names:
    """Finds the catalog's names in a lowered sentence."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.models = {name: _chunks(name) for name in catalog.models}
        self.by_plain = {plain(name.lower()): name for name in catalog.models}
        self.families = {chunks[0] for chunks in self.models.values() if chunks}
        self.words = {c for chunks in self.models.values() for c in chunks if c.isalpha()} | _EXTRA
        known = {p.lower(): p for p in catalog.offers.providers if p}
        self.known_providers = {low: name for low, name in known.items() if low not in _VENDORS}
        self.providers = {**{name: name for name in self.known_providers}, **PROVIDERS}
        self.by_region = {r.lower(): r for r in catalog.offers.regions if re.search(r"[a-z]", r.lower())}

    def lex(self, text: str, at: int) -> Token | None:
        """The longest name that starts at a place, or None."""
        found = [self.model(text, at), self.gpu(text, at), self.provider(text, at), self.region(text, at)]
        tokens = [token for token in found if token is not None]
        return max(tokens, key=lambda token: token.end) if tokens else None

    def region(self, text: str, at: int) -> Token | None:
        match = re.compile(r"[a-z]{2,}(?:-[a-z]+)*-?[a-z]*\d?").match(text, at)
        if match and match[0] in self.by_region and whole(text, at, match.end()) and _is_coded(match[0]):
            return Token("R", self.by_region[match[0]], at, match.end())
        found = place(text, at)
        if found and whole(text, at, found[0]):
            end, grids = found
            inside = regions(self.catalog, grids)
            hint = "`optplan catalog show offers` lists the regions; name them in YAML, `limits: {regions: [..]}`"
            fault = Fault("unknown-region", "", f"no offer is known to be in {text[at:end]!r}", hint)
            return Token("R" if inside else "X", inside or Unknown(fault), at, end)
        return None

    def provider(self, text: str, at: int) -> Token | None:
        best = max((w for w in self.providers if text.startswith(w, at)), key=len, default="")
        end = at + len(best)
        if not best or not whole(text, at, end):
            return None
        name = self.providers[best]
        if name.lower() not in self.known_providers:
            near = nearest(best, self.known_providers.values())
            hint = f"did you mean {' or '.join(near)}? " if near else ""
            hint += "`optplan catalog show` lists the providers"
            fault = Fault("unknown-provider", "", f"the catalog has no offers of {best!r}", hint)
            return Token("X", Unknown(fault), at, end)
        return Token("P", self.known_providers[name.lower()], at, end)

    # Cards

    def gpu(self, text: str, at: int) -> Token | None:
        start = _GPU_START.match(text, at)
        if not start:
            return None
        ends: list[int] = []
        spot = start.start("body")
        while len(ends) < 6 and (chunk := _GPU_CHUNK.match(text, spot)):
            spot = chunk.end()
            ends.append(spot)
        tail = f" {start['gb']}gb" if start["gb"] else ""
        for end in reversed(ends):
            said = text[start.start("body") : end]
            found = self._cards(said + tail)
            if found and whole(text, at, end) and not self._is_number(text, at, end):
                return Token("G", self._spoken(said + tail, found), at, end)
        return self._strange_gpu(text, at)

    def _is_number(self, text: str, at: int, end: int) -> bool:
        said = text[at:end]
        if re.fullmatch(r"[a-z]\s+\d.*", said):
            return True
        counted = said.isdigit() and _COUNTED.match(text, end)
        sized = re.fullmatch(r"\d+b", said) and re.match(r"[\s-]*(?:model|param|参数|模型|的)", text[end:])
        return bool(counted or sized)

    def _strange_gpu(self, text: str, at: int) -> Token | None:
        """A word that can only be a card, of a kind that the catalog lacks."""
        match = re.compile(r"(?:nvidia |rtx ?|gtx ?|tesla |[abhl]|mi)\d{2,4}[a-z]{0,2}").match(text, at)
        if not match or not whole(text, at, match.end()) or re.fullmatch(r"a\d+b", match[0]):
            return None
        try:
            self.catalog.gpus(match[0])
        except BadInput as error:
            return Token("X", Unknown(error.faults[0]), at, match.end())
        return None

    def _cards(self, said: str) -> tuple[str, ...]:
        forms = (said, said.removesuffix("s"), said.removesuffix("'s"))
        for form in forms:
            try:
                return tuple(self.catalog.gpus(form.strip()))
            except BadInput:
                continue
        return ()

    def _spoken(self, said: str, found: tuple[str, ...]) -> str:
        """One exact card by its name; a family by what the user called it."""
        if len(found) == 1:
            return found[0]
        text = re.sub(r"(nvidia|geforce|tesla|amd|英伟达|华为)\s*", "", said).upper().strip()
        for form in (text.removesuffix("S"), text):
            if self._cards(form.lower()) == found:
                return form
        return text

    # Models

    def model(self, text: str, at: int) -> Token | None:
        """A model of the catalog, or a name that looks like one."""
        body, first = self._family(text, at)
        if not first:
            return None
        ends, chunks = [body], [first]
        said = first
        steps: list[str] = [first]
        spot = body
        while len(ends) < 9:
            gap = _GAP.match(text, spot)
            assert gap is not None
            chunk = _CHUNK.match(text, gap.end())
            if not chunk or (chunk[0].isalpha() and chunk[0] not in self.words):
                break
            said += (text[spot : gap.end()] or "") + chunk[0]
            spot = chunk.end()
            ends.append(spot)
            chunks.append(chunk[0])
            steps.append(said)
        for count in range(len(ends), 0, -1):
            name = self._exact(steps[count - 1], tuple(chunks[:count]))
            if name and whole(text, at, ends[count - 1]):
                return Token("L", name, at, ends[count - 1])
        return self._nearly(text, at, ends, chunks)

    def _family(self, text: str, at: int) -> tuple[int, str]:
        """(end of the family's name, the name as the catalog spells it), or (at, "")."""
        for brand, family in BRANDS.items():
            if text.startswith(brand, at):
                after = at + len(brand)
                repeated = re.compile(rf"\s*{family}").match(text, after)
                return (repeated.end() if repeated else after), family
        owner = re.compile(r"[a-z][\w.-]*/(?=[a-z])").match(text, at)
        start = owner.end() if owner else at
        word = re.compile(r"[a-z]+").match(text, start)
        if (
            word
            and word[0] in self.families
            and not (at and text[at - 1].isascii() and text[at - 1].isalnum())
        ):
            return word.end(), word[0]
        return at, ""

    def _exact(self, said: str, chunks: tuple[str, ...]) -> str:
        """The catalog's name for said, or ""."""
        if plain(said) in self.by_plain:
            return self.by_plain[plain(said)]
        if not any(c[0].isdigit() or c[-1].isdigit() for c in chunks):
            return ""
        try:
            return self.catalog.model(said.strip()).name
        except BadInput:
            return ""

    def fitting(self, chunks: Sequence[str]) -> list[str]:
        """The models whose name has all these chunks; only the plainest when the rest are its variants."""
        wanted = [c for c in chunks if c not in ("instruct", "chat", "base", "hf", "it")]
        found = [
            name for name, own in self.models.items() if own[0] == wanted[0] and all(c in own for c in wanted)
        ]
        short = min(found, key=len, default="")
        if short and all(_same_model(self.models[short], self.models[name]) for name in found):
            return [_newest(found)] if all("v" in n for n in found) else [short]
        return found

    def _nearly(self, text: str, at: int, ends: list[int], chunks: list[str]) -> Token | None:
        for count in range(len(ends), 0, -1):
            if not whole(text, at, ends[count - 1]):
                continue
            found = self.fitting(chunks[:count])
            if len(found) == 1 and (count > 1 or len(chunks[0]) > 4):
                return Token("L", found[0], at, ends[count - 1])
            if found:
                return self._several(text, at, ends, chunks, count, found)
        if len(ends) == 1 and chunks[0] in ("opt", "phi", "yi", "bloom", "it"):
            return None
        return self._none(text, at, ends[-1])

    def _several(
        self, text: str, at: int, ends: list[int], chunks: list[str], count: int, found: list[str]
    ) -> Token:
        more = [i for i in range(count, len(chunks)) if re.search(r"\d", chunks[i])]
        if more and more[0] == count and re.fullmatch(r"v?\d+(\.\d+)*[bm]?|\d+x\d+b", chunks[count]):
            return self._none(text, at, ends[more[0]])
        said = text[at : ends[count - 1]]
        shown = ", ".join(f"`{name}`" for name in found[:8]) + (" .." if len(found) > 8 else "")
        fault = Fault("ambiguous-model", "", f"{said!r} can be several models", f"say which: {shown}")
        return Token("X", Unknown(fault, tuple(found)), at, ends[count - 1])

    def _none(self, text: str, at: int, end: int) -> Token:
        said = text[at:end]
        near = nearest(said, self.catalog.models)
        hint = f"did you mean {', '.join(f'`{name}`' for name in near)}? " if near else ""
        hint += "A size such as 9B will do too."
        return Token("X", Unknown(Fault("unknown-model", "", f"no model is called {said!r}", hint)), at, end)


def _is_coded(region: str) -> bool:
    """Whether a region's name can be no word of a sentence: us-east-1, westeurope, not us, any, default."""
    return "-" in region or (len(region) > 5 and region != "default")


def _same_model(short: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether two names are the same sizes of the same version: tails such as v0.3 or Chat apart."""
    tails = {"chat", "instruct", "base", "hf", "it", "1m"}
    own = [c for c in short if c not in tails and not c.startswith("v")]
    return own == [c for c in other if c not in tails and not c.startswith("v")]


def _newest(names: Sequence[str]) -> str:
    return max(names, key=lambda name: [int(d) for d in re.findall(r"\d+", name)])
