"""Settled need x Catalog -> the table of candidates, and the columns that the rules read of them."""

from optplan.candidates.inputs import (
    assumption_columns,
    assumptions_for,
    card_columns,
    columns,
    currency_of,
    layout_columns,
    link_columns,
)
from optplan.candidates.tables import (
    LARGE_SIZES,
    LAYOUT,
    MOST_IN_NODE,
    SIZES,
    Table,
    job_rows,
    job_table,
    nodes_of,
    reachable,
    replica_rows,
    replica_table,
)

__all__ = [
    "LARGE_SIZES",
    "LAYOUT",
    "MOST_IN_NODE",
    "SIZES",
    "Table",
    "assumption_columns",
    "assumptions_for",
    "card_columns",
    "columns",
    "currency_of",
    "job_rows",
    "job_table",
    "layout_columns",
    "link_columns",
    "nodes_of",
    "reachable",
    "replica_rows",
    "replica_table",
]
