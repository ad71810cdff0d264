"""SkyPilot's catalog directory (v8: <cloud>/vms.csv) -> rows of offers.csv, and every row refused.

Only what is certain is taken: a price of 0.00 is unknown and never an offer; a name that fits several cards
is refused with the choices; Google's accelerator rows are priced together with the hosts that carry them.
"""

from __future__ import annotations

import csv
import datetime
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optplan.catalog.load import Catalog
from optplan.errors import BadInput, Fault
from optplan.imports.account import Imported
from optplan.imports.cards import card_of, gib_of_vms
from optplan.imports.files import amount, text_of
from optplan.imports.skypilot_google import HOSTS, committed_below

_NEEDED = ("InstanceType", "AcceleratorName", "AcceleratorCount", "Price", "SpotPrice", "Region")
_CURRENCY = {"seeweb": "EUR"}  # the files have no currency column; all others list US dollars
_AUCTIONS = ("mithril",)
ORIGIN = "SkyPilot catalog"
NO_ACCELERATOR = "rows have no accelerator"


@dataclass(slots=True)
class _Row:
    """One line of a vms.csv on its way to an offer."""

    line: int
    cells: dict[str, str]
    price: float
    spot: float
    card: str = ""
    note: str = ""

    @property
    def cards(self) -> int:
        """Cards in the unit; 0 if the file does not state a whole number of them."""
        value = amount(self.cells["AcceleratorCount"])
        return int(value) if value >= 1 and not value % 1 else 0

    @property
    def text(self) -> str:
        return ",".join(self.cells.values())[:200]


class _File:
    """One vms.csv: its rows, and the offers and refusals that come of them."""

    def __init__(self, path: Path, base: Path, catalog: Catalog, out: Imported) -> None:
        self.path, self.name = path, path.relative_to(base).as_posix()
        self.provider = path.parent.name
        self.names, self.cards, self.out = catalog.names, catalog.cards, out
        self.date = datetime.date.fromtimestamp(path.stat().st_mtime).isoformat()
        self.hosts: dict[tuple[str, str], tuple[float, float, dict[str, str]]] = {}

    def refuse(self, line: int, reason: str, text: str) -> None:
        self.out.refuse(self.name, line, reason, text)

    def load(self) -> None:
        """Read the file into out."""
        kept: dict[tuple[str, str], _Row] = {}
        accelerated = list(self._accelerated())
        if self.provider == "gcp":
            accelerated = list(self._with_hosts(accelerated))
        for row in accelerated:
            if self._named(row) and self._priced(row):
                self._keep(row, kept)
        for _, row in sorted(kept.items()):
            self.out.add("offers", self._offer(row))

    def _accelerated(self) -> Iterator[_Row]:
        """Rows with an accelerator; Google's host rows are remembered by zone."""
        with self.path.open(encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            header = next(reader, [])
            missing = [name for name in _NEEDED if name not in header]
            if missing:
                message = f"has no column {', '.join(f'`{name}`' for name in missing)}"
                raise BadInput(Fault("not-skypilot", f"{self.path}:1", message, "give a SkyPilot v8 catalog"))
            accelerator, first = header.index("AcceleratorName"), header.index("InstanceType")
            for values in reader:
                self.out.read += 1
                if len(values) != len(header):
                    reason = f"a comma without quotes: {len(values)} cells, the header names {len(header)}"
                    self.refuse(reader.line_num, reason, ",".join(values)[:200])
                elif values[accelerator]:
                    cells = dict(zip(header, values, strict=True))
                    yield _Row(reader.line_num, cells, amount(cells["Price"]), amount(cells["SpotPrice"]))
                else:
                    self.out.aside[NO_ACCELERATOR] += 1
                    if self.provider == "gcp" and values[first].startswith(("a2-", "a3-", "a4-", "g2-")):
                        cells = dict(zip(header, values, strict=True))
                        prices = amount(cells["Price"]), amount(cells["SpotPrice"])
                        self.hosts[cells["AvailabilityZone"], values[first]] = (*prices, cells)

    def _with_hosts(self, rows: list[_Row]) -> Iterator[_Row]:
        """Google states accelerator and host apart: their sum, for each host that carries the accelerator."""
        bound = committed_below((r.cells["AcceleratorName"], r.cards, r.price, r.spot) for r in rows)
        for row in rows:
            name, count = row.cells["AcceleratorName"], row.cards
            if name.startswith("tpu-"):
                self.refuse(row.line, "a TPU slice: sold by the slice, not by the card", row.text)
                continue
            if row.cells["InstanceType"]:
                yield row
                continue
            hosts = HOSTS.get(name, {}).get(count, ())
            if not hosts:
                reason = "accelerator only: which host carries it is the user's choice"
                self.refuse(row.line, reason, row.text)
                continue
            if row.price / count < bound.get(name, 0.0):
                reason = (
                    "on-demand price refused: at the level of committed use, below spot or half of others"
                )
                self.refuse(row.line, reason, row.text)
                row.price = math.nan
            yield from self._summed(row, hosts)

    def _summed(self, row: _Row, hosts: tuple[str, ...]) -> Iterator[_Row]:
        zone = row.cells["AvailabilityZone"]
        found = [(host, self.hosts[zone, host]) for host in hosts if (zone, host) in self.hosts]
        known = [(host, prices) for host, prices in found if prices[0] == prices[0] or prices[1] == prices[1]]
        if not known:
            reason = f"accelerator only: no price of its host {' or '.join(hosts)} in {zone}"
            self.refuse(row.line, reason, row.text)
        for host, (price, spot, cells) in known:
            sizes = {"vCPUs": cells["vCPUs"], "MemoryGiB": cells["MemoryGiB"]}
            both = row.cells | sizes | {"InstanceType": host}
            note = "accelerator and host added"
            yield _Row(row.line, both, row.price + price, row.spot + spot, note=note)

    def _named(self, row: _Row) -> bool:
        if not row.cells["InstanceType"].strip():
            self.refuse(row.line, "no instance: the row does not say what is rented", row.text)
            return False
        if not row.cards:
            said = row.cells["AcceleratorCount"] or "no"
            self.refuse(row.line, f"a fraction of a card: {said} cards", row.text)
            return False
        memory = gib_of_vms(self.provider, row.cells.get("GpuInfo", ""), row.cards)
        said = row.cells["AcceleratorName"]
        row.card, why = card_of(
            self.provider, row.cells["InstanceType"], said, memory, self.names, self.cards
        )
        if why:
            self.refuse(row.line, why, row.text)
        return not why

    def _priced(self, row: _Row) -> bool:
        if self.provider in _AUCTIONS and row.price == row.spot:
            self.refuse(row.line, "the reserve price of an auction, not an offer", row.text)
            return False
        if row.price < row.spot:
            reason = f"price below spot: {row.price:g} and {row.spot:g}, one of them is wrong"
            self.refuse(row.line, reason, row.text)
            return False
        if row.price == row.spot:
            row.spot = math.nan  # no discount: the file repeats the price
        if row.price != row.price and row.spot != row.spot:
            self.refuse(row.line, "no price: blank or 0.00, which means unknown", row.text)
            return False
        return True

    def _keep(self, row: _Row, kept: dict[tuple[str, str], _Row]) -> None:
        """Of equal offers in several zones the cheapest stays."""
        key = (row.cells["Region"].strip(" ,") or "any", row.cells["InstanceType"])
        other = kept.get(key)
        if other is None:
            kept[key] = row
            return
        if other.card != row.card:
            reason = (
                f"same instance and region as line {other.line}: that one has {other.card}, this {row.card}"
            )
            self.refuse(row.line, reason, row.text)
            return
        better, worse = (row, other) if _rank(row) < _rank(other) else (other, row)
        kept[key] = better
        self.refuse(worse.line, f"same offer in another zone: line {better.line} is kept", worse.text)

    def _offer(self, row: _Row) -> dict[str, str]:
        cells = row.cells
        return {
            "provider": self.provider,
            "region": cells["Region"].strip(" ,") or "any",
            "instance": cells["InstanceType"],
            "card": row.card,
            "gpus": str(row.cards),
            "on_demand_per_hour": text_of(row.price),
            "spot_per_hour": text_of(row.spot),
            "vcpus": text_of(amount(cells.get("vCPUs", ""))),
            "host_memory_gib": text_of(amount(cells.get("MemoryGiB", ""))),
            "currency": _CURRENCY.get(self.provider, "USD"),
            "date": self.date,
            "date_precision": "day",
            "source": f"{ORIGIN} {self.name}, day the file was written",
            "note": row.note,
        }


def import_skypilot(directory: Path) -> Imported:
    """The offers of a SkyPilot v8 catalog directory, and every row that was refused, with the reason.

    BadInput if the directory holds no */vms.csv, or one that cannot be read.
    """
    files = sorted(directory.glob("*/vms.csv")) if directory.is_dir() else []
    if not files:
        hint = "give the directory of a SkyPilot catalog, such as ~/.sky/catalogs/v8"
        inside = sorted(path.parent.parent for path in directory.glob("*/*/vms.csv"))
        if inside:
            hint = f"give the directory {inside[-1]}"
        raise BadInput(Fault("not-skypilot", str(directory), "holds no <cloud>/vms.csv", hint))
    catalog, out = Catalog.load(), Imported(ORIGIN)
    for path in files:
        try:
            _File(path, directory, catalog, out).load()
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            hint = "fetch the catalog anew"
            raise BadInput(Fault("unreadable-file", str(path), f"cannot be read: {error}", hint)) from None
    out.sort()
    return out


def _rank(row: _Row) -> tuple[float, float, int]:
    price = row.price if row.price == row.price else math.inf
    return price, row.spot if row.spot == row.spot else math.inf, row.line
