"""The page for people: the plan's own numbers, no wider than the terminal, plain when piped."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from plans import FEASIBLE, NEEDS, need_of, plan_of
from rich.cells import cell_len

from optplan.compare import compare, sweep, why_not
from optplan.explain import explain
from optplan.plan import LimitUse, Plan, WayOut
from optplan.planner import load_catalog
from optplan.report import print_json, words
from optplan.report.compare import print_plans, print_sweep
from optplan.report.noplan import steps
from optplan.report.plan import headline, print_plan
from optplan.report.tree import print_tree
from optplan.report.whynot import print_why_not

Capture = pytest.CaptureFixture[str]
WIDTHS = (60, 80, 160)


def page(capsys: Capture, monkeypatch: pytest.MonkeyPatch, plan: Plan, width: int = 80) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    capsys.readouterr()
    print_plan(plan)
    return capsys.readouterr().out


def joined(text: str) -> str:
    """The page as running text, so that wrapped lines do not matter."""
    return " ".join(text.split())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NEEDS)
def test_no_line_is_wider_than_the_terminal(
    name: str, width: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for line in page(capsys, monkeypatch, plan_of(name), width).splitlines():
        assert cell_len(line) <= width, line


@pytest.mark.parametrize("name", NEEDS)
def test_piped_output_has_no_colour_no_frame_and_no_blanks_at_the_end(
    name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = page(capsys, monkeypatch, plan_of(name))
    assert "\x1b" not in text
    assert not re.search("[│┃─━┌└]", text)
    assert not re.search(r" $", text, re.MULTILINE)


@pytest.mark.parametrize("name", FEASIBLE)
def test_the_headline_tells_cards_time_and_money(name: str) -> None:
    plan = plan_of(name)
    text = headline(plan)
    for gpu in {line.gpu for line in plan.cards}:
        count = sum(line.count for line in plan.cards if line.gpu == gpu)
        assert f"{count} x {gpu}" in text
    assert words.money(plan.total_cost, plan.currency) in text
    assert words.hours(plan.hours) in text
    assert text.startswith("Cheapest: ")


def test_a_plan_without_proof_does_not_call_itself_cheapest() -> None:
    assert headline(replace(plan_of("finetune"), status="feasible")).startswith("Best found, not proven")


@pytest.mark.parametrize("name", FEASIBLE)
def test_printed_terms_are_those_of_the_json_and_sum_to_the_total(
    name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(name)
    text = page(capsys, monkeypatch, plan, 160)
    costs = text.partition("What it costs\n")[2].partition("\n\n")[0]
    data = plan.json()
    for term in data["terms"]:
        assert re.search(rf"\b{term['name']}\s+{re.escape(words.cash(term['amount']))}$", costs, re.MULTILINE)
    assert re.search(rf"^total\s+{re.escape(words.cash(data['total_cost']))}$", costs, re.MULTILINE)
    assert sum(t["amount"] for t in data["terms"]) == pytest.approx(data["total_cost"])


@pytest.mark.parametrize("name", FEASIBLE)
def test_every_number_of_the_json_that_a_person_asks_for_is_on_the_page(
    name: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, data = plan_of(name), plan_of(name).json()
    text = joined(page(capsys, monkeypatch, plan, 160))
    for card in data["cards"]:
        assert card["provider"] in text
        assert card["region"] in text
        assert card["price_date"] in text
        assert words.PURCHASE[card["purchase"]] in text
    assert f"{words.figure(data['gpu_hours'])} GPU-hours" in text
    assert words.money(data["bound"], plan.currency) in text
    assert f"gap {data['gap']:.2%}" in text
    assert f"{data['catalog']['offers']:,} offers" in text
    for other in data["alternatives"]:
        assert other["cards"] in text
        assert f"+{words.cash(other['extra_cost'])}" in text
    for note in (*data["assumed"], *data["warnings"], *data["notes"]):
        assert joined(note) in text


def test_hours_gpu_hours_and_cards_are_told_apart(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("lesson")
    text = joined(page(capsys, monkeypatch, plan, 160))
    assert f"{words.figure(plan.gpu_hours)} GPU-hours in {words.hours(plan.hours)} of wall clock" in text
    assert plan.gpu_hours == pytest.approx(plan.hours * sum(line.count for line in plan.cards), rel=0.05)


@pytest.mark.parametrize(
    ("share", "state"),
    [(0.5, "50 % full, fits"), (0.8999, "89.9 % full, fits"), (0.9, "90 % full, just fits")],
)
def test_nearly_full_cards_just_fit(
    share: float, state: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of("finetune")
    line = plan.lines[0]
    memory = share * line.values["usable_memory"]
    values = line.values | {"memory_per_card": memory, "least_memory": memory}
    text = page(capsys, monkeypatch, replace(plan, lines=[replace(line, values=values)]), 160)
    assert state in joined(text)


def test_a_card_filled_to_speed_up_fits_with_room(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("finetune")
    line = plan.lines[0]
    has = line.values["usable_memory"]
    values = line.values | {"memory_per_card": 0.95 * has, "least_memory": 0.5 * has}
    text = page(capsys, monkeypatch, replace(plan, lines=[replace(line, values=values)]), 160)
    assert "95 % full, fits" in joined(text)


def test_the_lesson_compares_with_the_gigabytes_of_the_name(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "60 of 80 GB a card, 75 % full, fits" in joined(page(capsys, monkeypatch, plan_of("lesson")))


def test_a_limit_binds_or_says_what_is_spare(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [LimitUse("deadline", 48.0, 48.0, "hour", True), LimitUse("max_cards", 4, 16, "cards", False)]
    text = page(capsys, monkeypatch, replace(plan_of("finetune"), limits=limits), 160)
    assert re.search(r"^deadline\s+48 h\s+48 h\s+binds$", text, re.MULTILINE)
    assert re.search(r"^max_cards\s+4 cards\s+16 cards\s+12 cards spare$", text, re.MULTILINE)


def test_no_plan_tells_why_and_the_ways_out(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of("none")
    text = joined(page(capsys, monkeypatch, plan, 160))
    assert text.startswith("No plan")
    assert plan.reasons or plan.refusals
    for reason in plan.reasons:
        assert joined(reason) in text
    for way in plan.ways_out:
        cost = words.money(way.cost, plan.currency)
        assert joined(f"{steps(way)}; the plan then costs {cost}") in text


@pytest.mark.parametrize(
    ("way", "text"),
    [
        (WayOut("deadline", "1 h", "18 h", 5.0), "deadline: 1 h -> 18 h"),
        (WayOut("method and budget", "full and 1 USD", "lora and 2 USD", 5.0),
         "method: full -> lora, budget: 1 USD -> 2 USD"),
        (WayOut("gpus and budget", "A and B and 1 USD", "any and 2 USD", 5.0),
         "gpus and budget: A and B and 1 USD -> any and 2 USD"),
    ],
)  # fmt: skip
def test_each_change_of_a_way_out_stands_beside_what_it_was(way: WayOut, text: str) -> None:
    assert steps(way) == text


def test_refused_cards_are_summed_up_by_requirement_with_both_sides(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NEEDS:
        plan = plan_of(name)
        if plan.refusals:
            text = joined(page(capsys, monkeypatch, plan, 160))
            for requirement in {refusal.requirement for refusal in plan.refusals}:
                assert f"({requirement})" in text
            assert re.search(r": needs [\d.,]+.* has [\d.,]+", text)
            return
    pytest.fail("none of the needs refuses a card")


def test_json_of_every_plan_is_valid_and_has_no_nan(capsys: Capture) -> None:
    for name in NEEDS:
        print_json(plan_of(name).json())
        assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(plan_of(name).json()))


def test_json_with_a_number_that_it_cannot_hold_is_an_error_not_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"x": float("nan")})


@pytest.mark.parametrize("width", WIDTHS)
def test_trees_curves_and_comparisons_keep_to_the_width(
    width: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    print_tree(explain(plan_of("finetune")))
    print_tree(explain(plan_of("mixed")))
    print_plans([plan_of(name) for name in NEEDS])
    print_sweep(sweep(need_of("finetune"), "deadline=1h,12h", load_catalog()))
    print_why_not(why_not(need_of("finetune"), "T4", load_catalog()))
    print_why_not(why_not(need_of("finetune"), "A100", load_catalog()))
    for line in capsys.readouterr().out.splitlines():
        assert cell_len(line) <= width, line


def test_the_tree_shows_each_quantity_once_and_refers_to_it_later(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    explanation = explain(plan_of("finetune"))
    print_tree(explanation, depth=0)
    text = capsys.readouterr().out.partition("\nSources")[0]
    for node in explanation.nodes():
        heads = re.findall(rf"^[│├└ ]*{re.escape(node.id)} = .*\[\d+\]$", text, re.MULTILINE)
        assert len(heads) == 1, node.id
    edges = explanation.graph.number_of_edges()
    assert len(text.splitlines()) <= 3 * len(explanation.graph) + edges


def test_a_cut_tree_lists_every_assumption_underneath(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    explanation = explain(plan_of("finetune"))
    print_tree(explanation, depth=2)
    text = capsys.readouterr().out
    assert "--term" in text
    for node in explanation.nodes():
        if node.kind == "assumption":
            assert node.id in text, node.id


def test_compare_gives_the_plan_of_each_need() -> None:
    plans = compare([need_of("finetune"), need_of("serve")], load_catalog())
    assert [plan.name for plan in plans] == ["tune-9b", "chat-8b"]
    assert plans[0].total_cost == plan_of("finetune").total_cost


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (21.34, "21.3 h"),
        (720.0, "720 h (30 days)"),
        (0.2, "12 min"),
        (0.01, "36 s"),
        (float("inf"), "unlimited"),
    ],
)
def test_hours_are_written_as_people_say_them(value: float, text: str) -> None:
    assert words.hours(value) == text


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [(0.03, "s/token", "30 ms/token"), (1.5, "s", "1.5 s"), (1, "cards", "1 card"), (9.4e9, "1", "9.4e9"),
     (21.6, "GB", "21.6 GB"), (3.0, "USD", "3.00 USD"), (250.0, "token", "250 tokens")],
)  # fmt: skip
def test_quantities_are_written_in_the_unit_that_reads_well(amount: float, unit: str, text: str) -> None:
    assert words.value(amount, unit, "USD") == text


@pytest.mark.parametrize(
    ("value", "text"), [(412.3, "412.30 USD"), (0.0004321, "0.0004321 USD"), (1234567.0, "1,234,567.00 USD")]
)
def test_money_has_its_currency_and_shows_even_small_amounts(value: float, text: str) -> None:
    assert words.money(value, "USD") == text
