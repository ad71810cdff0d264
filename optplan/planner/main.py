"""settle -> candidates -> rules -> program -> solution -> plan."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from optplan.catalog import Catalog
from optplan.need import AnyNeed
from optplan.plan import Plan
from optplan.planner.answer.assemble import plan_of
from optplan.planner.context import Context, check_fixed
from optplan.planner.costs.life import within_life
from optplan.planner.costs.pricing import Pricing
from optplan.planner.search.jobs import find_job
from optplan.planner.search.mixes import with_mix
from optplan.rules import pack as pack_of
from optplan.settle import own_catalog, settle


def solve(
    need: AnyNeed,
    catalog: Catalog | None = None,
    *,
    rules: str | None = None,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
    time_limit: float | None = None,
    today: date | None = None,
    explore: bool = True,
) -> Plan:
    """The cheapest plan for a need, proven; or why there is none, and the cheapest ways out.

    rules    a pack's name or a file of rules, instead of the need's own
    fixed    quantities or assumptions by name, beside the need's `assume`
    base     folder that a relative path to a config.json starts from
    explore  look for ways out, and at mixes that were not asked for; off where only the plan counts
    Raises BadInput for names that mean nothing.
    """
    catalog = catalog or load_catalog()
    context = prepare(need, catalog, rules=rules, fixed=fixed, base=base, time_limit=time_limit)
    pricing = Pricing(context)
    if need.task == "finetune":
        found = with_mix(find_job(context, pricing), context, pricing, explore)
    else:
        from optplan.planner.search.fleets import find_fleet  # much that a training job does without

        found = find_fleet(context, pricing)
    plan = plan_of(context, found, today or date.today())
    if explore and not plan.feasible:
        from optplan.planner.relax.waysout import ways_out

        plan.ways_out = ways_out(context, solve)
    return plan


def prepare(
    need: AnyNeed,
    catalog: Catalog,
    *,
    rules: str | None = None,
    fixed: Mapping[str, float] | None = None,
    base: Path | None = None,
    time_limit: float | None = None,
) -> Context:
    """Everything that planning reads: names resolved, defaults filled, rules collected."""
    if rules is not None:
        need = need.model_copy(update={"rules": rules})
    settled = settle(need, catalog, base)
    pack = pack_of(need.rules, need.task)
    check_fixed(need.assume, pack, catalog, "assume")
    check_fixed(fixed or {}, pack, catalog, "--set")
    known = own_catalog(need, catalog)
    context = Context(settled, known, pack, {**need.assume, **(fixed or {})}, base, time_limit)
    within_life(context)
    return context


@functools.cache
def load_catalog() -> Catalog:
    """The shipped catalog, read once."""
    return Catalog.load()
