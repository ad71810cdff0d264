"""Hours billed for offline inference, whose units may work for different numbers of billing steps."""

from __future__ import annotations

from typing import Any

from numpy import ceil, maximum, where

from optplan.rule import derive
from optplan.rules.constants import SECOND
from optplan.units import HOUR, TOLERANCE


@derive(unit="hour", source="the provider's price list: billing increment and minimum", status="exact")
def billed_hours(
    elapsed_hours: Any, units: Any, nodes: Any, setup_hours: Any, billing_step: Any, billing_minimum: Any
) -> Any:
    """Hours billed for a unit, mean over the units: whole billing steps, at least the minimum and the start

    The work is shared out so that the units together, or the groups of nodes that work as one, begin no more steps
    than it takes. Steps within a second are continuous.
    """
    return (
        where(
            billing_step > SECOND,
            maximum(
                ceil(elapsed_hours * HOUR * units / nodes / billing_step * (1 - TOLERANCE))
                * billing_step
                * nodes
                / units,
                ceil(maximum(billing_minimum, setup_hours * HOUR) / billing_step * (1 - TOLERANCE))
                * billing_step,
            ),
            maximum(elapsed_hours * HOUR, billing_minimum),
        )
        / HOUR
    )
