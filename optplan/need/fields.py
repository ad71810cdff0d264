"""The fields of a need: how each kind of value is read, checked and described.

Numbers carry their unit in the field's description after parsing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, WithJsonSchema

from optplan import units
from optplan.units import Money

Precision = Literal["fp32", "bf16", "fp16", "fp8", "int8", "int4", "fp4", "mxfp4", "nf4"]
Purchase = Literal["on_demand", "spot", "reserved_1y", "reserved_3y", "buy", "owned", "api"]
Optimizer = Literal["adamw", "adamw_8bit", "adamw_bf16", "sgd"]
Framework = Literal[
    "hf", "deepspeed", "fsdp", "torchtune", "megatron", "unsloth", "litgpt", "axolotl", "llamafactory"
]


def about(unit: str, meaning: str, default: Any = ...) -> Any:
    """A field: what it holds ("time", "tokens" ..), what it means, and its default if it has one."""
    return Field(default, description=meaning, json_schema_extra={"unit": unit})


def _schema(*examples: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "number"], "examples": list(examples)})


def listed(value: object) -> object:
    """ "a, b" is short for [a, b]."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def whole(value: object) -> int:
    """A whole number, as in "2k"; ValueError for any other."""
    amount = units.count(value)
    if amount != int(amount):
        raise ValueError(f"{value!r} is not a whole number")
    return int(amount)


def _paid(value: Money) -> Money:
    if not 0 < value.amount <= 1e15:
        raise ValueError(f"an amount of money must be above 0 and at most 1e15, not {value.amount:g}")
    return value


Hours = Annotated[float, BeforeValidator(units.hours), Field(gt=0, le=876_000), _schema("48h", "3 days")]
Seconds = Annotated[float, BeforeValidator(units.seconds), Field(gt=0, le=86_400), _schema("30ms", "1s")]
Count = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=2e14), _schema(5000, "200k", "2M")]
Requests = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=1e11), _schema(5000, "200k", "2M")]
Arrivals = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=1e7), _schema(8, 0.5)]
Rate = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=1e9), _schema(8, 0.5)]
Throughput = Annotated[float, BeforeValidator(units.count), Field(ge=0, le=1e9), _schema(8, 0.5, 0)]
Length = Annotated[float, BeforeValidator(units.count), Field(gt=0, le=1e8), _schema(2000, "4k")]
Size = Annotated[float, BeforeValidator(units.count), Field(ge=1e6, le=1e14), _schema("9B", "350M")]
Whole = Annotated[int, BeforeValidator(whole), Field(gt=0, le=10**12), _schema(8, "2k")]
Cards = Annotated[int, BeforeValidator(whole), Field(gt=0, le=10**6), _schema(8)]
Bytes = Annotated[float, BeforeValidator(units.size_bytes), Field(gt=0, le=4e14), _schema("1GB", "300MB")]
Mass = Annotated[float, BeforeValidator(units.kilograms), Field(gt=0, le=1e12), _schema("200 kg", "1.5 t")]
Cash = Annotated[
    Money, BeforeValidator(units.money), AfterValidator(_paid), _schema("5000 USD", "36,000 CNY")
]
Currency = Annotated[str, BeforeValidator(units.currency), _schema("USD", "CNY", "EUR")]
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
Names = Annotated[list[Word], BeforeValidator(listed)]
SomeNames = Annotated[list[Word], BeforeValidator(listed), Field(min_length=1)]
Purchases = Annotated[list[Purchase], BeforeValidator(listed), Field(min_length=1)]
