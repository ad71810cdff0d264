"""What must hold between rows and tables; every breach as a fault with its place and cure."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

from optplan.catalog.apis import api_faults
from optplan.catalog.grids import grid_faults
from optplan.catalog.names import GpuNames, ModelNames
from optplan.catalog.read import Table, read_table
from optplan.catalog.schema import DATA, schema
from optplan.errors import Fault, nearest

TABLES = tuple(name for name in schema())
_PRICED = ("offers", "reserved", "purchases", "owned")


def read_directory(directory: Path, place: str) -> tuple[dict[str, Table], list[Fault]]:
    """The tables that a directory holds, and every fault found in them.

    place is how messages call the directory. A directory may hold any of the tables, but one at least.
    """
    if not directory.is_dir():
        why = "is a file, not a directory" if directory.exists() else "does not exist"
        hint = f"give a directory that holds one of {', '.join(TABLES)} as .csv"
        return {}, [Fault("not-a-directory", place, why, hint)]
    tables: dict[str, Table] = {}
    faults: list[Fault] = []
    names = sorted(path.stem for path in directory.glob("*.csv"))
    for name in names:
        where = f"{place}/{name}.csv"
        if name in TABLES:
            table, found = read_table(directory / f"{name}.csv", name, where)
            faults += found
            if table is not None:
                tables[name] = table
        elif name != "columns" or directory.resolve() != DATA:
            near = nearest(name, TABLES, 1)
            hint = f"did you mean `{near[0]}.csv`?" if near else f"tables are {', '.join(TABLES)}"
            faults.append(Fault("unknown-table", where, "is no table of a catalog", hint))
    if not names:
        hint = f"put one of {', '.join(TABLES)} there, as .csv"
        faults.append(Fault("no-tables", place, "holds no table", hint))
    return tables, faults


def check_tables(tables: dict[str, Table], gpus: GpuNames, models: ModelNames) -> list[Fault]:
    """Faults between rows and tables: cards, currencies, prices, dates, aliases, order of ends."""
    currencies = set(tables["fx"].columns["base"]) | set(tables["fx"].columns["quote"])
    faults: list[Fault] = []
    for name in _PRICED:
        faults += _cards(tables[name], gpus)
        faults += _currencies(tables[name], currencies)
    faults += _currencies(tables["apis"], currencies)
    faults += api_faults(tables["apis"], models)
    faults += grid_faults(tables["grids"], tables["grid_regions"])
    for name in TABLES:
        faults += _future(tables[name])
    faults += _prices(tables["offers"], "on_demand_per_hour", "spot_per_hour")
    faults += _prices(tables["reserved"], "reserved_1y_per_hour", "reserved_3y_per_hour")
    faults += _aliases(tables["aliases"], gpus.dangling, "unknown-gpu", "card or family")
    faults += _aliases(tables["model_aliases"], models.dangling, "unknown-model", "model")
    faults += _ends(tables["assumptions"])
    faults += _attention(tables["models"])
    return sorted(faults, key=_by_place)


def _by_place(fault: Fault) -> tuple[str, int, str]:
    path, _, line = fault.place.rpartition(":")
    return (path, int(line), fault.code) if line.isdigit() else (fault.place, 0, fault.code)


def _cards(table: Table, gpus: GpuNames) -> Iterator[Fault]:
    wrong = {said for said in set(table.columns["card"]) if len(gpus.find(said)) != 1}
    if not wrong:
        return
    for i, said in enumerate(table.columns["card"]):
        if said in wrong:
            make = gpus.ambiguous if gpus.find(said) else gpus.unknown
            yield make(said, table.place(i))


def _currencies(table: Table, known: set[str]) -> Iterator[Fault]:
    if set(table.columns["currency"]) <= known:
        return
    for i, said in enumerate(table.columns["currency"]):
        if said not in known:
            near = nearest(said, known, 1)
            hint = f"did you mean `{near[0]}`? " if near else ""
            hint += f"known are {', '.join(sorted(known))}; a row of fx.csv adds one"
            yield Fault("unknown-currency", table.place(i), f"no rate is known for `{said}`", hint)


def _future(table: Table) -> Iterator[Fault]:
    today = datetime.date.today().toordinal()
    days = table.columns["date"]
    if max(days, default=0) <= today:
        return
    for i, day in enumerate(days):
        if day > today:
            message = f"`date` is {datetime.date.fromordinal(day)}, which is still to come"
            yield Fault("future-date", table.place(i), message, "give the day the source states")


def _prices(table: Table, dear: str, cheap: str) -> Iterator[Fault]:
    """A cheaper way of buying must not cost more than the dearer; one price at least must be there."""
    import numpy as np

    highs, lows = np.array(table.columns[dear], float), np.array(table.columns[cheap], float)
    for i in np.flatnonzero((lows > highs) | (np.isnan(highs) & np.isnan(lows))).tolist():
        high, low = float(highs[i]), float(lows[i])
        if low > high:
            code = "spot-above-on-demand" if "spot" in cheap else "long-above-short"
            message = f"`{cheap}` is {low:g}, above `{dear}` {high:g}"
            hint = "one of the two is wrong; leave the unknown one blank"
            yield Fault(code, table.place(i), message, hint)
        else:
            message = f"neither `{dear}` nor `{cheap}` is given"
            yield Fault("no-price", table.place(i), message, "give one of them or drop the row")


def _aliases(table: Table, dangling: dict[str, str], code: str, what: str) -> Iterator[Fault]:
    if not dangling:
        return
    for i, alias in enumerate(table.columns["alias"]):
        if alias in dangling:
            message = f"`{alias}` means `{dangling[alias]}`, which is no {what}"
            yield Fault(code, table.place(i), message, f"name a {what} of the catalog")


def _ends(table: Table) -> Iterator[Fault]:
    for i, row in enumerate(table.rows()):
        if not row["low"] <= row["expected"] <= row["high"]:
            message = f"low {row['low']:g}, expected {row['expected']:g}, high {row['high']:g} do not rise"
            yield Fault("ends-out-of-order", table.place(i), message, "order them: low <= expected <= high")


def _attention(table: Table) -> Iterator[Fault]:
    for i, row in enumerate(table.rows()):
        full, linear = row["full_attention_layers"], row["linear_attention_layers"]
        windowed, window = row["layers"] - full - linear, row["sliding_window"]
        if windowed < 0 or (windowed > 0) != (window > 0):
            message = (
                f"{row['layers']} layers: {full} full, {linear} linear, {windowed} with a window of {window}"
            )
            hint = "full + linear = layers without a window, fewer with one"
            yield Fault("layers-do-not-add-up", table.place(i), message, hint)
