"""Inside a method's process: load it, set it up, call it, send back what it returns.

Requests and answers are JSON, arrays follow as bytes: the other side must be able to read
whatever a method makes of this process without running any of it.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from multiprocessing.connection import Connection
from multiprocessing.heap import Arena
from typing import Any

import numpy as np

from inpaintbench.errors import BenchError
from inpaintbench.execution.failure import failure_of
from inpaintbench.methods.base import Method
from inpaintbench.planning.plan import describe
from inpaintbench.plugins import registry
from inpaintbench.plugins.draws import seed_of_draw

# A method may put others in their place.
_now = time.perf_counter


def serve(connection: Connection, shared: Arena | None = None) -> None:
    """Answer requests until the connection is closed."""
    host = _Host(connection, shared)
    while True:
        try:
            request = json.loads(connection.recv_bytes())
        except EOFError:
            return
        try:
            host.answer(request)
        except BaseException as error:
            host.send(failed=asdict(failure_of(error, host.stage)))


class _Host:
    """The method of this process."""

    def __init__(self, connection: Connection, shared: Arena | None) -> None:
        self._connection = connection
        self._shared = shared
        self._method: Method | None = None
        self.stage = "environment"

    def send(self, **answer: Any) -> None:
        self._connection.send_bytes(json.dumps(answer).encode())

    def answer(self, request: dict[str, Any]) -> None:
        if "describe" in request:
            self.send(variant=asdict(describe(request["describe"], request["device"])))
        elif "set up" in request:
            self._set_up(**request["set up"])
        elif "ping" in request:
            self.send(ready=True)
        else:
            self._call(**request["call"])

    def _set_up(self, specification: str, key: str, device: str, seed: int, threads: int) -> None:
        self.stage = "environment"
        found = describe(specification, device).key
        if found != key:
            raise BenchError(
                f"the method's code, weights or libraries here (key {found}) aren't those of the "
                f"plan ({key}); run the same command again"
            )
        self.send(begins=True)
        method = registry.make_method(specification, keep_importable=True)
        self.stage = "set-up"
        self._missing = method.unavailable()
        if not self._missing:
            method.setup(device, seed_of_draw(method, seed))
        self.send(ends=True)
        self.stage = "exception"
        self._method, self._device = method, device
        if threads:
            _hold_threads(threads)
        self.send(ready=True)

    def _call(
        self,
        shape: list[int],
        dtype: str,
        seed: int,
        alone: bool,
        prompt: str | None,
        shared: bool,
    ) -> None:
        method = self._method
        assert method is not None
        size = shape[0] * shape[1] * shape[2]
        arena = self._shared if shared else None
        data = self._connection.recv_bytes() if arena is None else arena.buffer
        image = np.frombuffer(data, dtype, size).reshape(shape)
        mask = np.frombuffer(data, bool, shape[0] * shape[1], image.nbytes).reshape(shape[:2])
        reason = self._missing or method.skip((shape[0], shape[1], shape[2]), image.dtype)
        if reason:
            self.send(skip=str(reason))
            return
        before = {"torch", "cv2"} & sys.modules.keys()
        prompts = () if prompt is None else (prompt,)
        result, seconds = self._timed(method, image, mask, prompts, seed, alone)
        if not method.deterministic and before != {"torch", "cv2"} & sys.modules.keys():
            self.send(again=True)  # it came in during the call, too late to be seeded
            return
        if not isinstance(result, np.ndarray):
            self.send(seconds=seconds, returned=type(result).__name__)
            return
        result = np.asarray(result)  # a subclass may do anything when it is asked for its bytes
        fits = result.size == image.size and not result.dtype.hasobject
        data = result.tobytes() if fits else b""
        within = put(self._shared, data)
        self.send(
            seconds=seconds, dtype=result.dtype.str, shape=result.shape, bytes=fits, shared=within
        )
        if fits and not within:
            self._connection.send_bytes(data)

    def _timed(
        self, method: Method, image: Any, mask: Any, prompts: Sequence[str], seed: int, alone: bool
    ) -> tuple[Any, float]:
        seed_generators(seed_of_draw(method, seed))
        image, mask = image.copy(), mask.copy()
        inpaint: Callable[..., Any] = method.inpaint
        if alone:
            gc.collect()
            gc.disable()
        try:
            _synchronise(self._device)
            self.send(begins=True)
            start = _now()
            result = inpaint(image, mask, *prompts)
            _synchronise(self._device)
            seconds = _now() - start
            self.send(ends=True)
            return result, seconds
        finally:
            if alone:
                gc.enable()


def put(shared: Arena | None, data: bytes) -> bool:
    """Write bytes to the memory that both processes share, if there is some and they fit."""
    if shared is None or len(data) > shared.size:
        return False
    shared.buffer[: len(data)] = data
    return True


def seed_generators(seed: int) -> None:
    """Seed every global generator that a method may draw from and that is loaded."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - the generator that methods may draw from
    if cv2 := sys.modules.get("cv2"):
        cv2.setRNGSeed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)


def _hold_threads(threads: int) -> None:
    """Hold the libraries that are loaded by now to a number of threads."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(threads)
    if cv2 := sys.modules.get("cv2"):
        cv2.setNumThreads(threads)
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)
    if numba := sys.modules.get("numba"):
        numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))


def _synchronise(device: str) -> None:
    """Wait for an accelerator to finish what it was given."""
    if device != "cpu" and (torch := sys.modules.get("torch")):
        torch.cuda.synchronize(device)
