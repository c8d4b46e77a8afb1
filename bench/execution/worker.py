"""The worker process: its limits, its threads, where its words go, and its end."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# What every numerical library reads when it is loaded.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)

_STDERR_BYTES = 4000

_log: Path | None = None
"""Where this process writes, if it is a worker: a file named by the number of its task."""


@dataclass(frozen=True)
class WorkerSettings:
    """How a worker process is confined.

    Parameters
    ----------
    threads : int
        Threads that numerical libraries are held to.
    memory : int or None
        Bytes that the process may allocate; None sets no limit.
    log_directory : str
        Where each worker writes what its task prints, in a file named by the task's number.
    """

    threads: int
    memory: int | None
    log_directory: str


def start(settings: WorkerSettings) -> None:
    """Confine this process; runs once, before its first task."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    _redirect_output(Path(settings.log_directory) / f"worker-{os.getpid()}.log")
    faulthandler.enable()
    if hasattr(faulthandler, "register"):  # not on Windows
        # a task that takes too long is ended by this signal, and says where it was
        faulthandler.register(signal.SIGTERM, all_threads=False, chain=True)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    for name in THREAD_VARIABLES:
        os.environ[name] = str(settings.threads)
    import cv2

    cv2.setNumThreads(settings.threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(settings.threads)
    if settings.memory is not None:
        with suppress(ImportError):  # not on Windows
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (settings.memory, settings.memory))


def _redirect_output(path: Path) -> None:
    """Send what methods and C libraries print to a file, away from the progress bar."""
    global _log
    try:
        log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    except FileNotFoundError:
        os._exit(1)  # the run ended before this worker began
    _flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    _log = path


def work(number: int, function: Callable[[T], R], task: T) -> R:
    """Run a task, what it prints in an empty file named by its number."""
    global _log
    if _log is not None:
        _flush()
        os.ftruncate(2, 0)
        _log = _log.rename(_log.with_name(f"{number}.log"))
    return function(task)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        stream.flush()


def _die_with_parent() -> None:
    """End this process when the one that asked for it is gone, however it ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def own_words() -> str:
    """Return the last lines that this worker's task printed."""
    if _log is None:
        return ""
    _flush()
    return _tail(_log)


def last_words(log_directory: Path, number: int) -> str:
    """Return the last lines that a task printed whose worker is gone."""
    return _tail(log_directory / f"{number}.log")


def _tail(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _STDERR_BYTES))
        return file.read().decode(errors="replace").strip()
