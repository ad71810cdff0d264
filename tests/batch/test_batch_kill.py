"""Finished rows outlive the process, however it ends; what is taken up again ends as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from batching import IMPOSSIBLE, command, rows, run, serve, train, write_lines

from optplan.batch.store import Store

ROWS = 6000  # some seconds of work: long enough to be killed several times


def mixed(count: int) -> Iterator[object]:
    """Needs of which some are equal, some bad, some impossible; slow enough to be interrupted."""
    draw = random.Random(1)
    for number in range(count):
        kind = draw.random()
        if kind < 0.04:
            yield serve(3, name=f"bad-{number}", model="no-such-model")
        elif kind < 0.08:
            yield IMPOSSIBLE
        elif kind < 0.5:
            yield train(draw.randrange(1, 30) * 10**6, f"equal-{number}")
        else:
            # of its own length, so that no assessment is shared and a run lasts long enough to be killed
            yield train(number * 1000 + 1, f"own-{number}", sequence=512 + number, rules="engineering")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """(needs, the rows of a run that nothing stopped)."""
    folder = tmp_path_factory.mktemp("whole")
    needs = write_lines(folder / "needs.jsonl", mixed(ROWS))
    done = run(needs, "-o", folder / "out.jsonl", "--workers", 2)
    assert done.returncode == 2, done.stderr
    assert not list(folder.glob("out.jsonl.part")) + list(folder.glob("out.jsonl.ahead"))
    return needs, (folder / "out.jsonl").read_bytes()


def rows_of(part: Path) -> int:
    """Whole rows that are kept so far."""
    try:
        return part.read_bytes().count(b"\n")
    except FileNotFoundError:  # not begun, or complete
        return 0


def reach(process: subprocess.Popen[str], part: Path, count: int) -> bool:
    """Wait until so many rows are kept; false where the run ended before."""
    while rows_of(part) < count:
        if process.poll() is not None:
            return False
        time.sleep(0.005)
    return True


def killed(arguments: list[str], count: int, delay: float = 0.0, stdin: Path | None = None) -> bool:
    """Start a batch and kill it so long after so many rows; true where it had not ended by itself."""
    part = Path(arguments[arguments.index("-o") + 1] + ".part")
    with subprocess.Popen(
        arguments,
        stderr=subprocess.PIPE,
        text=True,
        stdin=None if stdin is None else os.open(stdin, os.O_RDONLY),
    ) as process:
        reach(process, part, count)
        time.sleep(delay)
        alive = process.poll() is None
        process.kill()
        process.communicate()
        return alive


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_moments_and_resumed_the_rows_are_the_same_to_the_byte(
    whole: tuple[Path, bytes], tmp_path: Path, seed: int
) -> None:
    needs, expected = whole
    out, draw = tmp_path / "out.jsonl", random.Random(seed)
    part = out.with_name("out.jsonl.part")
    arguments = command(needs, "-o", out, "--workers", 2, "--resume")
    kept = [0]
    for _ in range(4):
        killed(arguments, kept[-1] + draw.randrange(600), draw.uniform(0, 0.1))
        if out.exists():
            break
        kept.append(rows_of(part))
    assert len(kept) > 2, "it was over before it could be killed"
    assert kept == sorted(kept), "finished rows were lost"
    done = run(needs, "-o", out, "--workers", 2, "--resume")
    assert done.returncode == 2, done.stderr
    assert out.read_bytes() == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "out.jsonl.run.json"]


def test_parquet_killed_and_resumed_is_the_same_to_the_byte(
    whole: tuple[Path, bytes], tmp_path: Path
) -> None:
    pytest.importorskip("pyarrow")
    needs, _ = whole
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert run(needs, "-o", tmp_path / "a/out.parquet").returncode == 2
    out = tmp_path / "b/out.parquet"
    for count in (1, 150):
        assert killed(command(needs, "-o", out, "--resume"), count)
    assert run(needs, "-o", out, "--resume").returncode == 2
    assert out.read_bytes() == (tmp_path / "a/out.parquet").read_bytes()


def test_needs_on_standard_input_are_taken_up_where_they_are_the_same(
    whole: tuple[Path, bytes], tmp_path: Path
) -> None:
    needs, expected = whole
    out, text = tmp_path / "out.jsonl", needs.read_text()
    assert killed(command("-", "-o", out, "--workers", 2), 120, stdin=needs)
    other = run("-", "-o", out, "--resume", stdin=text.replace("no-such-model", "none", 1))
    first = next(i for i, line in enumerate(text.splitlines()) if "no-such-model" in line)
    kept = out.with_name("out.jsonl.part").read_bytes().count(b"\n")
    assert kept > first, "the changed need is among those that are done"
    assert (other.returncode, "is not of these inputs" in other.stderr) == (2, True)
    done = run("-", "-o", out, "--workers", 2, "--resume", stdin=text)
    assert done.returncode == 2, done.stderr
    assert out.read_bytes() == expected.replace(f'"place":"{needs}:'.encode(), b'"place":"stdin:')


def test_a_torn_last_row_is_worked_out_again_and_no_other(whole: tuple[Path, bytes], tmp_path: Path) -> None:
    needs, expected = whole
    out = tmp_path / "out.jsonl"
    assert killed(command(needs, "-o", out, "--workers", 2), 1)
    lines = expected.splitlines(keepends=True)
    torn = b"".join(lines[:300]) + lines[300][: len(lines[300]) // 2]
    out.with_name("out.jsonl.part").write_bytes(torn)
    out.with_name("out.jsonl.ahead").write_bytes(b"")
    done = run(needs, "-o", out, "--workers", 2, "--resume")
    assert out.read_bytes() == expected
    seen = {json.loads(line)["need"] for line in lines[:300]}
    left = {json.loads(line)["need"] for line in lines[300:]} - seen
    assert f"{len(left):,} distinct needs worked out" in done.stderr
    assert "300 rows were there" in done.stderr


def test_answers_that_came_before_their_turn_are_not_worked_out_again(
    whole: tuple[Path, bytes], tmp_path: Path
) -> None:
    needs, expected = whole
    out = tmp_path / "out.jsonl"
    assert killed(command(needs, "-o", out, "--workers", 2), 1)
    lines = expected.splitlines(keepends=True)
    row = lines[400]
    status, key = json.loads(row)["status"], json.loads(row)["need"]
    rest = row[row.index(key.encode()) + len(key) + 2 : -1]
    early = b"%b %b %b\n" % (key.encode(), status.encode(), rest)
    out.with_name("out.jsonl.part").write_bytes(b"".join(lines[:100]))
    out.with_name("out.jsonl.ahead").write_bytes(early + early[:30])
    done = run(needs, "-o", out, "--workers", 2, "--resume")
    assert out.read_bytes() == expected
    seen = {json.loads(line)["need"] for line in (*lines[:100], row)}
    left = {json.loads(line)["need"] for line in lines} - seen
    assert f"{len(left):,} distinct needs worked out" in done.stderr


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_cleanly_and_says_how_to_go_on(
    whole: tuple[Path, bytes], tmp_path: Path, signum: int
) -> None:
    needs, expected = whole
    out = tmp_path / "out.jsonl"
    arguments = command(needs, "-o", out, "--workers", 2)
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert reach(process, out.with_name("out.jsonl.part"), 100)
    if signum == signal.SIGINT:
        os.killpg(process.pid, signum)  # as a terminal does
    else:
        process.send_signal(signum)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in told.splitlines()[-1]
    assert "Traceback" not in told
    assert not out.exists()
    assert run(needs, "-o", out, "--workers", 2, "--resume").returncode == 2
    assert out.read_bytes() == expected


def test_killed_workers_do_not_stay_behind(whole: tuple[Path, bytes], tmp_path: Path) -> None:
    needs, _ = whole
    arguments = command(needs, "-o", tmp_path / "out.jsonl", "--workers", 2)
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, start_new_session=True, text=True)
    assert reach(process, tmp_path / "out.jsonl.part", 1)
    process.kill()
    process.wait()
    for _ in range(100):
        if not members(process.pid):
            return
        time.sleep(0.1)
    pytest.fail(f"still there: {members(process.pid)}")


def test_a_killed_worker_costs_a_retry_and_no_row(whole: tuple[Path, bytes], tmp_path: Path) -> None:
    needs, expected = whole
    out = tmp_path / "out.jsonl"
    arguments = command(needs, "-o", out, "--workers", 2)
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, start_new_session=True, text=True)
    assert reach(process, out.with_name("out.jsonl.part"), 1)
    of = members(process.pid)
    workers = [pid for pid, parent in of.items() if of.get(parent) == process.pid]
    os.kill(workers[0], signal.SIGKILL)
    assert process.wait(120) == 2
    assert out.read_bytes() == expected


def members(session: int) -> dict[int, int]:
    """Processes of a session that are not zombies, and the parent of each."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text()
        except OSError:
            continue
        state, parent, _, of = text.rpartition(")")[2].split()[:4]
        if int(of) == session and state != "Z":
            found[int(path.parent.name)] = int(parent)
    return found


def test_another_input_catalog_or_setting_is_refused(tmp_path: Path) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", mixed(ROWS))
    out = tmp_path / "out.jsonl"
    assert killed(command(needs, "-o", out), 1)
    before = out.with_name("out.jsonl.part").read_bytes()
    prices = tmp_path / "prices"
    prices.mkdir()
    (prices / "fx.csv").write_text(
        "date,base,quote,rate,source\n2026-01-02,USD,EUR,0.9,test\n", encoding="utf-8"
    )
    cases = {
        "rules": ("--rules", "engineering"),
        "detail": ("--detail", "brief"),
        "set": ("--set", "efficiency=0.5"),
        "catalog has changed": ("--catalog", prices),
    }
    for says, options in cases.items():
        done = run(needs, "-o", out, "--resume", *options)
        assert (done.returncode, says in done.stderr) == (2, True), done.stderr
    needs.write_text(needs.read_text() + "\n")
    done = run(needs, "-o", out, "--resume")
    assert done.returncode == 2
    assert f"changed input {needs}" in done.stderr
    assert out.with_name("out.jsonl.part").read_bytes() == before


def test_an_output_is_replaced_only_when_asked_and_only_by_a_complete_one(tmp_path: Path) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [train(10**6)])
    out = tmp_path / "out.jsonl"
    assert run(needs, "-o", out).returncode == 0
    again = run(needs, "-o", out)
    assert again.returncode == 2
    assert "--overwrite" in again.stderr
    told = run(needs, "-o", out, "--resume")
    assert told.returncode == 0, "a complete run is taken as it is"
    first = rows(out)
    write_lines(needs, [train(10**6), train(10**7)])
    assert "changed input" in run(needs, "-o", out, "--resume").stderr
    assert rows(out) == first
    assert run(needs, "-o", out, "--overwrite").returncode == 0
    assert len(rows(out)) == 2


def test_a_file_that_is_no_output_of_a_batch_is_not_touched(tmp_path: Path) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [train(10**6)])
    out = tmp_path / "mine.jsonl"
    out.write_text("precious\n")
    for options in ((), ("--resume",)):
        assert run(needs, "-o", out, *options).returncode == 2
    assert out.read_text() == "precious\n"


def test_two_runs_cannot_write_one_output(tmp_path: Path) -> None:
    needs = write_lines(tmp_path / "needs.jsonl", [train(10**6)])
    out = tmp_path / "out.jsonl"
    with Store(out):
        second = run(needs, "-o", out)
    assert second.returncode == 2
    assert "another optplan batch writes this output" in second.stderr
    assert run(needs, "-o", out).returncode == 0
