"""The table of owned nodes -> offers without a price of their own: units of 1, 2, 4 .. cards out of shared pools."""

from __future__ import annotations

from typing import Any

from optplan.catalog.read import Table

PARTS = (1, 2, 4, 8, 16)  # cards of a unit: each fills a whole number of times into the next


def units_of(gpus: int) -> list[int]:
    """Sizes of units that a node of so many cards is handed out in: its parts, and the whole node."""
    return [*(n for n in PARTS if n < gpus and gpus % n == 0), gpus]


def in_units(table: Table) -> Table:
    """A row for each size of unit; `pool` numbers the row it came from, `pool_cards` are the cards of that row.

    `whole` is true of whole nodes: only these work together over a network.

    Units of sizes that divide one another always pack into the nodes, as long as their cards do.
    """
    columns: dict[str, list[Any]] = {name: [] for name in table.columns} | {
        "pool": [],
        "pool_cards": [],
        "whole": [],
    }
    rows = list(table.rows())
    picked = [(i, size) for i, row in enumerate(rows) for size in units_of(row["gpus"])]
    for i, size in picked:
        row = rows[i]
        share, whole = size / row["gpus"], size == row["gpus"]
        changed = {
            "gpus": size,
            "instance": row["instance"] if whole else f"{row['instance']}:{size}",
            "cost_per_hour": row["cost_per_hour"] * share,
            "pool": i,
            "pool_cards": row["gpus"] * row["nodes"],
            "whole": whole,
        }
        for name, value in (row | changed).items():
            columns[name].append(value)
    lines, files = [table.lines[i] for i, _ in picked], [table.files[i] for i, _ in picked]
    return Table(table.name, columns, lines, files)
