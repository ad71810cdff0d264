"""The programs of a few needs, word for word; every limit and every charge is in at least one of them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import highspy
import make
import pytest

import optplan.program
from optplan.rules import PACKS, TASKS, pack

PROGRAMS = Path(optplan.program.__file__).parent
HELPERS = {"row": 0, "scaled_most": 1}  # function -> position of the row's name


@pytest.mark.parametrize("name", make.NAMES)
def test_the_program_is_the_golden_one(name: str) -> None:
    golden = (make.FOLDER / f"{name}.lp").read_text(encoding="utf-8")
    assert make.plan(name).program == golden, "if it is meant: python tests/golden/make.py"


@pytest.mark.parametrize("name", make.NAMES)
def test_golden_needs_have_proven_plans(name: str) -> None:
    assert make.plan(name).status == "optimal"


def rows_that_can_be() -> set[str]:
    """The first word of every row's name, read from the code that makes rows."""
    names = set()
    for path in PROGRAMS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if called in HELPERS and len(node.args) > HELPERS[called]:
                    names |= first_word(node.args[HELPERS[called]])
    return names


def first_word(name: ast.expr) -> set[str]:
    """ "deadline" of f"deadline:{label}"; nothing of a name that is handed on."""
    if isinstance(name, ast.JoinedStr):
        name = name.values[0]
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        return {name.value.partition(":")[0]}
    return set()


def rows_that_are() -> set[str]:
    """The names of all rows in the golden files."""
    text = "".join((make.FOLDER / f"{name}.lp").read_text(encoding="utf-8") for name in make.NAMES)
    return set(re.findall(r"^(\w+):", text, re.MULTILINE))


def test_every_named_limit_is_in_a_golden_file() -> None:
    possible, present = (
        rows_that_can_be() - {"same_cost", "held", "no_dearer", "replicas"},
        rows_that_are(),
    )  # second questions, never printed
    assert {
        "deadline",
        "budget",
        "max_cards",
        "quota",
        "min_replicas",
        "one_gang",
        "size",
        "class",
    } <= possible
    assert {"capacity", "work", "billing", "one_type"} <= possible
    missing = {
        name for name in possible if not any(row == name or row.startswith(f"{name}_") for row in present)
    }
    assert not missing


def test_every_charge_is_in_a_golden_plan() -> None:
    charges = {rule.name for name in PACKS for task in TASKS for rule in pack(name, task).of_kind("charge")}
    assert {term.name for name in make.NAMES for term in make.plan(name).terms} == charges


def test_no_golden_file_is_left_over() -> None:
    assert sorted(path.stem for path in make.FOLDER.glob("*.lp")) == make.NAMES


@pytest.mark.parametrize("name", [n for n in make.NAMES if not n.startswith("mix")])
def test_a_solver_that_reads_the_printed_program_finds_the_same_cost(name: str) -> None:
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("mip_rel_gap", 0.0)
    assert highs.readModel(str(make.FOLDER / f"{name}.lp")) == highspy.HighsStatus.kOk
    highs.run()
    assert highs.getInfo().objective_function_value == pytest.approx(make.plan(name).total_cost, rel=1e-7)
