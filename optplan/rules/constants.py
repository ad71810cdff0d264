"""Constants that carry a unit: definitions, never tunables (those are rows of the assumptions table)."""

from __future__ import annotations

from typing import Final

from optplan import units

FORWARD_FLOP: Final = 2.0  # a multiplication and an addition for each weight and token
PAIR_FLOP: Final = 4.0  # score and mix, two operations each, for each pair of tokens and channel
KEY_AND_VALUE: Final = 2.0  # each token caches one key and one value
EACH_TOKEN: Final = 1.0  # each token has one of them
ONE_REQUEST: Final = 1.0  # a request alone
KILO: Final = 1000.0  # watts of a kilowatt
GRAMS: Final = 1000.0  # grams of a kilogram
SECOND: Final = 1.0  # billing steps up to this count as continuous
MILLION: Final = 1e6  # tokens of the unit in which they are sold
YEAR: Final = 8760.0  # hours
HOURS_PER_MONTH: Final = 730.0  # a year's hours over twelve
MONTH: Final = 730.0  # the same, as a span of time
MONTHS: Final = 12.0  # of a year

CONSTANT_UNITS: Final = {
    **units.CONSTANT_UNITS,
    "FORWARD_FLOP": "FLOP/token",
    "PAIR_FLOP": "FLOP/token**2",
    "KEY_AND_VALUE": "1/token",
    "EACH_TOKEN": "1/token",
    "ONE_REQUEST": "request",
    "KILO": "watt/kW",
    "GRAMS": "g/kg",
    "SECOND": "s",
    "MILLION": "token/Mtoken",
    "YEAR": "hour",
    "HOURS_PER_MONTH": "hour/month",
    "MONTH": "hour",
    "MONTHS": "1",
}
