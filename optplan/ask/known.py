"""What sentences read of a catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Offers(Protocol):
    """What a sentence needs of the offers."""

    @property
    def providers(self) -> Sequence[str]: ...

    @property
    def regions(self) -> Sequence[str]: ...


class Named(Protocol):
    """A model of the catalog."""

    @property
    def name(self) -> str: ...


class Catalog(Protocol):
    """What a sentence needs of the catalog. gpus and model raise BadInput for unknown names."""

    @property
    def models(self) -> Mapping[str, Any]: ...

    @property
    def cards(self) -> Mapping[str, Any]: ...

    @property
    def offers(self) -> Offers: ...

    @property
    def grids(self) -> Any: ...

    def gpus(self, text: str) -> Sequence[str]: ...

    def model(self, text: str) -> Named: ...
