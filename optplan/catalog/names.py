"""What people call cards and models -> the exact rows; and how far to trust a near miss."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterable, Mapping

from optplan.catalog.values import Card, Model
from optplan.errors import BadInput, Fault, nearest

_VENDORS = re.compile(r"nvidia|geforce|tesla|quadro|amd|instinct|intel|huawei|google|英伟达|华为|显卡")
_GIGABYTES = re.compile(r"(\d)\s*g(?:i?b)?(?![a-z0-9])")
# A version or a month may be left off a catalog name; it is never dropped from what a person says.
_SAID_TAIL = re.compile(r"[-_ ](?:instruct|chat|base|it|hf|preview)$", re.IGNORECASE)
_MODEL_TAIL = re.compile(r"[-_ ](?:instruct|chat|base|it|hf|preview|v\d+(?:\.\d+)*|\d{4})$", re.IGNORECASE)
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_PLAIN = str.maketrans("", "", " \t-_./()（）,")


def plain_gpu(text: str) -> str:
    """The name without case, vendor, blanks and dashes; "NVIDIA A100 80G" -> "a10080gb"."""
    return _VENDORS.sub("", _GIGABYTES.sub(r"\1gb", text.lower())).translate(_PLAIN)


def plain_model(text: str) -> str:
    """The name without owner, case, blanks and dashes; "meta-llama/Llama-3.1-8B" -> "llama3.18b".

    Points between digits stay: opt-1.3b is not opt-13b.
    """
    pointed = _POINT.sub("\0", text.rsplit("/", 1)[-1].lower())
    return pointed.translate(_PLAIN).replace("\0", ".")


class GpuNames:
    """Every name a card goes by -> the cards it means, sorted."""

    def __init__(self, cards: Mapping[str, Card], aliases: Iterable[tuple[str, str]]) -> None:
        """cards by name; aliases as (alias, "card or family | card or family")."""
        self._said: dict[str, str] = {}
        self._cards: dict[str, tuple[str, ...]] = {}
        families: dict[str, list[str]] = {}
        for name, card in cards.items():
            families.setdefault(card.family, []).append(name)
        for family, members in families.items():
            self._add(family, members)
        for name in cards:
            self._add(name, [name])
        known = dict(self._cards)
        self.dangling: dict[str, str] = {}
        for alias, target in aliases:
            parts = [part.strip() for part in target.split("|")]
            lost = [part for part in parts if plain_gpu(part) not in known]
            if lost:
                self.dangling[alias] = lost[0]
                continue
            self._add(alias, sorted({name for part in parts for name in known[plain_gpu(part)]}))

    def _add(self, said: str, names: list[str]) -> None:
        plain = plain_gpu(said)
        self._said[plain] = said
        self._cards[plain] = tuple(sorted(names))

    def with_cards(self, more: Iterable[str]) -> GpuNames:
        """These names and some more, each of which means the card of that name alone."""
        found = copy.copy(self)
        found._said, found._cards = dict(self._said), dict(self._cards)
        for name in more:
            found._add(name, [name])
        return found

    def find(self, text: str) -> tuple[str, ...]:
        """The cards that text means; () if nothing is called so."""
        plain = plain_gpu(text)
        for form in (plain, plain.removesuffix("gpus"), plain.removesuffix("gpu"), plain.removesuffix("s")):
            if form in self._cards:
                return self._cards[form]
        return ()

    def near(self, text: str) -> list[str]:
        """Names most alike to text."""
        return nearest(text, self._said.values())

    def all(self, text: str, place: str = "gpu") -> list[str]:
        """The cards that text means, sorted; BadInput `unknown-gpu` with the nearest names."""
        found = self.find(text)
        if not found:
            raise BadInput(self.unknown(text, place))
        return list(found)

    def one(self, text: str, place: str = "gpu") -> str:
        """The one card that text means; BadInput `unknown-gpu` or `ambiguous-gpu`, listing the choices."""
        found = self.all(text, place)
        if len(found) > 1:
            raise BadInput(self.ambiguous(text, place))
        return found[0]

    def unknown(self, text: str, place: str) -> Fault:
        """The fault of a name that no card has."""
        near = self.near(text)
        hint = (
            f"did you mean {', '.join(f'`{name}`' for name in near)}?" if near else "`optplan catalog show`"
        )
        return Fault("unknown-gpu", place, f"no card is called `{text}`", hint)

    def ambiguous(self, text: str, place: str) -> Fault:
        """The fault of a name that several cards share, where one card is needed."""
        choices = ", ".join(f"`{name}`" for name in self.find(text))
        return Fault("ambiguous-gpu", place, f"`{text}` can be several cards", f"say which: {choices}")

    def spoken(self) -> list[str]:
        """Every name, family and alias, as written in the tables."""
        return sorted(self._said.values())


class ModelNames:
    """Every name a model goes by -> the model."""

    def __init__(self, models: Mapping[str, Model], aliases: Iterable[tuple[str, str]]) -> None:
        """models by name; aliases as (alias, name in models)."""
        self._models: dict[str, str] = {}
        self._short: dict[str, set[str]] = {}
        self._pointless: dict[str, set[str]] = {}
        self._said = list(models)
        for name in models:
            self._models[plain_model(name)] = name
            self._pointless.setdefault(plain_model(name).replace(".", ""), set()).add(name)
            self._short.setdefault(plain_model(_untailed(name)), set()).add(name)
        self.dangling: dict[str, str] = {}
        own = set(self._models)
        for alias, name in aliases:
            self._said.append(alias)
            if name in models:
                if plain_model(alias) not in own:  # an added model may have an alias for its name
                    self._models[plain_model(alias)] = name
            else:
                self.dangling[alias] = name

    def find(self, text: str) -> list[str]:
        """The models that text can mean: one, several, or none. Tails like -Instruct may be left off."""
        forms = _forms(text.strip())
        for form in forms:
            if form in self._models:
                return [self._models[form]]
        for index in (self._short, self._pointless):
            for form in forms:
                if form in index:
                    return sorted(index[form])
        return []

    def one(self, text: str, place: str = "model") -> str:
        """The model that text means; BadInput `unknown-model` or `ambiguous-model`."""
        found = self.find(text)
        if len(found) == 1:
            return found[0]
        if found:
            choices = ", ".join(f"`{name}`" for name in found)
            fault = Fault(
                "ambiguous-model", place, f"`{text}` can be several models", f"say which: {choices}"
            )
            raise BadInput(fault)
        near = nearest(text, self._said)
        hint = f"did you mean {', '.join(f'`{name}`' for name in near)}? " if near else ""
        hint += "A size (`9B`), a path to a config.json or {params: 9B, ...} will do too."
        raise BadInput(Fault("unknown-model", place, f"no model is called `{text}`", hint))

    def spoken(self) -> list[str]:
        """Every name and alias, as written in the tables."""
        return sorted(self._said)


def _untailed(name: str) -> str:
    shorter = _MODEL_TAIL.sub("", name, count=1)
    while shorter != name:
        name, shorter = shorter, _MODEL_TAIL.sub("", shorter, count=1)
    return name


@functools.lru_cache(maxsize=4096)
def _forms(text: str) -> tuple[str, ...]:
    """What a name may be listed as, plainly written; kept, as many needs name the same few models."""
    forms, shorter = [text], _SAID_TAIL.sub("", text, count=1)
    while shorter != forms[-1]:
        forms.append(shorter)
        shorter = _SAID_TAIL.sub("", shorter, count=1)
    return tuple(plain_model(form) for form in [*forms, plain_model(forms[-1]).removeprefix("meta")])
