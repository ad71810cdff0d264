"""Worker processes, forked from a server that has loaded what they need.

The server may be started while the first process is still loading, so that both are ready at once.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

LOADED: Final = ("optplan.batch.loaded",)  # what the server imports before it forks
SMALL_BYTES: Final = 16_384  # of inputs: some fifty needs, which are done before other processes are up


def context() -> ForkServerContext:
    """Makes processes without the threads and open files of this one."""
    found = multiprocessing.get_context("forkserver")
    found.set_forkserver_preload([*LOADED])
    return found


def processes(size: int, workers: int | None) -> int:
    """How many work: as many as asked for, or one a core. size: bytes of the inputs, 0 where it is not known."""
    return workers or (1 if 0 < size < SMALL_BYTES else _cores())


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def start_early(inputs: Sequence[str], workers: int | None) -> None:
    """Start the server if inputs of that size will want it; it ends with this process."""
    if processes(sum(map(_size, inputs)), workers) > 1:
        context()
        forkserver.ensure_running()


def _size(name: str) -> int:
    """Bytes of a file; of anything else enough to be many needs."""
    path = Path(name)
    return path.stat().st_size if path.is_file() else SMALL_BYTES
