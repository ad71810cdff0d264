"""The table of APIs -> offers of tokens, and what must hold of its rows."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

from optplan.catalog.names import ModelNames
from optplan.catalog.read import Table
from optplan.errors import Fault, nearest


@dataclass(frozen=True, slots=True)
class Api:
    """One model of one provider, sold by the token; prices are per million tokens, nan where unknown.

    model        the open model of the catalog that it is; "" where the weights are closed
    max_context  tokens of the longest prompt, max_output of the longest answer (nan: unknown)
    ends         day from which it is no longer sold (None: no day is announced)
    """

    provider: str
    name: str
    model: str
    input_per_mtok: float
    cached_per_mtok: float
    output_per_mtok: float
    batch_input_per_mtok: float
    batch_output_per_mtok: float
    max_context: float
    max_output: float
    ends: datetime.date | None
    currency: str
    date: datetime.date
    source: str
    note: str

    @property
    def offer(self) -> str:
        """Its unique name: "groq/openai/gpt-oss-20b"."""
        return f"{self.provider}/{self.name}"


def build_apis(table: Table, models: ModelNames) -> tuple[Api, ...]:
    """All rows by provider and name; a model's alias becomes its exact name."""
    found = []
    for row in table.rows():
        said = row["model"]
        row["model"] = models.find(said)[0] if said else ""
        row["ends"] = datetime.date.fromordinal(row["ends"]) if row["ends"] else None
        row["date"] = datetime.date.fromordinal(row["date"])
        found.append(Api(**row))
    return tuple(sorted(found, key=lambda api: (api.provider, api.name)))


def api_faults(table: Table, models: ModelNames) -> Iterator[Fault]:
    """Rows that name no model of the catalog, or whose cached or batch tokens cost more than plain ones."""
    for i, row in enumerate(table.rows()):
        if row["model"] and len(models.find(row["model"])) != 1:
            close = nearest(row["model"], models.spoken(), 1)
            hint = f"did you mean `{close[0]}`? " if close else ""
            hint += "a model that models.csv does not have is left blank"
            yield Fault("unknown-model", table.place(i), f"no model is called `{row['model']}`", hint)
        pairs = (
            ("cached_per_mtok", "input_per_mtok"),
            ("batch_input_per_mtok", "input_per_mtok"),
            ("batch_output_per_mtok", "output_per_mtok"),
        )
        for cheap, dear in pairs:
            if row[cheap] > row[dear]:
                message = f"`{cheap}` is {row[cheap]:g}, above `{dear}` {row[dear]:g}"
                hint = "one of the two is wrong; leave the unknown one blank"
                yield Fault("discount-above-price", table.place(i), message, hint)
