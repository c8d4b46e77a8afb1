"""Run cells on a Dask cluster: the same cells, the same isolation on every worker.

A task is names only; the worker makes image and mask again, runs the method in a process of its
own beside the Dask worker, and sends the compressed output back. The one client writes.
"""

from __future__ import annotations

import logging
import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from inpaintbench.errors import BenchError, reason
from inpaintbench.execution.pool import Places, Worker
from inpaintbench.storage.outcome import Failure

if TYPE_CHECKING:
    from distributed import Client, Future

T = TypeVar("T")
R = TypeVar("R")

# Tasks sent ahead of each thread of the cluster, so that none waits for the network.
_AHEAD = 3

# Seconds to wait for a scheduler, and for a first worker, before saying so.
_PATIENCE = 15

_NOT_INSTALLED = "running on a cluster needs Dask: pip install 'inpaintbench[cluster]'"


@dataclass(frozen=True)
class ClusterSettings:
    """How to reach a cluster: a scheduler that runs already, or batch jobs to start.

    The `executor` is ``dask`` with the address of a `scheduler` (``tcp://host:8786``), or
    ``slurm`` with the number of batch `jobs` and the bytes of `memory` that each gets.
    """

    executor: str
    scheduler: str = ""
    jobs: int = 1
    memory: int | None = None


class ClusterPool(Places):
    """Workers of a Dask cluster, used as if they were processes here.

    They may come and go: a task whose worker went is run again by another.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._address = client.scheduler.address

    def room(self) -> Mapping[str, int]:
        """Keep tasks ahead at each worker."""
        with self._watched():
            return {place: _AHEAD * n for place, n in self._client.nthreads().items()}

    def submit(
        self, place: str, function: Callable[[T], R], task: T, timeout: float | None
    ) -> Future[R | Failure]:
        """Send a task to a worker, which others may take from it."""
        where = {"workers": [place], "allow_other_workers": True, "pure": False}
        with self._watched():
            return self._client.submit(run_isolated, function, task, timeout, **where)

    def finished(self, futures: Iterable[Future[R]]) -> list[tuple[Future[R], R | Failure]]:
        """Wait for one, and fetch those that have a result, which the cluster forgets then."""
        from distributed import wait

        with self._watched():
            done = wait(list(futures), return_when="FIRST_COMPLETED").done
            return [(future, self._fetched(future)) for future in done]

    def _fetched(self, future: Future[R]) -> R | Failure:
        error = future.exception()
        if error is not None:
            return Failure("crash", f"{type(error).__name__}: {error}")
        found: R = future.result()
        future.release()
        return found

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
"""The worker process of each thread of this Dask worker."""


def run_isolated(function: Callable[[T], R], task: T, timeout: float | None) -> R | Failure:
    """Run a task in a process beside this Dask worker, which is started once and reused.

    Raises
    ------
    RuntimeError
        When the Dask worker may not start processes.
    """
    if multiprocessing.current_process().daemon:
        raise RuntimeError("this Dask worker may not start processes: start it with --no-nanny")
    if not hasattr(_own, "worker"):
        _own.worker = Worker()
    worker: Worker = _own.worker
    return worker.run(function, task, timeout)


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
        raise BenchError(_NOT_INSTALLED) from error
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
                    f"no Dask scheduler answers at {settings.scheduler} ({reason(error)})"
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
        raise BenchError(_NOT_INSTALLED) from error
    memory = f"{(settings.memory or 4 << 30) / (1 << 30):g}GiB"
    return SLURMCluster(cores=1, processes=1, memory=memory, nanny=False, job_name="inpaintbench")
