"""A whole batch: what may be begun or taken up again, the run, the output, the account of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from optplan.batch import courier, state
from optplan.batch.assemble import assemble, check_output
from optplan.batch.crew import crew
from optplan.batch.inputs import Inputs, open_inputs
from optplan.batch.run import Lost, Run, Stopped, signals
from optplan.batch.store import Store
from optplan.batch.together import Shared, Together, solve_together
from optplan.batch.work import Settings
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault
from optplan.forking import processes

SOLVED = ("optimal", "feasible")
Watch = Callable[[int, int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What to do.

    workers    processes; None: as many as cores, but one for few needs
    cluster    address of a Dask scheduler, instead of processes
    resume     go on with a run that did not end
    overwrite  begin again although there is an output, or a run that did not end
    together   limits that all needs share: solve them as one program
    """

    inputs: Sequence[str]
    out: Path
    settings: Settings
    catalogs: Sequence[str] = ()
    workers: int | None = None
    cluster: str | None = None
    resume: bool = False
    overwrite: bool = False
    together: Shared | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """How it went: rows by status, those of them from an earlier start, needs worked out, seconds.

    ended     "" where it is complete; else why not: a signal's name, or what became of the workers
    together  of needs that share limits, what became of those
    """

    counts: Counter[str]
    earlier: int
    distinct: int
    seconds: float
    ended: str = ""
    together: Together | None = None

    @property
    def rows(self) -> int:
        """Rows that are there."""
        return self.counts.total()

    @property
    def solved(self) -> int:
        """Rows with a plan."""
        return sum(self.counts[status] for status in SOLVED)

    @property
    def bad(self) -> int:
        """Rows that could not be read or mean nothing."""
        return self.counts["bad"]

    @property
    def failed(self) -> int:
        """Rows in which optplan itself failed."""
        return self.counts["failed"]

    @property
    def infeasible(self) -> int:
        """Rows without a plan."""
        return self.rows - self.solved - self.bad - self.failed


def batch(job: Job, catalog: Catalog, watch: Watch = lambda rows, read, size: None) -> Account:
    """Do it. watch(rows, bytes read, bytes in all; 0 where unknown) is called as rows are written.

    Raises BadInput, before anything is solved, for inputs, an output or a resumption that cannot be.
    """
    begun = time.monotonic()
    check_output(job.out)
    inputs = open_inputs(job.inputs)
    _apart(inputs, job.out)
    identity = state.identity_of(inputs, job.settings, job.catalogs, job.out)
    earlier = _earlier(job, identity)
    if earlier is not None and earlier.state != "running":
        counts = Counter(earlier.counts)
        if earlier.state == "assembling":
            with Store(job.out) as store:
                store.counts = counts
                _finish(job.out, store, earlier)
        return Account(counts, counts.total(), 0, time.monotonic() - begun)
    hands = 1 if job.cluster else processes(inputs.size, job.workers)
    if job.together is not None:
        return _together(job, job.together, catalog, inputs, identity, hands)
    with (
        signals() as stop,
        crew(courier.pack(catalog), hands, job.cluster) as workers,
        Store(job.out) as store,
    ):
        journal = earlier or _begin(job, identity, store)
        seen = Seen(inputs.size, watch)
        run = Run(store, workers, replace(job.settings, today=journal.today), stop, seen)
        ended = _run(run, inputs, resume=earlier is not None)
        if not ended and not store.counts.total():
            raise _nothing(job, journal, store)
        if not ended:
            _finish(job.out, store, journal)
    found = seen.first if earlier is not None else 0
    return Account(store.counts, found, store.distinct, time.monotonic() - begun, ended)


def _together(
    job: Job, shared: Shared, catalog: Catalog, inputs: Inputs, identity: dict[str, Any], hands: int
) -> Account:
    """Solve all needs as one program; rows are written when it is solved, all at once."""
    begun = time.monotonic()
    with crew(courier.pack(catalog), hands, job.cluster) as workers:
        lines, found = solve_together(inputs, catalog, workers, job.settings, shared)
    if not lines:
        raise _empty(job)
    with Store(job.out) as store:
        journal = _begin(job, identity, store)
        store.write(lines)
        store.distinct = len(lines)
        _finish(job.out, store, journal)
    return Account(store.counts, 0, len(lines), time.monotonic() - begun, together=found)


@dataclass(slots=True)
class Seen:
    """Passes on how far a run is; first: the rows at its start."""

    size: int
    watch: Watch
    first: int = -1

    def __call__(self, rows: int, read: int) -> None:
        self.first = rows if self.first < 0 else self.first
        self.watch(rows, read, self.size)


def _apart(inputs: Inputs, out: Path) -> None:
    """Raises BadInput where the output would take the place of an input."""
    names = [file.name for file in inputs.files if file.digest]
    if out.exists() and any(os.path.samefile(name, out) for name in names):
        raise BadInput(Fault("input", f"-o {out}", "is one of the inputs", "name another output"))


def _earlier(job: Job, identity: dict[str, Any]) -> state.Journal | None:
    """The run to take up, None to begin a new one. Raises BadInput where neither may be."""
    if job.overwrite:
        return None
    journal, there = state.load(job.out), job.out.exists()
    if journal is None or (journal.state == "complete" and (not there or not job.resume)):
        if there:
            hint = "--overwrite begins again, and replaces it when the new one is complete"
            raise BadInput(Fault("exists", f"-o {job.out}", "the output is there already", hint))
        return None
    if job.together is not None:
        hint = "leave out --resume; --overwrite begins again"
        raise BadInput(Fault("together", "--together", "one program cannot be taken up half-way", hint))
    if not job.resume:
        hint = "--resume goes on with it; --overwrite begins again"
        raise BadInput(Fault("unfinished", f"-o {job.out}", "a run of this output did not end", hint))
    journal.check(identity)
    return journal


def _begin(job: Job, identity: dict[str, Any], store: Store) -> state.Journal:
    """A new journal; the old one goes first, so that no journal ever stands beside rows of another run."""
    path = state.journal_path(job.out)
    path.unlink(missing_ok=True)
    store.begin()
    journal = state.Journal(path, identity, job.settings.today)
    journal.save()
    return journal


def _run(run: Run, inputs: Inputs, resume: bool) -> str:
    """Why it ended early, or ""."""
    try:
        run.all(inputs, resume)
    except (Stopped, Lost) as end:
        return str(end)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        return f"a file cannot be read or written: {error.strerror or error}{where}"
    return ""


def _empty(job: Job) -> BadInput:
    """Inputs without a need: what should have made them has failed more often than not."""
    named = ", ".join(job.inputs)
    hint = "see what should have written it; nothing was written"
    return BadInput(Fault("empty", named, "there is no need in it", hint))


def _nothing(job: Job, journal: state.Journal, store: Store) -> BadInput:
    """The same where a run has begun: nothing of it stays."""
    for path in (store.part, store.ahead, journal.path):
        path.unlink(missing_ok=True)
    return _empty(job)


def _finish(out: Path, store: Store, journal: state.Journal) -> None:
    """The rows become the output; each step can be done again after a stop between any two."""
    store.sync()
    journal.state, journal.counts = "assembling", dict(sorted(store.counts.items()))
    journal.save()
    if store.counts.total() == 0 or store.part.stat().st_size:  # else it is in its place already
        assemble(store.part, out)
    store.part.unlink(missing_ok=True)
    store.ahead.unlink(missing_ok=True)
    journal.state = "complete"
    journal.save()
