"""The European Central Bank's reference rates (daily or history; CSV or its zip) -> rows of fx.csv.

A file has a column of days and one a currency, in units for one euro; the newest day is taken.
"""

from __future__ import annotations

import csv
import datetime
import io
import math
import zipfile
from pathlib import Path

from optplan.errors import BadInput, Fault
from optplan.imports.account import Imported
from optplan.imports.files import amount, decoded, read_bytes, text_of

ORIGIN = "ECB euro foreign exchange reference rates"
OLDER = "rates of other days than the newest"
_HINT = "give eurofxref.zip, eurofxref-hist.zip or the CSV in it"


def import_ecb(paths: list[Path]) -> Imported:
    """Rates of the newest day of all files. Raises BadInput where one is none of the ECB's."""
    out = Imported(ORIGIN)
    found: list[tuple[datetime.date, str, int, dict[str, str]]] = []
    for path in paths:
        found += _days(path, out)
    if not found:
        raise BadInput(Fault("no-rates", str(paths[0]), "holds no day with rates", _HINT))
    newest = max(found, key=lambda day: day[0])
    out.aside[OLDER] += len(found) - 1
    if out.aside[OLDER] == 0:
        del out.aside[OLDER]
    _take(newest, out)
    out.sort()
    return out


def _days(path: Path, out: Imported) -> list[tuple[datetime.date, str, int, dict[str, str]]]:
    """(day, file, line, currency -> cell) of every row of a file."""
    name, text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [cell.strip() for cell in next(reader, [])]
    if header[:1] != ["Date"] or "USD" not in header:
        message = "its first line does not begin with `Date` and name `USD`"
        raise BadInput(Fault("not-ecb", f"{path}:1", message, _HINT))
    found = []
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        out.read += 1
        day = _day(cells[0].strip())
        if day is None or len(cells) != len(header):
            reason = f"no day: `{cells[0][:30]}`" if day is None else f"a broken row: {len(cells)} cells"
            out.refuse(name, reader.line_num, reason, ",".join(cells))
            continue
        rates = {code: cell.strip() for code, cell in zip(header[1:], cells[1:], strict=True) if code}
        found.append((day, name, reader.line_num, rates))
    return found


def _text(path: Path) -> tuple[str, str]:
    content = read_bytes(path)
    if not content.startswith(b"PK"):
        return path.name, decoded(content, str(path))
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            name = next((n for n in archive.namelist() if n.endswith(".csv")), None)
            if name is None:
                raise BadInput(Fault("not-ecb", str(path), "holds no CSV", _HINT))
            return name, decoded(archive.read(name), str(path))
    except zipfile.BadZipFile as error:
        raise BadInput(Fault("unreadable-file", str(path), f"is no sound zip: {error}", _HINT)) from None


def _day(text: str) -> datetime.date | None:
    """A day as the history writes it ("2026-10-30") or the daily file does ("30 October 2026")."""
    for form in ("%Y-%m-%d", "%d %B %Y"):
        try:
            return datetime.datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _take(newest: tuple[datetime.date, str, int, dict[str, str]], out: Imported) -> None:
    """Rates for one dollar: the file's rate over that of the dollar."""
    day, name, line, cells = newest
    dollar = amount(cells["USD"])
    if math.isnan(dollar):
        raise BadInput(Fault("no-rates", f"{name}:{line}", f"has no rate of the dollar on {day}", _HINT))
    rates = {code: amount(cell) / dollar for code, cell in cells.items() if code != "USD"} | {
        "EUR": 1 / dollar
    }
    for code, rate in sorted(rates.items()):
        if rate != rate:
            out.refuse(name, line, f"no rate on {day}: {code}", f"{code} {cells[code]}")
            continue
        row = {"date": day.isoformat(), "base": "USD", "quote": code, "rate": text_of(rate)}
        out.add("fx", row | {"source": f"{ORIGIN}, {name}"})
