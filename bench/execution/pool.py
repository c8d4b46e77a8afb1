"""Worker processes that run tasks: one that hangs, crashes or is killed ends alone."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import psutil

from inpaintbench.execution.failure import failure_of
from inpaintbench.execution.process import IsolatedProcess, Limits

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
R = TypeVar("R")


@dataclass(frozen=True)
class Ended:
    """A task that ended without a result: the process was killed or died."""

    failure: str
    message: str
    printed: str


@dataclass(frozen=True)
class Finished(Generic[T, R]):
    """A task with its result, or with how it ended."""

    task: T
    result: R | Ended


@runtime_checkable
class Source(Protocol[T_co]):
    """Gives each worker the task that suits it best."""

    def take(self, worker: object) -> T_co | None:
        """Return a task for a worker, or None when there are no more for it now."""


class InOrder(Generic[T]):
    """Tasks in their order, for whichever worker comes first."""

    def __init__(self, tasks: Iterable[T]) -> None:
        self._tasks = iter(tasks)

    def take(self, worker: object) -> T | None:
        """Return the next task."""
        return next(self._tasks, None)


@dataclass(eq=False)
class _Worker:
    """A place for a process, and what it is working on."""

    limits: Limits
    start: str
    process: IsolatedProcess | None = None
    deadline: float = field(default=0.0, init=False)

    def send(self, function: Callable[[T], R], task: T, timeout: float | None) -> None:
        if self.process is not None and wait([self.process.sentinel], 0):
            self.process.bury()  # it was killed while it had nothing to do
            self.process = None
        if self.process is None:
            self.process = IsolatedProcess(_serve, self.limits, self.start)
        self.deadline = float("inf") if timeout is None else time.monotonic() + timeout
        with suppress(OSError):  # it died just now, which the result will say
            self.process.connection.send((function, task))

    def result(self, timeout: float | None) -> Any:
        """Return the result that is there, or how the process ended."""
        assert self.process is not None
        answer = None
        with suppress(EOFError, OSError, pickle.UnpicklingError):
            if self.process.connection.poll():
                answer = self.process.connection.recv()
        if answer is not None:
            right, result = answer
            if not right:
                raise result
            return result
        failure, message = "crash", ""
        if time.monotonic() >= self.deadline:
            failure, message = "timeout", f"still running after {timeout:g} s"
            self.process.show_where()
            self.process.kill()
        ended, self.process = self.process, None
        cause = ended.bury()
        return Ended(failure, message or cause, ended.printed())


class Pool:
    """Worker processes that run one task each at a time."""

    def __init__(self, jobs: int, limits: Limits, start: str) -> None:
        self._workers = [_Worker(limits, start) for _ in range(jobs)]

    def map(
        self,
        function: Callable[[T], R],
        tasks: Iterable[T] | Source[T],
        timeout: float | None = None,
    ) -> Iterator[Finished[T, R]]:
        """Run tasks as they come and yield them as they finish, in any order.

        Parameters
        ----------
        function : callable
            Importable by name in the workers.
        tasks : iterable or Source
            Read only as fast as workers take them.
        timeout : float, optional
            Seconds after which a task's process is killed.

        Raises
        ------
        Exception
            What the function raised.
        """
        source: Source[T] = tasks if isinstance(tasks, Source) else InOrder(tasks)
        running: dict[_Worker, T] = {}

        def give(worker: _Worker) -> None:
            task = source.take(worker)
            if task is not None:
                running[worker] = task
                worker.send(function, task, timeout)

        for worker in self._workers:
            give(worker)
        while running:
            for worker in _ready(running):
                task = running.pop(worker)
                result = worker.result(timeout)
                give(worker)  # before the caller stores the result, so that no worker waits
                yield Finished(task, result)
            # a worker for which there was nothing may be wanted for what another left
            for worker in self._workers:
                if worker not in running:
                    give(worker)

    def run(self, function: Callable[[T], R], task: T, timeout: float | None = None) -> R | Ended:
        """Run one task and wait for it."""
        return next(iter(self.map(function, [task], timeout))).result

    def close(self, *, at_once: bool) -> None:
        """End the processes."""
        for worker in self._workers:
            if worker.process is not None:
                if at_once:
                    worker.process.kill()
                else:
                    worker.process.connection.close()
        for worker in self._workers:
            if worker.process is not None:
                worker.process.end()
                worker.process = None


def _ready(running: dict[_Worker, T]) -> list[_Worker]:
    """Wait until a worker has a result, has died, or is over its time."""
    places: dict[Any, _Worker] = {}
    for worker in running:
        assert worker.process is not None
        places |= {worker.process.connection: worker, worker.process.sentinel: worker}
    patience = min(worker.deadline for worker in running) - time.monotonic()
    found = wait(list(places), None if patience == float("inf") else max(0.0, patience))
    now = time.monotonic()
    ready = {places[place] for place in found}
    return [worker for worker in running if worker in ready or worker.deadline <= now]


def _serve(connection: Connection) -> None:
    """Run the tasks that come, one after the other."""
    while True:
        try:
            function, task = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = True, function(task)
        except BaseException as error:
            answer = False, _sendable(error)
        connection.send(answer)


def _sendable(error: BaseException) -> Exception:
    try:
        if isinstance(error, Exception) and str(pickle.loads(pickle.dumps(error))) == str(error):
            return error
    except Exception:
        pass
    return RuntimeError(failure_of(error).message)


@contextmanager
def open_pool(
    jobs: int, *, threads: int = 1, memory: int | None = None, start: str = "forkserver"
) -> Iterator[Pool]:
    """Have worker processes, started when first used; leaving the block ends them.

    Parameters
    ----------
    jobs : int
        Number of processes.
    threads : int
        Threads that numerical libraries are held to in each.
    memory : int, optional
        Bytes that each process may allocate.
    start : str
        As in `IsolatedProcess`.
    """
    pool = Pool(jobs, Limits(threads, memory), start)
    try:
        yield pool
    except BaseException:
        pool.close(at_once=True)
        raise
    pool.close(at_once=False)


def default_memory(jobs: int) -> int:
    """Return the bytes each of several workers may allocate: four fifths of the machine's."""
    return int(psutil.virtual_memory().total * 0.8 / jobs)
