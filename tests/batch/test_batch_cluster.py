"""A batch on a real Dask scheduler with two worker processes, one of which dies in the middle."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from batching import command, run, serve, train, write_lines

pytest.importorskip("distributed", reason="dask.distributed is not installed")

ROWS = 2000


@dataclass
class Cluster:
    address: str
    worker: tuple[str, ...]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A scheduler and two workers, each a process of its own."""
    where, local = tmp_path / "scheduler.json", str(tmp_path / "dask")
    scheduler = ("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    worker = ("distributed.cli.dask_worker", "--scheduler-file", str(where), "--nthreads", "1", "--no-nanny")
    worker += ("--no-dashboard", "--host", "127.0.0.1", "--local-directory", local)
    with started(*scheduler, "--scheduler-file", str(where)):
        for _ in range(200):
            if where.exists() and where.read_text().strip().endswith("}"):
                break
            time.sleep(0.1)
        with started(*worker) as one, started(*worker) as other:
            yield Cluster(json.loads(where.read_text())["address"], worker, [one, other])


def needs(path: Path) -> Path:
    rows = [train(number * 1000 + 1, f"need-{number}") for number in range(ROWS)]
    rows[7] = serve(3, model="no-such-model")
    return write_lines(path, rows)


def test_a_cluster_gives_the_same_rows_though_a_worker_is_killed(cluster: Cluster, tmp_path: Path) -> None:
    source, out = needs(tmp_path / "needs.jsonl"), tmp_path / "out.jsonl"
    arguments = command(source, "-o", out, "--cluster", cluster.address)
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    part = out.with_name("out.jsonl.part")
    for _ in range(600):
        if part.exists() and part.stat().st_size:  # both have begun
            break
        time.sleep(0.05)
    cluster.workers[0].kill()
    done = part.read_bytes().count(b"\n") if part.exists() else ROWS
    _, told = process.communicate(timeout=100)
    assert done < ROWS, "it was over before the worker died"
    assert process.returncode == 2, told
    assert re.search(rf"{ROWS - 1:,} solved, 0 infeasible, 1 bad", told)
    alone = tmp_path / "alone.jsonl"
    assert run(source, "-o", alone).returncode == 2
    assert out.read_bytes() == alone.read_bytes()


def test_every_worker_gets_the_catalog_once_also_one_that_joins_late(cluster: Cluster) -> None:
    from distributed import Client

    from optplan import Catalog
    from optplan.batch import Settings
    from optplan.batch.courier import pack, send
    from optplan.batch.crew import Cluster as Crew
    from optplan.batch.run import work
    from optplan.batch.work import Asked

    crew = Crew(pack(Catalog.load()), cluster.address)
    try:
        with started(*cluster.worker), Client(cluster.address, set_as_default=False) as client:
            client.wait_for_workers(3, timeout=60)
            (answer,) = send(crew.executor, crew.parcel, work, [Asked(train(10**6))], Settings()).result(60)
            assert answer.status == "optimal"
            kept = client.run(lambda: list(importlib.import_module("optplan.batch.courier").KEPT))
            assert list(kept.values()) == [[crew.parcel.mark]] * 3
    finally:
        crew.close()


def test_an_address_that_does_not_answer_is_told(tmp_path: Path) -> None:
    source, out = write_lines(tmp_path / "needs.jsonl", [train(10**6)]), tmp_path / "out.jsonl"
    done = run(source, "-o", out, "--cluster", "tcp://127.0.0.1:9")
    assert done.returncode == 2
    assert "no scheduler answers" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("out.jsonl*"))


@pytest.mark.parametrize("address", ["127.0.0.1", "tcp://localhost", "nonsense", "foo://localhost:8786"])
def test_an_address_that_is_none_is_told_at_once(tmp_path: Path, address: str) -> None:
    source, out = write_lines(tmp_path / "needs.jsonl", [train(10**6)]), tmp_path / "out.jsonl"
    done = run(source, "-o", out, "--cluster", address)
    assert done.returncode == 2
    assert "no scheduler answers" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_leaves_nothing_registered_at_the_scheduler(cluster: Cluster) -> None:
    from distributed import Client

    from optplan import Catalog
    from optplan.batch.courier import pack
    from optplan.batch.crew import Cluster as Crew

    def registered() -> list[str]:
        with Client(cluster.address, set_as_default=False) as client:
            names = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.worker_plugins))
        return [name for name in names if name.startswith("optplan-")]

    first, second = (Crew(pack(Catalog.load()), cluster.address) for _ in range(2))
    assert len(registered()) == 1  # the same catalog
    first.close()
    assert registered() == []
    second.close()


def test_without_dask_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from optplan.batch.crew import _client
    from optplan.errors import BadInput

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(BadInput, match=r"pip install 'optplan\[cluster\]'"):
        _client("tcp://127.0.0.1:8786")
