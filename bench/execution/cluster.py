"""Run cells on a Dask cluster: the same cells, the same isolation on every worker.

A task is names only; the worker makes image and mask again, runs the method in a process of its
own beside the Dask worker, and sends the compressed output back. The one client writes.
"""

from __future__ import annotations

import atexit
import logging
import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from inpaintbench.errors import BenchError
from inpaintbench.execution.pool import Ended, Finished, InOrder, Pool, Source, open_pool

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")

# Tasks sent ahead of each thread of the cluster, so that none waits for the network.
_AHEAD = 3

# Seconds to wait for a scheduler, and for a first worker, before saying so.
_PATIENCE = 15


@dataclass(frozen=True)
class ClusterSettings:
    """How to reach a cluster.

    Parameters
    ----------
    executor : str
        ``dask`` for a scheduler that runs already, ``slurm`` to start workers as batch jobs.
    scheduler : str
        Address of the scheduler, for ``dask``: ``tcp://host:8786``.
    jobs : int
        Batch jobs to start, for ``slurm``.
    memory : int or None
        Bytes that a batch job gets, for ``slurm``.
    """

    executor: str
    scheduler: str = ""
    jobs: int = 1
    memory: int | None = None


class ClusterPool:
    """Workers of a Dask cluster, used as if they were processes here."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._address = client.scheduler.address

    def map(
        self,
        function: Callable[[T], R],
        tasks: Iterable[T] | Source[T],
        timeout: float | None = None,
    ) -> Iterator[Finished[T, R]]:
        """Run tasks as they come and yield them as they finish, in any order.

        Workers may come and go: a task whose worker went is run again by another.

        Raises
        ------
        BenchError
            When the scheduler is gone.
        """
        from distributed import as_completed

        source: Source[T] = tasks if isinstance(tasks, Source) else InOrder(tasks)
        running: dict[str, tuple[str, T]] = {}
        finished = as_completed(raise_errors=False)

        def submit() -> None:
            busy = Counter(worker for worker, _ in running.values())
            for worker, threads in self._client.nthreads().items():
                for _ in range(threads * _AHEAD - busy[worker]):
                    task = source.take(worker)
                    if task is None:
                        break
                    future = self._client.submit(
                        run_isolated,
                        function,
                        task,
                        timeout,
                        pure=False,
                        workers=[worker],
                        allow_other_workers=True,
                    )
                    running[future.key] = worker, task
                    finished.add(future)

        with self._watched():
            submit()
        while running:
            with self._watched():
                future = next(finished)
                _, task = running.pop(future.key)
                if future.status == "error":
                    error = future.exception()
                    result: R | Ended = Ended("crash", f"{type(error).__name__}: {error}", "")
                else:
                    result = future.result()
                future.release()
            yield Finished(task, result)
            with self._watched():
                submit()

    def run(self, function: Callable[[T], R], task: T, timeout: float | None = None) -> R | Ended:
        """Run one task and wait for it."""
        return next(iter(self.map(function, [task], timeout))).result

    @contextmanager
    def _watched(self) -> Iterator[None]:
        """Say what it means when the connection breaks; Dask raises many things then."""
        try:
            yield
        except Exception as error:
            # the client itself notices later than who waits for an answer
            broken = isinstance(error, CancelledError | OSError)
            if self._client.status == "running" and not broken:
                raise
            raise BenchError(
                f"the Dask scheduler at {self._address} is gone; nothing finished is lost, "
                "start it and its workers again and run the same command"
            ) from error


_own = threading.local()
"""The pool of each thread of this Dask worker."""


def run_isolated(function: Callable[[T], R], task: T, timeout: float | None) -> R | Ended:
    """Run a task in a process beside this Dask worker, which is started once and reused.

    Raises
    ------
    RuntimeError
        When the Dask worker may not start processes.
    """
    if multiprocessing.current_process().daemon:
        raise RuntimeError("this Dask worker may not start processes: start it with --no-nanny")
    if not hasattr(_own, "pool"):
        stack = ExitStack()
        atexit.register(stack.close)
        _own.pool = stack.enter_context(open_pool(1))
    pool: Pool = _own.pool
    return pool.run(function, task, timeout)


@contextmanager
def open_cluster(settings: ClusterSettings) -> Iterator[ClusterPool]:
    """Connect to a scheduler, or start workers as batch jobs.

    Raises
    ------
    BenchError
        When Dask isn't installed, the scheduler can't be reached, or it has no workers.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise _not_installed() from error
    for name in ("distributed", "distributed.client"):
        # what happens to the cluster is said in our own words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    with ExitStack() as stack:
        if settings.executor == "slurm":
            cluster = stack.enter_context(_slurm(settings))
            cluster.scale(jobs=settings.jobs)
            client = stack.enter_context(Client(cluster))
        else:
            if not settings.scheduler:
                raise BenchError("--executor dask needs --scheduler ADDRESS (tcp://host:8786)")
            try:
                client = Client(settings.scheduler, timeout=_PATIENCE)
            except (OSError, TimeoutError, ValueError) as error:
                raise BenchError(
                    f"no Dask scheduler answers at {settings.scheduler} ({_line(error)})"
                ) from error
            stack.enter_context(client)
            try:
                client.wait_for_workers(1, timeout=_PATIENCE)
            except TimeoutError as error:
                raise BenchError(
                    f"{settings.scheduler} has no workers; start some with: "
                    f"dask worker {settings.scheduler} --no-nanny --nthreads 1"
                ) from error
        yield ClusterPool(client)


def slurm_job_script(settings: ClusterSettings) -> str:
    """Return the batch script that ``slurm`` would submit for each worker."""
    with _slurm(settings) as cluster:
        script: str = cluster.job_script()
        return script


def _slurm(settings: ClusterSettings):  # type: ignore[no-untyped-def]
    try:
        from dask_jobqueue import SLURMCluster
    except ImportError as error:
        raise _not_installed() from error
    memory = settings.memory or 4 << 30
    return SLURMCluster(
        cores=1,
        processes=1,
        memory=f"{memory / (1 << 30):g}GiB",
        nanny=False,
        job_name="inpaintbench",
    )


def _not_installed() -> BenchError:
    return BenchError("running on a cluster needs Dask: pip install 'inpaintbench[cluster]'")


def _line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
