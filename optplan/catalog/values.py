"""The rows of the catalog as values: cards, models, assumptions, providers, offers."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PURCHASE = ("on_demand", "spot", "reserved_1y", "reserved_3y", "buy", "owned")
"""How an offer is had; `Offers.purchase` holds positions in this tuple."""


@dataclass(frozen=True, slots=True)
class Card:
    """One exact accelerator. Numbers are floats; nan means unknown. Peak rates are dense."""

    name: str
    vendor: str
    family: str
    architecture: str
    memory_gb: float
    usable_gib: float
    usable_source: str
    bandwidth_gb_s: float
    fp32_tflops: float
    tf32_tflops: float
    bf16_tflops: float
    fp8_tflops: float
    int8_tops: float
    fp4_tflops: float
    link_gb_s: float
    link_cards: int
    link: str
    link_source: str
    pcie_gb_s: float
    power_w: float
    form_factor: str
    year: int
    source: str
    date: str
    note: str


@dataclass(frozen=True, slots=True)
class Model:
    """The shapes of one language model. Counts are of numbers held, not of bytes.

    kv_lora_rank > 0 means multi-head latent attention; experts = 0 a dense model.
    full_attention_layers keep the keys and values of the whole context,
    linear_attention_layers keep none, all others keep a window of sliding_window tokens.
    other_params are in parts that the shapes do not tell (named in `note`).
    published_precision is that of the published weights, "" where it is 16 bit or not known.
    """

    name: str
    family: str
    params_total: float
    params_active: float
    layers: int
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    intermediate: int
    moe_intermediate: int
    vocab: int
    tied_embeddings: bool
    gated: bool
    experts: int
    experts_per_token: int
    shared_experts: int
    dense_layers: int
    q_lora_rank: int
    kv_lora_rank: int
    qk_nope: int
    qk_rope: int
    v_head: int
    sliding_window: int
    full_attention_layers: int
    linear_attention_layers: int
    max_context: int
    license: str
    source: str
    date: str
    note: str
    assumed: tuple[str, ...] = ()
    origin: str = "catalog"
    other_params: float = 0.0
    published_precision: str = ""


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number nobody can look up exactly; `worse` names the end that makes plans dearer."""

    name: str
    key: str
    low: float
    expected: float
    high: float
    unit: str
    worse: str
    status: str
    source: str
    date: str
    description: str


@dataclass(frozen=True, slots=True)
class Provider:
    """How a provider bills: increment and minimum in seconds; by_name_only is skipped unless named.

    joins_nodes: its nodes share a network on which one gang of several nodes can work.
    """

    name: str
    billing_s: float
    minimum_s: float
    by_name_only: bool
    joins_nodes: bool
    status: str
    source: str
    date: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """An offer that no table has: rent of a unit of so many cards for an hour. card may be one that no table has."""

    card: str
    gpus: int
    price: float
    currency: str


@dataclass(frozen=True, slots=True)
class Rate:
    """What one US dollar buys of a currency, on a day."""

    per_usd: float
    date: datetime.date
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """All offers as equal-length columns, in one canonical order whatever was read first.

    provider .. source are positions in the tuples of the same plural name; `cards` has the
    order of `Catalog.cards`. price is per unit (node) and hour, or per unit once for `buy`;
    gpus are the cards in one unit. billing_s and minimum_s are 1 and 0 for `buy` and `owned`.
    bare: a card is sold without the server that it needs.
    pool is a position in `pools`, the cards that the owned offers of one pool share, or -1: no such limit.
    """

    provider: NDArray[np.int64]
    region: NDArray[np.int64]
    instance: NDArray[np.int64]
    card: NDArray[np.int64]
    currency: NDArray[np.int64]
    source: NDArray[np.int64]
    gpus: NDArray[np.int64]
    price: NDArray[np.float64]
    purchase: NDArray[np.int64]
    billing_s: NDArray[np.float64]
    minimum_s: NDArray[np.float64]
    price_day: NDArray[np.int64]
    vcpus: NDArray[np.float64]
    host_memory_gib: NDArray[np.float64]
    providers: tuple[str, ...]
    regions: tuple[str, ...]
    instances: tuple[str, ...]
    cards: tuple[str, ...]
    currencies: tuple[str, ...]
    sources: tuple[str, ...]
    by_name_only: NDArray[np.bool_] = field(repr=False)
    joins_nodes: NDArray[np.bool_] = field(repr=False)
    pool: NDArray[np.int64] = field(repr=False)
    bare: NDArray[np.bool_] = field(repr=False)
    pools: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.price)

    def name(self, i: int) -> str:
        """The offer's unique name: "aws/p4d.24xlarge/us-east-1/on_demand"."""
        parts: tuple[Any, ...] = (
            self.providers[self.provider[i]],
            self.instances[self.instance[i]],
            self.regions[self.region[i]],
            PURCHASE[self.purchase[i]],
        )
        return "/".join(parts)

    def by_name(self, text: str) -> list[int]:
        """The offers whose name is text, or has text as whole parts ("aws/p4d.24xlarge"); [] if none."""
        wanted = f"/{text.strip().strip('/').lower()}/"
        if wanted == "//":
            return []
        hits = [i for i in range(len(self)) if wanted in f"/{self.name(i).lower()}/"]
        exact = [i for i in hits if f"/{self.name(i).lower()}/" == wanted]
        return exact or hits
