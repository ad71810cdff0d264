"""What a user wants done: the pydantic models of a need.

A need is read from YAML (`problem`), a sentence (`ask`) or Python; all take this one road, so that
each field is judged once. Numbers carry their unit in the field's description after parsing.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)

from optplan import units
from optplan.units import Money

Precision = Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4", "fp4", "mxfp4", "nf4"]
Purchase = Literal["on_demand", "spot", "reserved_1y", "reserved_3y", "buy", "owned", "api"]
Task = Literal["finetune", "generate", "serve"]
Optimizer = Literal["adamw", "adamw_8bit", "adamw_bf16", "sgd"]
Framework = Literal[
    "hf", "deepspeed", "fsdp", "torchtune", "megatron", "unsloth", "litgpt", "axolotl", "llamafactory"
]


def about(unit: str, meaning: str, default: Any = ...) -> Any:
    """A field: what it holds ("time", "tokens" ..), what it means, and its default if it has one."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit})


def _schema(*examples: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "number"], "examples": list(examples)})


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _whole(value: object) -> int:
    amount = units.count(value)
    if amount != int(amount):
        raise ValueError(f"{value!r} is not a whole number")
    return int(amount)


def _paid(value: Money) -> Money:
    if not 0 < value.amount <= 1e15:
        raise ValueError(f"an amount of money must be above 0 and at most 1e15, not {value.amount:g}")
    return value


def _sized(value: object) -> object:
    """A size alone ("9B", 9e9) is short for {params: 9B}."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"params": value}
    if not isinstance(value, str):
        return value
    try:
        units.count(value)
    except ValueError:
        return value
    return {"params": value}


def _model_kind(value: object) -> str:
    return "name" if isinstance(value, str) else "shapes"


Hours = Annotated[float, BeforeValidator(units.hours), Field(gt=0, le=876_000), _schema("48h", "3 days")]
Seconds = Annotated[float, BeforeValidator(units.seconds), Field(gt=0, le=86_400), _schema("30ms", "1s")]
Count = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=1e18), _schema(5000, "200k", "2M")]
Rate = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=1e9), _schema(8, 0.5)]
Throughput = Annotated[float, BeforeValidator(units.count), Field(ge=0, le=1e9), _schema(8, 0.5, 0)]
Length = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=1e8), _schema(2000, "4k")]
Size = Annotated[float, BeforeValidator(units.count), Field(ge=1e6, le=1e14), _schema("9B", "350M")]
Whole = Annotated[int, BeforeValidator(_whole), Field(gt=0, le=10**12), _schema(8, "2k")]
Cards = Annotated[int, BeforeValidator(_whole), Field(gt=0, le=10**6), _schema(8)]
Bytes = Annotated[float, BeforeValidator(units.size_bytes), Field(gt=0, le=1e18), _schema("1GB", "300MB")]
Mass = Annotated[float, BeforeValidator(units.kilograms), Field(gt=0, le=1e12), _schema("200 kg", "1.5 t")]
Cash = Annotated[
    Money, BeforeValidator(units.money), AfterValidator(_paid), _schema("5000 USD", "36,000 CNY")
]
Currency = Annotated[str, BeforeValidator(units.currency), _schema("USD", "CNY", "EUR")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Names = Annotated[list[Word], BeforeValidator(_listed)]
SomeNames = Annotated[list[Word], BeforeValidator(_listed), Field(min_length=1)]


class Part(BaseModel):
    """Base of all parts of a need: unknown keys are errors, values do not change."""

    model_config = ConfigDict(
        defer_build=True,  # each is built when first used: most runs use few
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        allow_inf_nan=False,
        validate_default=False,
    )


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
    lora: Lora = about("part", "rank and targets of the adapters", Lora())

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
        return self


class Traffic(Part):
    """One class of live requests: how many a second and how long."""

    name: Word | None = about("name", "what this class of requests is called in the answer", None)
    requests_per_second: Rate = about("rate", "requests that arrive each second, on average")
    prompt_tokens: Length = about("tokens", "length of a prompt; 1000 if unsaid", 1000)
    answer_tokens: Length = about("tokens", "length of an answer; 250 if unsaid", 250)


class Batch(Part):
    """Offline requests: how many in all and how long."""

    requests: Count = about("count", "requests in all")
    prompt_tokens: Length = about("tokens", "length of a prompt; 1000 if unsaid", 1000)
    answer_tokens: Length = about("tokens", "length of an answer; 250 if unsaid", 250)


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
    purchase: Annotated[list[Purchase], BeforeValidator(_listed), Field(min_length=1)] | None = about(
        "names", "ways to pay: on_demand, spot, reserved_1y, reserved_3y, buy, api; owned alone", None
    )
    quota: dict[str, Annotated[int, Field(ge=0, le=10**6)]] = about(
        "cards", "the most cards of a kind, as in {H100: 16}", {}
    )
    mix: Literal["one_type", "any"] | None = about("choice", "one_type of card in the plan, or any mix", None)


class Base(Part):
    """Fields that every need has."""

    name: Word | None = about("name", "what the answer calls this need", None)
    model: Annotated[
        Annotated[Word, Tag("name")] | Annotated[Shapes, Tag("shapes")],
        Discriminator(_model_kind),
        BeforeValidator(_sized),
    ] = about("model", "a name of the catalog, a path to a config.json, a size (9B) or {params: 9B, ..}")
    precision: Precision | None = about("choice", "number format of the weights", None)
    currency: Currency | None = about("currency", "currency of the answer; USD if unsaid", None)
    country: Word | None = about(
        "name", "where bought cards stand: US, CN or EU; by the currency if unsaid", None
    )
    limits: Limits = about("part", "what the plan must keep to", Limits())
    assume: dict[str, float] = about("numbers", "assumptions to fix, as in {efficiency: 0.4}", {})
    rules: Word = about("name", "rule pack or Python file; engineering if unsaid", "engineering")
    confidence: Literal["expected", "high"] = about(
        "choice", "high: must hold at the worse end of each assumption; expected if unsaid", "expected"
    )


class Finetune(Base):
    """Train a model on a data set before a deadline."""

    task: Literal["finetune"] = about("choice", "finetune: train a model on a data set")
    method: Method = about("part", "full, lora, qlora, or {lora: {rank: 16}}; full if unsaid", Method())
    data: Data | None = about("data", "the training data: 1GB, 1e9 tokens, {samples: 50k, tokens: 512}", None)
    epochs: Rate | None = about("count", "passes over the data", None)
    sequence: Cards | None = about("tokens", "length of the training sequences", None)
    batch: Cards | None = about("count", "sequences in one optimizer step, over all cards", None)
    micro_batch: Cards | None = about("count", "sequences that one card handles at once", None)
    recompute: bool | None = about("yes or no", "recompute activations to save memory (checkpointing)", None)
    optimizer: Optimizer | None = about("choice", "optimizer, which decides its memory", None)
    framework: Framework | None = about("choice", "training software, which decides its habits", None)
    deadline: Hours | None = about("time", "the latest end, from the start, as in 48h", None)


class Generate(Base):
    """Offline inference over a data set before a deadline."""

    task: Literal["generate"] = about("choice", "generate: offline inference over a data set")
    traffic: Batch | None = about("part", "requests in all and their lengths; or give data", None)
    data: Data | None = about("data", "tokens to generate, as in 1e9 tokens; or give traffic", None)
    engine: Word | None = about("name", "inference software, such as vllm", None)
    kv_precision: Precision | None = about("choice", "number format of the key/value cache", None)
    deadline: Hours | None = about("time", "the latest end, from the start, as in 12h", None)

    @model_validator(mode="after")
    def _one_amount(self) -> Generate:
        if (self.traffic is None) == (self.data is None):
            raise ValueError("give either traffic (requests and their lengths) or data (tokens to generate)")
        return self


class Serve(Base):
    """Answer live traffic within latency limits."""

    task: Literal["serve"] = about("choice", "serve: answer live traffic")
    traffic: (
        Annotated[
            list[Traffic],
            BeforeValidator(lambda v: [v] if isinstance(v, (dict, Traffic)) else v),
            Field(min_length=1),
        ]
        | None
    ) = about("part", "requests per second and their lengths, or a list of such classes", None)
    latency: Latency = about("part", "what users may wait: first_token, per_token", Latency())
    engine: Word | None = about("name", "inference software, such as vllm", None)
    kv_precision: Precision | None = about("choice", "number format of the key/value cache", None)
    duration: Hours | None = about("time", "how long the service runs, as in 720h", None)
    capacity: (
        Annotated[
            list[Measured],
            BeforeValidator(lambda v: [v] if isinstance(v, (dict, Measured)) else v),
            Field(min_length=1),
        ]
        | None
    ) = about("part", "measured requests per second of each card, instead of predicted ones", None)
    slices: Cards | None = about(
        "count", "equal parts of each class of traffic, each served whole by one type of card", None
    )

    @model_validator(mode="after")
    def _one_rate_a_class(self) -> Serve:
        classes = len(self.traffic or [None])
        for row in self.capacity or ():
            if len(row.requests_per_second) != classes:
                said = len(row.requests_per_second)
                raise ValueError(f"capacity of {row.gpu}: {said} rates for {classes} classes of traffic")
        rows = [(row.gpu.lower(), row.cards) for row in self.capacity or ()]
        twice = [name for i, (name, cards) in enumerate(rows) if (name, cards) in rows[:i]]
        if twice:
            raise ValueError(f"capacity of {twice[0]} is given twice; keep one row for each number of cards")
        return self


Need = Annotated[Finetune | Generate | Serve, Field(discriminator="task")]
AnyNeed = Finetune | Generate | Serve
TASKS: dict[str, type[Finetune] | type[Generate] | type[Serve]] = {
    "finetune": Finetune,
    "generate": Generate,
    "serve": Serve,
}
