"""A JSON document that knows where each of its values stands, so that a page can only show what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Ref:
    """A value of a JSON document with its place as a JSON pointer (RFC 6901).

    Keys of an object read like attributes or items; a missing key is a Ref of None. Text shows as it is; a
    number has to be formatted (see `Words`), which marks it with its place.
    """

    __slots__ = ("json", "pointer")

    def __init__(self, json: Any, pointer: str = "") -> None:
        self.json, self.pointer = json, pointer

    def __getitem__(self, key: str | int) -> Ref:
        name = str(key).replace("~", "~0").replace("/", "~1")
        if isinstance(key, str) and isinstance(self.json, dict):
            return Ref(self.json.get(key), f"{self.pointer}/{name}")
        if isinstance(key, int) and isinstance(self.json, list):
            return Ref(self.json[key], f"{self.pointer}/{name}")
        return Ref(None, f"{self.pointer}/{name}")

    def __getattr__(self, name: str) -> Ref:
        if name.startswith("__"):
            raise AttributeError(name)
        return self[name]

    def __iter__(self) -> Iterator[Ref]:
        """The elements of a list, or the values of an object."""
        keys = self.json if isinstance(self.json, dict) else range(len(self.json or ()))
        return iter([self[key] for key in keys])

    def __len__(self) -> int:
        return len(self.json) if isinstance(self.json, (list, dict, str)) else 0

    def __bool__(self) -> bool:
        return bool(self.json)

    def __eq__(self, other: object) -> bool:
        return bool(self.json == (other.json if isinstance(other, Ref) else other))

    def __hash__(self) -> int:
        return hash(self.pointer)

    def __str__(self) -> str:
        """Text alone. Raises TypeError for a number, which a page must format."""
        if self.json is None:
            return ""
        if not isinstance(self.json, str):
            raise TypeError(f"{self.pointer} is {type(self.json).__name__}: format it to show it")
        return self.json
