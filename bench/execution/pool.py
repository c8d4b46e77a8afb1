"""Isolated worker processes: a hung, crashing or greedy task ends alone."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, TimeoutError, wait
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Generic, TypeVar

import psutil
from pebble import ProcessExpired, ProcessPool

from inpaintbench.execution import worker
from inpaintbench.execution.worker import THREAD_VARIABLES, WorkerSettings

T = TypeVar("T")
R = TypeVar("R")

# Tasks handed to the pool ahead of each worker: enough to keep it busy, few enough that memory
# stays flat and an interrupt is quick.
_AHEAD = 2


@dataclass(frozen=True)
class Ended:
    """A task that ended without a result: the process was killed or died."""

    failure: str
    message: str
    stderr: str


@dataclass(frozen=True)
class Finished(Generic[T, R]):
    """A task with its result, or with how it ended."""

    task: T
    result: R | Ended


class Pool:
    """Worker processes that run one task each at a time."""

    def __init__(self, pool: ProcessPool, jobs: int, log_directory: Path) -> None:
        self._pool = pool
        self.jobs = jobs
        self._log_directory = log_directory
        self._numbers = itertools.count()

    def map(
        self, function: Callable[[T], R], tasks: Iterable[T], timeout: float | None = None
    ) -> Iterator[Finished[T, R]]:
        """Run tasks as they come and yield them as they finish, in any order.

        Parameters
        ----------
        function : callable
            Importable by name in the workers.
        tasks : iterable
            Read only as fast as workers take them.
        timeout : float, optional
            Seconds after which a task's process is killed.
        """
        waiting = iter(tasks)
        running: dict[Future[R], tuple[int, T]] = {}
        more = True
        while more or running:
            while more and len(running) < self.jobs * _AHEAD:
                try:
                    task = next(waiting)
                except StopIteration:
                    more = False
                else:
                    number, future = self._start(function, task, timeout)
                    running[future] = number, task
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                number, task = running.pop(future)
                result = self._result(number, future, timeout)
                yield Finished(task, result)

    def run(self, function: Callable[[T], R], task: T, timeout: float | None = None) -> R | Ended:
        """Run one task and wait for it."""
        number, future = self._start(function, task, timeout)
        return self._result(number, future, timeout)

    def _start(
        self, function: Callable[[T], R], task: T, timeout: float | None
    ) -> tuple[int, Future[R]]:
        number = next(self._numbers)
        future = self._pool.schedule(worker.work, args=[number, function, task], timeout=timeout)
        return number, future

    def _result(self, number: int, future: Future[R], timeout: float | None) -> R | Ended:
        try:
            return future.result()
        except TimeoutError:
            message = f"still running after {timeout:g} s"
            return Ended("timeout", message, worker.last_words(self._log_directory, number))
        except ProcessExpired as error:
            words = worker.last_words(self._log_directory, number)
            return Ended("crash", _cause(error.exitcode), words)


@contextmanager
def open_pool(
    jobs: int, *, threads: int = 1, memory: int | None = None, method: str = "forkserver"
) -> Iterator[Pool]:
    """Start worker processes; leaving the block ends them, at once after an error.

    Parameters
    ----------
    jobs : int
        Number of processes.
    threads : int
        Threads that numerical libraries are held to in each.
    memory : int, optional
        Bytes that each process may allocate.
    method : str
        ``forkserver`` starts a worker from one that has the common imports; ``spawn`` starts it
        from nothing, for a clean baseline.
    """
    context = _context(method)
    with tempfile.TemporaryDirectory(prefix="inpaintbench-") as logs, _environment(threads):
        settings = WorkerSettings(threads, memory, logs)
        pool = ProcessPool(
            max_workers=jobs, initializer=worker.start, initargs=[settings], context=context
        )
        try:
            yield Pool(pool, jobs, Path(logs))
        except BaseException:
            pool.stop()
            raise
        else:
            pool.close()
        finally:
            pool.join()


def _context(method: str) -> BaseContext:
    """Return a start method, or ``spawn`` where the platform lacks it."""
    if method not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["inpaintbench.execution.cell", "cv2"])
    return context


@contextmanager
def _environment(threads: int) -> Iterator[None]:
    """Set the thread counts that workers inherit before any library is loaded there."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _cause(exitcode: int) -> str:
    if exitcode < 0:
        return f"the process was ended by {signal.Signals(-exitcode).name}"
    return f"the process exited with status {exitcode}"


def default_memory(jobs: int) -> int:
    """Return the bytes each of several workers may allocate: four fifths of the machine's."""
    return int(psutil.virtual_memory().total * 0.8 / jobs)
