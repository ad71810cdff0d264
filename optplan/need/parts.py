"""The parts of a need: a model by its shapes, how it is trained, data, requests, limits."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from optplan import units
from optplan.need.fields import (
    Arrivals,
    Bytes,
    Cards,
    Cash,
    Count,
    Length,
    Mass,
    Names,
    Purchases,
    Requests,
    Seconds,
    Size,
    SomeNames,
    Throughput,
    Whole,
    Word,
    about,
)

MOST_TOKENS = 2e14  # of a data set or of offline requests: some times the largest corpora of text
MOST_TOKENS_A_SECOND = 1e11  # of live traffic: some times the largest services


class Part(BaseModel):
    """Base of all parts of a need: unknown keys are errors, values do not change."""

    model_config = ConfigDict(
        defer_build=True,  # each is built when first used: most runs use few, and defaults are constructed
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        validate_default=False,
    )

    def __hash__(self) -> int:
        """Parts that are equal look the same; pydantic shares a default that has a hash, and copies any other."""
        return hash(repr(self))


class Shapes(Part):
    """A model given by its size, with as many exact shapes as the user knows."""

    params: Size = about("count", "all parameters of the model, such as 9B")
    params_active: Size | None = about("count", "parameters that one token uses (mixture of experts)", None)
    layers: Whole | None = about("count", "transformer layers", None)
    hidden: Whole | None = about("count", "width of the hidden state", None)
    heads: Whole | None = about("count", "query heads of one layer", None)
    kv_heads: Whole | None = about("count", "key and value heads of one layer", None)
    head_dim: Whole | None = about("count", "width of one head", None)
    intermediate: Whole | None = about("count", "width of the feed-forward block", None)
    vocab: Whole | None = about("count", "entries of the vocabulary", None)
    experts: Whole | None = about("count", "routed experts of one layer (mixture of experts)", None)
    experts_per_token: Whole | None = about("count", "routed experts that one token visits", None)
    max_context: Whole | None = about("tokens", "the longest context that the model was made for", None)

    @model_validator(mode="after")
    def _parts_of_wholes(self) -> Shapes:
        for part, whole in (
            ("params_active", "params"),
            ("kv_heads", "heads"),
            ("experts_per_token", "experts"),
        ):
            few, all_of = getattr(self, part), getattr(self, whole)
            if few is not None and all_of is not None and few > all_of:
                raise ValueError(f"{part} is {few:g}, above {whole}, which is {all_of:g}")
        shares = [("heads", self.heads, "kv_heads", self.kv_heads)]
        shares += [("hidden", self.hidden, "heads", self.heads)] if self.head_dim is None else []
        for name, size, by, count in shares:
            if size is not None and count is not None and size % count:
                raise ValueError(f"{name} {size:g} is no multiple of {by} {count:g}")
        return self


class Lora(Part):
    """Low-rank adapters. targets: matrices of each layer that get one (q k v o gate up down, or all)."""

    rank: Cards = about("count", "rank of the adapters; 16 if unsaid", 16)
    targets: SomeNames = about("names", "matrices that get an adapter: q k v o gate up down, or all", ["all"])

    NAMES: ClassVar[tuple[str, ...]] = ("q", "k", "v", "o", "gate", "up", "down", "all")

    @model_validator(mode="after")
    def _known_targets(self) -> Lora:
        wrong = [t for t in self.targets if t.removesuffix("_proj") not in self.NAMES]
        if wrong:
            raise ValueError(f"unknown LoRA target {wrong[0]!r}; targets are {', '.join(self.NAMES)}")
        return self


class Method(Part):
    """How the weights are trained. `full`, `lora`, `qlora`, or {lora: {rank: 16, targets: [q, v]}}."""

    kind: Literal["full", "lora", "qlora"] = about("choice", "full, lora or qlora; full if unsaid", "full")
    lora: Lora = about("part", "rank and targets of the adapters", Lora.model_construct())

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        if isinstance(value, str):
            return {"kind": value.strip().lower()}
        if isinstance(value, dict) and "kind" not in value and len(value) == 1:
            kind, options = next(iter(value.items()))
            if kind in ("lora", "qlora"):
                return {"kind": kind, "lora": options or {}}
        return value


class Data(Part):
    """The data set: exactly one of bytes of text, tokens, or samples of so many tokens each.

    `1GB` and `1e9 tokens` are short forms.
    """

    bytes: Bytes | None = about("bytes", "bytes of text, such as 1GB", None)
    tokens: Count | None = about("tokens", "tokens in all; with samples: tokens of each sample", None)
    samples: Whole | None = about("count", "samples; needs `tokens`, the tokens of each", None)

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, value: object) -> object:
        if isinstance(value, str):
            example = "1GB, 1e9 tokens or {samples: 50k, tokens: 512}"
            amount, word = units.split(value, "an amount of data", example)
            if not word:
                raise ValueError(f"{value[:60]!r} has no unit; write it like {example}")
            for suffix in ("tokens", "token", "tok"):
                if word.lower().endswith(suffix):
                    return {"tokens": f"{amount!r} {word[: -len(suffix)].strip()}"}
            return {"bytes": value}
        if isinstance(value, (int, float)):
            raise ValueError(f"{value!r} has no unit; write 1GB, 1e9 tokens or {{samples: 50k, tokens: 512}}")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Data:
        if self.bytes is not None and (self.tokens is not None or self.samples is not None):
            raise ValueError("give bytes, or tokens, or samples with tokens each, not several of them")
        if self.bytes is None and self.tokens is None:
            raise ValueError("give bytes, or tokens, or samples with tokens each")
        if (self.samples or 1) * (self.tokens or 0) > MOST_TOKENS:
            raise ValueError(f"samples x tokens must be at most {MOST_TOKENS:,.0f} tokens")
        return self


class Traffic(Part):
    """One class of live requests: how many a second and how long."""

    name: Word | None = about("name", "what this class of requests is called in the answer", None)
    requests_per_second: Arrivals = about("rate", "requests that arrive each second, on average")
    prompt_tokens: Length = about("tokens", "length of a prompt; 1000 if unsaid", 1000)
    answer_tokens: Length = about("tokens", "length of an answer; 250 if unsaid", 250)

    @model_validator(mode="after")
    def _some_real_traffic(self) -> Traffic:
        tokens = self.requests_per_second * (self.prompt_tokens + self.answer_tokens)
        if tokens > MOST_TOKENS_A_SECOND:
            most = f"at most {MOST_TOKENS_A_SECOND:,.0f} can be planned"
            raise ValueError(f"prompts and answers are {tokens:,.0f} tokens a second; {most}")
        return self


class Batch(Part):
    """Offline requests: how many in all and how long."""

    requests: Requests = about("count", "requests in all")
    prompt_tokens: Length = about("tokens", "length of a prompt; 1000 if unsaid", 1000)
    answer_tokens: Length = about("tokens", "length of an answer; 250 if unsaid", 250)

    @model_validator(mode="after")
    def _some_real_work(self) -> Batch:
        tokens = self.requests * (self.prompt_tokens + self.answer_tokens)
        if tokens > MOST_TOKENS:
            most = f"at most {MOST_TOKENS:,.0f} can be planned"
            raise ValueError(f"prompts and answers are {tokens:,.0f} tokens in all; {most}")
        return self


class Measured(Part):
    """What one replica of a card was measured to answer; it replaces the predicted capacity of the card."""

    gpu: Word = about("name", "card or family; with a price, any name")
    cards: Cards = about("cards", "cards of the replica; 1 if unsaid", 1)
    requests_per_second: Annotated[
        list[Throughput], BeforeValidator(lambda v: v if isinstance(v, list) else [v]), Field(min_length=1)
    ] = about("rate", "requests a second of one replica, for each class of traffic; 0: it cannot")
    price: Cash | None = about("money", "rent of the replica's cards for an hour, as in 1.01 USD", None)


class Latency(Part):
    """What users of a service may wait. first_token is without queueing; per_token is the mean gap."""

    first_token: Seconds | None = about("time", "the longest wait for the first token, as in 1s", None)
    per_token: Seconds | None = about("time", "the longest mean gap between two tokens, as in 30ms", None)


class Limits(Part):
    """What the plan must keep to. Names are GPUs (or families), providers, regions."""

    budget: Cash | None = about("money", "the most the plan may cost; no limit if unsaid", None)
    carbon: Mass | None = about(
        "mass", "the most greenhouse gases of its electricity, in CO2 equivalent; no limit if unsaid", None
    )
    max_cards: Cards | None = about("cards", "the most cards in the plan", None)
    min_replicas: Cards | None = about("count", "the fewest copies of a service, so that one may fail", None)
    gpus: SomeNames | None = about("names", "cards or families that may be used; all if unsaid", None)
    avoid_gpus: Names = about("names", "cards or families that may not be used", [])
    providers: SomeNames | None = about("names", "providers that may be used; all if unsaid", None)
    avoid_providers: Names = about("names", "providers that may not be used", [])
    regions: SomeNames | None = about("names", "regions that may be used; all if unsaid", None)
    purchase: Purchases | None = about(
        "names", "ways to pay: on_demand, spot, reserved_1y, reserved_3y, buy, api; owned alone", None
    )
    quota: dict[str, Annotated[int, Field(ge=0, le=10**6)]] = about(
        "cards", "the most cards of a kind, as in {H100: 16}", {}
    )
    mix: Literal["one_type", "any"] | None = about("choice", "one_type of card in the plan, or any mix", None)
