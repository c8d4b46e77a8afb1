"""A process that ends with this one, with all that it starts; what it prints is kept to a bound."""

from __future__ import annotations

import ctypes
import faulthandler
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from multiprocessing.util import get_temp_dir
from pathlib import Path
from typing import Any

import psutil

# What every numerical library reads when it is loaded.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)

_PRINTED_BYTES = 4000

_SET_CHILD_SUBREAPER = 36  # of prctl(2)

# Seconds that a process gets to say where it is, or to end by itself, before it is killed.
_GRACE = 0.3
_FAREWELL = 2.0


@dataclass(frozen=True)
class Limits:
    """How a process is confined.

    Parameters
    ----------
    threads : int
        Threads that numerical libraries are held to.
    memory : int or None
        Bytes that the process may allocate; None sets no limit.
    """

    threads: int = 1
    memory: int | None = None


class IsolatedProcess:
    """A process in a session of its own, reached by a connection.

    It and whatever it started are killed with it, and when this process is gone, however it
    ended.

    Parameters
    ----------
    serve : callable
        Importable by name; runs in the process with its end of the connection.
    limits : Limits
        How it is confined.
    start : str
        ``forkserver`` starts it from one that has the common imports; ``spawn`` starts it from
        nothing, for a clean baseline.
    shared : object, optional
        A second argument for `serve`, such as memory that both share.
    """

    def __init__(
        self,
        serve: Callable[..., None],
        limits: Limits,
        start: str = "forkserver",
        shared: Any = None,
    ) -> None:
        self.connection, theirs = Pipe()
        printed, writer = Pipe(duplex=False)
        arguments = (serve, theirs, writer, limits, shared)
        with _thread_variables(limits.threads):
            try:
                self._process = _launched(_context(start), arguments)
            except (OSError, EOFError):
                # a method may have removed what the fork server is reached by, or killed it
                Path(get_temp_dir()).mkdir(exist_ok=True)
                self._process = _launched(multiprocessing.get_context("spawn"), arguments)
        theirs.close()
        writer.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self.sentinel = self._process.sentinel
        self._printed = _Printed(printed)

    def show_where(self) -> None:
        """Have the process print where it is, and give it the time."""
        with suppress(OSError, AttributeError):  # AttributeError: Windows has no such signal
            os.kill(self.pid, signal.SIGUSR1)
        time.sleep(_GRACE)

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        started = self._started()
        with suppress(OSError, AttributeError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(OSError, ValueError):
            self._process.kill()
        _kill(started)

    def end(self) -> str:
        """Let the process go, kill what is left of it, and say how it ended."""
        started = self._started()
        self.connection.close()
        wait([self.sentinel], _FAREWELL)
        _kill(started)
        return self.bury()

    def _started(self) -> list[psutil.Process]:
        """List what it has started, in whatever session."""
        with suppress(psutil.Error):
            children: list[psutil.Process] = psutil.Process(self.pid).children(recursive=True)
            return children
        return []

    def bury(self) -> str:
        """Kill what is left of the process and say how it ended."""
        # one that is ending by itself shall say how
        wait([self.sentinel], _GRACE)
        self.kill()
        self._process.join()
        cause = _cause(self._process.exitcode)
        self.connection.close()
        self._printed.finish()
        self._process.close()
        return cause

    def printed(self) -> str:
        """Return the last lines that the process printed."""
        return self._printed.text()


class _Printed:
    """Reads what a process prints, so that it never waits, and keeps the end of it."""

    def __init__(self, reader: Connection) -> None:
        self._reader = reader
        self._kept = bytearray()
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError):
            while data := os.read(self._reader.fileno(), 1 << 16):
                self._kept += data
                del self._kept[:-_PRINTED_BYTES]

    def text(self) -> str:
        """Return the end of what was printed so far."""
        deadline = time.monotonic() + _GRACE
        with suppress(OSError):
            while self._thread.is_alive() and self._reader.poll() and time.monotonic() < deadline:
                time.sleep(0.001)
        return bytes(self._kept).decode(errors="replace").strip()

    def finish(self) -> None:
        """Read the rest; what escaped the process's session may keep the pipe open."""
        self._thread.join(_GRACE)


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


@contextmanager
def _thread_variables(threads: int) -> Iterator[None]:
    """Set the thread counts that processes inherit before any library is loaded there."""
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


def _context(start: str) -> BaseContext:
    """Return a start method, or ``spawn`` where the platform lacks it."""
    if start not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context(start)
    if start == "forkserver":
        context.set_forkserver_preload(["inpaintbench.execution.cell", "cv2"])
    return context


def _launched(context: BaseContext, arguments: tuple[Any, ...]) -> BaseProcess:
    # mypy knows no Process of a context that is chosen at run time
    process: BaseProcess = context.Process(target=_begin, args=arguments)  # type: ignore[attr-defined]
    process.start()
    return process


def _cause(exitcode: int | None) -> str:
    if exitcode is not None and exitcode < 0:
        with suppress(ValueError):
            return f"the process was ended by {signal.Signals(-exitcode).name}"
    return f"the process exited with status {exitcode}"


def _begin(
    serve: Callable[..., None],
    connection: Connection,
    printed: Connection,
    limits: Limits,
    shared: Any,
) -> None:
    """Confine this process, then serve."""
    if hasattr(os, "setsid"):
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    _die_with_parent()
    _keep_orphans()
    # what runs here starts processes as it would anywhere else
    multiprocessing.set_start_method(None, force=True)
    for number in (1, 2):
        os.dup2(printed.fileno(), number)
    printed.close()
    # nothing waits in a buffer when the process crashes; a closed stream harms only its owner
    sys.stdout = open(1, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    faulthandler.enable()
    if hasattr(faulthandler, "register"):  # not on Windows
        faulthandler.register(signal.SIGUSR1, all_threads=False)
    for name in THREAD_VARIABLES:
        os.environ[name] = str(limits.threads)
    if cv2 := sys.modules.get("cv2"):
        cv2.setNumThreads(limits.threads)
    if limits.memory is not None:
        with suppress(ImportError):  # not on Windows
            import resource

            resource.setrlimit(resource.RLIMIT_DATA, (limits.memory, limits.memory))
    serve(connection) if shared is None else serve(connection, shared)


def _die_with_parent() -> None:
    """Have the kernel kill this session when the process that asked for it is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    sentinel = parent.sentinel
    if sys.platform == "linux":
        import fcntl

        # a thread couldn't: one that is stuck in C code may never let another run
        fcntl.fcntl(sentinel, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(sentinel, fcntl.F_SETSIG, signal.SIGKILL)
        flags = fcntl.fcntl(sentinel, fcntl.F_GETFL)
        fcntl.fcntl(sentinel, fcntl.F_SETFL, flags | os.O_ASYNC)
        if wait([sentinel], 0):
            os._exit(1)
    else:
        threading.Thread(target=_watch, args=(sentinel,), daemon=True).start()


def _keep_orphans() -> None:
    """Stay the parent of what the processes started here leave behind, so that it can be ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
