"""Needs that share limits: the total is that of every way to divide them, and scarce limits have their price."""

from __future__ import annotations

import itertools
import json
import math
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from batching import IMPOSSIBLE, rows, run, statuses, train, write_lines

sys.path.insert(0, str(Path(__file__).parents[1] / "planner"))

from market import catalog, need, offer, provider, write

from optplan import Catalog, solve
from optplan.batch import courier
from optplan.batch.crew import Alone
from optplan.batch.inputs import open_inputs
from optplan.batch.together import Shared, Together, read_options, solve_together
from optplan.batch.work import Settings
from optplan.errors import BadInput

Raw = dict[str, Any]


def together(path: Path, needs: Sequence[Raw], shared: Shared, known: Catalog) -> tuple[list[Raw], Together]:
    """(rows, account) of needs under shared limits."""
    inputs = open_inputs([str(write_lines(path / "needs.jsonl", needs))])
    lines, found = solve_together(inputs, known, Alone(courier.pack(known)), Settings(), shared)
    told = [line.head(line.entry.status) + (line.entry.data or b"") for line in lines]
    return [json.loads(text) for text in told], found


def random_need(rng: random.Random, market: str) -> Raw:
    """A small need that sees one made-up market alone."""
    limits = {"providers": [market]}
    task = rng.choice(("finetune", "serve", "generate"))
    if task == "finetune":
        tokens = f"{rng.randint(20, 400)}M tokens"
        deadline = f"{rng.choice((20, 60, 200))}h"
        return {
            "task": task,
            "model": "3B",
            "method": "lora",
            "data": tokens,
            "deadline": deadline,
            "limits": limits,
        }
    if task == "serve":
        traffic = {"requests_per_second": rng.randint(1, 6), "prompt_tokens": 500, "answer_tokens": 200}
        return {"task": task, "model": "3B", "traffic": traffic, "duration": "24h", "limits": limits}
    batch = {"requests": rng.randint(20, 200) * 1000, "prompt_tokens": 500, "answer_tokens": 200}
    return {"task": task, "model": "3B", "traffic": batch, "deadline": "8h", "limits": limits}


def divided(needs: Sequence[Raw], quotas: dict[str, int], known: Catalog) -> tuple[int, float]:
    """(needs served, total cost) of the best of all ways to divide the cards among the needs."""
    cards = list(quotas)
    ways = list(itertools.product(*(range(quotas[card] + 1) for card in cards)))
    best: dict[tuple[int, ...], tuple[int, float]] = dict.fromkeys(ways, (0, 0.0))
    for raw in needs:
        cost = {}
        for way in ways:
            limits = {**raw["limits"], "quota": dict(zip(cards, way, strict=True))}
            plan = solve(need(**{**raw, "limits": limits}), known, explore=False)
            cost[way] = plan.total_cost if plan.feasible else math.inf
        new = dict(best)
        for held, (served, total) in best.items():
            for way, more in cost.items():
                sum_ = tuple(a + b for a, b in zip(held, way, strict=True))
                if sum_ in new and math.isfinite(more):
                    better = (served + 1, total + more)
                    if (-better[0], better[1]) < (-new[sum_][0], new[sum_][1]):
                        new[sum_] = better
        best = new
    return min(best.values(), key=lambda found: (-found[0], found[1]))


@pytest.mark.parametrize("seed", range(8))
def test_the_total_is_that_of_the_best_way_to_divide_the_cards(seed: int, tmp_path: Path) -> None:
    rng, known = random.Random(seed), catalog()
    market = f"m{rng.randrange(40)}"
    needs = [random_need(rng, market) for _ in range(3)]
    offers = known.offers
    of_market = offers.provider == offers.providers.index(market)
    cards = sorted({offers.cards[c] for c in offers.card[of_market]})
    quotas = {card: rng.randint(0, 3) for card in cards[:2]}
    spelled = [f"{rng.choice(('', market + ':'))}{card}={most}" for card, most in quotas.items()]
    found = together(tmp_path, needs, read_options(None, spelled), known)[1]
    served, total = divided(needs, quotas, known)
    assert (found.served, found.total) == (served, pytest.approx(total, rel=1e-9))
    assert found.gap <= 1e-9
    assert all(limit.used <= limit.allowed for limit in found.limits)


@pytest.fixture
def shop(tmp_path: Path) -> Catalog:
    """Two cards at two providers: the cheap provider's L40S is best, and dearer ones do as well."""
    folder = tmp_path / "shop"
    folder.mkdir()
    write(folder, "providers", [provider("cheap", (1, 1)), provider("dear", (1, 1))])
    write(
        folder,
        "offers",
        [offer("cheap", "L40S", 1, 1.0), offer("dear", "L40S", 1, 1.5), offer("dear", "L4", 1, 9.0)],
    )
    return Catalog.load([folder])


def chat(name: str, **more: Any) -> Raw:
    """A service that one L40S carries for ten hours."""
    traffic = {"requests_per_second": 0.5, "prompt_tokens": 500, "answer_tokens": 200}
    limits = {"providers": ["cheap", "dear"], "gpus": ["L40S"]}
    return {
        "name": name, "task": "serve", "model": "3B", "traffic": traffic, "duration": "10h", "limits": limits, **more,
    }  # fmt: skip


def test_a_quota_of_one_provider_moves_the_rest_to_the_next_and_one_more_card_has_its_price(
    shop: Catalog, tmp_path: Path
) -> None:
    needs = [chat("a"), chat("b"), chat("c")]
    found_rows, found = together(tmp_path, needs, read_options(None, ["cheap:L40S=2"]), shop)
    assert sorted(row["cards"][0]["provider"] for row in found_rows) == ["cheap", "cheap", "dear"]
    (limit,) = found.limits
    assert (found.total, found.alone) == (pytest.approx(35), pytest.approx(30))
    assert (limit.used, limit.allowed, limit.spare) == (2, 2, 0)
    assert limit.worth is not None
    assert (limit.worth.more, limit.worth.serves) == (1, 0)
    assert limit.worth.saves == pytest.approx(5.0)
    assert limit.worth.per_hour == pytest.approx(0.5), "1.5 - 1.0 USD/h, by hand"


def test_overlapping_limits_count_the_same_cards(shop: Catalog, tmp_path: Path) -> None:
    needs = [chat(name) for name in "abcd"]
    found = together(tmp_path, needs, read_options(None, ["cheap:L40S=2", "L40S=3"]), shop)[1]
    assert (found.served, found.left_out, found.total) == (3, 1, pytest.approx(35))
    by_name = {limit.name: limit for limit in found.limits}
    assert by_name["L40S"].worth is not None
    assert by_name["L40S"].worth.serves == 1
    worth = by_name["cheap:L40S"].worth
    assert worth is not None
    assert worth.saves == pytest.approx(5.0)


def test_where_there_is_no_room_as_few_as_can_be_are_left_out(shop: Catalog, tmp_path: Path) -> None:
    large = chat("large", limits={**chat("")["limits"], "min_replicas": 3})
    found_rows, found = together(
        tmp_path, [large, chat("a"), chat("b")], read_options(None, ["L40S=3"]), shop
    )
    assert statuses(found_rows) == ["left_out", "optimal", "optimal"]
    assert found_rows[0]["faults"][0]["code"] == "no-room"
    assert (found.served, found.left_out) == (2, 1)


def test_a_budget_leaves_out_what_it_cannot_pay_and_says_what_would(shop: Catalog, tmp_path: Path) -> None:
    needs = [chat("a"), chat("b", duration="30h"), chat("c")]
    found = together(tmp_path, needs, read_options("25 USD", []), shop)[1]
    assert (found.served, found.total, found.all_served) == (2, pytest.approx(20), pytest.approx(50))
    assert together(tmp_path, needs, read_options("50 USD", []), shop)[1].left_out == 0


def test_separate_plans_that_keep_to_the_limits_are_kept(shop: Catalog, tmp_path: Path) -> None:
    needs = [chat("a"), chat("b", traffic={"requests_per_second": 9})]
    alone = [solve(need(**raw), shop, explore=False) for raw in needs]
    cards = sum(line.count for plan in alone for line in plan.cards)
    found_rows, found = together(tmp_path, needs, read_options(None, [f"cheap:L40S={cards}"]), shop)
    assert found.total == pytest.approx(sum(plan.total_cost for plan in alone), rel=1e-12)
    assert [row["total_cost"] for row in found_rows] == [plan.total_cost for plan in alone]
    assert found.looks == 0, "nothing had to be solved twice"


def test_owned_cards_are_shared_though_nobody_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "owned"
    folder.mkdir()
    row = {
        "provider": "cheap", "region": "any", "instance": "rack", "card": "L40S", "gpus": 2, "nodes": 1,
        "cost_per_hour": 0.1, "currency": "USD", "date": "2026-01-01", "source": "tests",
    }  # fmt: skip
    write(folder, "providers", [provider("cheap", (1, 1))])
    write(folder, "offers", [offer("cheap", "L40S", 1, 1.0)])
    write(folder, "owned", [row])
    known = Catalog.load([folder])
    limits = {"providers": ["cheap"], "purchase": ["on_demand", "owned"]}
    needs = [chat(name, limits=limits) for name in "abc"]
    found_rows, found = together(tmp_path, needs, Shared(), known)
    assert sorted(row["cards"][0]["purchase"] for row in found_rows) == ["on_demand", "owned", "owned"]
    assert [(limit.name, limit.used) for limit in found.limits] == [("owned:rack", 2)]


def test_limits_come_from_the_command_line_or_from_the_input(tmp_path: Path) -> None:
    one = {"task": "finetune", "model": "9B", "method": "lora", "data": "50M tokens"}
    needs: list[Raw] = [{**one, "name": "a", "limits": {"gpus": ["H100"], "providers": ["vast"]}}] * 2
    source = tmp_path / "needs.jsonl"
    write_lines(source, [{"together": {"quota": {"vast:H100": 1}}}, *needs])
    plain = run(source, "-o", tmp_path / "plain.jsonl")
    assert plain.returncode == 2
    assert "--together" in rows(tmp_path / "plain.jsonl")[0]["faults"][0]["hint"]
    done = run(source, "-o", tmp_path / "out.jsonl", "--together", "--json")
    assert done.returncode == 1, done.stderr
    account = json.loads(done.stdout)
    assert [(limit["name"], limit["allowed"]) for limit in account["limits"]] == [("vast:H100", 1)]
    assert sorted(statuses(rows(tmp_path / "out.jsonl"))) == ["left_out", "optimal"]
    wider = run(source, "-o", tmp_path / "wide.jsonl", "--together", "--quota", "vast:H100=64")
    assert wider.returncode == 0
    assert "Who gets what" in wider.stdout


def test_limits_in_yaml_stand_in_a_document_of_their_own(tmp_path: Path) -> None:
    source = tmp_path / "needs.yaml"
    source.write_text(
        "together: {budget: 10000 USD, quota: {H100: 16}}\n---\ntask: finetune\nmodel: 9B\n"
        "method: lora\ndata: 50M tokens\nlimits: {gpus: [H100], providers: [vast]}\n"
    )
    done = run(source, "-o", tmp_path / "out.jsonl", "--together", "--json")
    assert done.returncode == 0, done.stderr
    assert [limit["name"] for limit in json.loads(done.stdout)["limits"]] == ["H100", "budget"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--quota", "H100=16"), "add --together"),
        (("--together", "--quota", "H100"), "CARD=NUMBER"),
        (("--together", "--quota", "H100=few"), "H100"),
        (("--together", "--quota", "H100=-1"), "not a number of cards"),
        (("--together", "--quota", "Z9000=1"), "Z9000"),
        (("--together", "--quota", "nobody:H100=1"), "no offer of a provider 'nobody'"),
        (("--together", "--budget", "much"), "budget"),
        (("--together", "--budget", "0 USD"), "above 0"),
    ],
)
def test_limits_that_mean_nothing_are_told(tmp_path: Path, options: tuple[str, ...], told: str) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [chat("a", limits={"providers": ["vast"]})])
    done = run(needs, "-o", tmp_path / "out.jsonl", *options)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_a_document_of_limits_with_an_unknown_key_is_told(shop: Catalog, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no key `cards`"):
        together(tmp_path, [{"together": {"cards": 5}}, chat("a")], Shared(), shop)


def test_the_summary_tells_needs_left_out_from_those_that_no_plan_can_do(tmp_path: Path) -> None:
    needs = [train(10**6, "a"), train(2 * 10**8, "b"), IMPOSSIBLE]
    path = write_lines(tmp_path / "needs.jsonl", needs)
    found = run(path, "-o", tmp_path / "out.jsonl", "--together", "--quota", "H100=0", "--workers", 1)
    assert found.returncode == 1
    assert "3 needs: 0 solved, 1 infeasible, 0 bad, 2 left out" in found.stderr


JOB = "task: finetune\nmodel: 3B\ndata: 9M tokens\n---\n"
UNREADABLE = {
    "a.jsonl": '{"together": {"quota": {"H100": 1}}, "together": {}}\n{"task": "serve", "model": "3B"}\n',
    "b.jsonl": '{"together": {"quota": {"H100": 1}}\n{"task": "serve", "model": "3B"}\n',
    "c.yaml": JOB + "together: {quota: {H100: 1}\n",
    "d.yaml": JOB + "together:\n  quota: {H100: 1}\nbudget: 5 USD\n",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_limits_that_cannot_be_read_stop_the_run_so_that_nothing_is_solved_without_them(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text(UNREADABLE[name])
    done = run(str(tmp_path / name), "-o", str(tmp_path / "out.jsonl"), "--together")
    assert done.returncode == 2
    assert name in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
