"""Packs as such: form, units, sources, the table of assumptions, a user's own files."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from bench import assumption_units, quantities, table

from optplan.errors import BadInput
from optplan.inputs import INPUTS
from optplan.rule import Pack, derive
from optplan.rules import PACKS, TASKS, base_of, pack
from optplan.rules.check import check_form, check_units

EVERY = [(name, task) for name in PACKS for task in TASKS]
HEADER = "from optplan.rule import derive, require, charge, at_most\n"


@pytest.mark.parametrize(("name", "task"), EVERY)
def test_units_of_every_rule_follow_from_what_it_reads(name: str, task: str) -> None:
    assert check_units(pack(name, task), INPUTS, assumption_units()) == []


@pytest.mark.parametrize(("name", "task"), EVERY)
def test_every_rule_has_a_label_a_unit_a_source_and_one_expression(name: str, task: str) -> None:
    rules = pack(name, task)
    assert check_form(rules) == []
    assert all(rule.status in ("exact", "measured", "fitted", "assumed") for rule in rules.rules.values())


@pytest.mark.parametrize(("name", "task"), EVERY)
def test_every_name_that_a_rule_reads_is_given_by_something(name: str, task: str) -> None:
    chosen = pack(name, task)
    known = {*chosen.rules, *INPUTS, *assumption_units()}
    assert {p for rule in chosen.rules.values() for p in rule.parameters} <= known


def test_every_assumption_is_read_by_a_rule() -> None:
    read = {p for n, t in EVERY for rule in pack(n, t).rules.values() for p in rule.parameters}
    assert set(assumption_units()) - read == set()


def test_every_assumption_is_ordered_dated_sourced_and_named_once_for_a_key() -> None:
    seen = set()
    for rows in table("assumptions").values():
        for row in rows:
            assert float(row["low"]) <= float(row["expected"]) <= float(row["high"]), row
            assert row["worse"] in ("low", "high")
            assert row["source"]
            assert row["description"]
            assert len(row["date"]) == 10
            assert (row["name"], row["key"]) not in seen
            seen.add((row["name"], row["key"]))


def test_no_two_rows_of_an_assumption_tie_for_one_need() -> None:
    """Rows that could hold together and are equally specific must have a third that settles it."""
    for name, rows in table("assumptions").items():
        keys = [dict(part.split("=") for part in row["key"].split(",") if part) for row in rows]
        for i, one in enumerate(keys):
            for other in keys[i + 1 :]:
                clash = any(other.get(k, v) != v for k, v in one.items())
                if not clash and len(one) == len(other):
                    assert {**one, **other} in keys, (name, one, other)


def test_units_of_one_assumption_agree_over_its_rows() -> None:
    for name, rows in table("assumptions").items():
        units = {re.sub(r"^[A-Z]{3}/", "currency/", row["unit"]) for row in rows}
        assert len(units) == 1, name


@pytest.mark.parametrize(("name", "task"), EVERY)
def test_a_target_needs_few_rules(name: str, task: str) -> None:
    assert len(pack(name, task).rules) <= 140


def test_a_wrong_unit_is_found() -> None:
    @derive(unit="GB", source="test", status="exact")
    def wrong(usable_memory: float) -> float:
        """GiB taken for GB"""
        return usable_memory

    faults = check_units(Pack("test", {"wrong": wrong}), INPUTS, {})
    assert len(faults) == 1
    assert "1.07374" in faults[0].message or "gives" in faults[0].message


def test_a_wrong_dimension_is_found() -> None:
    @derive(unit="GiB", source="test", status="exact")
    def wrong(hidden: float, sequence: float) -> float:
        """A width and tokens added"""
        return hidden + sequence

    faults = check_units(Pack("test", {"wrong": wrong}), INPUTS, {})
    assert [f.code for f in faults] == ["bad-unit"]


def own(tmp_path: Path, text: str) -> str:
    path = tmp_path / "own.py"
    path.write_text(text, encoding="utf-8")
    return str(path)


def rule(head: str, body: str, label: str = "Mine", source: str = "own", status: str = "exact") -> str:
    """Text of a file with one rule, whose decorator stands on line 2."""
    docstring = f'    """{label}"""\n' if label else ""
    declared = f'@derive(unit="1", source={source!r}, status={status!r})\n'
    return f"{HEADER}{declared}def {head}:\n{docstring}    {body}\n"


def test_a_users_file_replaces_a_rule_and_keeps_the_others(tmp_path: Path) -> None:
    spec = own(tmp_path, rule("efficiency()", "return 0.5"))
    mine = pack(spec, "finetune")
    assert mine.rules["efficiency"].label == "Mine"
    assert mine.rules["efficiency"].formula == "0.5"
    assert set(pack("engineering", "finetune").rules) == set(mine.rules)
    assert base_of(spec) == "engineering"


def test_a_users_file_may_start_from_the_lesson(tmp_path: Path) -> None:
    spec = own(tmp_path, rule("trained_params(params)", "return params") + 'BASE = "lesson"\n')
    assert base_of(spec) == "lesson"
    assert pack(spec, "finetune").rules["trained_params"].formula == "params"
    assert "training_memory" in pack(spec, "finetune").rules


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("def broken(:\n", "bad-rules", "own.py:1"),
        ("\n\n1 / 0\n", "bad-rules", "own.py:3"),
        ("x = 1\n", "no-rules", "own.py"),
        ("BASE = 'nope'\n", "unknown-pack", "own.py"),
        (rule("tp()", "x = 1\n    return x"), "bad-rule", "own.py:2"),
        (rule("tp()", "return 1", source=""), "bad-rule", "own.py:2"),
        (rule("tp()", "return 1", status="sure"), "bad-rule", "own.py:2"),
        (rule("tp()", "return 1", label=""), "bad-rule", "own.py:2"),
    ],
)
def test_a_faulty_file_is_told_with_its_line(tmp_path: Path, text: str, code: str, place: str) -> None:
    with pytest.raises(BadInput) as caught:
        pack(own(tmp_path, text), "finetune")
    assert caught.value.faults[0].code == code
    assert place in caught.value.faults[0].place


def test_a_misspelt_pack_gets_the_nearest_name() -> None:
    with pytest.raises(BadInput) as caught:
        pack("enginering", "serve")
    assert "engineering" in caught.value.faults[0].hint


def test_a_binary_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.py").write_bytes(b"\xff\xfe\x00")
    for spec in (str(tmp_path / "binary.py"), str(tmp_path)):
        with pytest.raises(BadInput):
            pack(spec, "finetune")


def test_fixing_the_efficiency_changes_the_time_of_the_job() -> None:
    slow = quantities("finetune", efficiency=0.2, recompute=1.0, cards=8.0, dp=8.0, zero_stage=3.0)
    fast = quantities("finetune", efficiency=0.4, recompute=1.0, cards=8.0, dp=8.0, zero_stage=3.0)
    assert slow["compute_time"] == pytest.approx(2 * fast["compute_time"])
    assert slow["job_hours"] > fast["job_hours"]
