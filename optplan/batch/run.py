"""The batch itself: blocks out to the workers, answers back in order, every whole row kept."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from optplan.batch import courier
from optplan.batch.blocks import Block, Sorter, cut
from optplan.batch.crew import Crew
from optplan.batch.inputs import Inputs
from optplan.batch.rows import Row
from optplan.batch.store import Known, Store
from optplan.batch.work import Answer, Asked, Settings, answers
from optplan.catalog import Catalog
from optplan.errors import BadInput, Fault

TRIES: Final = 3  # of a block whose workers died
_LOOK_SECONDS: Final = 0.2  # between looks at whether to stop
Watch = Callable[[int, int], None]


class Stopped(Exception):
    """A signal asked for the end; what is finished is kept."""

    def __init__(self, signum: int) -> None:
        self.signum = signum
        super().__init__(signal.Signals(signum).name)


class Lost(Exception):
    """The workers are gone, again and again; what is finished is kept."""


@dataclass(slots=True)
class Stop:
    """Set by the first SIGINT or SIGTERM; the second SIGINT interrupts at once."""

    signum: int = 0

    def check(self) -> None:
        """Raises Stopped where a signal came."""
        if self.signum:
            raise Stopped(self.signum)


@contextmanager
def signals() -> Iterator[Stop]:
    """Signals that end a run become a note, so that it ends between two rows. Only the main thread hears them."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(signum: int, _: object) -> None:
        if stop.signum and signum == signal.SIGINT:
            raise KeyboardInterrupt
        stop.signum = signum

    before = {signum: signal.signal(signum, note) for signum in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)


def work(catalog: Catalog, asked: list[Asked], settings: Settings) -> list[Answer]:
    """A block at a worker."""
    return answers(asked, catalog, settings)


class Run:
    """One run over all rows.

    watch(rows, bytes): called when rows have been written; rows so far, and bytes of the inputs read for them.
    """

    def __init__(self, store: Store, crew: Crew, settings: Settings, stop: Stop, watch: Watch) -> None:
        self.store, self.crew, self.settings = store, crew, settings
        self.stop, self.watch = stop, watch
        self.sorter = Sorter(Known())
        self._flight: deque[Block] = deque()

    def all(self, inputs: Inputs, resume: bool) -> None:
        """Solve and write every row; with `resume` those that are not there yet."""
        rows = inputs.rows()
        if resume:
            self._skip(rows)
        try:
            for block in cut(rows, self.sorter):
                self._send(block)
                self._land()
                while len(self._flight) > 2 * self.crew.hands + 1:
                    self._wait()
            while self._flight:
                self._wait()
        except BaseException:
            self._keep()
            raise

    def _skip(self, rows: Iterator[Row]) -> None:
        """Match the rows that are there with the inputs, and learn their answers."""
        for text, offset in self.store.finished():
            row = next(rows, None)
            line = None if row is None else self.sorter.line(row)[0]
            status = text[len(b'{"status":"') :].split(b'"', 1)[0].decode()
            if line is None or not text.startswith(line.head(status)):
                place = str(self.store.part)
                message = f"row {sum(self.store.counts.values()) + 1:,} is not of these inputs"
                hint = "--overwrite begins again"
                raise BadInput(Fault("changed", place, message, hint))
            self.store.answered(line, status, offset, len(text))
            self.stop.check()
        self._seen(0)

    def _send(self, block: Block) -> None:
        block.asked = [(e, a) for e, a in block.asked if not self.store.recalled(e)]
        self._flight.append(block)
        if block.asked:
            self._submit(block)

    def _submit(self, block: Block) -> None:
        block.tries += 1
        asked = [one for _, one in block.asked]
        try:
            block.future = courier.send(self.crew.executor, self.crew.parcel, work, asked, self.settings)
        except Exception as error:  # the workers went while nothing was under way
            self._again(block, error)

    def _wait(self) -> None:
        """Wait for some block, and write what is complete."""
        waiting = [block.future for block in self._flight if block.future is not None and not block.done]
        if waiting and not self._flight[0].done:
            wait(waiting, _LOOK_SECONDS, FIRST_COMPLETED)
        self._land()

    def _land(self) -> None:
        """Write the blocks whose turn it is; put aside those that are ahead of it."""
        self.stop.check()
        while self._flight and self._filled(self._flight[0]):
            block = self._flight.popleft()
            self.store.write(block.lines)
            self._seen(block.read)
        for block in list(self._flight)[1:]:
            if not block.filled and block.asked and self._filled(block):
                self.store.spill(entry for entry, _ in block.asked)

    def _filled(self, block: Block) -> bool:
        """Take the answers of a block if they are there; send it again if its workers died."""
        if not block.filled and block.done:
            error = _error(block.future)
            if error is not None:
                self._again(block, error)
                return False
            if block.future is not None:
                self.store.fill((entry for entry, _ in block.asked), block.future.result())
            block.filled, block.future = True, None
        return block.filled

    def _again(self, block: Block, error: BaseException) -> None:
        if block.tries >= TRIES:
            first = block.lines[0].place
            raise Lost(f"the block from {first} was lost {TRIES} times: {type(error).__name__}: {error}")
        self.crew.renew()
        self._submit(block)

    def _keep(self) -> None:
        """At an untimely end: wait for what is under way, and keep every answer."""
        self.crew.close()
        for block in self._flight:
            future = block.future
            block.filled |= future is None
            if future is not None and future.done() and _error(future) is None:
                self.store.fill((entry for entry, _ in block.asked), future.result())
                block.filled, block.future = True, None
                self.store.spill(entry for entry, _ in block.asked)
        while self._flight and self._flight[0].filled:
            self.store.write(self._flight.popleft().lines)
        self._seen(0)

    def _seen(self, read: int) -> None:
        self.watch(sum(self.store.counts.values()), read)


def _error(future: Future[list[Answer]] | None) -> BaseException | None:
    """What became of a block that is done, where it is no answer."""
    if future is None:
        return None
    return CancelledError("the workers are gone") if future.cancelled() else future.exception()
