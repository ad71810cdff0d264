"""Wall clock of a job on cards that may be taken away."""

from __future__ import annotations

from typing import Any

from numpy import isfinite

from optplan.rule import derive

YOUNG = "Young 1974, doi:10.1145/361147.361115"


@derive(unit="1", source=YOUNG, status="assumed")
def expected_interruptions(is_spot: Any, nodes: Any, job_hours: Any, interruption_rate: Any) -> Any:
    """Times that a spot node is expected to be taken away during the job

    One lost node stops the whole gang.
    """
    return is_spot * nodes * job_hours * interruption_rate


@derive(unit="hour", source=YOUNG, status="assumed")
def reserve_hours(
    expected_interruptions: Any, lost_hours: Any, restart_hours: Any, reserve_factor: Any, deadline_hours: Any
) -> Any:
    """Time kept free before a deadline for more interruptions than are expected"""
    return isfinite(deadline_hours) * reserve_factor * expected_interruptions * (lost_hours + restart_hours)


@derive(unit="hour", source=YOUNG, status="assumed")
def elapsed_hours(
    job_hours: Any, expected_interruptions: Any, lost_hours: Any, restart_hours: Any, reserve_hours: Any
) -> Any:
    """Wall clock with the work that interruptions lose, the restarts, and the reserve before a deadline

    Interruptions during the repeated hours are not counted.
    """
    return job_hours + expected_interruptions * (lost_hours + restart_hours) + reserve_hours
