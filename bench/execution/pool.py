"""Run tasks in processes: one that hangs, crashes or is killed ends alone."""

from __future__ import annotations

import pickle
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Generic, Self, TypeAlias, TypeVar

import psutil

from inpaintbench.execution.failure import Failed, failure_of
from inpaintbench.execution.process import LIMITS, IsolatedProcess, Limits
from inpaintbench.storage.outcome import Failure

T = TypeVar("T")
R = TypeVar("R")

Source: TypeAlias = Callable[[Hashable], T | None]
"""Gives each place the task that suits it best, or None when there are no more for it now."""


@dataclass(frozen=True)
class Finished(Generic[T, R]):
    """A task with its result, or with how its process ended."""

    task: T
    result: R | Failure


class Places(ABC):
    """Where tasks run, each place so many at a time."""

    @abstractmethod
    def room(self) -> Mapping[Any, int]:
        """Return the places there are by now, and how many tasks each takes."""

    @abstractmethod
    def submit(self, place: Any, function: Callable[[T], R], task: T, timeout: float | None) -> Any:
        """Start a task, and return its future."""

    @abstractmethod
    def finished(self, futures: Iterable[Any]) -> list[tuple[Any, Any]]:
        """Wait until some futures have a result, and return these, each with it."""

    def map(
        self,
        function: Callable[[T], R],
        tasks: Iterable[T] | Source[T],
        timeout: float | None = None,
    ) -> Iterator[Finished[T, R]]:
        """Run tasks as they come and yield them as they finish, in any order.

        The function is importable by name; tasks are read only as fast as they are taken, and each
        is killed after `timeout` seconds. What the function raises is raised here.
        """
        in_order = iter(()) if callable(tasks) else iter(tasks)
        take: Source[T] = tasks if callable(tasks) else lambda place: next(in_order, None)
        running: dict[Any, tuple[Hashable, T]] = {}

        def fill() -> None:
            busy = Counter(place for place, _ in running.values())
            for place, room in self.room().items():
                for _ in range(room - busy[place]):
                    task = take(place)
                    if task is None:
                        break
                    running[self.submit(place, function, task, timeout)] = place, task

        fill()
        while running:
            done = [Finished(running.pop(f)[1], result) for f, result in self.finished(running)]
            fill()  # before the caller stores the results, so that no place waits
            yield from done
            fill()  # a place for which there was nothing may be wanted for what another left

    def run(self, function: Callable[[T], R], task: T, timeout: float | None = None) -> R | Failure:
        """Run one task and wait for it."""
        return next(iter(self.map(function, [task], timeout))).result


class Worker:
    """A process that runs one task at a time, and another after each that it doesn't survive."""

    def __init__(self, limits: Limits = LIMITS, start: str = "forkserver") -> None:
        self._limits, self._start = limits, start
        self.process: IsolatedProcess | None = None
        self._killed = False

    def run(self, function: Callable[[T], R], task: T, timeout: float | None) -> R | Failure:
        """Run a task and return its result, or how the process ended."""
        if self.process is not None and not self.process.alive:
            self.process.end()  # it was killed while it had nothing to do
            self.process = None
        if self.process is None:
            self.process = IsolatedProcess(_serve, self._limits, self._start)
        if self._killed:
            self.process.kill()
        try:
            with self.process.limited(timeout, wrong=(pickle.UnpicklingError,)):
                self.process.connection.send((function, task))
                right, result = self.process.answering().recv()
        except Failed as error:
            return error.failure
        if not right:
            raise result
        found: R = result
        return found

    def kill(self) -> None:
        """End the process for good, from another thread: one that is being started, too."""
        self._killed = True
        if self.process is not None:
            self.process.kill()


class Pool(Places):
    """Worker processes here, `jobs` in number, started when first used, ended with the block."""

    def __init__(self, jobs: int, limits: Limits = LIMITS, start: str = "forkserver") -> None:
        self._workers = [Worker(limits, start) for _ in range(jobs)]
        self._threads = ThreadPoolExecutor(jobs)

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the processes, all together; at once where something was raised."""
        for worker in self._workers if error is not None else ():
            worker.kill()
        self._threads.shutdown()
        processes = [worker.process for worker in self._workers if worker.process is not None]
        for process in processes:
            process.connection.close()
        for process in processes:
            process.end()

    def room(self) -> Mapping[Worker, int]:
        """Each worker takes one task."""
        return dict.fromkeys(self._workers, 1)

    def submit(
        self, place: Worker, function: Callable[[T], R], task: T, timeout: float | None
    ) -> Future[R | Failure]:
        """Have a thread wait for the worker."""
        return self._threads.submit(place.run, function, task, timeout)

    def finished(self, futures: Iterable[Future[R]]) -> list[tuple[Future[R], R]]:
        """Wait for one, and return those that have a result."""
        done: set[Future[R]] = set()
        while not done:  # Windows sees Ctrl-C only between waits
            done = wait(futures, timeout=1, return_when=FIRST_COMPLETED).done
        return [(future, future.result()) for future in done]


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


@cache
def default_memory(jobs: int) -> int:
    """Return the bytes each of several workers may allocate: four fifths of the machine's."""
    return int(psutil.virtual_memory().total * 0.8 / jobs)
