"""Who does the work: this process, processes beside it, or a Dask cluster; all behind concurrent.futures."""

from __future__ import annotations

import gc
import math
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, ParamSpec, Protocol, TypeVar

from optplan import forking
from optplan.batch import courier
from optplan.batch.courier import Parcel
from optplan.errors import BadInput, Fault

FEW_COLLECTIONS = 50_000  # objects between two; those of a block go with it, without a search
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class Crew(Protocol):
    """An executor that can be made anew when its workers are gone."""

    parcel: Parcel

    @property
    def hands(self) -> int:
        """How many work at once."""

    @property
    def executor(self) -> Executor:
        """Where blocks are sent to."""

    def renew(self) -> None:
        """Replace an executor that is broken."""

    def close(self) -> None:
        """Let running work end, and stop."""


class Here(Executor):
    """An executor that works at once, in this process and thread."""

    def submit(
        self, fn: Callable[Parameters, Result], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Result]:
        future: Future[Result] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:
            future.set_exception(error)
        return future


class Alone:
    """This process alone."""

    hands = 1

    def __init__(self, parcel: Parcel) -> None:
        self.parcel = parcel
        self.executor = Here()

    def renew(self) -> None:
        """Nothing can be broken here."""

    def close(self) -> None:
        """Nothing runs any more."""


class Processes:
    """So many processes; each unpacks the catalog once."""

    def __init__(self, parcel: Parcel, hands: int) -> None:
        self.parcel, self.hands = parcel, hands
        self._context = forking.context()
        self._executor = self._made()

    @property
    def executor(self) -> Executor:
        return self._executor

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.hands, self._context, _begin, (self.parcel,))

    def renew(self) -> None:
        """A new pool in place of one that lost a process."""
        self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = self._made()

    def close(self) -> None:
        """Wait for the blocks under way; the others are dropped."""
        self._executor.shutdown(wait=True, cancel_futures=True)


def _begin(parcel: Parcel) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes; the first one decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    courier.keep(parcel)
    gc.freeze()  # the catalog and the modules stay: looking through them for garbage takes long
    gc.set_threshold(FEW_COLLECTIONS)


def _end_with_parent() -> None:
    """End this worker when the first process is gone: a killed one cannot tell its workers."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class Cluster:
    """The workers of a Dask scheduler that runs already; each gets the catalog once, also those that join later."""

    RETRIES = 5  # of a block whose worker died
    ASK_SECONDS = 2.0  # between questions who is there

    def __init__(self, parcel: Parcel, address: str) -> None:
        self.parcel = parcel
        self._hands, self._asked = 1, -math.inf
        self._client = _client(address)
        self._name = f"optplan-{parcel.mark[:16]}"
        self._client.register_plugin(_plugin(parcel), name=self._name)
        self._executor: Executor = self._client.get_executor(retries=self.RETRIES, pure=False)

    @property
    def executor(self) -> Executor:
        return self._executor

    @property
    def hands(self) -> int:
        """Threads of the workers that were there when the scheduler last said so."""
        now = time.monotonic()
        if now - self._asked > self.ASK_SECONDS:
            self._asked = now
            with suppress(OSError):  # a lost scheduler is told by the blocks that are lost with it
                threads: dict[str, int] = self._client.nthreads()
                self._hands = max(1, sum(threads.values()))
        return self._hands

    def renew(self) -> None:
        """The scheduler sees to its workers."""

    def close(self) -> None:
        """Drop what is not begun and leave the cluster as it was."""
        if self._client.status == "running":  # else it is closed, as its scheduler is gone
            self._executor.shutdown(wait=False)
            with suppress(OSError, ValueError):  # another run on this cluster took it away already
                self._client.unregister_worker_plugin(self._name)  # else one stays for each night's prices
            self._client.close()


def _client(address: str) -> Any:
    """A client of the scheduler at the address. Raises BadInput where Dask is absent or nothing answers."""
    place = f"--cluster {address}"
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port

        make: Callable[..., Any] = Client
        check: Callable[..., Any] = get_address_host_port
    except ImportError:
        hint = "pip install 'optplan[cluster]', here and at the workers"
        raise BadInput(
            Fault("no-dask", place, "needs dask.distributed, which is not installed", hint)
        ) from None
    try:
        check(address, strict=False)  # a client of no address complains when it is thrown away
        return make(address, timeout=10, set_as_default=False)
    except (OSError, ValueError) as error:
        hint = "start one with `dask scheduler` and name its address, as in tcp://10.0.0.5:8786"
        reason = str(error).splitlines()[0][:150] if str(error) else type(error).__name__
        raise BadInput(Fault("no-cluster", place, f"no scheduler answers: {reason}", hint)) from None


def _plugin(parcel: Parcel) -> Any:
    """What Dask runs at each worker when it joins."""
    from distributed import WorkerPlugin

    class Unpack(WorkerPlugin):
        """Keeps the catalog at a worker."""

        def setup(self, worker: Any) -> None:
            courier.keep(parcel)

    return Unpack()


@contextmanager
def crew(parcel: Parcel, workers: int, cluster: str | None) -> Iterator[Crew]:
    """The workers asked for, stopped at the end."""
    made: Crew = (
        Cluster(parcel, cluster) if cluster else Processes(parcel, workers) if workers > 1 else Alone(parcel)
    )
    try:
        yield made
    finally:
        made.close()
