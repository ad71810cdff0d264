"""batch: many needs from files to one file of plans."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optplan.cli import options
from optplan.cli.guard import BAD_INPUT, BROKEN, INTERRUPTED, NO_PLAN, guarded
from optplan.errors import BadInput, Fault, counted
from optplan.forking import start_early

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optplan.batch import Account, Job, Settings
    from optplan.batch.together import Shared

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT",
        help="Needs: directories of YAML, .yaml, .jsonl, .csv or .parquet files; - is JSON lines on standard input.",
    ),
]
Out = Annotated[
    str,
    typer.Option("-o", "--output", metavar="OUT", help="Rows of plans: a file ending in .jsonl or .parquet."),
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, max=1024, metavar="N", help="Processes; one a core if unsaid."),
]
Address = Annotated[
    str | None,
    typer.Option(
        "--cluster", metavar="ADDRESS", help="Work on this Dask scheduler, as in tcp://10.0.0.5:8786."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that did not end.")]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Begin again; the old output is replaced when the new one is complete."),
]
Detail = Annotated[
    str, typer.Option("--detail", metavar="plan|brief", help="brief: status, totals and cards only.")
]


Together = Annotated[
    bool, typer.Option("--together", help="Solve all needs as one program under limits that they share.")
]
Budget = Annotated[
    str | None, typer.Option("--budget", metavar="MONEY", help="With --together: the most that all may cost.")
]
Quotas = Annotated[
    list[str] | None,
    typer.Option(
        "--quota",
        metavar="CARD=N",
        help="With --together: the most cards of a kind, as in H100=16, or aws:H100=8 for one provider.",
    ),
]


@guarded
def batch(
    inputs: Inputs,
    output: Out,
    workers: Workers = None,
    cluster: Address = None,
    resume: Resume = False,
    overwrite: Overwrite = False,
    detail: Detail = "plan",
    rules: options.Rules = None,
    sets: options.Sets = None,
    catalog: options.Catalogs = None,
    confidence: options.Confidence = None,
    together: Together = False,
    budget: Budget = None,
    quota: Quotas = None,
    json: options.Json = False,
) -> None:
    """Solve many needs; write one row a need, in their order, to OUT.

    A row is a plan, the reasons why there is none, or the faults of the need; none stops the others. Finished rows
    outlive the process: --resume goes on after them.

    With --together the needs share limits and are solved as one program: who gets what is printed, what it costs in
    all, and what one more of a scarce card is worth.

    Exit code: 0 all have a plan, 1 some have none, 2 some are bad (or nothing could be begun).
    """
    if cluster is None:
        start_early(inputs, workers)
    from optplan.batch import Job
    from optplan.batch import batch as run
    from optplan.cli.gather import load_catalog

    known = load_catalog(catalog)
    settings = _settings(options.Changes(rules, sets, catalog, confidence), detail, known)
    shared = _shared(together, budget, quota or [])
    job = Job(inputs, Path(output), settings, catalog or (), workers, cluster, resume, overwrite, shared)
    with _progress() as watch:
        account = run(job, known, watch)
    if account.together is not None:
        from optplan.report import print_json
        from optplan.report.together import print_together

        if json:
            print_json(account.together.json())
        else:
            print_together(account.together)
    code = _tell(account, job)
    if code:
        raise typer.Exit(code)


def _shared(together: bool, budget: str | None, quotas: list[str]) -> Shared | None:
    """The limits that all needs share; None where they are solved one by one."""
    from optplan.batch.together import read_options

    if not together:
        if budget is not None or quotas:
            said = "--budget" if budget is not None else "--quota"
            hint = "add --together; the limits of a single need are written in it"
            raise BadInput(Fault("together", said, "is a limit that needs share", hint))
        return None
    return read_options(budget, quotas)


def _settings(changes: options.Changes, detail: str, catalog: Any) -> Settings:
    """Options -> settings; raises BadInput with every fault of them."""
    from optplan.batch import Settings

    faults: list[Fault] = []
    fixed: dict[str, float] = {}
    try:
        fixed = options.settings(changes.sets)
    except BadInput as error:
        faults += error.faults
    rules = changes.rules
    if rules is not None and rules.endswith(".py"):
        rules = str(Path(rules).absolute())
    times = {name: value for name, value in fixed.items() if name in options.NEED_TIMES}
    rest = {name: value for name, value in fixed.items() if name not in times}
    faults += _unknown(rules, rest, catalog)
    if changes.confidence not in (None, "high", "expected"):
        message = f"{changes.confidence!r} is no level"
        faults.append(Fault("confidence", "--confidence", message, "write high or expected"))
    if detail not in ("plan", "brief"):
        faults.append(Fault("detail", "--detail", f"{detail!r} is no detail", "write plan or brief"))
    if faults:
        raise BadInput(faults)
    return Settings(rules, changes.confidence, times, rest, detail="brief" if detail == "brief" else "plan")


def _unknown(rules: str | None, fixed: dict[str, float], catalog: Any) -> list[Fault]:
    """Faults of the rule pack, and of settings that no task knows: they would fault every row."""
    from optplan.evaluate import check_names
    from optplan.rules import TASKS, pack

    try:
        packs = [pack(rules or "engineering", task) for task in TASKS]
    except BadInput as error:
        return list(error.faults)
    faults: dict[str, list[tuple[Fault, ...]]] = {}
    for name, value in fixed.items():
        for one in packs:
            try:
                check_names({name: value}, one, catalog.assumptions, "--set")
            except BadInput as error:
                faults.setdefault(name, []).append(error.faults)
    return [fault for found in faults.values() if len(found) == len(packs) for fault in found[0]]


@contextmanager
def _progress() -> Iterator[Callable[[int, int, int], None]]:
    """A bar with rate and time left on standard error where that is a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda rows, read, size: None
        return
    from optplan.report.progress import bar

    with bar() as watch:
        yield watch


def _tell(account: Account, job: Job) -> int:
    """The account on standard error; the exit code."""
    rate = (account.rows - account.earlier) / max(account.seconds, 1e-9)
    left_out = account.counts["left_out"]  # for want of room: alone they have a plan
    infeasible = account.infeasible - left_out
    parts = [f"{account.solved:,} solved", f"{infeasible:,} infeasible", f"{account.bad:,} bad"]
    if left_out:
        parts.append(f"{left_out:,} left out")
    if account.failed:
        parts.append(f"{account.failed:,} failed in optplan itself (please report them)")
    print(f"{counted(account.rows, 'need')}: {', '.join(parts)}", file=sys.stderr)
    were = "was" if account.earlier == 1 else "were"
    kept = f", {counted(account.earlier, 'row')} {were} there" if account.earlier else ""
    print(
        f"{counted(account.distinct, 'distinct need')} worked out in {account.seconds:.1f} s, {rate:,.0f} rows/s{kept}",
        file=sys.stderr,
    )
    if account.ended:
        print(f"stopped: {account.ended}; what is finished is kept. Go on with", file=sys.stderr)
        print(f"  {_again(job)}", file=sys.stderr)
        return INTERRUPTED if account.ended in ("SIGINT", "SIGTERM") else BROKEN
    print(f"-> {job.out}", file=sys.stderr)
    if account.failed:
        return BROKEN
    return BAD_INPUT if account.bad else NO_PLAN if account.infeasible else 0


def _again(job: Job) -> str:
    """The command line that takes the run up again."""
    words = [word for word in sys.argv[1:] if word not in ("--resume", "--overwrite")]
    return shlex.join(["optplan", *words, "--resume"])
