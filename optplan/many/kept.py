"""What was found out and may be of use again, by key, up to so many bytes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar


class Sized(Protocol):
    """Anything that knows how many bytes it takes."""

    @property
    def size(self) -> int:
        """Bytes."""


T = TypeVar("T", bound=Sized)


class Kept(Generic[T]):
    """Values by key; those unused the longest are dropped. most: bytes; most_met: keys remembered without a value."""

    def __init__(self, most: int, most_met: int) -> None:
        self.most, self.most_met = most, most_met
        self._of: OrderedDict[Hashable, T] = OrderedDict()
        self._met: OrderedDict[Hashable, None] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> T | None:
        """What is known of a key; it counts as used."""
        if key in self._of:
            self._of.move_to_end(key)
        return self._of.get(key)

    def put(self, key: Hashable, value: T) -> None:
        """Keep a value, and drop others where there are too many bytes."""
        if key in self._of:
            self._bytes -= self._of.pop(key).size
        self._of[key] = value
        self._bytes += value.size
        while self._bytes > self.most:
            self._bytes -= self._of.popitem(last=False)[1].size

    def met(self, key: Hashable) -> bool:
        """Whether a key was met before; from now on it was."""
        before = key in self._met
        self._met[key] = None
        if len(self._met) > self.most_met:
            self._met.popitem(last=False)
        return before

    def clear(self) -> None:
        """Forget everything."""
        self._of.clear()
        self._met.clear()
        self._bytes = 0
