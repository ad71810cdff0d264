"""Tables of the catalog, filtered and sorted, as text or JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import Any

import numpy as np
from rich.text import Text

from optplan.catalog import PURCHASE, Catalog, Model, schema
from optplan.errors import BadInput, Fault, nearest
from optplan.report import print_json, words
from optplan.report.console import grid, heading, table_console
from optplan.units import number

Row = dict[str, Any]
# columns that a narrow terminal does without, the first first
DROP = (
    *("source", "license", "instance", "year", "date", "experts", "heads", "vocab", "link GB/s", "family"),
    *("W", "status", "hidden", "price", "key", "required", "by name only", "what it is"),
    *("sold until", "batch in", "batch out", "name", "context"),
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows to print: of one card or family, provider, region, kind of purchase; how many; sorted."""

    gpu: str | None = None
    provider: str | None = None
    region: str | None = None
    purchase: str | None = None
    sort: str | None = None
    limit: int = 0


def print_catalog(catalog: Catalog, table: str, wanted: Filter, json: bool) -> None:
    """Print one table. Raises BadInput for a name or column that is not there."""
    if table == "summary":
        _print_summary(catalog, json)
        return
    rows = TABLES[table](catalog, wanted)
    if wanted.sort is not None and rows:
        rows = _sorted(rows, wanted.sort)
    if json:
        print_json([{k: None if v != v else v for k, v in row.items()} for row in rows])
        return
    shown = rows[: wanted.limit] if wanted.limit else rows
    console = table_console()
    if not shown:
        console.print(Text("no row is like that"))
        return
    numeric = [i for i, value in enumerate(shown[0].values()) if isinstance(value, (int, float))]
    cells = [[_cell(value) for value in row.values()] for row in shown]
    drop, keep = [name for name in DROP if name in shown[0]], [0]
    console.print(grid(console, list(shown[0]), cells, right=numeric, keep=keep, drop=drop))
    if len(shown) < len(rows):
        text = f"{len(shown)} of {len(rows):,} rows; --limit 0 prints all"
        console.print(Text(text, style="dim"))


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return "" if value != value else words.figure(float(value))
    return str(value)


def _sorted(rows: list[Row], column: str) -> list[Row]:
    if column not in rows[0]:
        close = nearest(column, rows[0])
        hint = f"did you mean {', '.join(close)}?" if close else f"columns are {', '.join(rows[0])}"
        raise BadInput(Fault("unknown-column", "--sort", f"no column is called {column[:40]!r}", hint))

    def key(row: Row) -> tuple[bool, Any]:
        value = row[column]
        unknown = isinstance(value, float) and math.isnan(value)
        return unknown, 0.0 if unknown else value

    return sorted(rows, key=key)


def _print_summary(catalog: Catalog, json: bool) -> None:
    sizes = dict(catalog.files)
    facts = {
        "newest_price": catalog.as_of.isoformat(),
        "exchange_rates_of": catalog.rate_date.isoformat(),
        "cards": len(catalog.cards),
        "models": len(catalog.models),
        "offers": len(catalog.offers),
        "providers": len(catalog.providers),
        "currencies": sorted(catalog.offers.currencies),
    }
    if json:
        print_json(facts | {"rows": sizes})
        return
    console = table_console()
    text = f"{facts['offers']:,} offers of {facts['cards']} cards by {facts['providers']} providers, "
    text += f"newest price {catalog.as_of}; {facts['models']} models; exchange rates of {catalog.rate_date}"
    console.print(Text(text, style="bold"))
    heading(console, "Tables")
    rows = [[name, f"{count:,}"] for name, count in sizes.items()]
    console.print(grid(console, ["table", "rows"], rows, right=(1,)))


def _gpus(catalog: Catalog, wanted: Filter) -> list[Row]:
    names = catalog.gpus(wanted.gpu) if wanted.gpu else list(catalog.cards)
    cards = [catalog.cards[name] for name in names]
    return [
        {"card": c.name, "family": c.family, "GB": c.memory_gb, "usable GiB": c.usable_gib,
         "GB/s": c.bandwidth_gb_s, "bf16 TFLOPS": c.bf16_tflops, "fp8 TFLOPS": c.fp8_tflops,
         "link GB/s": c.link_gb_s, "W": c.power_w, "year": str(c.year)}
        for c in cards
    ]  # fmt: skip


def _offers(catalog: Catalog, wanted: Filter) -> list[Row]:
    offers = catalog.offers
    mask = np.ones(len(offers), dtype=bool)
    if wanted.gpu:
        mask &= np.isin(offers.card, [offers.cards.index(name) for name in catalog.gpus(wanted.gpu)])
    if wanted.provider:
        mask &= offers.provider == _position(wanted.provider, offers.providers, "provider")
    if wanted.region:
        mask &= offers.region == _position(wanted.region, offers.regions, "region")
    if wanted.purchase:
        mask &= offers.purchase == _position(wanted.purchase, PURCHASE, "purchase")
    rows = [_offer(catalog, int(i)) for i in np.flatnonzero(mask)]
    return sorted(rows, key=lambda row: (row["how"] == words.PURCHASE["buy"], row["USD/card"]))


def _offer(catalog: Catalog, i: int) -> Row:
    offers = catalog.offers
    currency, gpus = offers.currencies[offers.currency[i]], int(offers.gpus[i])
    price, per = float(offers.price[i]), "" if PURCHASE[offers.purchase[i]] == "buy" else "/h"
    return {
        "card": offers.cards[offers.card[i]],
        "cards": gpus,
        "provider": offers.providers[offers.provider[i]],
        "instance": offers.instances[offers.instance[i]],
        "region": offers.regions[offers.region[i]],
        "how": words.PURCHASE[PURCHASE[offers.purchase[i]]],
        "price": f"{words.money(price, currency)}{per}",
        "USD/card": round(catalog.convert(price, currency, "USD") / gpus, 4),
        "date": date.fromordinal(int(offers.price_day[i])).isoformat(),
    }


def _position(name: str, names: tuple[str, ...], what: str) -> int:
    for i, known in enumerate(names):
        if known.lower() == name.lower():
            return i
    close = nearest(name, names)
    hint = f"did you mean {', '.join(close)}?" if close else f"such as {', '.join(names[:8])}"
    raise BadInput(Fault(f"unknown-{what}", f"--{what}", f"no offer has the {what} {name[:40]!r}", hint))


def _models(catalog: Catalog, wanted: Filter) -> list[Row]:
    return [
        {"model": m.name, "params": _big(m.params_total), "active": _big(m.params_active), "layers": m.layers,
         "hidden": m.hidden, "heads": m.heads, "kv": m.kv_heads, "vocab": m.vocab, "experts": m.experts,
         "context": m.max_context, "license": m.license}
        for m in catalog.models.values()
    ]  # fmt: skip


def _big(params: float) -> str:
    """9.4B, 671B, 494M."""
    return f"{number(params / 1e9, 3)}B" if params >= 1e9 else f"{number(params / 1e6, 3)}M"


def _assumptions(catalog: Catalog, wanted: Filter) -> list[Row]:
    return [
        {"name": a.name, "for": a.key or "all", "low": a.low, "expected": a.expected, "high": a.high,
         "unit": a.unit, "status": a.status, "what it is": a.description}
        for rows in catalog.assumptions.values()
        for a in rows.values()
    ]  # fmt: skip


def _providers(catalog: Catalog, wanted: Filter) -> list[Row]:
    offers = catalog.offers
    counts = np.bincount(offers.provider, minlength=len(offers.providers)).tolist()
    rows = []
    for name, count in zip(offers.providers, counts, strict=True):
        info = catalog.provider_info(name)
        rows.append(
            {"provider": name, "offers": count, "billed by s": info.billing_s, "least s": info.minimum_s,
             "by name only": info.by_name_only, "status": info.status, "source": info.source}
        )  # fmt: skip
    return rows


def _apis(catalog: Catalog, wanted: Filter) -> list[Row]:
    rows = [
        {"model": api.model or "closed", "provider": api.provider, "name": api.name,
         "input": api.input_per_mtok, "cached": api.cached_per_mtok, "output": api.output_per_mtok,
         "batch in": api.batch_input_per_mtok, "batch out": api.batch_output_per_mtok,
         "context": api.max_context, "per million": api.currency, "sold until": str(api.ends or ""),
         "date": api.date.isoformat()}
        for api in catalog.apis
        if wanted.provider is None or api.provider.lower() == wanted.provider.lower()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (row["model"] == "closed", row["model"], row["output"]))


def _grids(catalog: Catalog, wanted: Filter) -> list[Row]:
    return [
        {"grid": grid.name, "place": grid.place, "g CO2e/kWh": grid.intensity_g_kwh, "year": str(grid.year),
         "basis": grid.basis, "source": grid.source}
        for grid in catalog.grids.grids.values()
    ]  # fmt: skip


def _fx(catalog: Catalog, wanted: Filter) -> list[Row]:
    return [
        {"currency": code, "per USD": rate.per_usd, "date": rate.date.isoformat(), "source": rate.source}
        for code, rate in sorted(catalog.rates.items())
    ]


def _columns(catalog: Catalog, wanted: Filter) -> list[Row]:
    return [
        {"table": table, "column": c.name, "takes": c.says, "required": c.required, "key": c.key,
         "what it is": c.description}
        for table, columns in schema().items()
        for c in columns
    ]  # fmt: skip


TABLES: dict[str, Callable[[Catalog, Filter], list[Row]]] = {
    "gpus": _gpus,
    "offers": _offers,
    "models": _models,
    "assumptions": _assumptions,
    "providers": _providers,
    "apis": _apis,
    "fx": _fx,
    "grids": _grids,
    "columns": _columns,
}


def print_model(model: Model, json: bool) -> None:
    """All shapes of one model, and what of them was assumed."""
    if json:
        print_json(asdict(model) | {"assumed": list(model.assumed)})
        return
    console = table_console()
    console.print(Text(f"{model.name}: {_big(model.params_total)} parameters", style="bold"))
    values = {f.name: getattr(model, f.name) for f in fields(model) if f.name not in ("name", "assumed")}
    rows = [[name, _cell(value)] for name, value in values.items() if value not in ("", 0)]
    console.print(grid(console, ["shape", "value"], rows))
    for text in model.assumed:
        console.print(Text(f"assumed: {text}"))
