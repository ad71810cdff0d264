"""Words of tables: equal cards together, one of a thing."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from optplan.errors import counted
from optplan.report.words import fleet, shortfall


def test_equal_cards_of_several_offers_are_counted_together() -> None:
    lines = [SimpleNamespace(gpu=gpu, count=n) for gpu, n in (("H100", 1), ("L4", 2), ("H100", 6))]
    assert fleet(lines) == ["7 x H100", "2 x L4"]


def test_one_is_not_several() -> None:
    assert counted(1, "need") == "1 need"
    assert counted(2000, "need") == "2,000 needs"
    assert counted(2, "pool of cards", "pools of cards") == "2 pools of cards"


def test_a_name_that_is_too_long_is_told_the_limit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from optplan.cli import run

    need = tmp_path / "n.yaml"
    need.write_text(f"task: finetune\nmodel: 7B\nname: {'n' * 501}\nlimits: {{gpus: []}}\n")
    assert run(["solve", str(need)]) == 2
    told = capsys.readouterr().err
    assert "it takes at most 500 characters" in told
    assert "`gpus` cannot be []" in told


def test_what_a_card_lacks_altogether_is_not_told_as_one_and_nought() -> None:
    assert shortfall(1, 0, "1", "USD") == "it cannot"
    assert shortfall(34.32, 22.34, "GiB", "USD") == "needs 34.32 GiB, has 22.34 GiB"
    assert shortfall(4, 2, "1", "USD") == "needs 4, has 2"
