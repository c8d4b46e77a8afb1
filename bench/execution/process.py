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
from multiprocessing.util import Finalize, get_temp_dir
from pathlib import Path
from typing import Any

import psutil

from inpaintbench.execution.failure import Failed
from inpaintbench.storage.outcome import Failure

# What every numerical library reads when it is loaded.
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)

ENDS = ("timeout", "crash")
"""The kinds of failure of a process that was ended or ended itself."""

# The fault handler's list of the modules that are loaded takes some thousands.
_PRINTED_BYTES = 16_000

_SET_CHILD_SUBREAPER = 36  # of prctl(2)

# Seconds that a process gets to say where it is, or to end by itself, before it is killed.
_GRACE = 0.3
_FAREWELL = 2.0


@dataclass(frozen=True)
class Limits:
    """How a process is confined: threads of numerical libraries, and bytes it may allocate."""

    threads: int = 1
    memory: int | None = None


LIMITS = Limits()
"""One thread, and no bound."""


class IsolatedProcess:
    """A process in a session of its own, in which `serve` is called with its end of a connection.

    It and whatever it started are killed with it, and when this process is gone, however it
    ended. ``forkserver`` starts it from one that has the common imports, ``spawn`` from nothing,
    for a clean baseline. `shared` is a second argument of `serve`: memory that both share.
    """

    def __init__(
        self,
        serve: Callable[..., None],
        limits: Limits,
        start: str = "forkserver",
        shared: Any = None,
    ) -> None:
        self.connection, theirs = Pipe()
        self._output, writer = Pipe(duplex=False)
        arguments = (serve, theirs, writer, limits, shared)
        with _one_at_a_time, _thread_variables(limits.threads):
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
        self._sentinel = self._process.sentinel
        self._printed = bytearray()
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._reader.start()
        self.end = Finalize(None, self._end, exitpriority=1)
        """Let the process go, and kill what is left of it; done when this one exits, at last."""

    @property
    def alive(self) -> bool:
        """Whether it can still be asked for something."""
        return self.end.still_active() and not wait([self._sentinel], 0)

    def answering(self) -> Connection:
        """Wait for an answer, and return the connection that has it.

        Raises
        ------
        EOFError
            When the process is gone instead.
        """
        wait([self.connection, self._sentinel])
        if not self.connection.poll():
            raise EOFError
        return self.connection

    @contextmanager
    def limited(
        self, seconds: float | None, kind: str = "", wrong: tuple[type[Exception], ...] = ()
    ) -> Iterator[None]:
        """Kill the process when the time is over, or when what is asked of it inside breaks.

        `kind` is that of the failure, ``timeout`` or ``crash`` unless it is given; `wrong` is what
        is raised inside when an answer isn't one.

        Raises
        ------
        Failed
            When it was killed or has ended; it is of no more use then.
        """
        over = threading.Event()
        broken: tuple[type[Exception], ...] = (EOFError, OSError, *wrong)

        def end() -> None:
            over.set()
            self._show_where()
            self.kill()

        timer = threading.Timer(seconds or 0.0, end)
        timer.daemon = True
        if seconds is not None:
            timer.start()
        try:
            yield
            timer.cancel()
            if over.is_set():
                raise EOFError  # the answer came while the process was being ended
        except Exception as error:
            timer.cancel()
            if over.is_set():
                timer.join()
            elif not isinstance(error, broken):
                raise
            message, usual = self._bury(), "crash"
            if over.is_set():
                message, usual = f"still running after {seconds:g} s", "timeout"
            elif not isinstance(error, EOFError | OSError):
                message = "the process sent what isn't an answer"
            raise Failed(Failure(kind or usual, message, printed=self.printed())) from None
        finally:
            timer.cancel()

    def kill(self) -> None:
        """End the process and all that it started, at once."""
        started = self._started()
        with suppress(OSError, AttributeError):
            os.killpg(self.pid, signal.SIGKILL)
        with suppress(OSError, ValueError):
            self._process.kill()
        _kill(started)

    def printed(self) -> str:
        """Return the end of what the process printed so far."""
        deadline = time.monotonic() + _GRACE
        with suppress(OSError):
            while self._reader.is_alive() and self._output.poll() and time.monotonic() < deadline:
                time.sleep(0.001)
        return bytes(self._printed).decode(errors="replace").strip()

    def _read_output(self) -> None:
        """Read what it prints, so that it never waits, and keep the end of it."""
        with suppress(OSError):
            while data := os.read(self._output.fileno(), 1 << 16):
                self._printed += data
                del self._printed[:-_PRINTED_BYTES]

    def _show_where(self) -> None:
        """Have the process print where it is, and give it the time."""
        with suppress(OSError, AttributeError):  # AttributeError: Windows has no such signal
            os.kill(self.pid, signal.SIGUSR1)
        time.sleep(_GRACE)

    def _started(self) -> list[psutil.Process]:
        """List what it has started, in whatever session."""
        with suppress(psutil.Error):
            children: list[psutil.Process] = psutil.Process(self.pid).children(recursive=True)
            return children
        return []

    def _end(self) -> None:
        started = self._started()
        self.connection.close()
        wait([self._sentinel], _FAREWELL)
        _kill(started)
        self._bury()

    def _bury(self) -> str:
        """Kill what is left of the process and say how it ended."""
        self.end.cancel()
        # one that is ending by itself shall say how
        wait([self._sentinel], _GRACE)
        self.kill()
        with _one_at_a_time:
            self._process.join()
        cause = _cause(self._process.exitcode)
        self.connection.close()
        # what escaped the process's session may keep the pipe open
        self._reader.join(_GRACE)
        self._process.close()
        return cause


_one_at_a_time = threading.Lock()
"""Starting a process changes the environment for a moment, and asks after all that have ended."""


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


@contextmanager
def _thread_variables(threads: int) -> Iterator[None]:
    """Set the thread counts that processes inherit before any library is loaded there."""
    before = {name: os.environ[name] for name in THREAD_VARIABLES if name in os.environ}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name in THREAD_VARIABLES:
            del os.environ[name]
        os.environ.update(before)


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
