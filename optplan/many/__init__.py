"""Many needs at once: blocks of needs evaluated together, each answer equal to that of a single `solve`."""

from __future__ import annotations

from optplan.many.block import solve_block

__all__ = ["solve_block"]
