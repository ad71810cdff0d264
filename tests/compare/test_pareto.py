"""Fronts against every plan there is, and what cannot be asked."""

from __future__ import annotations

from pathlib import Path

import places
import pytest

from optplan.compare import pareto
from optplan.compare.front import FrontPoint, unbeaten
from optplan.errors import BadInput
from optplan.planner import load_catalog, solve
from optplan.problem import read

PROBLEMS = Path(__file__).parents[2] / "problems"
ALL = {"cost": 0, "time": 1, "carbon": 2}
JOBS = range(12)
SERVICES = range(8)


def values(points: list[FrontPoint], objectives: str) -> list[tuple[float, ...]]:
    of = {"cost": "cost", "time": "hours", "carbon": "carbon_kg"}
    return [tuple(getattr(point, of[name]) for name in objectives.split(",")) for point in points]


def positions(objectives: str) -> tuple[int, ...]:
    return tuple(ALL[name] for name in objectives.split(","))


@pytest.mark.parametrize("number", JOBS)
@pytest.mark.parametrize("objectives", ["cost,time", "cost,carbon", "cost,time,carbon"])
def test_the_front_of_a_job_is_that_of_all_gangs(number: int, objectives: str) -> None:
    asked = places.job(number)
    found = pareto(asked, objectives, places.catalog())
    expected = places.front(places.job_plans(asked), positions(objectives))
    got = values(found.points, objectives)
    assert len(got) == len(expected), (got, [tuple(map(float, v)) for v in expected])
    assert all(places.alike(a, b) for a, b in zip(got, expected, strict=True))
    assert found.exact


@pytest.mark.parametrize("number", SERVICES)
def test_the_front_of_a_service_is_that_of_all_fleets(number: int) -> None:
    asked = places.service(number)
    found = pareto(asked, "cost,carbon", places.catalog())
    expected = places.front(places.service_plans(asked), positions("cost,carbon"))
    got = values(found.points, "cost,carbon")
    assert len(got) == len(expected), (got, [tuple(map(float, v)) for v in expected])
    assert all(places.alike(a, b) for a, b in zip(got, expected, strict=True))
    assert found.exact


def test_fronts_have_more_than_one_plan_in_most_of_these_cases() -> None:
    sizes = [len(places.front(places.job_plans(places.job(n)), (0, 1))) for n in JOBS]
    assert sum(size > 1 for size in sizes) > len(sizes) / 2
    sizes = [len(places.front(places.service_plans(places.service(n)), (0, 2))) for n in SERVICES]
    assert sum(size > 1 for size in sizes) > len(sizes) / 2


@pytest.mark.parametrize("number", range(4))
def test_the_front_of_a_batch_lies_on_the_cheapest_plan_of_every_deadline(number: int) -> None:
    found = pareto(places.batch(number), "cost,time", places.catalog())
    points = sorted(found.points, key=lambda point: point.hours)
    assert points
    longest = max(p.hours for p in points)
    for share in (0.35, 0.5, 0.72, 0.9, 1.0):
        hours = max(longest * share, points[0].hours) * (1 + 1e-9)
        case = places.market.fleet_of(places.batch(number, deadline=f"{hours!r}h"))
        best = places.oracle.best_batch(case, 3)
        assert best is not None
        cost = float(best[0])
        assert max((p.cost for p in points if p.hours >= hours), default=0.0) <= cost * (1 + 1e-6)
        assert min(p.cost for p in points if p.hours <= hours) >= cost * (1 - 1e-6)


def test_every_point_is_the_cheapest_plan_of_its_own_deadline() -> None:
    asked = read(PROBLEMS / "summarise-reports.yaml")[0].need
    found = pareto(asked, "cost,time", load_catalog())
    assert len(found.points) > 20
    assert any(point.smooth for point in found.points)
    assert not found.exact  # there is no end of plans where the work is shared out as one likes
    for point in found.points[::9]:
        limits = asked.limits.model_copy(update={"max_cards": 64})
        again = asked.model_copy(update={"deadline": point.hours * (1 + 1e-7), "limits": limits})
        plan = solve(again, load_catalog(), explore=False)
        assert plan.total_cost == pytest.approx(point.cost, rel=1e-5)


def test_the_front_starts_at_the_cheapest_plan_and_each_point_is_dearer_and_faster() -> None:
    asked = read(PROBLEMS / "finetune-9b-48h.yaml")[0].need
    found = pareto(asked, "cost,time", load_catalog())
    assert found.points[0].cost == pytest.approx(solve(asked, load_catalog(), explore=False).total_cost)
    for one, other in zip(found.points, found.points[1:], strict=False):
        assert one.cost < other.cost
        assert one.hours > other.hours
    assert all(point.proven for point in found.points)
    assert found.notes == ["plans of up to 64 cards; say max_cards for more or fewer"]


def test_a_need_without_a_plan_has_an_empty_front_that_says_why() -> None:
    found = pareto(places.job(0, deadline="1s"), "cost,time", places.catalog())
    assert found.points == []
    assert found.none is not None
    assert found.none.reasons
    assert found.json()["none"]["status"] == "infeasible"


@pytest.mark.parametrize(
    ("asked", "text", "message"),
    [
        ("job", "cots,time", "did you mean cost?"),
        ("job", "time,carbon", "a front is of cost against something"),
        ("job", "cost", "a front is of cost against something"),
        ("job", "cost,cost", "a front is of cost against something"),
        ("job", "", "'' is no objective"),
        ("service", "cost,time", "write cost,carbon"),
    ],
)
def test_objectives_that_have_no_meaning_are_refused(asked: str, text: str, message: str) -> None:
    need = places.job(0) if asked == "job" else places.service(0)
    with pytest.raises(BadInput) as error:
        pareto(need, text, places.catalog())
    assert message in str(error.value)


def test_rules_that_count_no_carbon_have_no_front_of_it() -> None:
    with pytest.raises(BadInput, match="the rules lesson count no carbon"):
        pareto(places.job(0, rules="lesson"), "cost,carbon", places.catalog())


def test_of_equal_points_the_first_stays() -> None:
    plan = solve(places.job(1), places.catalog(), explore=False)
    points = [
        FrontPoint(c, h, 1.0, plan, True)
        for c, h in ((2.0, 1.0), (1.0, 3.0), (1.0, 2.0), (2.0, 1.0), (3.0, 1.0))
    ]
    assert [(p.cost, p.hours) for p in unbeaten(points, ("cost", "time"))] == [(1.0, 2.0), (2.0, 1.0)]
