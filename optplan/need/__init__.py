"""What a user wants done: the pydantic models of a need.

A need is read from YAML (`problem`), a sentence (`ask`) or Python; all take this one road, so that
each field is judged once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from optplan import units
from optplan.need.fields import Cards, Currency, Framework, Hours, Optimizer, Precision, Rate, Word, about
from optplan.need.parts import Batch, Data, Latency, Limits, Lora, Measured, Method, Part, Shapes, Traffic

__all__ = [
    "TASKS",
    "AnyNeed",
    "Data",
    "Finetune",
    "Generate",
    "Limits",
    "Lora",
    "Measured",
    "Method",
    "Need",
    "Part",
    "Serve",
    "Shapes",
    "Traffic",
]


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


def _several(kind: type[Part]) -> BeforeValidator:
    """A part alone is short for a list of one."""
    return BeforeValidator(lambda v: [v] if isinstance(v, (dict, kind)) else v)


def _model_kind(value: object) -> str:
    return "name" if isinstance(value, str) else "shapes"


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
    limits: Limits = about("part", "what the plan must keep to", Limits.model_construct())
    assume: dict[str, float] = about("numbers", "assumptions to fix, as in {efficiency: 0.4}", {})
    rules: Word = about("name", "rule pack or Python file; engineering if unsaid", "engineering")
    confidence: Literal["expected", "high"] = about(
        "choice", "high: must hold at the worse end of each assumption; expected if unsaid", "expected"
    )


class Finetune(Base):
    """Train a model on a data set before a deadline."""

    task: Literal["finetune"] = about("choice", "finetune: train a model on a data set")
    method: Method = about(
        "part", "full, lora, qlora, or {lora: {rank: 16}}; full if unsaid", Method.model_construct()
    )
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
    traffic: Annotated[list[Traffic], _several(Traffic), Field(min_length=1)] | None = about(
        "part", "requests per second and their lengths, or a list of such classes", None
    )
    latency: Latency = about("part", "what users may wait: first_token, per_token", Latency.model_construct())
    engine: Word | None = about("name", "inference software, such as vllm", None)
    kv_precision: Precision | None = about("choice", "number format of the key/value cache", None)
    duration: Hours | None = about("time", "how long the service runs, as in 720h", None)
    capacity: Annotated[list[Measured], _several(Measured), Field(min_length=1)] | None = about(
        "part", "measured requests per second of each card, instead of predicted ones", None
    )
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
