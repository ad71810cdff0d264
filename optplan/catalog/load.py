"""The catalog: shipped tables, plus directories that add or replace rows."""

from __future__ import annotations

import copy
import datetime
import functools
import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from optplan.catalog.apis import Api, build_apis
from optplan.catalog.check import check_tables, read_directory
from optplan.catalog.grids import Grid, Grids
from optplan.catalog.names import GpuNames, ModelNames
from optplan.catalog.read import Table
from optplan.catalog.schema import DATA, schema
from optplan.catalog.values import Assumption, Card, Extra, Model, Offers, Provider, Rate
from optplan.errors import BadInput, Fault, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from optplan.catalog.models import Known


class Catalog:
    """Cards, models, offers, assumptions and rates, checked and ready to be asked.

    cards, models  by exact name, sorted
    offers         all prices of cards, in a canonical order
    apis           models sold by the token, by provider and name
    assumptions    name -> key ("" = for all) -> Assumption
    rates          currency -> newest Rate per US dollar
    grids          electric grids, and which a region draws from
    names          what cards are called, as a `GpuNames`
    as_of          day of the newest price (owned cards and providers that are used by name only left out)
    files          (table, rows) as loaded
    before         the catalog without the offers that `extended` added
    """

    cards: dict[str, Card]
    models: dict[str, Model]
    offers: Offers
    apis: tuple[Api, ...]
    assumptions: dict[str, dict[str, Assumption]]
    rates: dict[str, Rate]
    grids: Grids
    names: GpuNames
    as_of: datetime.date
    files: tuple[tuple[str, int], ...]
    before: Catalog | None = None

    def __init__(self, tables: dict[str, Table]) -> None:
        """tables has every table of the schema, each sound in itself; BadInput if they do not agree."""
        from optplan.catalog.offers import build_offers

        self.files = tuple((name, len(table)) for name, table in tables.items())
        self.cards = {card.name: card for card in _values(tables["gpus"], Card)}
        self.models = {model.name: model for model in _values(tables["models"], Model)}
        self.names = GpuNames(self.cards, _pairs(tables["aliases"], "alias", "target"))
        self._model_names = ModelNames(self.models, _pairs(tables["model_aliases"], "alias", "model"))
        faults = check_tables(tables, self.names, self._model_names)
        if faults:
            raise BadInput(faults)
        self.apis = build_apis(tables["apis"], self._model_names)
        self.assumptions = {}
        for assumption in _values(tables["assumptions"], Assumption):
            self.assumptions.setdefault(assumption.name, {})[assumption.key] = assumption
        self.rates = _rates(tables["fx"])
        grids = {grid.name: grid for grid in _values(tables["grids"], Grid)}
        self.grids = Grids(grids, tables["grid_regions"])
        listed = {p.name: p for p in _values(tables["providers"], Provider)}
        priced = [tables[name].columns for name in ("offers", "reserved", "purchases", "owned")]
        named = {name for columns in priced for name in columns["provider"]}
        billing = {name: listed.get(name) or _unlisted(name) for name in named}
        self._billing: dict[str, Provider] = {**listed, **billing}
        exact = {said: self.names.find(said)[0] for columns in priced for said in set(columns["card"])}
        self.offers = build_offers(tables, exact, tuple(self.cards), billing)
        days = self.offers.price_day[~self.offers.by_name_only & (self.offers.pool < 0)]
        newest = days.max() if len(days) else self.offers.price_day.max(initial=1)
        self.as_of = datetime.date.fromordinal(int(newest))

    @classmethod
    def load(cls, extra: Sequence[Path] = ()) -> Catalog:
        """The shipped tables, and those of the directories in extra, which add or replace rows by key.

        A later directory wins over an earlier one. BadInput holds all faults found, not the first.
        """
        with _uncollected():
            return cls._load(extra)

    @classmethod
    def _load(cls, extra: Sequence[Path]) -> Catalog:
        tables, faults = read_directory(DATA, "data")
        for directory in extra:
            more, found = read_directory(Path(directory), str(directory).rstrip("/"))
            faults += found
            for name, table in more.items():
                if name in tables:
                    tables[name] = tables[name].join(table)
        lost = [name for name in schema() if name not in tables]
        if lost and not faults:
            faults = [Fault("missing-table", f"data/{name}.csv", "is missing", "reinstall") for name in lost]
        if faults:
            raise BadInput(faults)
        return cls(tables)

    def extended(self, extras: Sequence[Extra], provider: Provider) -> Catalog:
        """The same catalog with a few offers of one provider more; cards that it lacks come without figures."""
        from optplan.catalog.extend import cards_of, joined

        found = copy.copy(self)
        found.before = self
        found.cards = self.cards | cards_of(extras, self.cards, provider)
        found.names = self.names.with_cards(set(found.cards) - set(self.cards))
        found.offers = joined(self.offers, tuple(found.cards), extras, provider)
        found._billing = self._billing | {provider.name: provider}
        return found

    def gpus(self, text: str) -> list[str]:
        """The cards that a name, family or alias means, sorted; BadInput with the nearest names if none."""
        return self.names.all(text)

    def gpu(self, text: str) -> str:
        """The one card that text means; BadInput `ambiguous-gpu` lists the choices if there are several."""
        return self.names.one(text)

    def gpu_names(self) -> list[str]:
        """Every name, family and alias of a card, as written in the tables."""
        return self.names.spoken()

    def model_names(self) -> list[str]:
        """Every name and alias of a model, as written in the tables."""
        return self._model_names.spoken()

    def find_model(self, text: str) -> list[str]:
        """The catalog models that a name can mean; [] if none."""
        return self._model_names.find(text)

    def model(self, asked: str | float | Mapping[str, Any], base: Path | None = None) -> Model:
        """The model that is asked for: its shapes, and what of them was assumed.

        asked is a catalog name, the path of a Hugging Face config.json (relative to base), a size ("9B",
        9e9), or a mapping {params: 9B, layers: .., ...}. BadInput if it is none of these.
        """
        from optplan.catalog.models import resolve

        return resolve(asked, self._known_models, base)

    @functools.cached_property
    def _known_models(self) -> Known:
        from optplan.catalog.models import Known

        return Known(self.models, self._model_names)

    def convert(self, amount: float, from_: str, to: str) -> float:
        """The amount in another currency, at the newest rates; BadInput `missing-rate`."""
        if from_ == to:
            return amount
        return amount / self._rate(from_).per_usd * self._rate(to).per_usd

    def _rate(self, currency: str) -> Rate:
        if currency not in self.rates:
            near = nearest(currency, self.rates, 1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            hint += f"known are {', '.join(sorted(self.rates))}; a row of fx.csv adds one"
            raise BadInput(Fault("missing-rate", "currency", f"no rate is known for `{currency}`", hint))
        return self.rates[currency]

    @property
    def rate_date(self) -> datetime.date:
        """Day of the newest rates."""
        return max(rate.date for rate in self.rates.values())

    def provider_info(self, name: str) -> Provider:
        """How a provider bills; BadInput `unknown-provider`."""
        if name not in self._billing:
            near = nearest(name, self._billing)
            hint = f"did you mean {', '.join(f'`{n}`' for n in near)}?" if near else "`optplan catalog show`"
            raise BadInput(Fault("unknown-provider", "provider", f"no provider is called `{name}`", hint))
        return self._billing[name]

    @property
    def providers(self) -> tuple[str, ...]:
        """All providers that have an offer, sorted."""
        return self.offers.providers


@contextmanager
def _uncollected() -> Iterator[None]:
    """No garbage collection meanwhile: the tables are many small lists, and looking through them is slow."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def check(directory: Path | None = None) -> list[Fault]:
    """Every fault of a catalog directory laid over the shipped tables; None checks the shipped ones."""
    try:
        Catalog.load([] if directory is None else [directory])
    except BadInput as bad:
        return list(bad.faults)
    return []


def _pairs(table: Table, left: str, right: str) -> Iterable[tuple[str, str]]:
    return zip(table.columns[left], table.columns[right], strict=True)


Row = TypeVar("Row", Card, Model, Assumption, Provider, Grid)


def _values(table: Table, kind: type[Row]) -> list[Row]:
    """The rows as values of a dataclass, by their first two columns; days as text, other columns left out."""
    days = {day: datetime.date.fromordinal(day).isoformat() for day in set(table.columns["date"])}
    columns: dict[str, list[Any]] = table.columns | {"date": [days[day] for day in table.columns["date"]]}
    names: list[str] = [field.name for field in fields(kind) if field.name in columns]
    first = [*zip(*(map(str, cells) for cells in [*columns.values()][:2]), strict=True)]
    rows = [*zip(*(columns[name] for name in names), strict=True)]
    order = sorted(range(len(table)), key=first.__getitem__)
    return [kind(**dict(zip(names, rows[i], strict=True))) for i in order]


def _rates(table: Table) -> dict[str, Rate]:
    rates = {"USD": Rate(1.0, datetime.date.min, "the unit of the rates")}
    for row in sorted(table.rows(), key=lambda row: int(row["date"])):
        day = datetime.date.fromordinal(row["date"])
        rates[row["quote"]] = Rate(row["rate"], day, row["source"])
    newest = max(rate.date for rate in rates.values())
    return rates | {"USD": Rate(1.0, newest, "the unit of the rates")}


def _unlisted(name: str) -> Provider:
    """A provider without a row bills as columns.csv says by default, and is marked assumed."""
    default = {
        c.name: float(c.default) for c in schema()["providers"] if c.name in ("billing_s", "minimum_s")
    }
    source = "data/columns.csv: default of a provider without a row in providers.csv"
    step, least = float(default["billing_s"]), float(default["minimum_s"])
    return Provider(name, step, least, False, True, status="assumed", source=source, date="")
