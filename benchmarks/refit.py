"""Fit every fitted constant of the rules to published measurements, and write them into the table.

    python benchmarks/refit.py FOLDER [--dry-run]

FOLDER has training_memory.csv, training_speed.csv, inference_memory.csv and inference_throughput.csv, in
the form that `optplan validate` reads. Rows of optplan/data/assumptions.csv are replaced by (name, key);
others stay as they are. With --dry-run nothing is written.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import os
import sys
from pathlib import Path

import refit_inference
import refit_training

from optplan.catalog import DATA

TABLE = DATA / "assumptions.csv"


def merged(old: list[dict[str, str]], new: list[dict[str, str]]) -> list[dict[str, str]]:
    """The old rows with the new ones in their places; one without a place follows those of its name."""
    fresh = {(row["name"], row["key"]): row for row in new}
    rows = [fresh.pop((row["name"], row["key"]), row) for row in old]
    return sorted([*rows, *fresh.values()], key=lambda row: row["name"])


def placed(old: list[dict[str, str]], fitted: list[refit_inference.Fitted]) -> list[dict[str, str]]:
    """Rows of the table with newly fitted values; their ends keep their distance as a factor."""
    before = {(row["name"], row["key"]): row for row in old}
    rows = []
    for one in fitted:
        row = dict(before[one.name, one.key])
        factor = one.value / float(row["expected"])
        ends = {end: f"{float(row[end]) * factor:.4g}" for end in ("low", "high")}
        today = datetime.date.today().isoformat()
        source = f"{one.source}, by benchmarks/refit.py"
        rows.append(
            {
                **row,
                **ends,
                "expected": f"{one.value:.4g}",
                "status": "fitted",
                "source": source,
                "date": today,
            }
        )
    return rows


def table() -> tuple[list[str], list[dict[str, str]]]:
    """(columns, rows) of the assumptions table."""
    with TABLE.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        return list(reader.fieldnames or ()), list(reader)


def write(rows: list[dict[str, str]], columns: list[str], path: Path) -> None:
    """Write the table whole, then put it in place at once."""
    draft = path.with_suffix(".csv.new")
    with draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    os.replace(draft, path)


def main(arguments: list[str]) -> int:
    """Refit, print what changed, and write; 0 when done."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, help="folder of the measured files")
    parser.add_argument("--dry-run", action="store_true", help="print, write nothing")
    asked = parser.parse_args(arguments)
    _, old = table()
    before = {(row["name"], row["key"]): row["expected"] for row in old}
    names = ("inference_throughput", "inference_memory")
    served = [one for name in names for one in refit_inference.fit(asked.folder / f"{name}.csv")]
    new = refit_training.fit(asked.folder) + placed(old, served)
    for row in new:
        was = before.get((row["name"], row["key"]), "new")
        print(f"{row['name']:28s} {row['key'] or '(general)':40s} {was:>10s} -> {row['expected']}")
    print(f"{len(new)} constants")
    if not asked.dry_run:
        columns, now = table()  # as it is by now: fitting takes minutes
        write(merged(now, new), columns, TABLE)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
