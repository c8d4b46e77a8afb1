"""A method in a process of its own: set up once, then called; all it sends is checked here."""

from __future__ import annotations

import json
import math
import re
import time
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from multiprocessing.heap import Arena
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray

from inpaintbench.environments.building import EnvironmentUnavailable
from inpaintbench.environments.environment import provide
from inpaintbench.environments.host import put
from inpaintbench.errors import BenchError
from inpaintbench.execution import method_host
from inpaintbench.execution.failure import Failed, clean
from inpaintbench.execution.process import LIMITS, IsolatedProcess, Limits
from inpaintbench.images.types import Image, Mask
from inpaintbench.planning.plan import PROMPTS, SEES, Variant, describe, undescribed
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

# Seconds beyond what is allowed after which the process that watches a method is stuck.
_MARGIN = 120.0

# What handing over an array may take: seconds, and bytes of the image in each further one.
_HANDING_SECONDS = 0.1
_HANDING_RATE = 5e7

_KINDS = ("exception", "out of memory", "set-up", "environment")
_LENGTHS = {"message": 500, "location": 500, "traceback": 20_000}


@dataclass(frozen=True)
class MethodTask:
    """What makes a method ready; its process refuses when it finds another `key`.

    What it `sees`, and whether it takes `prompts`, is decided for each call, outside its process.
    `timeout` and `setup_timeout` are the seconds that a call and that set-up may take. Where calls
    are `timed`, the process is started from nothing, its libraries are held to the threads, and
    those of other methods stay beside it.
    """

    specification: str
    key: str
    device: str
    seed: int
    timeout: float
    setup_timeout: float
    limits: Limits = LIMITS
    timed: bool = False
    sees: str = "known"
    prompts: str = "ignored"

    @property
    def longest(self) -> float:
        """Seconds of set-up and two calls after which the process that watches them is stuck."""
        return 2 * self.setup_timeout + 2 * self.timeout + _MARGIN


@dataclass(frozen=True, eq=False)
class Returned:
    """What a call came to: an array and its wall time, or why the method skips such images.

    Of an `array` with another number of values than the image, only shape and dtype are right.
    """

    array: NDArray[np.generic] | None = None
    seconds: float = 0.0
    skip: str = ""


class MethodProcess(IsolatedProcess):
    """A process for one variant."""

    def __init__(self, limits: Limits = LIMITS, start: str = "forkserver") -> None:
        self._shared: Arena | None = None
        with suppress(OSError):  # without it, arrays go through the connection
            self._shared = Arena(_SHARED_BYTES)
        super().__init__(method_host.serve, limits, start, self._shared)
        self.baseline_bytes = self.setup_seconds = 0.0
        self.first_seconds: float | None = None
        self.failure: Failure | None = None

    def describe(self, specification: str, device: str) -> Variant:
        """Describe a variant without loading its code here.

        Raises
        ------
        Failed
            When it can't be loaded.
        """
        with self._asking(_DESCRIBE_SECONDS):
            self._send({"describe": specification, "device": device})
            return _variant(self._answer()["variant"])

    def set_up(self, task: MethodTask) -> None:
        """Load the method and set it up, and note the memory before and the seconds that it took.

        Raises
        ------
        Failed
            When it raises, crashes, takes too long, or isn't the one of the plan.
        """
        with self._asking(task.setup_timeout, "set-up"):
            self._send({"ping": True})
            _require(self._answer()["ready"] is True)  # it has its imports
        self.baseline_bytes = self.memory("VmRSS")
        with self._asking(task.setup_timeout, "set-up"):
            wanted = {
                "specification": task.specification,
                "key": task.key,
                "device": task.device,
                "seed": task.seed,
                "threads": task.limits.threads if task.timed else 0,
            }
            self._send({"set up": wanted})
            answer, self.setup_seconds = self._timed_answer()
            if "started" in answer:  # under another Python, with that one's imports
                self.baseline_bytes = self.memory("VmRSS")
                self._send({"go on": True})
                answer, self.setup_seconds = self._timed_answer()
            _require(answer["ready"] is True)

    def call(
        self,
        image: Image,
        mask: Mask,
        seed: int,
        timeout: float,
        *,
        prompt: str | None = None,
        alone: bool = False,
    ) -> Returned:
        """Call the method once, within `timeout` seconds.

        `image` is ``H×W×C`` as the method may see it, `mask` ``H×W``, True = hole; `seed` is for
        the global generators, `prompt` None for a method that takes none. A call that is `alone`
        isn't disturbed by the collection of garbage.

        Raises
        ------
        Failed
            When it raises, crashes, takes too long, or returns no array.
        """
        with self._asking(timeout):
            call = {"shape": image.shape, "dtype": image.dtype.str, "seed": seed, "alone": alone}
            shared = put(self._shared, image, mask)
            self._send({"call": call | {"prompt": prompt, "shared": shared}})
            if not shared:
                self.connection.send_bytes(image.tobytes() + mask.tobytes())
            answer, seen = self._timed_answer(_HANDING_SECONDS + image.nbytes / _HANDING_RATE)
            if "again" in answer:
                return self.call(image, mask, seed, timeout, prompt=prompt, alone=alone)
            if "skip" in answer:
                return Returned(skip=clean(str(answer["skip"]), 500))
            seconds = _agreed(answer["seconds"], seen)
            self.first_seconds = self.first_seconds or seconds
            if "returned" in answer:
                found = clean(str(answer["returned"]), 100)
                raise Failed(Failure("wrong dtype", f"returned {found}, wanted an array"))
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
            data = self.answering().recv_bytes(length)
        return np.frombuffer(data, kind).reshape(shape)

    def memory(self, name: str) -> float:
        """Return its resident memory: now (VmRSS), or at its peak since the last reset (VmHWM)."""
        with suppress(OSError):
            for line in Path(f"/proc/{self.pid}/status").read_text("utf-8").splitlines():
                if line.startswith(f"{name}:"):
                    return float(line.split()[1]) * 1024
        with suppress(psutil.Error):  # off Linux, where no peak is to be had
            return float(psutil.Process(self.pid).memory_info().rss)
        return math.nan

    def _send(self, request: dict[str, Any]) -> None:
        self.connection.send_bytes(json.dumps(request).encode())

    def _answer(self) -> dict[str, Any]:
        """Read one answer.

        Raises
        ------
        Failed
            When it says that the method raised.
        """
        answer: dict[str, Any] = json.loads(self.answering().recv_bytes(_ANSWER_BYTES))
        _require(isinstance(answer, dict))
        if "failed" in answer:
            told = answer["failed"]
            _require(isinstance(told, dict))
            texts = {name: clean(str(told[name]), cut) for name, cut in _LENGTHS.items()}
            kind = told["kind"] if told["kind"] in _KINDS else "exception"
            raise Failed(Failure(kind=kind, printed=self.printed(), **texts))
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

    def _asking(self, seconds: float, kind: str = "") -> AbstractContextManager[None]:
        """Limit the time of a request; what isn't an answer to it is a failure of the process."""
        wrong = (ValueError, TypeError, KeyError, RecursionError)
        return self.limited(seconds, kind, wrong)


_kept: dict[MethodTask, MethodProcess] = {}
"""The methods of this process, in processes of their own."""

_SETUP_TRIES = 2
"""Times that set-up is tried, within its time: one that failed by chance shall not cost much."""


def ready(task: MethodTask) -> MethodProcess:
    """Return a process in which a method is set up, started or kept.

    Those of other methods end, unless calls are timed.

    Raises
    ------
    Failed
        When it can't be set up, now or when it was tried.
    """
    for other in _kept.keys() - {task} if not task.timed else ():
        _kept.pop(other).end()
    process = _kept.get(task)
    if process is None or not (process.alive or process.failure):
        if process is not None:
            process.end()
        process = _kept[task] = _set_up(task)
    if process.failure is not None:
        raise Failed(process.failure)
    return process


def _set_up(task: MethodTask) -> MethodProcess:
    deadline = time.monotonic() + task.setup_timeout
    for _ in range(_SETUP_TRIES):
        process = MethodProcess(task.limits, "spawn" if task.timed else "forkserver")
        try:
            process.set_up(task)
            break
        except Failed as error:
            process.failure = error.failure
            process.end()
            if error.failure.kind == "environment" or time.monotonic() >= deadline:
                break
    return process


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
    texts = ("label", "specification", "key", "name", "family", "paper", "draw_parameter")
    _require(told["sees"] in SEES and told["prompts"] in PROMPTS)
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
        When there is no such method, or it can't be loaded. One whose environment can't be built
        is described by what its file says; nobody can set it up.
    """
    if registry.is_ours(specification):
        return describe(specification, device)
    if header := registry.header_of(specification):
        try:
            provide(header)  # here, where a person sees what it waits for, however long
        except EnvironmentUnavailable:
            return undescribed(specification, header)
    process = MethodProcess()
    try:
        return process.describe(specification, device)
    except Failed as error:
        raise BenchError(error.failure.message) from error
    finally:
        process.end()
