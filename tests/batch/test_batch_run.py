"""One row a need, in order, whatever the format; the account and the exit code tell how it went."""

from __future__ import annotations

import json
import os
import pty
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from batching import IMPOSSIBLE, command, rows, run, serve, statuses, train, write_lines

from optplan import Catalog, solve
from optplan.batch import Job, Settings, batch
from optplan.batch.courier import Parcel
from optplan.batch.inputs import open_inputs
from optplan.batch.rows import need_of
from optplan.batch.run import Lost, Run, Stop
from optplan.batch.store import Known, Store
from optplan.batch.work import Asked, answers
from optplan.need import AnyNeed

GOOD, BAD = train(10**7, "good"), serve(3, name="bad", model="no-such-model")


def test_a_row_holds_the_plan_of_a_single_solve_but_for_its_seconds(tmp_path: Path) -> None:
    needs = [GOOD, serve(2.5, name="chat"), IMPOSSIBLE, train(10**6)]
    out, catalog, today = tmp_path / "out.jsonl", Catalog.load(), date(2026, 3, 1)
    job = Job([str(write_lines(tmp_path / "needs.jsonl", needs))], out, Settings(today=today), workers=1)
    account = batch(job, catalog)
    assert (account.rows, account.solved, account.infeasible, account.bad) == (4, 3, 1, 0)
    for row, raw in zip(rows(out), needs, strict=True):
        plan = json.loads(json.dumps(solve(need_of(raw), catalog, today=today, explore=False).json()))
        del row["place"], row["need"], row["solver"], plan["solver"]
        assert row == plan


def test_rows_keep_the_order_of_the_inputs_and_name_their_place(tmp_path: Path) -> None:
    draw = random.Random(3)
    needs = [train(draw.randrange(1, 200) * 10**5, f"n{number}") for number in range(700)]
    first, second = (
        write_lines(tmp_path / "a.jsonl", needs[:300]),
        write_lines(tmp_path / "b.jsonl", needs[300:]),
    )
    out = tmp_path / "out.jsonl"
    done = run(first, second, "-o", out, "--workers", 2)
    assert done.returncode == 0, done.stderr
    found = rows(out)
    assert [row["name"] for row in found] == [need["name"] for need in needs]
    assert found[299]["place"] == f"{first}:300"
    assert found[300]["place"] == f"{second}:1"
    costs = {need["data"]: row["total_cost"] for need, row in zip(needs, found, strict=True)}
    assert all(row["total_cost"] == costs[need["data"]] for need, row in zip(needs, found, strict=True))


@pytest.mark.parametrize(
    ("needs", "code", "told"),
    [
        ([GOOD, train(5)], 0, "2 needs: 2 solved, 0 infeasible, 0 bad"),
        ([GOOD, IMPOSSIBLE], 1, "2 needs: 1 solved, 1 infeasible, 0 bad"),
        ([BAD, GOOD, IMPOSSIBLE], 2, "3 needs: 1 solved, 1 infeasible, 1 bad"),
    ],
)
def test_the_exit_code_and_the_account_tell_how_it_went(
    tmp_path: Path, needs: list[object], code: int, told: str
) -> None:
    done = run(write_lines(tmp_path / "needs.jsonl", needs), "-o", tmp_path / "out.jsonl", "--workers", 1)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(told)
    assert len(rows(tmp_path / "out.jsonl")) == len(needs)


def test_a_bad_need_is_a_row_with_its_faults(tmp_path: Path) -> None:
    source, out = tmp_path / "needs.jsonl", tmp_path / "out.jsonl"
    unclear = serve(3, limits={"budgt": "5 USD"})
    source.write_text("\n".join([json.dumps(BAD), "{", json.dumps(unclear), json.dumps(GOOD)]))
    assert run(source, "-o", out, "--workers", 1).returncode == 2
    unknown, broken, misspelt, good = rows(out)
    assert statuses([unknown, broken, misspelt, good]) == ["bad", "bad", "bad", "optimal"]
    assert (unknown["place"], unknown["name"]) == (f"{source}:1", "bad")
    assert "no-such-model" in unknown["faults"][0]["message"]
    assert (broken["faults"][0]["code"], broken["need"]) == ("json", None)
    fault = misspelt["faults"][0]
    assert (fault["place"], "budget" in fault["hint"]) == ("limits.budgt", True)


def test_equal_needs_are_worked_out_once_whatever_their_names_and_the_order_of_their_keys(
    tmp_path: Path,
) -> None:
    one = train(10**7, "one")
    other = dict(reversed(list(train(10**7, "two").items())))
    done = run(write_lines(tmp_path / "n.jsonl", [one, other, train(10**7)] * 50), "-o", tmp_path / "o.jsonl")
    assert "\n1 distinct need worked out" in done.stderr
    found = rows(tmp_path / "o.jsonl")
    assert [row["name"] for row in found[:3]] == ["one", "two", "finetune"]
    for row in found:
        del row["name"], row["place"]
    assert all(row == found[0] for row in found)


def test_a_row_does_not_depend_on_the_needs_beside_it() -> None:
    asked = [Asked(train(number * 10**6, rules="engineering")) for number in range(1, 16)]
    asked += [Asked(serve(number, rules="engineering")) for number in range(1, 16)]
    batches = {"requests": 10**5, "prompt_tokens": 400, "answer_tokens": 90}
    asked += [
        Asked({"task": "generate", "model": "9B", "traffic": batches, "deadline": f"{number}h"})
        for number in range(3, 9)
    ]
    catalog, settings = Catalog.load(), Settings()
    whole = answers(asked, catalog, settings)
    assert whole == [
        one for i in range(0, len(asked), 5) for one in answers(asked[i : i + 5], catalog, settings)
    ]


def test_a_need_with_a_path_counts_with_its_folder(tmp_path: Path) -> None:
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 2048}
    config |= {"num_hidden_layers": 16, "num_attention_heads": 32, "num_key_value_heads": 8}
    config |= {"intermediate_size": 8192, "vocab_size": 128256, "max_position_embeddings": 131072}
    for name, layers in (("a", 16), ("b", 32)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").write_text(json.dumps({**config, "num_hidden_layers": layers}))
        write_lines(tmp_path / name / "needs.jsonl", [train(10**9, model="config.json", rules="engineering")])
    out = tmp_path / "out.jsonl"
    done = run(tmp_path / "a/needs.jsonl", tmp_path / "b/needs.jsonl", "-o", out)
    assert done.returncode == 0, done.stderr
    small, large = rows(out)
    assert small["total_cost"] < large["total_cost"]


def test_brief_rows_have_totals_and_cards_and_no_quantities(tmp_path: Path) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [GOOD, IMPOSSIBLE])
    assert run(needs, "-o", tmp_path / "full.jsonl").returncode == 1
    assert run(needs, "-o", tmp_path / "brief.jsonl", "--detail", "brief").returncode == 1
    for full, brief in zip(rows(tmp_path / "full.jsonl"), rows(tmp_path / "brief.jsonl"), strict=True):
        cards = full.pop("cards", None)
        shown = brief.pop("cards", None)
        assert brief.items() <= full.items()
        assert "quantities" not in brief
        assert cards is shown is None or [c["gpu"] for c in cards] == [c["gpu"] for c in shown]


def test_options_change_every_need(tmp_path: Path) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [train(10**9), train(10**9, rules="engineering")])
    run(needs, "-o", tmp_path / "a.jsonl")
    run(needs, "-o", tmp_path / "b.jsonl", "--rules", "lesson", "--set", "efficiency=0.2")
    before, after = rows(tmp_path / "a.jsonl"), rows(tmp_path / "b.jsonl")
    assert [row["rules"] for row in before] == ["lesson", "engineering"]
    assert [row["rules"] for row in after] == ["lesson", "lesson"]
    assert after[0]["total_cost"] > before[0]["total_cost"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--set", "no_such=1"), "no_such"),
        (("--set", "efficiency"), "NAME=VALUE"),
        (("--rules", "no_such"), "neither a rule pack nor a file"),
        (("--detail", "much"), "write plan or brief"),
        (("--confidence", "low"), "write high or expected"),
        (("--catalog", "no/such"), "no/such"),
    ],
)
def test_options_that_mean_nothing_are_told_before_anything_is_solved(
    tmp_path: Path, options: tuple[str, str], told: str
) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [GOOD])
    done = run(needs, "-o", tmp_path / "out.jsonl", *options)
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["needs.jsonl"]


@pytest.mark.parametrize(("name", "told"), [("out.txt", ".jsonl"), ("no/out.jsonl", "no folder")])
def test_an_output_that_cannot_be_is_told(tmp_path: Path, name: str, told: str) -> None:
    done = run(write_lines(tmp_path / "needs.jsonl", [GOOD]), "-o", tmp_path / name)
    assert (done.returncode, told in done.stderr) == (2, True)


def test_json_lines_come_on_standard_input(tmp_path: Path) -> None:
    text = f"{json.dumps(GOOD)}\n{json.dumps(BAD)}\n"
    done = run("-", "-o", tmp_path / "out.jsonl", stdin=text)
    assert done.returncode == 2, done.stderr
    assert [(row["place"], row["status"]) for row in rows(tmp_path / "out.jsonl")] == [
        ("stdin:1", "optimal"),
        ("stdin:2", "bad"),
    ]


def test_parquet_has_columns_of_totals_and_the_plan_as_json(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    needs = write_lines(tmp_path / "needs.jsonl", [GOOD, BAD, IMPOSSIBLE])
    assert run(needs, "-o", tmp_path / "out.jsonl").returncode == 2
    assert run(needs, "-o", tmp_path / "out.parquet").returncode == 2
    found = parquet.read_table(tmp_path / "out.parquet").to_pylist()
    for row, line in zip(found, rows(tmp_path / "out.jsonl"), strict=True):
        for name in ("status", "place", "name", "need", "task", "total_cost", "hours", "gap"):
            assert row[name] == line.get(name)
        for name in ("status", "place", "name", "need"):
            del line[name]
        assert (row["plan"] is None) == ("faults" in line)
        assert json.loads(row["plan"] or row["faults"]) == line.get("faults", line)


def test_a_terminal_sees_a_bar_and_a_pipe_does_not(tmp_path: Path) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [train(n * 1000) for n in range(1, 60)])
    assert "%" not in run(needs, "-o", tmp_path / "a.jsonl", "--workers", 1).stderr
    ours, theirs = pty.openpty()
    arguments = command(needs, "-o", tmp_path / "b.jsonl", "--workers", 1)
    process = subprocess.Popen(
        arguments, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    )
    os.close(theirs)
    shown = b""
    while chunk := _read(ours):
        shown += chunk
    assert process.wait(60) == 0
    text = shown.decode()
    assert "needs, " in text
    assert "/s, left" in text
    assert "59 needs: 59 solved" in text


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # how Linux says that the other end is closed
        return b""


def _peak_mib(needs: Path, out: Path) -> float:
    """Peak memory of a run in a process of its own, as Linux keeps it for what was loaded by `exec`."""
    script = (
        "import re, sys; from pathlib import Path; from optplan.cli import run;"
        "code = run(sys.argv[1:]); told = Path('/proc/self/status').read_text();"
        "print(code, re.search(r'VmHWM:\\s*(\\d+) kB', told)[1])"
    )
    arguments = [sys.executable, "-c", script, "batch", str(needs), "-o", str(out), "--workers", "1"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True, timeout=120)
    code, kib = done.stdout.split()
    assert code == "0", done.stderr
    return int(kib) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of one process")
def test_memory_does_not_grow_with_the_number_of_needs(tmp_path: Path) -> None:
    def some(count: int) -> Path:
        needs = [train(n % 20 * 10**6 + 1, f"need-{n}") for n in range(count)]
        return write_lines(tmp_path / f"{count}.jsonl", needs)

    few = _peak_mib(some(2_000), tmp_path / "few.jsonl")
    many = _peak_mib(some(20_000), tmp_path / "many.jsonl")
    assert many < few + 8
    assert (tmp_path / "many.jsonl").stat().st_size > 20 * 2**20, "the rows alone are more than that"


class Gone:
    """Workers that die of every block."""

    hands = 2

    def __init__(self) -> None:
        self.parcel, self.renewed = Parcel("none", b""), 0
        self.executor = self

    def submit(self, *_: object) -> Future[object]:
        future: Future[object] = Future()
        future.set_exception(BrokenExecutor("a worker died"))
        return future

    def renew(self) -> None:
        self.renewed += 1

    def close(self) -> None:
        pass


def test_a_block_whose_workers_die_again_and_again_ends_the_run_and_keeps_what_is_finished(
    tmp_path: Path,
) -> None:
    inputs = open_inputs([str(write_lines(tmp_path / "needs.jsonl", [GOOD]))])
    crew = Gone()
    with Store(tmp_path / "out.jsonl") as store, pytest.raises(Lost, match=r"needs.jsonl:1 was lost 3 times"):
        Run(store, crew, Settings(), Stop(), lambda rows, read: None).all(inputs, resume=False)
    assert crew.renewed == 2


def test_a_fault_of_optplans_own_is_the_row_of_its_need_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs = write_lines(tmp_path / "n.jsonl", [train(1, model="8B"), train(2), train(3, model="8B")])
    out = tmp_path / "out.jsonl"
    monkeypatch.setattr("optplan.batch.work.solve_block", _one_fails)
    account = batch(Job([str(needs)], out, Settings(), workers=1), Catalog.load())
    assert statuses(rows(out)) == ["optimal", "failed", "optimal"]
    assert (account.solved, account.failed) == (2, 1)
    assert "ZeroDivisionError" in rows(out)[1]["faults"][0]["message"]


def _one_fails(needs: Sequence[AnyNeed], *_: object, **__: object) -> Iterator[dict[str, Any]]:
    for need in needs:
        params = getattr(need.model, "params", 0.0)
        yield {"status": "optimal", "solver": {}, "hours": 1 / (params - 9e9)}


def test_what_was_seen_longest_ago_is_forgotten_first() -> None:
    known = Known(most=2)
    assert known.find(b"a")[1]
    assert known.find(b"b")[1]
    assert not known.find(b"a")[1]
    assert known.find(b"c")[1]
    assert not known.find(b"a")[1]
    assert known.find(b"b")[1], "forgotten"
