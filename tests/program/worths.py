"""The worth of the columns of one need."""

from __future__ import annotations

import numpy as np

from optplan.program.columns import Columns
from optplan.program.hulls import worth_of_each
from optplan.program.limits import Limits
from optplan.program.spans import Spans
from optplan.program.worth import Loads, Worth, service_worths


def batch_worth(columns: Columns, spans: Spans, limits: Limits) -> Worth:
    """Of offline work."""
    return worth_of_each(columns, spans, np.array([0]), [limits]).of(0, slice(0, len(columns)))


def service_worth(columns: Columns, load: np.ndarray, hours: float, limits: Limits) -> Worth:
    """Of a service."""
    worths = service_worths(columns, Loads(load, hours), np.array([0]), [limits])
    return worths.of(0, slice(0, len(columns)))
