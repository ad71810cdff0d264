"""The cost of the cheapest cards at any volume of a service, its candidates evaluated once."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from optplan.planner.context import Context
from optplan.planner.costs.carbon import weighed_limits
from optplan.planner.costs.pricing import Pricing
from optplan.planner.search.fleets import fleet_program, rates_of, survey_fleet
from optplan.program.columns import Columns, undominated
from optplan.program.limits import Limits
from optplan.program.meet import in_the_long_run, meeting_program
from optplan.solve import solve_program


@dataclass(slots=True)
class Stairs:
    """Costs are totals of plans, as the need's own volume (scale 1) has them."""

    context: Context
    columns: Columns
    limits: Limits
    costs: dict[float, float] = field(default_factory=dict)

    @classmethod
    def of(cls, context: Context) -> Stairs | None:
        """None where the candidates depend on the volume, or cards may not be mixed freely."""
        settled = context.settled
        if settled.need.task != "serve" or settled.mix != "any" or getattr(settled.need, "slices", None):
            return None
        if "requests_per_second" in context.pack.read_by(context.targets):
            return None
        pricing = Pricing(context)
        *_, columns = survey_fleet(context, pricing)
        limits = weighed_limits(context, pricing, settled.hours)
        if math.isfinite(limits.carbon):
            return None
        return cls(context, columns, limits)

    def cost(self, scale: float) -> float:
        """Of the cheapest cards that carry so much of the volume; infinite where none do."""
        if scale not in self.costs:
            settled = self.context.settled
            rates = {"requests_per_second": settled.quantities["requests_per_second"] * scale}
            scaled = replace(self.context, settled=replace(settled, quantities=settled.quantities | rates))
            solution = solve_program(fleet_program(scaled, self.columns, self.limits).program)
            self.costs[scale] = solution.cost if solution.values else math.inf
        return self.costs[scale]

    def first(self, line: float) -> float:
        """The least scale at which cards cost no more than `line` times it; nan where there is none."""
        settled, used = self.context.settled, self.context.utilisation
        columns = undominated(self.columns, settled.hours, self.limits, settled.mix)
        program = meeting_program(columns, rates_of(self.context), settled.hours, used, self.limits, line)
        solution = solve_program(program)
        return solution.cost if solution.values else math.nan

    def last(self, line: float) -> float:
        """A scale from which cards cost less than `line` times it: their steps are small by then; nan: none."""
        hours, used = self.context.settled.hours, self.context.utilisation
        each, unit = in_the_long_run(self.columns, rates_of(self.context), hours, used)
        return unit / (line - each) if each < line else math.nan
