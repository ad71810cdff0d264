"""gpuhunt's catalog (v2: one CSV a provider, or the zip of them) -> rows of offers.csv, and every row refused.

Fields: gpuhunt 0.1.34, `_internal/storage.py`, CATALOG_V2_FIELDS. Prices are USD an hour of one instance; spot and
on-demand are rows of their own. The provider is the file's name.
"""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.imports.account import Cells, Imported
from optplan.imports.cards import card_of
from optplan.imports.files import amount, decoded, read_bytes, text_of, written_day

ORIGIN = "gpuhunt catalog"
NO_ACCELERATOR = "rows have no accelerator"
NEEDED = ("instance_name", "location", "price", "gpu_count", "gpu_name", "gpu_memory", "spot")
OUR_NAMES = {"lambdalabs": "lambda", "vastai": "vast"}  # gpuhunt's provider -> the catalog's


@dataclass(slots=True)
class _Price:
    """The cheapest price of one kind of one offer, and the line that it stands in."""

    price: float
    line: int


def import_gpuhunt(paths: list[Path], provider: str = "") -> Imported:
    """Offers of gpuhunt's files. provider: instead of the files' names.

    Raises BadInput where a file is none of gpuhunt's.
    """
    catalog, out = Catalog.load(), Imported(ORIGIN)
    for path in paths:
        for name, text, day in _texts(path):
            whose = provider or _provider(name)
            _File(name, whose, day, catalog, out).load(text, str(path))
    out.sort()
    return out


def _texts(path: Path) -> Iterator[tuple[str, str, str]]:
    """(file name, text, day) of a CSV, or of each CSV in a zip."""
    content = read_bytes(path)
    if not content.startswith(b"PK"):
        yield path.name, decoded(content, str(path)), written_day(path)
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for info in archive.infolist():
                if info.filename.endswith(".csv"):
                    day = datetime.date(*info.date_time[:3]).isoformat()
                    yield Path(info.filename).name, decoded(archive.read(info), str(path)), day
    except (zipfile.BadZipFile, RuntimeError) as error:
        raise BadInput(Fault("unreadable-file", str(path), f"is no sound zip: {error}")) from None


def _provider(name: str) -> str:
    """ "aws.csv" -> "aws"; "gpuhunt_v2_aws.csv" -> "aws"."""
    stem = Path(name).stem
    stem = stem.rsplit("_", 1)[-1] if stem.startswith("gpuhunt") else stem
    return OUR_NAMES.get(stem, stem)


class _File:
    """One CSV: its rows, and the offers and refusals that come of them."""

    def __init__(self, name: str, provider: str, day: str, catalog: Catalog, out: Imported) -> None:
        self.name, self.provider, self.day, self.out = name, provider, day, out
        self.names, self.cards = catalog.names, catalog.cards
        self.offers: dict[tuple[str, str], Cells] = {}
        self.prices: dict[tuple[str, str], dict[str, _Price]] = {}

    def load(self, text: str, place: str) -> None:
        """Read the text into out."""
        reader = csv.reader(io.StringIO(text, newline=""))
        header = next(reader, [])
        missing = [name for name in NEEDED if name not in header]
        if missing:
            message = f"has no column {', '.join(f'`{name}`' for name in missing)}"
            raise BadInput(Fault("not-gpuhunt", f"{place}:1", message, "give a CSV of gpuhunt's v2 catalog"))
        for values in reader:
            self.out.read += 1
            if len(values) != len(header):
                reason = f"a broken row: {len(values)} cells, the header names {len(header)}"
                self.out.refuse(self.name, reader.line_num, reason, ",".join(values))
            else:
                self._row(reader.line_num, dict(zip(header, values, strict=True)))
        for key, offer in sorted(self.offers.items()):
            self._check_spot(key, offer)
            self.out.add("offers", offer)

    def _row(self, line: int, cells: Cells) -> None:
        count, text = amount(cells["gpu_count"]), ",".join(cells.values())
        if count != count or not cells["gpu_name"]:
            self.out.aside[NO_ACCELERATOR] += 1
            return
        price, memory, reason = amount(cells["price"]), amount(cells["gpu_memory"]), ""
        card, why = card_of(
            self.provider,
            cells["instance_name"],
            cells["gpu_name"],
            0.0 if memory != memory else memory,
            self.names,
            self.cards,
        )
        if not cells["instance_name"].strip():
            reason = "no instance: the row does not say what is rented"
        elif count % 1:
            reason = f"a fraction of a card: {cells['gpu_count']} cards"
        elif price != price:
            reason = f"no price: {cells['price'] or 'blank'}, which means unknown"
        elif cells["spot"].lower() not in ("true", "false"):
            reason = f"neither spot nor on demand: `{cells['spot']}`"
        if reason or why:
            self.out.refuse(self.name, line, reason or why, text)
            return
        kind = "spot_per_hour" if cells["spot"].lower() == "true" else "on_demand_per_hour"
        self._keep(line, cells, card, kind, _Price(price, line), text)

    def _keep(self, line: int, cells: Cells, card: str, kind: str, new: _Price, text: str) -> None:
        """Of several prices of one offer the cheapest stays."""
        key = (cells["location"].strip() or "any", cells["instance_name"])
        offer = self.offers.setdefault(key, self._offer(key, cells, card))
        if offer["card"] != card or offer["gpus"] != text_of(amount(cells["gpu_count"])):
            reason = (
                f"same instance and location as another line: that one has {offer['gpus']} x {offer['card']}"
            )
            self.out.refuse(self.name, line, reason, text)
            return
        known = self.prices.setdefault(key, {})
        old = known.get(kind)
        if old is not None and old.price <= new.price:
            reason = f"same offer at another price: line {old.line} is as cheap or cheaper"
            self.out.refuse(self.name, line, reason, text)
            return
        if old is not None:
            reason = f"same offer at another price: line {new.line} is as cheap or cheaper"
            self.out.refuse(self.name, old.line, reason, f"{cells['instance_name']} at {old.price:g}")
        known[kind] = new
        offer[kind] = text_of(new.price)

    def _check_spot(self, key: tuple[str, str], offer: Cells) -> None:
        """A spot price that is no discount is refused and taken out of the offer."""
        known = self.prices[key]
        spot, usual = known.get("spot_per_hour"), known.get("on_demand_per_hour")
        if spot and usual and spot.price >= usual.price:
            offer["spot_per_hour"] = ""
            reason = f"spot not below on demand: {spot.price:g} and {usual.price:g}"
            self.out.refuse(self.name, spot.line, reason, f"{key[1]} in {key[0]}")

    def _offer(self, key: tuple[str, str], cells: Cells, card: str) -> Cells:
        return {
            "provider": self.provider,
            "region": key[0],
            "instance": key[1],
            "card": card,
            "gpus": text_of(amount(cells["gpu_count"])),
            "on_demand_per_hour": "",
            "spot_per_hour": "",
            "vcpus": text_of(amount(cells.get("cpu", ""))),
            "host_memory_gib": text_of(amount(cells.get("memory", ""))),
            "currency": "USD",
            "date": self.day,
            "date_precision": "day",
            "source": f"{ORIGIN} {self.name}, day the file was written",
        }
