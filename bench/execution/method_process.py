"""A method in a process of its own: set up once, then called; all it sends is checked here."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.heap import Arena
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inpaintbench.errors import BenchError
from inpaintbench.execution import method_host
from inpaintbench.execution.failure import clean
from inpaintbench.execution.process import IsolatedProcess, Limits
from inpaintbench.images.types import Image, Mask
from inpaintbench.planning.plan import Variant, describe
from inpaintbench.plugins import registry
from inpaintbench.storage.outcome import Failure

# Bytes of an answer without its array, seconds that describing a method may take.
_ANSWER_BYTES = 1 << 20
_DESCRIBE_SECONDS = 300.0

# Memory in which arrays are handed over, taken as it is used; larger ones are sent.
_SHARED_BYTES = 32 << 20

# How far the method's clock may lag behind ours, as a share and in seconds.
_CLOCK_SHARE = 0.05
_CLOCK_SECONDS = 2e-3

# What handing over an array may take: seconds, and bytes of the image in each further one.
_HANDING_SECONDS = 0.1
_HANDING_RATE = 5e7

_KINDS = ("exception", "out of memory", "set-up", "environment")
_LENGTHS = {"message": 500, "location": 500, "traceback": 20_000}


@dataclass(frozen=True)
class MethodTask:
    """What makes a method ready.

    Parameters
    ----------
    specification, key : str
        As in `Variant`; the process refuses when it finds another key.
    device : str
        ``cpu``, ``cuda`` or ``cuda:N``.
    seed : int
        Seed of the run.
    timeout, setup_timeout : float
        Seconds that a call and that set-up may take.
    """

    specification: str
    key: str
    device: str
    seed: int
    timeout: float
    setup_timeout: float


@dataclass(frozen=True, eq=False)
class Returned:
    """What a call came to.

    Parameters
    ----------
    array : array or None
        What the method returned, as it is; of one with another number of values than the image,
        only shape and dtype are right.
    type_name : str
        The type of what it returned, where that is no array.
    seconds : float
        Wall time of the call.
    skip : str
        Why the method leaves such images out; empty where it was called.
    """

    array: NDArray[np.generic] | None = None
    type_name: str = ""
    seconds: float = 0.0
    skip: str = ""


class MethodFailed(Exception):
    """How a method failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class MethodProcess:
    """A process for one variant.

    Parameters
    ----------
    limits : Limits
        Threads and memory.
    start : str
        As in `IsolatedProcess`.
    """

    def __init__(self, limits: Limits, start: str = "forkserver") -> None:
        self._limits = limits
        self._shared: Arena | None = None
        with suppress(OSError):  # without it, arrays go through the connection
            self._shared = Arena(_SHARED_BYTES)
        self._process = IsolatedProcess(method_host.serve, limits, start, self._shared)
        self.pid = self._process.pid
        self.alive = True

    def describe(self, specification: str, device: str) -> Variant:
        """Describe a variant without loading its code here.

        Raises
        ------
        MethodFailed
            When it can't be loaded.
        """
        with self._limited(_DESCRIBE_SECONDS):
            self._send({"describe": specification, "device": device})
            return _variant(self._answer()["variant"])

    def set_up(self, task: MethodTask, *, hold_threads: bool = False) -> float:
        """Load the method and set it up; return the seconds that took.

        Raises
        ------
        MethodFailed
            When it raises, crashes, takes too long, or isn't the one of the plan.
        """
        with self._limited(task.setup_timeout, "set-up"):
            wanted = {
                "specification": task.specification,
                "key": task.key,
                "device": task.device,
                "seed": task.seed,
                "threads": self._limits.threads if hold_threads else 0,
            }
            self._send({"set up": wanted})
            answer, seconds = self._timed_answer()
            _require(answer["ready"] is True)
            return seconds

    def wait(self, timeout: float) -> None:
        """Wait until the process has its imports and answers.

        Raises
        ------
        MethodFailed
            When it doesn't.
        """
        with self._limited(timeout, "set-up"):
            self._send({"ping": True})
            _require(self._answer()["ready"] is True)

    def call(
        self, image: Image, mask: Mask, seed: int, timeout: float, *, alone: bool = False
    ) -> Returned:
        """Call the method once.

        Parameters
        ----------
        image : (H, W, C) array
            Damaged: the pixels of the hole are 0.
        mask : (H, W) array of bool
            True = hole.
        seed : int
            For the global generators.
        timeout : float
            Seconds after which the process is killed.
        alone : bool
            Whether to leave out the collection of garbage.

        Raises
        ------
        MethodFailed
            When it raises, crashes or takes too long.
        """
        with self._limited(timeout):
            call = {"shape": image.shape, "dtype": image.dtype.str, "seed": seed, "alone": alone}
            data = image.tobytes() + mask.tobytes()
            shared = method_host.put(self._shared, data)
            self._send({"call": call | {"shared": shared}})
            if not shared:
                self._process.connection.send_bytes(data)
            answer, seen = self._timed_answer(_HANDING_SECONDS + image.nbytes / _HANDING_RATE)
            if "again" in answer:
                return self.call(image, mask, seed, timeout, alone=alone)
            if "skip" in answer:
                return Returned(skip=clean(str(answer["skip"]), 500))
            seconds = _agreed(answer["seconds"], seen)
            if "returned" in answer:
                return Returned(type_name=clean(str(answer["returned"]), 100), seconds=seconds)
            return Returned(self._array(answer, image.size), seconds=seconds)

    def _array(self, answer: dict[str, Any], size: int) -> NDArray[np.generic]:
        shape = tuple(answer["shape"])
        _require(len(shape) <= 32 and all(type(n) is int and n >= 0 for n in shape))
        _require(re.fullmatch(r"[<>|=][a-zA-Z]\d{0,4}(\[\w{1,4}\])?", answer["dtype"]) is not None)
        kind = np.dtype(answer["dtype"])
        if not answer["bytes"]:
            return np.broadcast_to(np.zeros((), kind), shape)
        length = size * kind.itemsize
        if answer["shared"]:
            _require(self._shared is not None and length <= _SHARED_BYTES)
            data = bytes(self._shared.buffer[:length])  # type: ignore[union-attr]
        else:
            data = self._process.connection.recv_bytes(length)
        return np.frombuffer(data, kind).reshape(shape)

    def end(self) -> None:
        """Let the process go, and kill what it has started."""
        if self.alive:
            self.alive = False
            self._process.end()

    def _send(self, request: dict[str, Any]) -> None:
        self._process.connection.send_bytes(json.dumps(request).encode())

    def _answer(self) -> dict[str, Any]:
        """Read one answer.

        Raises
        ------
        MethodFailed
            When it says that the method raised.
        """
        answer: dict[str, Any] = json.loads(self._process.connection.recv_bytes(_ANSWER_BYTES))
        _require(isinstance(answer, dict))
        if "failed" in answer:
            told = answer["failed"]
            _require(isinstance(told, dict))
            texts = {name: clean(str(told[name]), cut) for name, cut in _LENGTHS.items()}
            kind = told["kind"] if told["kind"] in _KINDS else "exception"
            raise MethodFailed(Failure(kind=kind, printed=self._process.printed(), **texts))
        return answer

    def _timed_answer(self, handing: float = _HANDING_SECONDS) -> tuple[dict[str, Any], float]:
        """Read an answer, and how long what the process says to begin and end has taken."""
        began = ended = time.perf_counter()
        told: list[str] = []
        while (answer := self._answer()).keys() <= {"begins", "ends"}:
            ended = time.perf_counter()
            told += answer
            began = ended if told == ["begins"] else began
        _require(told in ([], ["begins", "ends"]))
        # what it does between its end and its answer is to hand over an array
        return answer, max(ended, time.perf_counter() - handing) - began

    @contextmanager
    def _limited(self, seconds: float, kind: str = "timeout") -> Iterator[None]:
        """Kill the process when the time is over; whatever breaks inside is a failure of it.

        Parameters
        ----------
        seconds : float
            The time.
        kind : str
            The kind of failure when it is over.
        """
        over = threading.Event()

        def end() -> None:
            over.set()
            self._process.show_where()
            self._process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (EOFError, OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            # closed, or not what an answer looks like: this process is of no more use
            timer.cancel()
            if over.is_set():
                timer.join()
            self.alive = False
            message = self._process.bury()
            if over.is_set():
                message = f"still running after {seconds:g} s"
            elif not isinstance(error, EOFError | OSError):
                message = "the process sent what isn't an answer"
            found = kind if over.is_set() or kind == "set-up" else "crash"
            raise MethodFailed(
                Failure(kind=found, message=message, printed=self._process.printed())
            ) from None
        finally:
            timer.cancel()


def _require(right: bool) -> None:
    """Refuse what isn't an answer."""
    if not right:
        raise ValueError("not an answer")


def _agreed(told: object, seen: float) -> float:
    """Return the method's own reading of its time, or ours where that says that it is wrong."""
    seconds = float(told) if isinstance(told, int | float) else 0.0
    within = seen - seconds <= _CLOCK_SECONDS + _CLOCK_SHARE * seen
    return seconds if 0 < seconds <= seen + _CLOCK_SECONDS and within else max(seen, 0.0)


def _variant(told: dict[str, Any]) -> Variant:
    """Read the description of a variant."""
    texts = ("label", "specification", "key", "name", "family", "paper")
    lists = {name: tuple(told[name]) for name in ("trained_on", "requires")}
    _require(all(type(told[name]) is str for name in texts))
    _require(all(type(text) is str for texts in lists.values() for text in texts))
    _require(type(told["deterministic"]) is bool and isinstance(told["settings"], dict))
    return Variant(**(told | lists))


def describe_apart(specification: str, device: str) -> Variant:
    """Describe a variant; the code of one that isn't ours runs in a process of its own.

    Raises
    ------
    BenchError
        When there is no such method, or it can't be loaded.
    """
    if registry.is_ours(specification):
        return describe(specification, device)
    process = MethodProcess(Limits())
    try:
        return process.describe(specification, device)
    except MethodFailed as error:
        raise BenchError(error.failure.message) from error
    finally:
        process.end()
